package bus

import (
	"fmt"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

// Events a second to 1, 10 and 100 subscribers that want all of them, and to 100
// of which ten do.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct{ subscribers, matching int }{{1, 1}, {10, 10}, {100, 100}, {100, 10}} {
		b.Run(fmt.Sprintf("subscribers=%d/matching=%d", c.subscribers, c.matching), func(b *testing.B) {
			n := node(b)
			var done sync.WaitGroup
			for i := range c.subscribers {
				system := "shop"
				if i >= c.matching {
					system = "other"
				}
				got := 0
				pid := n.Sys.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(*messages.Push); ok {
						if got++; got == b.N {
							done.Done()
						}
					}
				}, n.Props...))
				name, _ := n.Procs.Next("app:host")
				n.Procs.Add(&actors.Proc{PID: name, Actor: pid})
				actorstest.Must[*messages.Done](b, n, "bus", &messages.Subscribe{System: system, By: name, Tag: 1})
				defer func() { _ = n.Sys.Root.StopFuture(pid).Wait() }()
			}
			done.Add(c.matching)
			e := &messages.Event{System: "shop", Kind: "order.created", Path: "orders/7", Data: int64(1)}
			to := n.PID("bus")
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				n.Sys.Root.Send(to, e)
			}
			done.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
