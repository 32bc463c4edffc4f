// Package bus is the event bus of a node.
package bus

import (
	"fmt"
	"runtime/debug"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component hands each event to those who subscribed to its topic: one after the
// other, in order for each subscriber. Publishers send it a *messages.Event and
// never wait.
var Component = actors.Component{
	Name:    "bus",
	Doc:     "The event bus.",
	Handles: []any{(*messages.Subscribe)(nil), (*messages.Unsubscribe)(nil), (*actors.SubscribeGo)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &bus{env: env, cache: map[topic]*audience{}, keys: []messages.Value{"system", "kind", "path", "data"}}
	},
}

type topic struct{ system, kind string }

// subscriber is a stream of a process, or a Go function.
type subscriber struct {
	system, kind registry.Pattern // of a process
	whole        registry.Pattern // of a Go function: over system.kind
	proc         *actors.Proc
	tag          uint64
	goFunc       *actors.SubscribeGo
}

func (s *subscriber) wants(e *messages.Event) bool {
	if s.goFunc != nil {
		return s.whole.Match(e.Topic())
	}
	return s.system.Match(e.System) && s.kind.Match(e.Kind)
}

// bus keeps for each topic it has seen who wants it, until the subscribers
// change.
type bus struct {
	env   actors.Env
	keys  []messages.Value // of every event's table
	all   []*subscriber
	cache map[topic]*audience
}

// audience are those who want a topic, with what is the same in all its events.
type audience struct {
	list         []*subscriber
	system, kind messages.Value
	processes    int // how many of the list are processes
}

// delivery is what one event costs: the table that all processes share, and what
// carries it to each of them.
type delivery struct {
	table  messages.Table
	values [4]messages.Value
	one    [1]messages.Push // where a single process gets it
}

// cacheSize bounds the topics that are remembered: programs can make up as many
// as they like.
const cacheSize = 4096

// unsubscribed tells the bus that a Go subscription has ended.
type unsubscribed struct{ s *subscriber }

// Receive implements actor.Actor.
func (b *bus) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Event:
		b.publish(m)
	case *unsubscribed:
		b.remove(func(s *subscriber) bool { return s == m.s })
	case *actors.Request:
		b.request(ctx, m)
	}
}

func (b *bus) request(ctx actor.Context, m *actors.Request) {
	switch q := m.Body.(type) {
	case *messages.Subscribe:
		b.subscribe(m, q)
	case *messages.Unsubscribe:
		b.remove(func(s *subscriber) bool {
			return s.proc != nil && s.proc.PID == q.By && (q.Tag == 0 || s.tag == q.Tag)
		})
		m.Done()
	case *actors.SubscribeGo:
		p, err := registry.CompilePattern(q.Pattern)
		if err != nil {
			m.Reply(messages.Errorf(messages.Invalid, "subscribing to %q: %s", q.Pattern, err))
			return
		}
		s := &subscriber{whole: p, goFunc: q}
		self := ctx.Self()
		q.OnStop(func() { b.env.Sys.Root.Send(self, &unsubscribed{s}) })
		b.add(s)
		m.Done()
	default:
		actors.Unknown(m, b.env.ID)
	}
}

func (b *bus) subscribe(m *actors.Request, q *messages.Subscribe) {
	kind := q.Kind
	if kind == "" {
		kind = "**"
	}
	s := &subscriber{tag: q.Tag}
	var err error
	if s.system, err = registry.CompilePattern(q.System); err == nil {
		s.kind, err = registry.CompilePattern(kind)
	}
	if err != nil {
		m.Reply(messages.Errorf(messages.Invalid, "subscribing to %s %s: %s", q.System, kind, err))
		return
	}
	if s.proc = b.env.Procs.Find(q.By); s.proc == nil {
		m.Reply(messages.Errorf(messages.NotFound, "process not found: %s", q.By))
		return
	}
	b.add(s)
	m.Done()
}

func (b *bus) add(s *subscriber) {
	b.all = append(b.all, s)
	clear(b.cache)
	b.env.Listeners.Store(int64(len(b.all)))
}

func (b *bus) remove(gone func(*subscriber) bool) {
	kept := b.all[:0]
	for _, s := range b.all {
		if !gone(s) {
			kept = append(kept, s)
		}
	}
	if len(kept) == len(b.all) {
		return
	}
	clear(b.all[len(kept):])
	b.all = kept
	clear(b.cache)
	b.env.Listeners.Store(int64(len(b.all)))
}

// audience finds out who wants an event.
func (b *bus) audience(e *messages.Event) *audience {
	t := topic{e.System, e.Kind}
	if a := b.cache[t]; a != nil {
		return a
	}
	a := &audience{system: e.System, kind: e.Kind}
	for _, s := range b.all {
		if s.wants(e) {
			a.list = append(a.list, s)
			if s.proc != nil {
				a.processes++
			}
		}
	}
	if len(b.cache) >= cacheSize {
		clear(b.cache)
	}
	b.cache[t] = a
	return a
}

func (b *bus) publish(e *messages.Event) {
	a := b.audience(e)
	if len(a.list) == 0 {
		return
	}
	var pushes []messages.Push
	var table *messages.Table
	if a.processes > 0 {
		d := &delivery{values: [4]messages.Value{a.system, a.kind, e.Path, e.Data}}
		d.table.Keys, d.table.Vals = b.keys, d.values[:]
		table = &d.table
		if pushes = d.one[:0]; a.processes > 1 {
			pushes = make([]messages.Push, 0, a.processes)
		}
	}
	dead := false
	for _, s := range a.list {
		switch {
		case s.goFunc != nil:
			b.call(s.goFunc, e)
		case !s.proc.Alive():
			dead = true
		default:
			pushes = append(pushes, messages.Push{Tag: s.tag, Value: table})
			b.env.Sys.Root.Send(s.proc.Actor, &pushes[len(pushes)-1])
		}
	}
	if dead {
		b.remove(func(s *subscriber) bool { return s.proc != nil && !s.proc.Alive() })
	}
}

// call hands an event to a Go function; one that panics harms nobody else.
func (b *bus) call(s *actors.SubscribeGo, e *messages.Event) {
	if s.Over() {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			b.env.Log.Error("event handler panicked", "pattern", s.Pattern, "event", e.Topic(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	s.Func(e)
}
