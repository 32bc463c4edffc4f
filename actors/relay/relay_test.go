package relay

import (
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

// The worker is FNV-1a of the sender, so it is the same everywhere and all are used.
func TestWorker(t *testing.T) {
	used := map[int]bool{}
	for i := range 1000 {
		sender := fmt.Sprintf("{app:h|0x%05x}", i)
		h := fnv.New32a()
		h.Write([]byte(sender))
		w := Worker(sender, 16)
		if w != int(h.Sum32()%16) || w != Worker(sender, 16) {
			t.Fatalf("worker %d for %s", w, sender)
		}
		used[w] = true
	}
	if len(used) != 16 {
		t.Errorf("only %d workers are used", len(used))
	}
}

type catcher struct{ got chan *messages.Mail }

func (c *catcher) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*messages.Mail); ok {
		c.got <- m
	}
}

// Every sender's order holds, and nothing is lost.
func TestOrder(t *testing.T) {
	node := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}})
	const senders, each = 20, 200
	c := &catcher{make(chan *messages.Mail, senders*each)}
	pid, _ := node.Procs.Next("app:h")
	to := node.Sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return c }, node.Props...))
	p := &actors.Proc{PID: pid, Actor: to}
	node.Procs.Add(p)
	t.Cleanup(func() { node.Procs.Remove(p); _ = node.Sys.Root.StopFuture(to).Wait() })
	done := make(chan error, senders)
	for s := range senders {
		go func() {
			for i := range each {
				m := messages.NewMail(fmt.Sprint("sender ", s), "t", float64(i))
				if _, err := actors.Call(t.Context(), node.Sys, node.PID("relay"), &actors.Route{To: pid, Mail: m}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range senders {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	last := map[string]float64{}
	for range senders * each {
		m := <-c.got
		if n := m.Values[0].(float64); n != last[m.From] {
			t.Fatalf("%s: %v comes, %v is next", m.From, n, last[m.From])
		}
		last[m.From]++
	}
}

func TestRefused(t *testing.T) {
	node := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}})
	for to, kind := range map[string]string{"{app:h|0x00009}": messages.NotFound, "nobody": messages.NotFound, "{mars@app:h|0x00001}": messages.NotFound} {
		_, err := actors.Call(t.Context(), node.Sys, node.PID("relay"), &actors.Route{To: to, Mail: messages.NewMail("", "t")})
		if !messages.IsKind(err, kind) {
			t.Errorf("%s: %v", to, err)
		}
	}
}
