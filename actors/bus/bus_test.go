package bus

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func node(t testing.TB) *actors.Node {
	return actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}})
}

// process is an actor that stands in for a Lua process and keeps what is pushed.
type process struct {
	*actors.Proc
	mu  sync.Mutex
	got []*messages.Push
}

func newProcess(t testing.TB, n *actors.Node) *process {
	t.Helper()
	p := &process{}
	pid := n.Sys.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*messages.Push); ok {
			p.mu.Lock()
			p.got = append(p.got, m)
			p.mu.Unlock()
		}
	}))
	name, _ := n.Procs.Next("app:host")
	p.Proc = &actors.Proc{PID: name, Actor: pid}
	n.Procs.Add(p.Proc)
	t.Cleanup(func() { _ = n.Sys.Root.StopFuture(pid).Wait() })
	return p
}

func (p *process) kinds() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		out = append(out, fmt.Sprint(m.Tag, " ", m.Value.(*messages.Table).Get("kind")))
	}
	return out
}

func publish(n *actors.Node, topics ...string) {
	for _, kind := range topics {
		n.Publish(&messages.Event{System: "shop", Kind: kind, Path: "orders/7", Data: int64(1)})
	}
}

// settled waits until the bus has handled everything that was sent to it.
func settled(t testing.TB, n *actors.Node) {
	t.Helper()
	if _, err := actorstest.Ask(t, n, "bus", "anything else?"); !messages.IsKind(err, messages.Invalid) {
		t.Fatalf("got %v", err)
	}
}

func TestPatterns(t *testing.T) {
	for _, tc := range []struct {
		system, kind, event string
		want                bool
	}{
		{"shop", "", "order", true},
		{"shop", "", "order.new", true},
		{"shop", "order", "order", true},
		{"shop", "order", "order.new", false},
		{"shop", "order.*", "order.new", true},
		{"shop", "order.*", "order", false},
		{"shop", "order.**", "order", true},
		{"shop", "order.(new|old)", "order.old", true},
		{"shop", "order.(new|old)", "order.lost", false},
		{"*", "**", "order", true},
		{"(shop|store)", "order", "order", true},
		{"store", "order", "order", false},
	} {
		t.Run(tc.system+" "+tc.kind+" "+tc.event, func(t *testing.T) {
			n := node(t)
			p := newProcess(t, n)
			actorstest.Must[*messages.Done](t, n, "bus", &messages.Subscribe{System: tc.system, Kind: tc.kind, By: p.PID, Tag: 4})
			publish(n, tc.event, tc.event)
			settled(t, n)
			want := 0
			if tc.want {
				want = 2
			}
			actorstest.Until(t, n, "the events come", func() bool { return len(p.kinds()) >= want })
			if got := p.kinds(); len(got) != want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAnEventIsATableThatAllShare(t *testing.T) {
	n := node(t)
	a, b := newProcess(t, n), newProcess(t, n)
	for _, p := range []*process{a, b} {
		actorstest.Must[*messages.Done](t, n, "bus", &messages.Subscribe{System: "shop", By: p.PID, Tag: 1})
	}
	publish(n, "order")
	actorstest.Until(t, n, "it comes", func() bool { return len(a.kinds()) == 1 && len(b.kinds()) == 1 })
	e := a.got[0].Value.(*messages.Table)
	if e != b.got[0].Value.(*messages.Table) {
		t.Error("it was built twice")
	}
	if e.Get("system") != "shop" || e.Get("kind") != "order" || e.Get("path") != "orders/7" || e.Get("data") != int64(1) {
		t.Errorf("got %+v", e)
	}
}

func TestSubscriptionsEnd(t *testing.T) {
	n := node(t)
	a, b, c := newProcess(t, n), newProcess(t, n), newProcess(t, n)
	var calls atomic.Int32
	sub := &actors.SubscribeGo{Pattern: "shop.*", Func: func(*messages.Event) { calls.Add(1) }}
	actorstest.Must[*messages.Done](t, n, "bus", sub)
	for _, s := range []*messages.Subscribe{
		{System: "shop", By: a.PID, Tag: 1},
		{System: "shop", By: a.PID, Tag: 2},
		{System: "shop", By: b.PID, Tag: 1},
		{System: "shop", By: b.PID, Tag: 2},
		{System: "shop", By: c.PID, Tag: 1},
	} {
		actorstest.Must[*messages.Done](t, n, "bus", s)
	}
	if got := n.Listeners.Load(); got != 6 {
		t.Errorf("%d listeners", got)
	}
	publish(n, "one")
	actorstest.Must[*messages.Done](t, n, "bus", &messages.Unsubscribe{By: a.PID, Tag: 1})
	actorstest.Must[*messages.Done](t, n, "bus", &messages.Unsubscribe{By: b.PID}) // all of it
	n.Procs.Remove(c.Proc)                                                         // it ended without a word
	sub.Stop()
	sub.Stop()
	publish(n, "two")
	settled(t, n)
	actorstest.Until(t, n, "the events come", func() bool { return len(a.kinds()) == 3 })
	if got := a.kinds(); !slices.Equal(got, []string{"1 one", "2 one", "2 two"}) {
		t.Errorf("a got %v", got)
	}
	actorstest.Until(t, n, "one subscription is left", func() bool { return n.Listeners.Load() == 1 })
	if calls.Load() != 1 || len(b.kinds()) != 2 || len(c.kinds()) > 1 {
		t.Errorf("function %d times, b %v, c %v", calls.Load(), b.kinds(), c.kinds())
	}
}

func TestSubscribeRefuses(t *testing.T) {
	n := node(t)
	p := newProcess(t, n)
	for _, tc := range []struct {
		body any
		kind string
	}{
		{&messages.Subscribe{System: "shop", Kind: "(a|", By: p.PID}, messages.Invalid},
		{&messages.Subscribe{System: "", By: p.PID}, messages.Invalid},
		{&messages.Subscribe{System: "shop", By: "{app:host|0x99999}"}, messages.NotFound},
		{&actors.SubscribeGo{Pattern: "(", Func: func(*messages.Event) {}}, messages.Invalid},
	} {
		if _, err := actorstest.Ask(t, n, "bus", tc.body); !messages.IsKind(err, tc.kind) {
			t.Errorf("%+v: got %v", tc.body, err)
		}
	}
	if got := n.Listeners.Load(); got != 0 {
		t.Errorf("%d listeners", got)
	}
}

// A function that panics does not keep others from an event, and one that
// changes its own subscription does not block the bus.
func TestHandlersMayDoAnything(t *testing.T) {
	n := node(t)
	var sub *actors.SubscribeGo
	sub = &actors.SubscribeGo{Pattern: "shop.*", Func: func(e *messages.Event) {
		sub.Stop()
		n.Publish(&messages.Event{System: "echo", Kind: e.Kind})
		panic("broken")
	}}
	actorstest.Must[*messages.Done](t, n, "bus", sub)
	p := newProcess(t, n)
	actorstest.Must[*messages.Done](t, n, "bus", &messages.Subscribe{System: "*", By: p.PID, Tag: 1})
	publish(n, "one", "two")
	actorstest.Until(t, n, "the events come", func() bool { return len(p.kinds()) == 3 })
	got := p.kinds()
	slices.Sort(got) // the echo may overtake what was published meanwhile
	if !slices.Equal(got, []string{"1 one", "1 one", "1 two"}) {
		t.Errorf("got %v", got)
	}
}

func TestOrderForEachSubscriber(t *testing.T) {
	n := node(t)
	p := newProcess(t, n)
	actorstest.Must[*messages.Done](t, n, "bus", &messages.Subscribe{System: "shop", By: p.PID, Tag: 1})
	const count = 20_000
	for i := range count {
		publish(n, fmt.Sprint("k", i))
	}
	actorstest.Until(t, n, "all came", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.got) == count
	})
	for i, k := range p.kinds() {
		if k != fmt.Sprint("1 k", i) {
			t.Fatalf("event %d is %s", i, k)
		}
	}
}
