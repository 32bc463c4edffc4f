package scheduler

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"
)

// recorder is a MessageInvoker that writes down what it is given.
type recorder struct {
	mu      sync.Mutex
	got     []string
	invoked chan struct{}
	before  func(message any)
}

func newRecorder() *recorder { return &recorder{invoked: make(chan struct{}, 1000)} }

func (r *recorder) note(what string, v any) {
	r.mu.Lock()
	r.got = append(r.got, fmt.Sprint(what, v))
	r.mu.Unlock()
	r.invoked <- struct{}{}
}

func (r *recorder) InvokeUserMessage(v any) {
	if r.before != nil {
		r.before(v)
	}
	r.note("", v)
}
func (r *recorder) InvokeSystemMessage(v any)       { r.note("system ", v) }
func (r *recorder) EscalateFailure(reason, msg any) { r.note("failed ", fmt.Sprint(reason, " ", msg)) }

func (r *recorder) await(t *testing.T, want ...string) {
	t.Helper()
	for range want {
		wait(t, r.invoked, fmt.Sprint("deliveries ", want))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.got, want) {
		t.Fatalf("got %q, want %q", r.got, want)
	}
	r.got = nil
}

func boxed(t *testing.T, r *recorder) (*Scheduler, *Mailbox) {
	s := New(Options{})
	t.Cleanup(s.Stop)
	m := s.Mailbox().(*Mailbox)
	m.RegisterHandlers(r, s)
	return s, m
}

func allIdle(t *testing.T, s *Scheduler) {
	t.Helper()
	eventually(t, "all workers to go idle", func() bool {
		st := s.Stats()
		return st.Idle == st.Workers && st.Queued == 0
	})
}

func TestNothingRunsBeforeStart(t *testing.T) {
	r := newRecorder()
	s, m := boxed(t, r)
	m.PostUserMessage(1)
	m.PostUserMessage(2)
	m.PostSystemMessage("a")
	m.PostSystemMessage("b")
	allIdle(t, s)
	if len(r.invoked) != 0 || m.UserMessageCount() != 2 {
		t.Fatalf("before Start: %d deliveries, %d messages wait", len(r.invoked), m.UserMessageCount())
	}
	m.Start()
	r.await(t, "system a", "system b", "1", "2")
	m.Start()
	m.PostUserMessage(3)
	r.await(t, "3")
	if n := m.UserMessageCount(); n != 0 {
		t.Errorf("%d messages wait after all were delivered", n)
	}
}

func TestNilIsDropped(t *testing.T) {
	r := newRecorder()
	s, m := boxed(t, r)
	m.Start()
	m.PostUserMessage(nil)
	m.PostSystemMessage(nil)
	m.PostUserMessage(1)
	r.await(t, "1")
	allIdle(t, s)
	if n := m.UserMessageCount(); n != 0 {
		t.Errorf("%d messages wait", n)
	}
}

func TestSuspension(t *testing.T) {
	r := newRecorder()
	s, m := boxed(t, r)
	m.Start()
	m.PostSystemMessage(&actor.SuspendMailbox{})
	m.PostUserMessage(1)
	m.PostUserMessage(2)
	m.PostSystemMessage("a")
	r.await(t, "system a")
	allIdle(t, s)
	if n := m.UserMessageCount(); n != 2 {
		t.Errorf("%d messages wait while suspended, want 2", n)
	}
	executed := s.Stats().Executed
	m.PostUserMessage(3)
	allIdle(t, s)
	if now := s.Stats().Executed; now != executed {
		t.Errorf("a user message for a suspended mailbox took %d tasks, want none", now-executed)
	}
	m.PostSystemMessage(&actor.ResumeMailbox{})
	r.await(t, "1", "2", "3")
}

func TestSystemMessagesFirst(t *testing.T) {
	r := newRecorder()
	entered, leave := make(chan struct{}), make(chan struct{})
	r.before = func(v any) {
		if v == 1 {
			close(entered)
			<-leave
		}
	}
	_, m := boxed(t, r)
	m.Start()
	m.PostUserMessage(1)
	wait(t, entered, "the handler")
	m.PostUserMessage(2)
	m.PostSystemMessage("a")
	m.PostSystemMessage("b")
	if n := m.UserMessageCount(); n != 1 {
		t.Errorf("%d messages wait, want 1", n)
	}
	close(leave)
	r.await(t, "1", "system a", "system b", "2")
}

func TestPanicIsEscalatedAndTheRestGoesOn(t *testing.T) {
	r := newRecorder()
	r.before = func(v any) {
		if v == 2 {
			panic("no twos")
		}
	}
	_, m := boxed(t, r)
	for i := 1; i <= 3; i++ {
		m.PostUserMessage(i)
	}
	m.Start()
	r.await(t, "1", "failed no twos 2", "3")
}

func TestBatchIsBounded(t *testing.T) {
	f := fixed(t, Options{Workers: 1, Throughput: 8})
	const many = 1000
	entered, leave, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	busy := f.spawn(func(c actor.Context) {
		switch c.Message() {
		case 0:
			close(entered)
			<-leave
		case many:
			close(done)
		}
	})
	f.sys.Root.Send(busy, 0)
	wait(t, entered, "the handler")
	before := f.sched.Stats().Executed
	for i := 1; i <= many; i++ {
		f.sys.Root.Send(busy, i)
	}
	close(leave)
	wait(t, done, "all messages")
	allIdle(t, f.sched)
	if n := f.sched.Stats().Executed - before; n < many/8 || n > many/8+3 {
		t.Errorf("%d messages were delivered in %d batches, want batches of 8", many, n)
	}
}

// An actor that never runs out of messages does not keep the only worker.
func TestBatchGivesWay(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	got := make(chan struct{})
	var stop atomic.Bool
	busy := f.spawn(func(c actor.Context) {
		if _, ok := c.Message().(int); ok && !stop.Load() {
			c.Send(c.Self(), 1)
		}
	})
	for range 100 {
		f.sys.Root.Send(busy, 1)
	}
	defer stop.Store(true)
	for range 100 {
		other := f.spawn(func(c actor.Context) {
			if _, ok := c.Message().(string); ok {
				got <- struct{}{}
			}
		})
		f.sys.Root.Send(other, "now")
		wait(t, got, "another actor")
	}
}

func TestGoexitInHandler(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	got := make(chan any, 10)
	pid := f.spawn(func(c actor.Context) {
		switch m := c.Message().(type) {
		case string:
			if m == "exit" {
				runtimeGoexit()
			}
			got <- m
		case *actor.Restarting:
			got <- m
		}
	})
	f.sys.Root.Send(pid, "exit")
	f.sys.Root.Send(pid, "after")
	if _, ok := wait(t, got, "the restart").(*actor.Restarting); !ok {
		t.Fatal("the actor was not restarted")
	}
	if v := wait(t, got, "the next message"); v != "after" {
		t.Fatalf("got %v", v)
	}
	fn := make(chan struct{})
	f.sched.Schedule(func() { runtimeGoexit() })
	f.sched.Schedule(func() { close(fn) })
	wait(t, fn, "a function behind one that ended its goroutine")
}

func TestSpawnRace(t *testing.T) {
	f := fixed(t, Options{})
	const n = 2000
	pids := make([]*actor.PID, n)
	for i := range pids {
		pids[i] = f.sys.NewLocalPID(fmt.Sprint("racer", i))
	}
	var turn sync.WaitGroup
	turn.Add(1)
	stop := make(chan struct{})
	go func() {
		defer turn.Done()
		for i := 0; ; i = (i + 1) % n {
			select {
			case <-stop:
				return
			default:
				f.sys.Root.Send(f.sys.NewLocalPID(pids[i].Id), "x")
			}
		}
	}()
	var started sync.WaitGroup
	for _, p := range pids {
		started.Add(1)
		open := false
		_, err := f.sys.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
			switch c.Message().(type) {
			case *actor.Started:
				open = true
				started.Done()
			case string:
				if !open {
					t.Error("a message came before Started")
				}
			}
		}, f.sched.Props()...), p.Id)
		if err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	turn.Wait()
	started.Wait()
}

func TestMailboxSize(t *testing.T) {
	if n := unsafe.Sizeof(Mailbox{}); n > 96 {
		t.Errorf("a mailbox has %d bytes, want at most 96: the next size class is paid by every actor", n)
	}
	if n := unsafe.Sizeof(node{}); n > 24 {
		t.Errorf("a message costs %d bytes in the queue, want at most 24", n)
	}
}
