package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors/scheduler"
)

// resident is what the operating system counts as the memory of this process.
func resident(t testing.TB) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the resident size is read from /proc, which is not there")
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestManyIdle holds TROUPE_IDLE processes that wait, as in 1000000, and tells
// what they cost. The targets are for a million.
func TestManyIdle(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("TROUPE_IDLE"))
	if n == 0 {
		t.Skip("it holds as many processes as TROUPE_IDLE says, as in TROUPE_IDLE=1000000")
	}
	rt := start(t)
	before := resident(t)
	begun := time.Now()
	drive(t, rt, "idle", n)
	spawned := time.Since(begun)
	used := resident(t) - before
	begun = time.Now()
	runtime.GC()
	collected := time.Since(begun)
	t.Logf("%d processes: spawned in %.1f s, %d MB resident (%d bytes each), one full collection %.2f s",
		n, spawned.Seconds(), used>>20, used/n, collected.Seconds())
	if float64(used) > 4e9/1e6*float64(n) {
		t.Errorf("a million would take more than 4 GB")
	}
}

// How long one exchange takes beside two endless loops for each worker: the
// worker's share, not the machine's.
func BenchmarkFairness(b *testing.B) {
	rt := start(b)
	pids := drive(b, rt, "spin", 2*runtime.GOMAXPROCS(0))
	b.ResetTimer()
	times := drive(b, rt, "latency", b.N).([]any)
	b.StopTimer()
	b.ReportMetric(times[0].(float64), "p50-µs")
	b.ReportMetric(times[1].(float64), "p99-µs")
	b.ReportMetric(0, "ns/op")
	drive(b, rt, "kill", pids)
}

// Go actors on Troupe's scheduler beside Proto.Actor's default dispatcher.
func BenchmarkDispatcher(b *testing.B) {
	for _, procs := range []int{1, 2, 8} {
		for _, load := range []string{"messages", "cpu", "mixed"} {
			for _, who := range []string{"troupe", "protoactor"} {
				b.Run(fmt.Sprintf("%s/%s/P%d", who, load, procs), func(b *testing.B) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					var opts []actor.PropsOption
					if who == "troupe" {
						s := scheduler.New(scheduler.Options{})
						defer s.Stop()
						opts = s.Props()
					}
					b.ResetTimer()
					rounds := b.N/200 + 1
					loaded(load, rounds, opts)
					perSecond(b, 200*rounds, "msg/s")
				})
			}
		}
	}
}

// loaded runs a hundred pairs; their messages cost nothing, or 20 µs of work, or
// every tenth pair's do.
func loaded(load string, rounds int, opts []actor.PropsOption) {
	sys := protoSystem()
	defer sys.Shutdown()
	var all sync.WaitGroup
	for i := range 100 {
		all.Add(1)
		work := 0
		if load == "cpu" || load == "mixed" && i%10 == 0 {
			work = 40_000
		}
		answer := &pong{}
		peer := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if m, ok := c.Message().(*ping); ok {
				burned.Add(int64(burn(work)))
				c.Send(m.from, answer)
			}
		}, opts...))
		left, msg := rounds, &ping{}
		sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			switch c.Message().(type) {
			case *actor.Started:
				msg.from = c.Self()
				c.Send(peer, msg)
			case *pong:
				if left--; left == 0 {
					all.Done()
					return
				}
				c.Send(peer, msg)
			}
		}, opts...))
	}
	all.Wait()
}

// burned keeps the compiler from leaving the work out.
var burned atomic.Int64

//go:noinline
func burn(n int) (sum int) {
	for i := range n {
		sum += i
	}
	return sum
}
