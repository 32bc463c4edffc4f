package scheduler

import (
	"sync"
	"sync/atomic"
)

// task is one thing to run: exactly one of its fields is set.
type task struct {
	box    *Mailbox
	fn     func()
	resume *carrier // a goroutine that waits for its next turn
}

func (t task) empty() bool { return t.box == nil && t.fn == nil && t.resume == nil }

// keepGlobal is how many entries an empty global queue keeps room for.
const keepGlobal = 1024

// globalQueue is the first-in first-out queue that all workers share.
type globalQueue struct {
	n    atomic.Int64 // length, readable without the lock
	mu   sync.Mutex
	buf  []task // a ring; its length is 0 or a power of two
	head int
}

func (q *globalQueue) push(tasks ...task) {
	q.mu.Lock()
	n := int(q.n.Load())
	for _, t := range tasks {
		if n == len(q.buf) {
			q.grow(n)
		}
		q.buf[(q.head+n)&(len(q.buf)-1)] = t
		n++
	}
	q.n.Store(int64(n))
	q.mu.Unlock()
}

func (q *globalQueue) grow(n int) {
	bigger := make([]task, max(64, 2*len(q.buf)))
	for i := range n {
		bigger[i] = q.buf[(q.head+i)&(len(q.buf)-1)]
	}
	q.buf, q.head = bigger, 0
}

// pop takes the oldest task; the task is empty when there is none.
func (q *globalQueue) pop() task {
	if q.n.Load() == 0 {
		return task{}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := int(q.n.Load())
	if n == 0 {
		return task{}
	}
	t := q.buf[q.head]
	q.buf[q.head] = task{}
	q.head = (q.head + 1) & (len(q.buf) - 1)
	q.n.Store(int64(n - 1))
	if n == 1 && len(q.buf) > keepGlobal {
		q.buf, q.head = nil, 0 // a burst is over: do not hold its memory
	}
	return t
}
