package scheduler

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	nowhere      = -1 // a worker that runs nothing is at no processor
	slotsInARow  = 16 // tasks from the slot before the ring has its turn
	lookAround   = 64 // tasks between two looks at another processor
	lookAtGlobal = 4  // tasks between two looks at the global queue
	searchRounds = 3
	longestDebt  = 500 * time.Microsecond

	lookAtClock  = 8                      // messages of a batch, or tasks, between two looks at the clock
	longestBatch = 200 * time.Microsecond // of one actor, counted from the first look
	longestTurn  = 300 * time.Microsecond // of a worker before other goroutines of the program have theirs
)

// worker is the permission to run one actor at a time. It is carried by one goroutine, and handed from one to the
// next; its plain fields belong to the goroutine that carries it.
type worker struct {
	at       atomic.Int32 // the processor where it took its running task, or nowhere
	executed atomic.Int64 // published now and then
	stolen   atomic.Int64

	rnd       uint32
	tick      uint32
	slots     uint32
	around    int
	left      int32 // the processor it came from, which may hold tasks posted for it, or nowhere
	done      int64 // tasks since executed was published
	searching bool

	// A task from the global queue is timed, and as much time goes to the processors' queues before the next.
	timed   bool
	since   time.Duration
	globals time.Duration // when the global queue has its next turn

	breathed time.Duration // when other goroutines last had their turn
	_        [24]byte
}

func (w *worker) publish() {
	if w.done > 0 {
		w.executed.Add(w.done)
		w.done = 0
	}
}

// carrier is a goroutine that can carry a worker. It is the Slot of the actor that it runs.
type carrier struct {
	sched *Scheduler
	w     *worker      // nil while it carries none
	box   *Mailbox     // the mailbox it runs
	tired bool         // a batch was cut off by the clock
	turn  chan *worker // brings it a worker; nil tells it to end
}

// start makes a goroutine that carries w.
func (s *Scheduler) start(w *worker) {
	c := &carrier{sched: s, w: w, turn: make(chan *worker, 1)}
	s.running.Add(1)
	s.goroutines.Add(1)
	go c.loop()
}

func (c *carrier) loop() {
	s := c.sched
	defer func() {
		if w := c.w; w != nil { // a handler ended this goroutine with runtime.Goexit: another takes over
			c.w = nil
			s.start(w)
		}
		s.goroutines.Add(-1)
		s.running.Done()
	}()
	for {
		if c.w == nil && !s.rest(c) {
			return
		}
		if s.stopping.Load() {
			s.drain(c)
			return
		}
		if t := c.next(); !t.empty() {
			c.execute(t)
			c.breathe()
		} else if !s.retire(c) {
			return
		}
	}
}

// breathe lets other goroutines of the program run now and then: Go would do so every
// 10 ms only.
func (c *carrier) breathe() {
	w := c.w
	if w == nil || !c.tired && w.tick%lookAtClock != 0 {
		return
	}
	if now := c.sched.now(); c.tired || now-w.breathed > longestTurn {
		c.tired = false
		runtime.Gosched()
		w.breathed = c.sched.now()
	}
}

func (c *carrier) execute(t task) {
	c.w.done++
	switch {
	case t.box != nil:
		c.box = t.box
		t.box.run(c)
		c.box = nil
	case t.resume != nil:
		c.resume(t.resume)
	default:
		t.fn()
	}
}

// resume gives the worker of c to a goroutine that waits in Preempt or Park.
func (c *carrier) resume(other *carrier) {
	s, w := c.sched, c.w
	c.w = nil
	// The other goroutine wakes on some other processor. What was posted here must not wait for it.
	if at := w.at.Swap(nowhere); at != nowhere {
		w.left = at
	}
	other.turn <- w
	if s.idle.Load() > 0 && s.available() {
		s.wake()
	}
}

// next finds a task, or returns an empty one.
func (c *carrier) next() task {
	s, w := c.sched, c.w
	if w.timed {
		w.timed = false
		now := s.now()
		w.globals = now + min(now-w.since, longestDebt)
	}
	w.tick++
	t := task{}
	if w.tick%lookAround == 0 {
		w.publish()
		t.box = s.unattended(w)
	}
	if t.empty() && w.tick%lookAtGlobal == 0 && s.global.n.Load() > 0 && s.now() >= w.globals {
		t = s.takeGlobal(w)
	}
	if t.empty() && w.left != nowhere && w.tick%2 == 0 {
		if t.box = s.takeFrom(w, int(w.left)); t.box == nil {
			w.left = nowhere
		}
	}
	if t.empty() {
		t.box = s.takeLocal(w)
	}
	if t.empty() && w.left != nowhere {
		t.box = s.takeFrom(w, int(w.left))
		w.left = nowhere
	}
	if t.empty() {
		t = s.search(w)
	}
	if !t.empty() && w.at.Load() == nowhere {
		s.attend(w) // what the task posts belongs here
	}
	if w.searching && !t.empty() {
		w.searching = false
		s.searching.Add(-1)
		if s.idle.Load() > 0 && s.available() {
			s.wake() // others relied on this worker's search
		}
	}
	return t
}

func (s *Scheduler) takeGlobal(w *worker) task {
	t := s.global.pop()
	if !t.empty() {
		w.timed, w.since = true, s.now()
	}
	return t
}

// takeLocal takes a task of the processor the caller is on.
func (s *Scheduler) takeLocal(w *worker) *Mailbox {
	id := procPin()
	if id >= len(s.processors) {
		procUnpin()
		return nil
	}
	p := &s.processors[id]
	w.arrive(p, id)
	var m *Mailbox
	if w.slots < slotsInARow {
		m = p.takeSlot()
		w.slots++
	}
	if m == nil {
		w.slots = 0
		if m = p.pop(); m == nil {
			m = p.takeSlot()
		}
	}
	procUnpin()
	return m
}

// attend says that w is at the processor the caller is on.
func (s *Scheduler) attend(w *worker) {
	id := procPin()
	if id < len(s.processors) {
		w.arrive(&s.processors[id], id)
	}
	procUnpin()
}

// arrive is called by a pinned goroutine.
func (w *worker) arrive(p *processor, id int) {
	if at := w.at.Load(); at != int32(id) {
		w.at.Store(int32(id))
		if at != nowhere {
			w.left = at
		}
	}
	if p.last.Load() != w {
		p.last.Store(w)
	}
}

// unattended looks at one processor after the other for tasks that no worker has come to: there may be fewer workers
// than processors, and a busy worker would never search.
func (s *Scheduler) unattended(w *worker) *Mailbox {
	id := w.around % len(s.processors)
	w.around = id + 1
	return s.takeFrom(w, id)
}

// takeFrom takes one task of a processor that the caller has left or passes by.
func (s *Scheduler) takeFrom(w *worker, id int) *Mailbox {
	if w.at.Load() == int32(id) {
		return nil
	}
	p := &s.processors[id]
	if !p.attended(id) {
		if m := p.takeSlot(); m != nil {
			return m
		}
	}
	return p.pop()
}

// search looks everywhere.
func (s *Scheduler) search(w *worker) task {
	w.at.Store(nowhere)
	if !w.searching {
		w.searching = true
		s.searching.Add(1)
	}
	for round := range searchRounds {
		if round > 0 {
			runtime.Gosched()
		}
		if s.stopping.Load() {
			return task{}
		}
		w.rnd = w.rnd*1664525 + 1013904223
		first := int(w.rnd >> 8)
		for i := range s.processors {
			if m := s.stealFrom(w, (first+i)%len(s.processors)); m != nil {
				return task{box: m}
			}
		}
		if t := s.takeGlobal(w); !t.empty() {
			return t
		}
	}
	return task{}
}

func (s *Scheduler) stealFrom(w *worker, id int) *Mailbox {
	p := &s.processors[id]
	var boxes [stealMost]*Mailbox
	if n := p.steal(boxes[:]); n > 0 {
		w.stolen.Add(int64(n))
		for _, m := range boxes[1:n] {
			s.yield(m)
		}
		return boxes[0]
	}
	if p.attended(id) {
		return nil
	}
	m := p.takeSlot()
	if m != nil {
		w.stolen.Add(1)
	}
	return m
}
