package scheduler

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// scripted is a Runner that hands its messages to step, one at a time. Its fields belong to the owner of the actor:
// the race detector says so if two goroutines run it at once.
type scripted struct {
	ctx      actor.Context
	waiting  []any
	step     func(s Slot, msg any) bool
	system   func(c actor.Context)
	runnable bool
	runs     int
}

func (a *scripted) Receive(c actor.Context) {
	a.ctx = c
	switch m := c.Message().(type) {
	case string, int, func(Slot) bool:
		a.waiting = append(a.waiting, m)
	default:
		if a.system != nil {
			a.system(c)
		}
	}
}

func (a *scripted) Run(s Slot) bool {
	a.runs++
	a.runnable = false
	for len(a.waiting) > 0 {
		m := a.waiting[0]
		a.waiting = a.waiting[1:]
		if f, ok := m.(func(Slot) bool); ok {
			if !f(s) {
				return false
			}
		} else if !a.step(s, m) {
			return false
		}
	}
	return true
}

func (a *scripted) Runnable() bool { return a.runnable || len(a.waiting) > 0 }

func TestRunFollowsTheBatch(t *testing.T) {
	f := fixed(t, Options{Workers: 1, Throughput: 10})
	ran := make(chan int, 100)
	entered, leave := make(chan struct{}), make(chan struct{})
	a := &scripted{step: func(Slot, any) bool { return true }}
	a.system = func(c actor.Context) {
		if _, ok := c.Message().(*actor.Started); ok {
			close(entered)
			<-leave
		}
	}
	a.step = func(_ Slot, m any) bool {
		ran <- len(a.waiting)
		return true
	}
	spawned := make(chan *actor.PID, 1)
	go func() { spawned <- f.spawnActor(a) }()
	pid := wait(t, spawned, "the spawn")
	wait(t, entered, "Started")
	for i := range 25 {
		f.sys.Root.Send(pid, i)
	}
	close(leave)
	most := 0
	for range 25 {
		most = max(most, wait(t, ran, "a step")+1)
	}
	if most > 10 {
		t.Errorf("%d messages were delivered before Run, want at most the throughput of 10", most)
	}
}

func TestRunnableIsScheduledAgain(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	done := make(chan int, 1)
	b := &countdown{left: 50, done: done}
	pid := f.spawnActor(b)
	f.sys.Root.Send(pid, "go")
	if n := wait(t, done, "fifty runs"); n < 50 {
		t.Errorf("Run was called %d times for 50 slices", n)
	}
}

// countdown does a little at each Run.
type countdown struct {
	left, runs int
	on         bool
	done       chan int
}

func (a *countdown) Receive(c actor.Context) {
	if _, ok := c.Message().(string); ok {
		a.on = true
	}
}

func (a *countdown) Run(Slot) bool {
	if !a.on {
		return true
	}
	a.runs++
	if a.left--; a.left == 0 {
		a.on = false
		a.done <- a.runs
	}
	return true
}
func (a *countdown) Runnable() bool { return a.on }

func TestRunnerIsFoundAgainAfterARestart(t *testing.T) {
	f := fixed(t, Options{})
	ran := make(chan int, 10)
	var incarnation atomic.Int32
	pid := f.sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		n := int(incarnation.Add(1))
		return &scripted{step: func(_ Slot, m any) bool {
			if m == "panic" {
				panic("as asked")
			}
			ran <- n
			return true
		}}
	}, f.sched.Props()...))
	f.sys.Root.Send(pid, "one")
	if n := wait(t, ran, "the first run"); n != 1 {
		t.Fatalf("incarnation %d ran", n)
	}
	f.sys.Root.Send(pid, "panic")
	eventually(t, "the restart", func() bool { return incarnation.Load() == 2 })
	f.sys.Root.Send(pid, "two")
	if n := wait(t, ran, "the run after the restart"); n != 2 {
		t.Fatalf("incarnation %d ran after a restart", n)
	}
}

func TestPreemptAloneReturnsAtOnce(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	done := make(chan struct{})
	pid := f.spawnActor(&scripted{step: func(s Slot, _ any) bool {
		for range 1000 {
			s.Preempt()
		}
		close(done)
		return true
	}})
	allIdle(t, f.sched)
	f.sys.Root.Send(pid, "go")
	wait(t, done, "the slices")
	if n := f.sched.Stats().Handoffs; n != 0 {
		t.Errorf("%d hand-overs with nothing else to run", n)
	}
}

func TestPreemptLetsOthersRun(t *testing.T) {
	for _, hogs := range []int{1, 2, 5} {
		t.Run(fmt.Sprintf("hogs=%d", hogs), func(t *testing.T) {
			f := fixed(t, Options{Workers: 1})
			var stop atomic.Bool
			defer stop.Store(true)
			ended := make(chan struct{}, hogs)
			for range hogs {
				f.sys.Root.Send(f.spawnActor(&scripted{step: func(s Slot, _ any) bool {
					for !stop.Load() {
						s.Preempt()
					}
					ended <- struct{}{}
					return true
				}}), "spin")
			}
			played := make(chan int)
			const rounds = 2000
			var ping, pong *actor.PID
			pong = f.spawn(func(c actor.Context) {
				if n, ok := c.Message().(int); ok {
					c.Send(ping, n)
				}
			})
			ping = f.spawn(func(c actor.Context) {
				if n, ok := c.Message().(int); ok {
					if n == 0 {
						played <- n
						return
					}
					c.Send(pong, n-1)
				}
			})
			f.sys.Root.Send(ping, rounds)
			wait(t, played, "the game beside hogs")
			stop.Store(true)
			for range hogs {
				wait(t, ended, "the hogs to end")
			}
		})
	}
}

// nest returns a Runner whose "call" parks, whose "return" ends the newest wait and whose "first" ends the oldest.
func nest(log chan<- string) *scripted {
	a := &scripted{}
	var stack []*Parking
	depth := 0
	a.step = func(s Slot, m any) bool {
		switch m {
		case "call":
			depth++
			me, p := depth, &Parking{}
			stack = append(stack, p)
			log <- fmt.Sprint("call ", me)
			if !s.Park(p) {
				log <- fmt.Sprint("abandoned ", me)
				return false
			}
			log <- fmt.Sprint("back ", me)
			return true
		case "return":
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			s.Unpark(p)
			return false
		case "first":
			p := stack[0]
			stack = stack[1:]
			s.Unpark(p)
			return false
		case "abandon":
			for _, p := range stack {
				p.Abandon()
			}
		default:
			log <- fmt.Sprint(m)
		}
		return true
	}
	return a
}

func expect(t *testing.T, log <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := wait(t, log, w); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func TestPark(t *testing.T) {
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			f := fixed(t, Options{Workers: workers})
			log := make(chan string, 100)
			pid := f.spawnActor(nest(log))
			for _, m := range []string{"call", "a", "call", "b", "return", "c", "call", "call", "d"} {
				f.sys.Root.Send(pid, m)
			}
			expect(t, log, "call 1", "a", "call 2", "b", "back 2", "c", "call 3", "call 4", "d")
			if n := f.sched.Stats().Parked; n != 3 {
				t.Errorf("%d goroutines are parked, want 3", n)
			}
			for _, m := range []string{"first", "first", "first", "e"} {
				f.sys.Root.Send(pid, m)
			}
			expect(t, log, "back 1", "back 3", "back 4", "e")
			allIdle(t, f.sched)
			if n := f.sched.Stats().Parked; n != 0 {
				t.Errorf("%d goroutines are parked at the end", n)
			}
		})
	}
}

func TestAbandon(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	log := make(chan string, 100)
	a := nest(log)
	pid := f.spawnActor(a)
	for _, m := range []string{"call", "call", "abandon"} {
		f.sys.Root.Send(pid, m)
	}
	expect(t, log, "call 1", "call 2")
	got := []string{wait(t, log, "the first"), wait(t, log, "the second")}
	slices.Sort(got)
	if !slices.Equal(got, []string{"abandoned 1", "abandoned 2"}) {
		t.Fatalf("got %q", got)
	}
	f.sys.Root.Send(pid, "return") // nobody waits: the actor stays where it is
	f.sys.Root.Send(pid, "on")
	expect(t, log, "on")
}

func TestParkThatCannotWait(t *testing.T) {
	abandoned := &Parking{}
	abandoned.Abandon()
	f := fixed(t, Options{Workers: 1})
	for name, p := range map[string]*Parking{"abandoned before": abandoned, "the same once more": abandoned} {
		got := make(chan bool, 1)
		on := make(chan struct{})
		pid := f.spawnActor(&scripted{})
		f.sys.Root.Send(pid, func(s Slot) bool { got <- s.Park(p); return false })
		if wait(t, got, name) {
			t.Errorf("%s: Park returned true", name)
		}
		f.sys.Root.Send(pid, func(Slot) bool { close(on); return true })
		wait(t, on, "the actor to go on")
	}
}

func TestUnparkOfAnotherActorsGoroutine(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	p := &Parking{}
	back, parked := make(chan bool, 1), make(chan struct{})
	owner := f.spawnActor(&scripted{})
	f.sys.Root.Send(owner, func(s Slot) bool { back <- s.Park(p); return true })
	f.sys.Root.Send(owner, func(Slot) bool { close(parked); return true })
	wait(t, parked, "the owner to go on")
	thief, on := f.spawnActor(&scripted{}), make(chan struct{})
	f.sys.Root.Send(thief, func(s Slot) bool { s.Unpark(p); return false })
	f.sys.Root.Send(thief, func(Slot) bool { close(on); return true })
	wait(t, on, "the other actor to go on")
	if len(back) != 0 {
		t.Fatal("another actor ended the wait")
	}
	f.sys.Root.Send(owner, func(s Slot) bool { s.Unpark(p); return false })
	if !wait(t, back, "the end of the wait") {
		t.Error("Park returned false")
	}
}

func TestPanicWhileUnwindingIsNotTheActors(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	p := &Parking{}
	unwound, on := make(chan struct{}), make(chan struct{})
	var restarts atomic.Int32
	a := &scripted{system: func(c actor.Context) {
		if _, ok := c.Message().(*actor.Restarting); ok {
			restarts.Add(1)
		}
	}}
	pid := f.spawnActor(a)
	f.sys.Root.Send(pid, func(s Slot) bool {
		if !s.Park(p) {
			s.Preempt() // does nothing without a worker
			s.Unpark(p)
			if s.Park(&Parking{}) {
				t.Error("an abandoned goroutine could park")
			}
			defer close(unwound)
			panic("unwind")
		}
		return true
	})
	f.sys.Root.Send(pid, func(Slot) bool { p.Abandon(); p.Abandon(); return true })
	wait(t, unwound, "the unwinding")
	f.sys.Root.Send(pid, func(Slot) bool { close(on); return true })
	wait(t, on, "the actor to go on")
	allIdle(t, f.sched)
	if n := restarts.Load(); n != 0 {
		t.Errorf("the actor was restarted %d times", n)
	}
}

func TestStopAbandonsAndDrains(t *testing.T) {
	sys := system(t)
	s := New(Options{Workers: 1})
	f := &fixture{T: t, sys: sys, sched: s}
	log := make(chan string, 100)
	for range 3 {
		f.sys.Root.Send(f.spawnActor(nest(log)), "call")
	}
	expect(t, log, "call 1", "call 1", "call 1")
	stopping := make(chan struct{})
	hog := make(chan string, 4)
	for range 2 { // one of them waits in Preempt when the scheduler stops
		f.sys.Root.Send(f.spawnActor(&scripted{step: func(s Slot, _ any) bool {
			hog <- "started"
			for more := true; more; {
				select {
				case <-stopping:
					more = false
				default:
					s.Preempt()
				}
			}
			hog <- "ended"
			return true
		}}), "spin")
	}
	expect(t, hog, "started", "started")
	stopped := make(chan struct{})
	go func() { s.Stop(); close(stopped) }()
	expect(t, log, "abandoned 1", "abandoned 1", "abandoned 1")
	close(stopping)
	expect(t, hog, "ended", "ended")
	wait(t, stopped, "Stop")
	s.Stop()
	if n := s.Stats().Goroutines; n != 0 {
		t.Errorf("%d goroutines are left", n)
	}
	s.Schedule(func() { t.Error("a function ran after Stop") })
	f.spawn(func(actor.Context) { t.Error("an actor ran after Stop") })
}

func TestHogsShareWithOthers(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	var stop atomic.Bool
	defer stop.Store(true)
	ended := make(chan struct{}, 2)
	for range 2 {
		f.sys.Root.Send(f.spawnActor(&scripted{step: func(s Slot, _ any) bool {
			for !stop.Load() {
				for end := time.Now().Add(300 * time.Microsecond); time.Now().Before(end); {
				}
				s.Preempt()
			}
			ended <- struct{}{}
			return true
		}}), "spin")
	}
	var messages atomic.Int64
	var a, b *actor.PID
	bounce := func(to **actor.PID) actor.ReceiveFunc {
		return func(c actor.Context) {
			if m, ok := c.Message().(*ball); ok && !stop.Load() {
				messages.Add(1)
				c.Send(*to, m)
			}
		}
	}
	a, b = f.spawn(bounce(&b)), f.spawn(bounce(&a))
	f.sys.Root.Send(a, &ball{})
	// A slice of 300 µs has room for some 2000 messages; a pair that gets one look per slice would make 10. The machine
	// may be busy with other things for a while, so one good window is enough.
	const slices = 100
	least := int64(100)
	if raceEnabled {
		least = 20
	}
	eventually(t, "the pair to get its share", func() bool {
		before, n := f.sched.Stats().Handoffs, messages.Load()
		eventually(t, "a hundred slices", func() bool { return f.sched.Stats().Handoffs-before >= slices })
		return messages.Load()-n >= least*slices
	})
	stop.Store(true)
	wait(t, ended, "a hog")
	wait(t, ended, "a hog")
}
