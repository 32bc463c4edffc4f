package actorstest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/scheduler"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Parts are what a node under test is made of.
type Parts struct {
	Components []actors.Component // in the order to load and start them
	Kinds      []actors.Kind
	Config     map[string]any
	Change     func(*actors.Node) // called before the first actor is spawned
	Sim        *Sim               // runs everything, one step at a time
	Beside     bool               // other nodes run in the same test, whose goroutines are theirs
}

var simKey = actors.NewKey[*Sim]("simulation")

// Node starts a node of a few parts on a scheduler of its own, or on a simulation. At
// the end of the test it is stopped, components in reverse; the test fails if a
// component cannot be started or stopped, or if a goroutine stays behind.
func Node(t testing.TB, p Parts) *actors.Node {
	t.Helper()
	before := goleak.IgnoreCurrent()
	sys := actor.NewActorSystem(
		actor.WithLoggerFactory(actors.FrameworkLog(actors.SilentLog())),
		actor.WithDeadLetterThrottleCount(0), actor.WithDeadLetterThrottleInterval(time.Millisecond),
	)
	actors.FailDeadLetters(sys)
	n := &actors.Node{
		Sys: sys, App: actors.NewAppContext(), Log: actors.SilentLog(), Clock: actors.SystemClock{},
		Procs: actors.NewProcs("test"), Kinds: map[string]actors.Kind{}, Config: p.Config,
		Exit: func(int) {}, Random: rand.Float64, Commands: actors.NewCommands(),
	}
	for name, info := range registry.Primitives() {
		n.Kinds[name] = actors.Kind{Name: name, Doc: info.Doc, Schema: info.Schema, DataOnly: true}
	}
	for _, k := range p.Kinds {
		n.Kinds[k.Name] = k
	}
	stopWorkers := func() {}
	if p.Sim != nil {
		simKey.Set(n.App, p.Sim)
		n.Clock, n.Random, n.Spawn, n.Props = p.Sim, p.Sim.Random, p.Sim.Go, p.Sim.Props()
	} else {
		workers := scheduler.New(scheduler.Options{})
		n.Props, stopWorkers = workers.Props(), workers.Stop
	}
	if p.Change != nil {
		p.Change(n)
	}
	root, err := sys.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return &root{} }, n.Props...), "troupe")
	if err != nil {
		t.Fatal(err)
	}
	var started []string
	t.Cleanup(func() {
		ctx, cancel := patience(n)
		defer cancel()
		for _, name := range slices.Backward(started) {
			if _, err := actors.Call(ctx, sys, n.PID(name), &actors.Stop{Reason: "end of the test"}); err != nil {
				t.Errorf("stopping %s: %v", name, err)
			}
		}
		sys.Root.Stop(root)
		Until(t, n, "all actors are gone", func() bool {
			_, there := sys.ProcessRegistry.GetLocal(root.Id)
			return !there
		})
		n.Wait()
		stopWorkers()
		sys.Shutdown()
		if !p.Beside {
			goleak.VerifyNone(t, before)
		}
	})
	ctx, cancel := patience(n)
	defer cancel()
	must := func(what, name string, to *actor.PID, body any) {
		t.Helper()
		if _, err := actors.Call(ctx, sys, to, body); err != nil {
			t.Fatalf("%s %s: %v", what, name, err)
		}
	}
	for _, c := range p.Components {
		must("spawning", c.Name, root, &grow{c.Name, n.SpawnProps(c.Name, registry.Entry{}, true, c.New)})
		must("loading", c.Name, n.PID(c.Name), &actors.Load{})
		for _, body := range c.Handles {
			n.Commands.Register(body, n.PID(c.Name))
		}
	}
	if err := n.Commands.Freeze(nil); err != nil {
		t.Fatal(err)
	}
	n.App.Seal()
	for _, c := range p.Components {
		must("starting", c.Name, n.PID(c.Name), &actors.Start{})
		started = append(started, c.Name)
	}
	return n
}

// patience is how long a test waits for an answer before it fails.
func patience(n *actors.Node) (context.Context, context.CancelFunc) {
	ctx := context.Background()
	if sim, ok := simKey.Lookup(n.App); ok {
		ctx = sim.Context(ctx)
	}
	return context.WithTimeout(ctx, 30*time.Second)
}

// Ask sends body to a component or entry and returns its answer; without one the
// test fails in place of hanging.
func Ask(t testing.TB, n *actors.Node, name string, body any) (any, error) {
	t.Helper()
	ctx, cancel := patience(n)
	defer cancel()
	return actors.Call(ctx, n.Sys, n.PID(name), body)
}

// Must is Ask for what has to succeed.
func Must[T any](t testing.TB, n *actors.Node, name string, body any) T {
	t.Helper()
	v, err := actors.As[T](Ask(t, n, name, body))
	if err != nil {
		t.Fatalf("asking %s for %T: %v", name, body, err)
	}
	return v
}

// Until waits for a condition, looking again and again; the test fails if it does
// not come true. A simulation goes on step by step until it does.
func Until(t testing.TB, n *actors.Node, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := patience(n)
	defer cancel()
	if step := actors.Pump(ctx); step != nil {
		for !ok() {
			if ctx.Err() != nil || !step() {
				t.Fatalf("it never came true: %s", what)
			}
		}
		return
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never came true: %s", what)
		}
	}
}

// Answers is an actor that answers requests with what a function returns and
// hands every other message to the same function; nil is answered with Done.
type Answers func(ctx actor.Context, body any) any

// Receive implements actor.Actor.
func (f Answers) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actors.Request:
		v := f(ctx, m.Body)
		if v == nil {
			v = &messages.Done{}
		}
		m.Reply(v)
	case actor.AutoReceiveMessage, actor.SystemMessage:
	default:
		f(ctx, m)
	}
}

// root is the parent of the components.
type root struct{}

type grow struct {
	name  string
	props *actor.Props
}

func (r *root) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	g := m.Body.(*grow)
	if _, err := ctx.SpawnNamed(g.props, g.name); err != nil {
		m.Reply(err)
		return
	}
	m.Done()
}

// HandleFailure implements actor.SupervisorStrategy.
func (r *root) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, _, _ any) {
	s.ResumeChildren(child)
}
