package scheduler

import "sync/atomic"

const (
	ringSize  = 256 // tasks a processor queues before half of them move to the global queue
	stealMost = 32  // tasks a thief takes at once
)

// processor is the queue that belongs to one of Go's processors (a P). Only a goroutine pinned to the processor adds
// to it, so it has one producer; any worker takes from it.
type processor struct {
	slot atomic.Pointer[Mailbox] // runs next here
	last atomic.Pointer[worker]  // the worker that took a task here last
	_    [48]byte

	head atomic.Uint32 // advanced by whoever takes
	_    [60]byte

	tail atomic.Uint32 // advanced by the producer only
	ring [ringSize]atomic.Pointer[Mailbox]
	_    [60]byte
}

// push adds a mailbox at the end. The caller is pinned. It reports false when the ring is full.
func (p *processor) push(m *Mailbox) bool {
	tail := p.tail.Load()
	if tail-p.head.Load() >= ringSize {
		return false
	}
	p.ring[tail%ringSize].Store(m)
	p.tail.Store(tail + 1)
	return true
}

// pop takes the oldest mailbox of the ring; any goroutine may call it.
func (p *processor) pop() *Mailbox {
	for {
		head := p.head.Load()
		if head == p.tail.Load() {
			return nil
		}
		at := &p.ring[head%ringSize]
		m := at.Load()
		if p.head.CompareAndSwap(head, head+1) {
			at.CompareAndSwap(m, nil) // m is not queued again before it has run: nobody else can have put it here
			return m
		}
	}
}

// steal moves up to half of the ring, at least one and at most len(into), and returns how many it took.
func (p *processor) steal(into []*Mailbox) int {
	for {
		head := p.head.Load()
		n := p.tail.Load() - head
		if n == 0 || n > ringSize { // more than it holds: head moved on between the two reads
			if n == 0 {
				return 0
			}
			continue
		}
		n = min(n-n/2, uint32(len(into)))
		for i := range n {
			into[i] = p.ring[(head+i)%ringSize].Load()
		}
		if p.head.CompareAndSwap(head, head+n) {
			for i := range n {
				p.ring[(head+i)%ringSize].CompareAndSwap(into[i], nil)
			}
			return int(n)
		}
	}
}

func (p *processor) queued() int {
	n := int(int32(p.tail.Load() - p.head.Load()))
	if p.slot.Load() != nil {
		n++
	}
	return max(n, 0)
}

// takeSlot empties the slot.
func (p *processor) takeSlot() *Mailbox {
	if p.slot.Load() == nil {
		return nil
	}
	return p.slot.Swap(nil)
}

// attended reports whether a worker is running a task that it took on processor number id: it will look at the slot
// when the task ends, so others leave the slot alone.
func (p *processor) attended(id int) bool {
	w := p.last.Load()
	return w != nil && w.at.Load() == int32(id)
}
