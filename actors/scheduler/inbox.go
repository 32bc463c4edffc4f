package scheduler

import (
	"sync"
	"sync/atomic"
)

// nodes are used again: mostly the worker that has just taken a message sends the next one. That a node can come back
// to the stack it was on does no harm, as producers only push and the consumer takes all.
var nodes = sync.Pool{New: func() any { return new(node) }}

// node carries one message. It is 24 bytes: what a message costs that waits in a queue.
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
	n := nodes.Get().(*node)
	n.val = v
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
	q.out, v = n.next, n.val
	n.next, n.val = nil, nil
	nodes.Put(n)
	return v, true
}

func reversed(n *node) *node {
	var head *node
	for n != nil {
		n.next, head, n = head, n, n.next
	}
	return head
}
