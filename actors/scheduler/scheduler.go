package scheduler

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// DefaultThroughput is how many messages a mailbox delivers before it gives its worker to others, unless Options say
// otherwise.
const DefaultThroughput = 64

// Options of New. The zero value is ready to use.
type Options struct {
	// Workers is how many actors run at the same time; less than one means GOMAXPROCS.
	Workers int
	// Throughput is how many messages a mailbox delivers before it gives way; less than one means DefaultThroughput.
	Throughput int
	// SpareGoroutines is how many goroutines without work are kept for the next hand-over; less than one means
	// twice the workers and eight.
	SpareGoroutines int
}

// Scheduler runs the mailboxes it has made. Its methods may be called from any goroutine.
type Scheduler struct {
	opts       Options
	base       time.Time
	processors []processor
	global     globalQueue

	stopping   atomic.Bool
	idle       atomic.Int32 // workers nobody carries; written under mu
	searching  atomic.Int32 // workers that look for tasks at other processors
	handoffs   atomic.Int64
	goroutines atomic.Int64
	running    sync.WaitGroup

	mu            sync.Mutex
	idleWorkers   []*worker
	spares        []*carrier
	parked        *Parking // list of goroutines that wait in Slot.Park
	nparked       int
	workers       []*worker
	monitorAsleep bool

	monitorWake chan struct{}
	stopped     chan struct{}
}

var _ actor.Dispatcher = (*Scheduler)(nil)

// New starts a scheduler. An idle scheduler uses no processor time. End it with Stop.
func New(o Options) *Scheduler {
	procs := runtime.GOMAXPROCS(0)
	if o.Workers < 1 {
		o.Workers = procs
	}
	if o.Throughput < 1 {
		o.Throughput = DefaultThroughput
	}
	if o.SpareGoroutines < 1 {
		o.SpareGoroutines = 2*o.Workers + 8
	}
	s := &Scheduler{
		opts:          o,
		base:          time.Now(),
		processors:    make([]processor, max(procs, runtime.NumCPU())),
		monitorAsleep: true,
		monitorWake:   make(chan struct{}, 1),
		stopped:       make(chan struct{}),
	}
	for i := range o.Workers {
		w := &worker{rnd: uint32(i)*2654435761 + 1, left: nowhere}
		w.at.Store(nowhere)
		s.workers = append(s.workers, w)
		s.idleWorkers = append(s.idleWorkers, w)
	}
	s.idle.Store(int32(o.Workers))
	s.running.Add(1)
	go s.monitor()
	return s
}

// Throughput returns how many messages a mailbox delivers before it gives way.
func (s *Scheduler) Throughput() int { return s.opts.Throughput }

// Schedule runs fn on a worker, in the order of the calls. It does not block. A panic in fn ends the program, as it
// would in a goroutine of its own. After Stop fn is dropped.
func (s *Scheduler) Schedule(fn func()) {
	if fn == nil || s.stopping.Load() {
		return
	}
	s.global.push(task{fn: fn})
	s.wake()
}

// Mailbox makes a mailbox that runs on this scheduler, whatever dispatcher it is registered with. The method is an
// actor.MailboxProducer.
func (s *Scheduler) Mailbox() actor.Mailbox { return &Mailbox{sched: s} }

// Props returns the options that make an actor run on this scheduler.
func (s *Scheduler) Props() []actor.PropsOption {
	return []actor.PropsOption{actor.WithDispatcher(s), actor.WithMailbox(s.Mailbox)}
}

// Stop ends the scheduler. Batches that run come to their end and no other starts; goroutines that wait in Slot.Park
// are abandoned, those that wait in Slot.Preempt go on to the end of their work. Stop blocks until the last goroutine
// has ended, so actors that never end have to be told to before. Messages that are posted later stay where they are.
// Stop may be called again; it must not be called from an actor.
func (s *Scheduler) Stop() {
	s.mu.Lock()
	first := !s.stopping.Swap(true)
	spares := s.spares
	s.spares, s.idleWorkers = nil, nil
	s.idle.Store(0)
	var waiting []*Parking
	for p := s.parked; p != nil; p = p.next {
		waiting = append(waiting, p)
	}
	s.mu.Unlock()
	if first {
		close(s.stopped)
	}
	for _, c := range spares {
		c.turn <- nil
	}
	for _, p := range waiting {
		p.Abandon()
	}
	s.running.Wait()
}

// now is the time since the scheduler was made.
func (s *Scheduler) now() time.Duration { return time.Since(s.base) }
