//go:build unix

package scheduler

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// The benchmarks run the same Go actors on this scheduler and on Proto.Actor's own dispatcher and mailbox. One
// operation is one message.

func BenchmarkPair(b *testing.B) { compare(b, func(b *testing.B, e *bench) { e.pairs(b, 1) }) }

func BenchmarkPairs1000(b *testing.B) { compare(b, func(b *testing.B, e *bench) { e.pairs(b, 1000) }) }

func BenchmarkRing(b *testing.B) { compare(b, func(b *testing.B, e *bench) { e.ring(b, 1000, 1) }) }

func BenchmarkRingBusy(b *testing.B) {
	compare(b, func(b *testing.B, e *bench) { e.ring(b, 1000, 100) })
}
func BenchmarkFanIn(b *testing.B) { compare(b, func(b *testing.B, e *bench) { e.fanIn(b, 1000) }) }

// BenchmarkSteal shows what stealing is for: every task is posted on one processor.
func BenchmarkSteal(b *testing.B) {
	for _, workers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			s := New(Options{Workers: workers})
			defer s.Stop()
			e := &bench{sys: system(b), opts: s.Props()}
			e.fanOut(b, 100)
		})
	}
}

// BenchmarkLoads compares with Proto.Actor's dispatcher under three loads and on 1, 2 and 8 processors, which may be more
// than the machine has: actors that compute, pairs that pass messages, and those pairs beside four actors that compute
// without end.
func BenchmarkLoads(b *testing.B) {
	for _, procs := range []int{1, 2, 8} {
		for _, load := range []struct {
			name string
			run  func(*testing.B, *bench)
		}{
			{"compute", func(b *testing.B, e *bench) { e.fanOut(b, 100) }},
			{"messages", func(b *testing.B, e *bench) { e.pairs(b, 100) }},
			{"mixed", func(b *testing.B, e *bench) { e.mixed(b, 4, 100) }},
		} {
			b.Run(fmt.Sprintf("%s/procs=%d", load.name, procs), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				compare(b, load.run)
			})
		}
	}
}

type bench struct {
	sys  *actor.ActorSystem
	opts []actor.PropsOption
	cpu  time.Duration
}

func compare(b *testing.B, run func(*testing.B, *bench)) {
	sys := system(b)
	b.Run("scheduler", func(b *testing.B) {
		s := New(Options{})
		defer s.Stop()
		run(b, &bench{sys: sys, opts: s.Props()})
	})
	b.Run("default", func(b *testing.B) {
		run(b, &bench{sys: sys})
	})
}

// begin starts the measurement; the actors are there already.
func (e *bench) begin(b *testing.B) {
	e.cpu = processorTime(b)
	b.ResetTimer()
}

func (e *bench) end(b *testing.B, pids ...*actor.PID) {
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64((processorTime(b)-e.cpu).Nanoseconds())/float64(b.N), "cpu-ns/msg")
	for _, p := range pids {
		e.sys.Root.Stop(p)
	}
}

func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func (e *bench) spawn(f actor.ReceiveFunc) *actor.PID {
	return e.sys.Root.Spawn(actor.PropsFromFunc(f, e.opts...))
}

func (e *bench) pairs(b *testing.B, n int) {
	var wg sync.WaitGroup
	wg.Add(n)
	var pids, servers []*actor.PID
	each := b.N/n/2 + 1
	for range n {
		left := each
		pong := e.spawn(func(c actor.Context) {
			if m, ok := c.Message().(*ball); ok {
				c.Send(m.from, m)
			}
		})
		var mine *ball
		ping := e.spawn(func(c actor.Context) {
			switch c.Message().(type) {
			case *ball:
				if left--; left == 0 {
					wg.Done()
					return
				}
				c.Send(pong, mine)
			case string:
				mine = &ball{from: c.Self()}
				c.Send(pong, mine)
			}
		})
		pids = append(pids, ping, pong)
		servers = append(servers, ping)
	}
	e.begin(b)
	for _, p := range servers {
		e.sys.Root.Send(p, "serve")
	}
	wg.Wait()
	e.end(b, pids...)
}

type token struct{ left int }

func (e *bench) ring(b *testing.B, size, tokens int) {
	var wg sync.WaitGroup
	wg.Add(tokens)
	pids := make([]*actor.PID, size)
	for i := range pids {
		pids[i] = e.spawn(func(c actor.Context) {
			t, ok := c.Message().(*token)
			if !ok {
				return
			}
			if t.left--; t.left <= 0 {
				wg.Done()
				return
			}
			c.Send(pids[(i+1)%size], t)
		})
	}
	e.begin(b)
	for i := range tokens {
		e.sys.Root.Send(pids[i*size/tokens], &token{left: b.N/tokens + 1})
	}
	wg.Wait()
	e.end(b, pids...)
}

func (e *bench) fanIn(b *testing.B, senders int) {
	done := make(chan struct{})
	each := b.N/senders + 1
	left := each * senders
	sink := e.spawn(func(c actor.Context) {
		if _, ok := c.Message().(*ball); ok {
			if left--; left == 0 {
				close(done)
			}
		}
	})
	pids := []*actor.PID{sink}
	for range senders {
		left := each
		pids = append(pids, e.spawn(func(c actor.Context) {
			if m, ok := c.Message().(*ball); ok {
				for range min(left, 16) {
					c.Send(sink, m)
					left--
				}
				if left > 0 {
					c.Send(c.Self(), m)
				}
			}
		}))
	}
	e.begin(b)
	for _, p := range pids[1:] {
		e.sys.Root.Send(p, &ball{})
	}
	<-done
	e.end(b, pids...)
}

// mixed measures pairs beside actors that compute as long as that takes.
func (e *bench) mixed(b *testing.B, busy, n int) {
	var over atomic.Bool
	var pids []*actor.PID
	for range busy {
		p := e.spawn(func(c actor.Context) {
			if m, ok := c.Message().(*ball); ok && !over.Load() {
				compute()
				c.Send(c.Self(), m)
			}
		})
		e.sys.Root.Send(p, &ball{})
		pids = append(pids, p)
	}
	e.pairs(b, n)
	over.Store(true)
	for _, p := range pids {
		e.sys.Root.Stop(p)
	}
}

var benchSink uint64

func compute() {
	x := uint64(1)
	for range 10_000 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		benchSink++
	}
}

func (e *bench) fanOut(b *testing.B, receivers int) {
	var wg sync.WaitGroup
	var pids []*actor.PID
	for range receivers {
		pids = append(pids, e.spawn(func(c actor.Context) {
			if _, ok := c.Message().(*ball); ok {
				compute()
				wg.Done()
			}
		}))
	}
	root := e.spawn(func(c actor.Context) {
		if m, ok := c.Message().(*ball); ok {
			for _, p := range pids {
				c.Send(p, m)
			}
		}
	})
	e.begin(b)
	for range b.N/receivers + 1 {
		wg.Add(receivers)
		e.sys.Root.Send(root, &ball{})
		wg.Wait()
	}
	e.end(b, append(pids, root)...)
}
