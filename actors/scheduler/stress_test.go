package scheduler

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// messagesOf is how many messages a stress test sends: ten million in the long form.
func messagesOf() int {
	if raceEnabled || !long() {
		return 200_000
	}
	return 10_000_000
}

// progress fails the test when a counter stands still before it reaches its goal: a wake-up was lost.
func progress(t testing.TB, s *Scheduler, done *atomic.Int64, goal int64) {
	t.Helper()
	last, since := int64(-1), time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		n := done.Load()
		if n >= goal {
			return
		}
		if n != last {
			last, since = n, time.Now()
		} else if time.Since(since) > patience {
			t.Fatalf("no progress at %d of %d: %+v\n%s", n, goal, s.Stats(), stacks())
		}
		<-tick.C
	}
}

type hop struct{ from, seq, left int }

// crossTalk lets actors pass messages on at random; each message lives for a number of hops. It checks that none is
// lost and that the messages of one sender to one receiver stay in order.
func crossTalk(f *fixture, actors, messages, hops int) {
	f.Helper()
	pids := make([]*actor.PID, actors)
	var total atomic.Int64
	for i := range pids {
		rnd := rand.New(rand.NewPCG(uint64(i), 1))
		sent := make([]int, actors)
		seen := make([]int, actors+1)
		pids[i] = f.spawn(func(c actor.Context) {
			m, ok := c.Message().(hop)
			if !ok {
				return
			}
			total.Add(1)
			if m.from >= 0 {
				if m.seq != seen[m.from]+1 {
					f.Errorf("actor %d got message %d of actor %d after %d", i, m.seq, m.from, seen[m.from])
				}
				seen[m.from] = m.seq
			}
			if m.left > 0 {
				to := rnd.IntN(actors)
				sent[to]++
				c.Send(pids[to], hop{from: i, seq: sent[to], left: m.left - 1})
			}
		})
	}
	for i := range messages {
		f.sys.Root.Send(pids[i%actors], hop{from: -1, left: hops})
	}
	progress(f, f.sched, &total, int64(messages)*int64(hops+1))
	allIdle(f.T, f.sched)
	if n := total.Load(); n != int64(messages)*int64(hops+1) {
		f.Errorf("%d messages were delivered, want %d", n, messages*(hops+1))
	}
}

func TestStressMessages(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, procs := range []int{1, max(2, runtime.NumCPU())} {
		for _, workers := range []int{1, 2, 4, 8} {
			t.Run(fmt.Sprintf("procs=%d/workers=%d", procs, workers), func(t *testing.T) {
				runtime.GOMAXPROCS(procs)
				f := fixed(t, Options{Workers: workers, Throughput: 16})
				const hops = 99
				crossTalk(f, 100, messagesOf()/(hops+1)/2, hops) // many at a time
				crossTalk(f, 10, 4, messagesOf()/8-1)            // workers go idle and wake all the time
			})
		}
	}
}

// A foreign goroutine and an actor take turns: every message finds an idle worker, or one that is about to be.
func TestStressIdleWakeups(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, procs := range []int{1, max(2, runtime.NumCPU())} {
		for _, workers := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("procs=%d/workers=%d", procs, workers), func(t *testing.T) {
				runtime.GOMAXPROCS(procs)
				f := fixed(t, Options{Workers: workers})
				var answered atomic.Int64
				answer := make(chan struct{})
				pid := f.spawn(func(c actor.Context) {
					if _, ok := c.Message().(string); ok {
						answered.Add(1)
						answer <- struct{}{}
					}
				})
				n := messagesOf() / 100
				go func() {
					for range n {
						f.sys.Root.Send(pid, "x")
						<-answer
					}
				}()
				progress(t, f.sched, &answered, int64(n))
			})
		}
	}
}

// Actors park at random, many deep, while hogs preempt one another and messages pass between all of them.
func TestStressParkAndPreempt(t *testing.T) {
	for _, workers := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			f := fixed(t, Options{Workers: workers, Throughput: 8})
			const actors = 50
			var total, waits atomic.Int64
			pids := make([]*actor.PID, actors)
			for i := range pids {
				pids[i] = f.spawnActor(parker(i, pids, &total, &waits))
			}
			n := messagesOf() / 10
			each := n / actors
			for _, p := range pids {
				f.sys.Root.Send(p, each)
			}
			progress(t, f.sched, &total, int64(actors)*int64(each+1))
			for _, p := range pids {
				f.sys.Root.Send(p, "unwind")
			}
			eventually(t, "all waits to end", func() bool { return waits.Load() == 0 && f.sched.Stats().Parked == 0 })
			allIdle(t, f.sched)
			if f.sched.Stats().Handoffs == 0 {
				t.Error("nothing was handed over")
			}
		})
	}
}

// parker returns a Runner that passes a count on until it is zero; on the way it parks, ends a wait or preempts.
func parker(i int, pids []*actor.PID, total, waits *atomic.Int64) *scripted {
	rnd := rand.New(rand.NewPCG(uint64(i), 2))
	a := &scripted{}
	var stack []*Parking
	pass := func(left int) {
		total.Add(1)
		if left > 0 {
			a.ctx.Send(pids[rnd.IntN(len(pids))], left-1)
		}
	}
	end := func(s Slot) bool {
		n := rnd.IntN(len(stack))
		p := stack[n]
		stack = append(stack[:n], stack[n+1:]...)
		s.Unpark(p)
		return false
	}
	a.step = func(s Slot, m any) bool {
		left, ok := m.(int)
		if !ok {
			if len(stack) == 0 {
				return true
			}
			a.ctx.Send(a.ctx.Self(), m)
			return end(s)
		}
		switch rnd.IntN(8) {
		case 0:
			if len(stack) < 5 {
				p := &Parking{}
				stack = append(stack, p)
				waits.Add(1)
				a.ctx.Send(a.ctx.Self(), left) // the message itself is done later, by another run
				back := s.Park(p)
				waits.Add(-1)
				return back
			}
		case 1:
			s.Preempt()
		case 2, 3:
			if len(stack) > 0 {
				a.ctx.Send(a.ctx.Self(), left)
				return end(s)
			}
		}
		pass(left)
		return true
	}
	return a
}

// Schedulers are stopped in the middle of everything.
func TestStressStop(t *testing.T) {
	rounds := 200
	if raceEnabled || !long() {
		rounds = 30
	}
	sys := system(t)
	for i := range rounds {
		s := New(Options{Workers: 1 + i%4, Throughput: 4})
		f := &fixture{T: t, sys: sys, sched: s}
		var total, waits atomic.Int64
		pids := make([]*actor.PID, 10)
		for i := range pids {
			pids[i] = f.spawnActor(parker(i, pids, &total, &waits))
		}
		for _, p := range pids {
			f.sys.Root.Send(p, 1_000_000)
		}
		progress(t, s, &total, int64(100*(i%5)))
		stopped := make(chan struct{})
		go func() { s.Stop(); close(stopped) }()
		wait(t, stopped, "Stop")
		if st := s.Stats(); st.Goroutines != 0 || st.Parked != 0 {
			t.Fatalf("after Stop: %+v", st)
		}
	}
}
