package scheduler

import (
	"runtime"
	"sync/atomic"
)

// Runner is an actor that has work of its own to do after its messages: a Lua process, for example. After each batch
// of messages its mailbox calls Run on the same worker.
type Runner interface {
	// Run does the work that the messages made possible. It is never called by two goroutines at once, except as
	// Slot.Park describes. It returns false when the calling goroutine must not touch the actor any more because it
	// gave its place away with Slot.Unpark. A panic in Run is a failure of the actor.
	Run(s Slot) bool
	// Runnable reports whether Run has something to do now, without a new message; then the mailbox schedules itself
	// again, behind others. It is asked after Run, and by Park before the goroutine gives the actor up: what is left
	// undone then is done by another Run only if Runnable says so.
	Runnable() bool
}

// Slot is the place on a worker that Run was given. It is valid until Run returns, and only for the goroutine that
// called Run.
type Slot interface {
	// Preempt is called from inside Run when a time slice is used up. If anything else is runnable, another goroutine
	// takes over the worker, this one queues behind everything in the global queue, and Preempt returns when it is its
	// turn. Nobody else runs the actor meanwhile. If nothing else is runnable, Preempt returns at once.
	Preempt()
	// Park is called from inside Run when this goroutine has to wait for what only a later Run of the same actor can
	// bring. It gives its worker to another goroutine, releases the mailbox, which goes on and may call Run again on
	// another goroutine, and sleeps. It returns true when Unpark was called: then the goroutine owns a worker and the
	// actor again. It returns false when p was abandoned, was used before, or the scheduler stops: then the goroutine
	// owns neither and has to leave Run, by a return or a panic, without touching the actor.
	Park(p *Parking) bool
	// Unpark is called from a later Run of the same actor: the worker and the actor go to the goroutine that waits in
	// Park(p). The caller must return false from Run at once. If nobody waits, because p was abandoned or belongs to
	// another actor, nothing happens and the actor stays with the caller.
	Unpark(p *Parking)
}

// Parking is one wait in Slot.Park. The zero value is ready; it is used once and must not be copied.
type Parking struct {
	state      atomic.Int32
	c          *carrier
	box        *Mailbox
	prev, next *Parking // under Scheduler.mu
}

const (
	parkingNew int32 = iota
	parkingWaits
	parkingDone
)

// Abandon ends the wait of a goroutine whose actor was ended: its Park returns false. A later Park with p returns
// false at once. Abandon does not block and may be called from any goroutine; a second call does nothing.
func (p *Parking) Abandon() {
	if p.state.CompareAndSwap(parkingNew, parkingDone) {
		return
	}
	if p.end() {
		p.c.turn <- nil
	}
}

// end is true for the one caller that may tell the waiting goroutine how its wait ended.
func (p *Parking) end() bool {
	if !p.state.CompareAndSwap(parkingWaits, parkingDone) {
		return false
	}
	s := p.c.sched
	s.mu.Lock()
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		s.parked = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
	s.nparked--
	s.mu.Unlock()
	return true
}

// begin announces that c waits. It is false when p cannot be waited for.
func (p *Parking) begin(c *carrier) bool {
	s := c.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() || p.state.Load() != parkingNew {
		return false
	}
	p.c, p.box, p.next = c, c.box, s.parked
	if !p.state.CompareAndSwap(parkingNew, parkingWaits) {
		p.c, p.box, p.next = nil, nil, nil
		return false
	}
	if p.next != nil {
		p.next.prev = p
	}
	s.parked = p
	s.nparked++
	return true
}

func (c *carrier) Preempt() {
	s, w := c.sched, c.w
	if w == nil || s.stopping.Load() {
		return
	}
	// Goroutines that hand a worker to one another inherit each other's time slice,
	// and Go would let all the rest of the program wait for 10 ms.
	defer runtime.Gosched()
	if !s.othersWait(w) {
		return
	}
	s.handoffs.Add(1)
	c.w = nil
	s.global.push(task{resume: c})
	s.handOver(w)
	c.w = <-c.turn
}

func (c *carrier) Park(p *Parking) bool {
	s, w := c.sched, c.w
	if w == nil {
		return false
	}
	waits := p.begin(c)
	s.handoffs.Add(1)
	c.w = nil
	c.box.release()
	s.handOver(w)
	if !waits {
		return false
	}
	c.w = <-c.turn
	return c.w != nil
}

func (c *carrier) Unpark(p *Parking) {
	if c.w == nil || p.state.Load() != parkingWaits || p.box != c.box || !p.end() {
		return
	}
	c.sched.handoffs.Add(1)
	c.resume(p.c)
}
