package scheduler

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

func TestScheduleRunsInOrder(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	const n = 10_000 // more than the global queue keeps room for
	got := make(chan int, n)
	f.sched.Schedule(nil)
	for i := range n {
		f.sched.Schedule(func() { got <- i })
	}
	for i := range n {
		if v := wait(t, got, "a function"); v != i {
			t.Fatalf("function %d ran at place %d", v, i)
		}
	}
	allIdle(t, f.sched)
	f.sched.global.mu.Lock()
	defer f.sched.global.mu.Unlock()
	if room := len(f.sched.global.buf); room > keepGlobal {
		t.Errorf("the empty global queue keeps room for %d tasks, want at most %d", room, keepGlobal)
	}
}

func TestForeignMailboxOnTheScheduler(t *testing.T) {
	f := fixed(t, Options{})
	got := make(chan string, 1)
	pid := f.sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(string); ok {
			got <- m
		}
	}, actor.WithDispatcher(f.sched)))
	f.sys.Root.Send(pid, "hello")
	wait(t, got, "the message")
}

// The two actors that the first one wakes wait for each other: with one worker, or without stealing, neither ends.
func TestStealingMatters(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	meet := make(chan struct{})
	done := make(chan struct{}, 2)
	var two [2]*actor.PID
	for i := range two {
		two[i] = f.spawn(func(c actor.Context) {
			switch m := c.Message().(type) {
			case string:
				if m == "give" {
					meet <- struct{}{}
				} else {
					<-meet
				}
				done <- struct{}{}
			}
		})
	}
	first := f.spawn(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			c.Send(two[0], "give")
			c.Send(two[1], "take")
		}
	})
	f.sys.Root.Send(first, "go")
	wait(t, done, "one of them")
	wait(t, done, "the other")
}

// What lies in the slot behind a task that does not end is run by another worker.
func TestSlotBehindALongTaskIsRescued(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	rescued := make(chan struct{})
	rescuer := f.spawn(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			close(rescued)
		}
	})
	done := make(chan struct{})
	long := f.spawn(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			c.Send(rescuer, "help")
			<-rescued
			close(done)
		}
	})
	allIdle(t, f.sched)
	f.sys.Root.Send(long, "go")
	wait(t, done, "the long task")
}

// Two actors that keep the slot of the only worker busy do not starve those in the queues.
func TestSlotDoesNotStarveOthers(t *testing.T) {
	f := fixed(t, Options{Workers: 1})
	var stop atomic.Bool
	var a, b *actor.PID
	bounce := func(to **actor.PID) actor.ReceiveFunc {
		return func(c actor.Context) {
			if m, ok := c.Message().(*ball); ok && !stop.Load() {
				c.Send(*to, m)
			}
		}
	}
	a, b = f.spawn(bounce(&b)), f.spawn(bounce(&a))
	defer stop.Store(true)
	f.sys.Root.Send(a, &ball{})
	got := make(chan struct{})
	for range 20 {
		quiet := f.spawn(func(c actor.Context) {
			if _, ok := c.Message().(string); ok {
				got <- struct{}{}
			}
		})
		f.sys.Root.Send(quiet, "hello")
		wait(t, got, "a quiet actor beside a busy pair")
		f.sched.Schedule(func() { got <- struct{}{} })
		wait(t, got, "a function beside a busy pair")
	}
}

func TestManyTasksSpillOver(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	const n = 5000
	var wg sync.WaitGroup
	pids := make([]*actor.PID, n)
	for i := range pids {
		pids[i] = f.spawn(func(c actor.Context) {
			if _, ok := c.Message().(string); ok {
				wg.Done()
			}
		})
	}
	root := f.spawn(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			for _, p := range pids {
				c.Send(p, "x")
			}
		}
	})
	for range 5 {
		wg.Add(n)
		f.sys.Root.Send(root, "go")
		all := make(chan struct{})
		go func() { wg.Wait(); close(all) }()
		wait(t, all, "all actors")
	}
	allIdle(t, f.sched)
	for i := range f.sched.processors {
		for j := range f.sched.processors[i].ring {
			if f.sched.processors[i].ring[j].Load() != nil {
				t.Fatalf("processor %d still holds a mailbox that has run", i)
			}
		}
	}
}

func TestMoreProcessorsThanAtTheStart(t *testing.T) {
	s := New(Options{Workers: 2})
	before := runtime.GOMAXPROCS(len(s.processors) + 3)
	defer runtime.GOMAXPROCS(before)
	f := &fixture{T: t, sys: system(t), sched: s}
	defer s.Stop()
	crossTalk(f, 50, 500, 20)
}

func TestIdleSchedulerSleeps(t *testing.T) {
	f := fixed(t, Options{Workers: 3})
	done := make(chan struct{})
	f.sched.Schedule(func() { close(done) })
	wait(t, done, "a function")
	eventually(t, "the monitor to sleep", func() bool {
		f.sched.mu.Lock()
		defer f.sched.mu.Unlock()
		return f.sched.monitorAsleep && len(f.sched.idleWorkers) == 3
	})
	if n := f.sched.searching.Load(); n != 0 {
		t.Errorf("%d workers search while all are idle", n)
	}
}

func TestSparesAreBounded(t *testing.T) {
	f := fixed(t, Options{Workers: 1, SpareGoroutines: 2})
	const n = 50
	log := make(chan string, 3*n)
	var pids []*actor.PID
	for range n {
		pids = append(pids, f.spawnActor(nest(log)))
	}
	for _, p := range pids {
		f.sys.Root.Send(p, "call")
	}
	for range n {
		wait(t, log, "a call")
	}
	if st := f.sched.Stats(); st.Parked != n || st.Goroutines > n+3 {
		t.Errorf("%d goroutines for %d parked", st.Goroutines, st.Parked)
	}
	for _, p := range pids {
		f.sys.Root.Send(p, "return")
	}
	for range n {
		wait(t, log, "a return")
	}
	eventually(t, "the goroutines to end", func() bool { return f.sched.Stats().Goroutines <= 2 })
}

func TestStopOfAnUnusedScheduler(t *testing.T) {
	for _, workers := range []int{0, 1, 8} {
		s := New(Options{Workers: workers})
		s.Stop()
		s.Stop()
	}
}

func TestDefaults(t *testing.T) {
	s := New(Options{Workers: -1, Throughput: -1, SpareGoroutines: -1})
	defer s.Stop()
	if s.Throughput() != DefaultThroughput || s.Stats().Workers != runtime.GOMAXPROCS(0) {
		t.Errorf("throughput %d, workers %d", s.Throughput(), s.Stats().Workers)
	}
}

func TestStatsCount(t *testing.T) {
	f := fixed(t, Options{Workers: 2})
	const n = 1000
	var wg sync.WaitGroup
	wg.Add(n)
	for range n {
		f.sched.Schedule(wg.Done)
	}
	wg.Wait()
	allIdle(t, f.sched)
	if got := f.sched.Stats(); got.Executed != n || got.Queued != 0 || got.Idle != 2 {
		t.Errorf("after %d functions: %+v", n, fmt.Sprint(got))
	}
}
