// Package actorstest helps to test actors: whole applications under a seeded
// schedule, and nodes of a few parts.
package actorstest

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

// Sim runs the actors of one node one message at a time, in an order that its
// seed decides, and with a clock that stands still while anything can run. The
// same seed gives the same run, so a failure found once is found again.
//
// Nothing runs by itself: a goroutine that waits for an answer with a context
// made by Context drives the simulation meanwhile.
type Sim struct {
	Trace []string // what was handled, in order

	rand   *rand.Rand
	mu     sync.Mutex // posts may come from goroutines that parked Lua runs on
	ready  []task
	timers timerHeap
	now    time.Time
	seq    int
}

// task is one thing that can happen next.
type task interface {
	step(*Sim)
	name() string
}

// NewSim returns a simulation in the order of seed. Its time starts at 2024-01-01.
func NewSim(seed uint64) *Sim {
	return &Sim{rand: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// Props puts an actor under the simulation.
func (s *Sim) Props() []actor.PropsOption {
	return []actor.PropsOption{
		actor.WithMailbox(func() actor.Mailbox { return &mailbox{sim: s} }),
		actor.WithDispatcher(s),
	}
}

// Schedule implements actor.Dispatcher.
func (s *Sim) Schedule(f func()) { s.add(function(f)) }

// Throughput implements actor.Dispatcher.
func (s *Sim) Throughput() int { return 1 }

// Go runs f as one step, in place of a goroutine of its own.
func (s *Sim) Go(f func()) { s.add(function(f)) }

// Random is the dice of the node.
func (s *Sim) Random() float64 { return s.rand.Float64() }

// Context returns a context whose waits drive the simulation.
func (s *Sim) Context(ctx context.Context) context.Context {
	return actors.WithPump(ctx, s.Step)
}

// Step lets one thing happen: a message, or, where none is left, the next
// timer. It reports false when nothing can happen any more.
func (s *Sim) Step() bool {
	s.mu.Lock()
	if len(s.ready) == 0 {
		if s.timers.Len() == 0 {
			s.mu.Unlock()
			return false
		}
		t := heap.Pop(&s.timers).(*timer)
		if t.at.After(s.now) {
			s.now = t.at
		}
		s.mu.Unlock()
		t.f()
		return true
	}
	i := s.rand.IntN(len(s.ready))
	t := s.ready[i]
	s.ready = append(s.ready[:i], s.ready[i+1:]...)
	s.Trace = append(s.Trace, t.name())
	s.mu.Unlock()
	t.step(s)
	return true
}

func (s *Sim) add(t task) {
	s.mu.Lock()
	s.ready = append(s.ready, t)
	s.mu.Unlock()
}

type function func()

func (f function) step(*Sim)    { f() }
func (f function) name() string { return "function" }

// Now implements actors.Clock.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// AfterFunc implements actors.Clock.
func (s *Sim) AfterFunc(d time.Duration, f func()) func() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	t := &timer{at: s.now.Add(d), seq: s.seq, f: f}
	heap.Push(&s.timers, t)
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.index < 0 {
			return false
		}
		heap.Remove(&s.timers, t.index)
		return true
	}
}

type timer struct {
	at    time.Time
	seq   int
	f     func()
	index int
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i, j }
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

// mailbox handles one message in each step.
type mailbox struct {
	sim       *Sim
	invoker   actor.MessageInvoker
	system    []any
	user      []any
	id        string
	started   bool
	suspended bool
	queued    bool
}

func (m *mailbox) RegisterHandlers(i actor.MessageInvoker, _ actor.Dispatcher) { m.invoker = i }

func (m *mailbox) Start() {
	m.sim.mu.Lock()
	defer m.sim.mu.Unlock()
	m.started = true
	m.wake()
}

func (m *mailbox) UserMessageCount() int {
	m.sim.mu.Lock()
	defer m.sim.mu.Unlock()
	return len(m.user)
}

func (m *mailbox) PostUserMessage(msg any) {
	if msg == nil {
		return
	}
	m.sim.mu.Lock()
	defer m.sim.mu.Unlock()
	m.user = append(m.user, msg)
	m.wake()
}

func (m *mailbox) PostSystemMessage(msg any) {
	m.sim.mu.Lock()
	defer m.sim.mu.Unlock()
	m.system = append(m.system, msg)
	m.wake()
}

// wake queues the mailbox if it has something to do; the lock is held.
func (m *mailbox) wake() {
	if m.started && !m.queued && (len(m.system) > 0 || len(m.user) > 0 && !m.suspended) {
		m.queued = true
		m.sim.ready = append(m.sim.ready, m)
	}
}

func (m *mailbox) name() string {
	if m.id == "" {
		if ctx, ok := m.invoker.(actor.Context); ok && ctx.Self() != nil {
			m.id = ctx.Self().Id
		}
	}
	switch {
	case len(m.system) > 0:
		return fmt.Sprintf("%s %T", m.id, m.system[0])
	case len(m.user) > 0:
		_, inner, _ := actor.UnwrapEnvelope(m.user[0])
		if r, ok := inner.(*actors.Request); ok {
			return fmt.Sprintf("%s request %T", m.id, r.Body)
		}
		return fmt.Sprintf("%s %T", m.id, inner)
	}
	return m.id + " runs"
}

func (m *mailbox) step(s *Sim) {
	s.mu.Lock()
	var system, user any
	switch {
	case len(m.system) > 0:
		system = m.system[0]
		m.system = m.system[1:]
	case len(m.user) > 0 && !m.suspended:
		user = m.user[0]
		m.user = m.user[1:]
	}
	s.mu.Unlock()
	m.handle(system, user)
	again := false
	if r, ok := m.runner(); ok {
		s.run(r)
		again = r.Runnable()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.queued = false
	m.wake()
	if again && !m.queued {
		m.queued = true
		s.ready = append(s.ready, m)
	}
}

// handle gives one message to the actor; a panic is for its supervisor.
func (m *mailbox) handle(system, user any) {
	defer func() {
		if r := recover(); r != nil {
			m.invoker.EscalateFailure(r, user)
		}
	}()
	switch {
	case system != nil:
		switch system.(type) {
		case *actor.SuspendMailbox:
			m.suspended = true
		case *actor.ResumeMailbox:
			m.suspended = false
		default:
			m.invoker.InvokeSystemMessage(system)
		}
	case user != nil:
		if m.dead() {
			m.invoker.(actor.Context).ActorSystem().DeadLetter.SendUserMessage(m.invoker.(actor.Context).Self(), user)
		} else {
			m.invoker.InvokeUserMessage(user)
		}
	}
}

// dead reports whether the actor has stopped.
func (m *mailbox) dead() bool {
	ctx, ok := m.invoker.(actor.Context)
	if !ok {
		return false
	}
	_, there := ctx.ActorSystem().ProcessRegistry.GetLocal(ctx.Self().Id)
	return !there
}

func (m *mailbox) runner() (actors.Runner, bool) {
	ctx, ok := m.invoker.(actor.Context)
	if !ok {
		return nil, false
	}
	r, ok := ctx.Actor().(actors.Runner)
	return r, ok
}

// run calls Run on a goroutine of its own and waits until it returns or parks.
func (s *Sim) run(r actors.Runner) {
	p := &place{events: make(chan struct{}, 1)}
	go func() {
		r.Run(p)
		p.current().events <- struct{}{}
	}()
	<-p.events
}

// place is the slot of one Run. When its goroutine is unparked by a later Run,
// it reports to the place of that one.
type place struct {
	events chan struct{}
	mu     sync.Mutex
	next   *place // where it reports to since it was unparked
	left   bool
}

func (p *place) current() *place {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return &place{events: make(chan struct{}, 1)} // somebody else reports in its stead
	}
	if p.next != nil {
		return p.next.current()
	}
	return p
}

func (p *place) Preempt() {}

type parking struct{ ch chan *place }

func (p *place) NewParking() any { return &parking{make(chan *place, 1)} }

func (p *place) Park(x any) bool {
	p.current().events <- struct{}{}
	by := <-x.(*parking).ch
	p.mu.Lock()
	defer p.mu.Unlock()
	if by == nil {
		p.left = true
		return false
	}
	p.next = by
	return true
}

// Unpark hands the place of this Run on: it must not report when it returns.
func (p *place) Unpark(x any) {
	target := p.current()
	relay := &place{events: target.events}
	p.mu.Lock()
	p.left = true
	p.mu.Unlock()
	x.(*parking).ch <- relay
}

func (p *place) Abandon(x any) { x.(*parking).ch <- nil }
