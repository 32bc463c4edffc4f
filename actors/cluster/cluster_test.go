package cluster

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/messages/wire"
)

// weather is a network that loses, doubles, delays and reorders batches.
type weather struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	ends  map[string]*cluster
	later []func()
	calm  bool
}

func (w *weather) send(addr string, b *wire.Batch) {
	b = proto.Clone(b).(*wire.Batch)
	w.mu.Lock()
	to := w.ends[addr]
	if to == nil {
		w.mu.Unlock()
		return
	}
	now := w.later
	w.later = nil
	deliver := func() { to.arrived(b) }
	switch p := w.rnd.Float64(); {
	case w.calm || p < 0.6:
		now = append(now, deliver)
	case p < 0.75: // lost
	case p < 0.85:
		now = append(now, deliver, deliver)
	default:
		w.later = []func(){deliver}
	}
	if w.rnd.IntN(2) == 0 {
		w.rnd.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
	}
	w.mu.Unlock()
	for _, f := range now {
		f()
	}
}

// inbox is a process that keeps what it gets.
type inbox struct{ got chan any }

func (i *inbox) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Mail, *messages.Exit, *messages.Cancel, *actors.Answer:
		i.got <- m
	case *actors.Request:
		if b, ok := m.Body.(*messages.Monitor); ok {
			i.got <- b
			m.Reply(actors.TiedTo("", b))
		}
	}
}

type end struct {
	c    *cluster
	node *actors.Node
	pid  string
	box  *inbox
	at   *actor.PID
}

// ends makes two nodes that reach each other through a network.
func ends(t *testing.T, w *weather) (a, b *end) {
	w.ends = map[string]*cluster{}
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	make1 := func(name string) *end {
		e := &end{box: &inbox{make(chan any, 1<<16)}}
		e.node = actorstest.Node(t, actorstest.Parts{
			Beside: true,
			Change: func(n *actors.Node) { n.Procs = actors.NewProcs(name) },
			Components: []actors.Component{{Name: "cluster", New: func(env actors.Env) actor.Actor {
				e.c = &cluster{env: env, incarnation: rand.Uint64() | 1, members: map[string]member{}, names: names{}, transport: w.send}
				env.Sys.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
					node, ok := strings.CutPrefix(pid.Address, wayTo)
					return &outlet{e.c, node}, ok
				})
				env.Procs.Join(e.c.away)
				return e.c
			}}},
		})
		e.at = e.node.Sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return e.box }, e.node.Props...))
		e.pid, _ = e.node.Procs.Next("app:host")
		e.node.Procs.Add(&actors.Proc{PID: e.pid, Actor: e.at})
		t.Cleanup(func() { e.node.Sys.Root.Stop(e.at) })
		return e
	}
	a, b = make1("a"), make1("b")
	w.ends["a:1"], w.ends["b:1"] = a.c, b.c
	a.meets(b)
	b.meets(a)
	return a, b
}

func (e *end) meets(o *end) {
	name := o.node.Procs.Node
	e.node.Sys.Root.Send(e.node.PID("cluster"), &up{member{name: name, incarnation: o.c.incarnation, addr: name + ":1"}})
	for e.c.peer(name) == nil {
		time.Sleep(time.Millisecond)
	}
}

func (e *end) next(t *testing.T) any {
	t.Helper()
	select {
	case m := <-e.box.got:
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	return nil
}

// Whatever the network does, everything comes once and in order, in both
// directions at the same time.
func TestBadWeather(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := &weather{rnd: rand.New(rand.NewPCG(seed, 1))}
			a, b := ends(t, w)
			const n = 3000
			for _, way := range [][2]*end{{a, b}, {b, a}} {
				go func() {
					for i := range n {
						to, err := way[0].node.Procs.Resolve(way[1].pid)
						if err == nil {
							err = to.Send(way[0].node.Sys, messages.NewMail(way[0].pid, "t", float64(i)))
						}
						if err != nil {
							t.Error(err)
							return
						}
						if i%100 == 0 {
							time.Sleep(time.Millisecond)
						}
					}
				}()
			}
			for _, e := range []*end{a, b} {
				for i := range n {
					m := e.next(t).(*messages.Mail)
					if m.Values[0] != float64(i) {
						t.Fatalf("%v comes, %d is next", m.Values[0], i)
					}
				}
			}
			for _, p := range append(a.c.all(), b.c.all()...) {
				actorstest.Until(t, a.node, "everything is acknowledged", p.idle)
			}
			if len(a.box.got)+len(b.box.got) > 0 {
				t.Error("something came twice")
			}
		})
	}
}

// A node that lost the other one and meets it anew begins a new session, and the
// other one ends the ties of the one before.
func TestSessions(t *testing.T) {
	w := &weather{rnd: rand.New(rand.NewPCG(1, 1)), calm: true}
	a, b := ends(t, w)
	monitor := func(by, of *end) {
		to, _ := by.node.Procs.Resolve(of.pid)
		by.node.Sys.Root.Send(to.Actor, &actors.Request{Tag: 7, From: by.at, Body: &messages.Monitor{By: by.pid}, Sys: by.node.Sys})
		if m, ok := of.next(t).(*messages.Monitor); !ok || m.By != by.pid || m.Off {
			t.Fatalf("got %v", m)
		}
		if m, ok := by.next(t).(*actors.Answer); !ok || m.Tag != 7 {
			t.Fatalf("got %v", m)
		}
	}
	monitor(a, b)
	monitor(b, a)
	a.node.Sys.Root.Send(a.node.PID("cluster"), &down{"b"})
	want := func(e *end, of string) {
		t.Helper()
		exits, offs := 0, 0
		for range 2 {
			switch m := e.next(t).(type) {
			case *messages.Exit:
				if m.From != of || !m.Monitors || !m.Lost || !messages.IsKind(m.Err, messages.Unavailable) {
					t.Errorf("got %+v", m)
				}
				exits++
			case *messages.Monitor:
				if m.By != of || !m.Off {
					t.Errorf("got %+v", m)
				}
				offs++
			}
		}
		if exits != 1 || offs != 1 {
			t.Errorf("%d exits, %d monitors taken back", exits, offs)
		}
	}
	want(a, b.pid)
	if _, err := a.node.Procs.Resolve(b.pid); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("got %v", err)
	}
	a.meets(b)
	want(b, a.pid)
	monitor(a, b)
	b.node.Sys.Root.Send(a.at, &messages.Mail{Topic: "calm"}) // nothing else came
	if m, ok := a.next(t).(*messages.Mail); !ok || m.Topic != "calm" {
		t.Errorf("got %v", m)
	}
}

// A name that two nodes give at the same time goes to the first, and the other one
// is told; names end with their process, and with their node.
func TestNames(t *testing.T) {
	w := &weather{rnd: rand.New(rand.NewPCG(1, 1)), calm: true}
	a, b := ends(t, w)
	ask := func(e *end, body any) (any, error) {
		return actors.Call(t.Context(), e.node.Sys, e.node.PID("cluster"), body)
	}
	register := func(e *end, name string) error {
		_, err := ask(e, &messages.Register{Name: name, PID: e.pid, Scope: messages.ScopeEventual})
		return err
	}
	sees := func(e *end, name, pid string) {
		t.Helper()
		actorstest.Until(t, e.node, name+" is "+pid, func() bool { return e.node.Procs.Named(name) == pid })
	}
	if err := register(a, "one"); err != nil {
		t.Fatal(err)
	}
	sees(a, "one", a.pid)
	sees(b, "one", a.pid)
	if err := register(a, "one"); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := register(b, "one"); !messages.IsKind(err, messages.AlreadyExists) || messages.AsError(err).Details.Get("existing_pid") != a.pid {
		t.Errorf("got %v", err)
	}
	if ok, err := ask(b, &messages.Unregister{Name: "one", Scope: messages.ScopeEventual, By: b.pid}); ok != false || err != nil {
		t.Errorf("taken away by another: %v, %v", ok, err)
	}
	if ok, err := ask(a, &messages.Unregister{Name: "one", Scope: messages.ScopeEventual, By: a.pid}); ok != true || err != nil {
		t.Errorf("taken away: %v, %v", ok, err)
	}
	sees(b, "one", "")

	// The network splits, both sides give the name, and it heals.
	for _, way := range [][2]*end{{a, b}, {b, a}} {
		way[0].node.Sys.Root.Send(way[0].node.PID("cluster"), &down{way[1].node.Procs.Node})
	}
	if err := register(a, "two"); err != nil {
		t.Fatal(err)
	}
	actorstest.Until(t, b.node, "b is alone", func() bool { return b.c.peer("a") == nil })
	if err := register(b, "two"); err != nil {
		t.Fatal(err)
	}
	sees(b, "two", b.pid)
	a.meets(b)
	b.meets(a)
	sees(b, "two", a.pid)
	sees(a, "two", a.pid)
	if m, ok := b.next(t).(*messages.Cancel); !ok || m.Reason != "name revoked: two" {
		t.Errorf("got %v", m)
	}

	if err := register(b, "three"); err != nil {
		t.Fatal(err)
	}
	sees(a, "three", b.pid)
	b.node.Procs.Remove(b.node.Procs.Find(b.pid))
	sees(a, "three", "")
	b.node.Sys.Root.Send(b.node.PID("cluster"), &down{"a"})
	sees(b, "two", "")
}

// A node that takes nothing holds up nobody: who sends is told.
func TestBounds(t *testing.T) {
	w := &weather{rnd: rand.New(rand.NewPCG(1, 1)), calm: true}
	a, b := ends(t, w)
	w.mu.Lock()
	delete(w.ends, "b:1")
	w.mu.Unlock()
	part := strings.Repeat("x", 1<<20)
	to, _ := a.node.Procs.Resolve(b.pid)
	sent := 0
	for ; ; sent++ {
		if err := to.Send(a.node.Sys, messages.NewMail(a.pid, "t", part)); err != nil {
			if !messages.IsKind(err, messages.Unavailable) || err.Retry != messages.RetryYes {
				t.Errorf("got %v", err)
			}
			break
		}
		if sent > 100 {
			t.Fatal("no bound")
		}
	}
	if err := to.Send(a.node.Sys, messages.NewMail(a.pid, "t", strings.Repeat(part, 17))); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("too large: %v", err)
	}
	w.mu.Lock()
	w.ends["b:1"] = b.c
	w.mu.Unlock()
	for range sent {
		b.next(t)
	}
}

// The guard lets nothing through that ends or misuses Proto.Actor remote.
func TestGuard(t *testing.T) {
	g := &guard{addr: "127.0.0.1:7950"}
	good := func() *remote.MessageBatch {
		return &remote.MessageBatch{
			TypeNames: []string{batchType}, Targets: []*actor.PID{actor.NewPID(g.addr, receiver)},
			Envelopes: []*remote.MessageEnvelope{{}},
		}
	}
	batch := func(change func(*remote.MessageBatch)) *remote.RemoteMessage {
		b := good()
		change(b)
		return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
	}
	if err := g.check(batch(func(*remote.MessageBatch) {})); err != nil {
		t.Errorf("the right one: %v", err)
	}
	for name, m := range map[string]*remote.RemoteMessage{
		"nothing":      {},
		"disconnect":   {MessageType: &remote.RemoteMessage_DisconnectRequest{}},
		"client":       {MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{ConnectionType: &remote.ConnectRequest_ClientConnection{}}}},
		"type":         batch(func(b *remote.MessageBatch) { b.TypeNames[0] = "actor.PoisonPill" }),
		"type index":   batch(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = 1 }),
		"type below":   batch(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = -1 }),
		"target index": batch(func(b *remote.MessageBatch) { b.Envelopes[0].Target = 1 }),
		"target below": batch(func(b *remote.MessageBatch) { b.Envelopes[0].Target = -1 }),
		"guardian":     batch(func(b *remote.MessageBatch) { b.Targets[0].Id = "guardian$1" }),
		"third host":   batch(func(b *remote.MessageBatch) { b.Targets[0].Address = "10.0.0.1:80" }),
		"sender":       batch(func(b *remote.MessageBatch) { b.Envelopes[0].Sender = 1 }),
		"serializer":   batch(func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 9 }),
		"headers":      batch(func(b *remote.MessageBatch) { b.Envelopes[0].MessageHeader = &remote.MessageHeader{} }),
		"no targets":   batch(func(b *remote.MessageBatch) { b.Targets = nil }),
	} {
		if g.check(m) == nil {
			t.Errorf("%s: let through", name)
		}
	}
	if _, err := g.unary(context.Background(), nil, nil, nil); err == nil {
		t.Error("a call that looks at the node: let through")
	}
}

func TestSettings(t *testing.T) {
	key := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, c := range []struct {
		config map[string]any
		want   string // the advertised address, or an error
	}{
		{map[string]any{"membership.bind_addr": "127.0.0.1", "internode.bind_addr": "0.0.0.0"}, "127.0.0.1"},
		{map[string]any{"internode.bind_addr": "127.0.0.2"}, "127.0.0.2"},
		{map[string]any{"internode.bind_addr": "0.0.0.0", "membership.advertise_addr": "10.1.2.3"}, "10.1.2.3"},
		{map[string]any{"internode.advertise_addr": "node.example"}, "node.example"},
		{map[string]any{"internode.bind_addr": "::1", "membership.secret_key": key(32)}, "::1"},
		{map[string]any{"membership.secret_key": key(31)}, "secret_key has 31 bytes"},
		{map[string]any{"membership.secret_key": "?"}, "no base64"},
		{map[string]any{"membership.secret_file": "/nowhere/at/all"}, "secret_file"},
	} {
		config := map[string]any{}
		for k, v := range c.config {
			config["cluster."+k] = v
		}
		s, err := readSettings(config)
		if got := fmt.Sprint(s.wireAdvertise, " ", err); !strings.Contains(got, c.want) {
			t.Errorf("%v: got %s, want %s", c.config, got, c.want)
		}
	}
}
