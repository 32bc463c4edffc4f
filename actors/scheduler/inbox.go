package scheduler

import "sync/atomic"

// node carries one message. It is 24 bytes: a message in a queue costs one allocation of that size.
type node struct {
	next *node
	val  any
}

// inbox is a queue for many producers and one consumer. Producers push on a stack; the consumer takes the whole stack
// with one exchange and turns it round, so an empty inbox owns no memory, and no producer can be seen half-way.
type inbox struct {
	in  atomic.Pointer[node] // newest first; pushed by producers
	out *node                // oldest first; the consumer's own
}

// push adds a message. It never blocks; any goroutine may call it.
func (q *inbox) push(v any) {
	n := &node{val: v}
	for {
		old := q.in.Load()
		n.next = old
		if q.in.CompareAndSwap(old, n) {
			return
		}
	}
}

// pop takes the oldest message; only the consumer may call it. ok is false when the inbox is empty.
func (q *inbox) pop() (v any, ok bool) {
	n := q.out
	if n == nil {
		if n = reversed(q.in.Swap(nil)); n == nil {
			return nil, false
		}
	}
	q.out = n.next
	return n.val, true
}

func reversed(n *node) *node {
	var head *node
	for n != nil {
		n.next, head, n = head, n, n.next
	}
	return head
}
