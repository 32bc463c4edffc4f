// Package bench measures Troupe beside what it is built on: raw Proto.Actor
// actors, and goroutines with channels, at the same work in the same run.
package bench

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

//go:embed all:app
var app embed.FS

func start(b testing.TB) *boot.Runtime {
	b.Helper()
	dir, err := fs.Sub(app, "app")
	if err != nil {
		b.Fatal(err)
	}
	rt, err := boot.Start(context.Background(), dir, standard.Parts())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rt.Stop() })
	return rt
}

// drive runs a workload of drive.lua.
func drive(b testing.TB, rt *boot.Runtime, args ...any) any {
	b.Helper()
	v, err := rt.Call(context.Background(), "bench:drive", args...)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

func perSecond(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), unit)
	b.ReportMetric(0, "ns/op")
}

// One pair of processes passes messages to and fro.
func BenchmarkPingPong1(b *testing.B) { pingPong(b, 1) }

// A thousand pairs at once.
func BenchmarkPingPong1000(b *testing.B) { pingPong(b, 1000) }

func pingPong(b *testing.B, pairs int) {
	rounds := func(b *testing.B) int { return b.N/pairs/2 + 1 }
	b.Run("troupe", func(b *testing.B) {
		rt := start(b)
		b.ResetTimer()
		drive(b, rt, "pairs", pairs, rounds(b))
		perSecond(b, 2*pairs*rounds(b), "msg/s")
	})
	b.Run("protoactor", func(b *testing.B) {
		perSecond(b, protoPairs(pairs, rounds(b)), "msg/s")
	})
	b.Run("by-hand", func(b *testing.B) {
		perSecond(b, handPairs(pairs, rounds(b)), "msg/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		perSecond(b, goPairs(pairs, rounds(b)), "msg/s")
	})
}

// One token goes round a ring of a thousand.
func BenchmarkRing1000(b *testing.B) {
	b.Run("troupe", func(b *testing.B) {
		rt := start(b)
		b.ResetTimer()
		drive(b, rt, "ring", 1000, b.N)
		perSecond(b, b.N, "msg/s")
	})
	b.Run("protoactor", func(b *testing.B) {
		perSecond(b, protoRing(1000, b.N), "msg/s")
	})
	b.Run("by-hand", func(b *testing.B) {
		perSecond(b, handRing(1000, b.N), "msg/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		perSecond(b, goRing(1000, b.N), "msg/s")
	})
}

// A thousand send to one.
func BenchmarkFanIn1000(b *testing.B) {
	each := func(b *testing.B) int { return b.N/1000 + 1 }
	b.Run("troupe", func(b *testing.B) {
		rt := start(b)
		b.ResetTimer()
		drive(b, rt, "fan_in", 1000, each(b))
		perSecond(b, 1000*each(b), "msg/s")
	})
	b.Run("protoactor", func(b *testing.B) {
		perSecond(b, protoFanIn(1000, each(b)), "msg/s")
	})
	b.Run("by-hand", func(b *testing.B) {
		perSecond(b, handFanIn(1000, each(b)), "msg/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		perSecond(b, goFanIn(1000, each(b)), "msg/s")
	})
}

// Start a process, send it one message, get its reply, see it end.
func BenchmarkSpawnReplyStop(b *testing.B) {
	b.Run("troupe", func(b *testing.B) {
		rt := start(b)
		b.ReportAllocs()
		b.ResetTimer()
		drive(b, rt, "spawns", 32, b.N)
		perSecond(b, b.N, "spawn/s")
	})
	b.Run("protoactor", func(b *testing.B) {
		b.ReportAllocs()
		perSecond(b, protoSpawns(b.N), "spawn/s")
	})
	b.Run("by-hand", func(b *testing.B) {
		b.ReportAllocs()
		perSecond(b, handSpawns(b.N), "spawn/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		b.ReportAllocs()
		perSecond(b, goSpawns(b.N), "spawn/s")
	})
}

// What a process costs that waits for its first message.
func BenchmarkIdleBytes(b *testing.B) {
	for name, n := range map[string]int{"10k": 10_000, "100k": 100_000} {
		b.Run("troupe/"+name, func(b *testing.B) {
			for b.Loop() {
				rt := start(b)
				before := memory()
				drive(b, rt, "idle", n)
				after := memory()
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heapB/process")
				b.ReportMetric((float64(after.Sys-after.HeapReleased)-float64(before.Sys-before.HeapReleased))/float64(n), "sysB/process")
				b.ReportMetric(0, "ns/op")
				_ = rt.Stop()
			}
		})
		b.Run("protoactor/"+name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(protoIdle(n), "heapB/process")
				b.ReportMetric(0, "ns/op")
			}
		})
		if n <= 10_000 { // it takes 20 KB for each
			b.Run("by-hand/"+name, func(b *testing.B) {
				for b.Loop() {
					b.ReportMetric(handIdle(n), "heapB/process")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
		b.Run("goroutines/"+name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(goIdle(n), "heapB/process")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

func memory() runtime.MemStats {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}

// A call of an empty function, from Lua and from Go.
func BenchmarkCall(b *testing.B) {
	b.Run("troupe/lua", func(b *testing.B) {
		rt := start(b)
		b.ReportAllocs()
		b.ResetTimer()
		n := b.N/8*8 + 8
		drive(b, rt, "calls", 8, n)
		perSecond(b, n, "call/s")
	})
	b.Run("troupe/go", func(b *testing.B) {
		rt := start(b)
		ctx := context.Background()
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := rt.Call(ctx, "bench:empty", 1); err != nil {
					b.Error(err)
					return
				}
			}
		})
		perSecond(b, b.N, "call/s")
	})
	b.Run("protoactor", func(b *testing.B) {
		b.ReportAllocs()
		perSecond(b, protoAsk(b.N), "call/s")
	})
	b.Run("by-hand", func(b *testing.B) { // no process, no message: the state alone
		b.ReportAllocs()
		handCalls(b)
		perSecond(b, b.N, "call/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		b.ReportAllocs()
		perSecond(b, goAsk(b.N), "call/s")
	})
}

// The pairs beside two endless loops for each worker: what the others keep of
// their rate.
func BenchmarkBesideEndlessLoops(b *testing.B) {
	const pairs = 100
	rounds := b.N/pairs/2 + 1
	rt := start(b)
	pids := drive(b, rt, "spin", 2*runtime.GOMAXPROCS(0))
	b.ResetTimer()
	drive(b, rt, "pairs", pairs, rounds)
	perSecond(b, 2*pairs*rounds, "msg/s")
	b.StopTimer()
	drive(b, rt, "kill", pids)
}

// An empty application, and one of a thousand entries.
func BenchmarkBoot(b *testing.B) {
	for name, dir := range map[string]fs.FS{"empty": entries(0), "1000": entries(1000)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				rt, err := boot.Start(context.Background(), dir, standard.Parts())
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				_ = rt.Stop()
				b.StartTimer()
			}
		})
	}
}

// Events to subscribers that all want them.
func BenchmarkEventBus(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("troupe/%d", n), func(b *testing.B) {
			rt := start(b)
			var left sync.WaitGroup
			left.Add(n * b.N)
			for range n {
				stop, err := rt.Subscribe("bench.*", func(*messages.Event) { left.Done() })
				if err != nil {
					b.Fatal(err)
				}
				defer stop()
			}
			b.ResetTimer()
			for range b.N {
				rt.Publish("bench", "tick", "/", nil)
			}
			left.Wait()
			perSecond(b, b.N, "event/s")
		})
		b.Run(fmt.Sprintf("protoactor/%d", n), func(b *testing.B) {
			perSecond(b, protoEvents(n, b.N), "event/s")
		})
		b.Run(fmt.Sprintf("goroutines/%d", n), func(b *testing.B) {
			perSecond(b, goEvents(n, b.N), "event/s")
		})
	}
}
