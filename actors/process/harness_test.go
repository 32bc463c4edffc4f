package process

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/scheduler"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/modules"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// rig is a node with nothing but the Lua part: entries are spawned and started
// in the order of their names.
type rig struct {
	*actors.Node
	rt *Runtime
}

type spawnEntry struct{ e registry.Entry }

// family is the parent of all entries, as the factory is.
type family struct{ rig *rig }

func (f *family) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if b, ok := req.Body.(*spawnEntry); ok {
		kind := f.rig.Kinds[b.e.Kind]
		id := b.e.ID.String()
		_, err := ctx.SpawnNamed(f.rig.SpawnProps(id, b.e, false, func(env actors.Env) actor.Actor { return kind.New(env, b.e) }), id)
		if err != nil {
			req.Reply(err)
			return
		}
		req.Done()
	}
}

type trunk struct{ rig *rig }

func (r *trunk) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		_, err := ctx.SpawnNamed(r.rig.SpawnProps("factory", registry.Entry{}, true, func(actors.Env) actor.Actor { return &family{r.rig} }), "factory")
		if err != nil {
			req.Reply(err)
			return
		}
		req.Done()
	}
}

func newRig(t testing.TB, app string) *rig {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	actors.FailDeadLetters(sys)
	sched := scheduler.New(scheduler.Options{})
	t.Cleanup(sched.Stop)
	rt, err := New(lua.Options{Modules: modules.All})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{rt: rt, Node: &actors.Node{
		Sys: sys, App: actors.NewAppContext(), Log: quiet, Clock: actors.SystemClock{}, Procs: actors.NewProcs("test"),
		Kinds: map[string]actors.Kind{}, Props: sched.Props(), Random: func() float64 { return 0.5 }, Commands: actors.NewCommands(),
	}}
	for _, k := range rt.Kinds() {
		r.Kinds[k.Name] = k
	}
	root, err := sys.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return &trunk{r} }, r.Props...), "troupe")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := actors.Call(ctx, sys, root, "factory"); err != nil {
		t.Fatal(err)
	}
	entries, problems := registry.Load([]registry.Source{{FS: fstest.MapFS{"app.yaml": {Data: []byte("version: \"1.0\"\nnamespace: app\nentries:\n" + app)}}}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries.Sorted() {
		for _, step := range []struct {
			to   *actor.PID
			body any
		}{{r.PID("factory"), &spawnEntry{e}}, {r.PID(e.ID.String()), &actors.Load{}}, {r.PID(e.ID.String()), &actors.Start{}}} {
			if _, err := actors.Call(ctx, sys, step.to, step.body); err != nil {
				t.Fatalf("%s: %v", e.ID, err)
			}
		}
	}
	return r
}

func (r *rig) exec(t testing.TB, id string, args ...messages.Value) (any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := actors.Call(ctx, r.Sys, r.PID("app:a_host"), &messages.Exec{Spawn: &messages.Spawn{Process: id, Host: "app:a_host", Args: args}})
	if err != nil {
		return nil, err
	}
	return v.(*ended).value, nil
}

func (r *rig) call(t testing.TB, id string, args ...messages.Value) (any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := actors.Call(ctx, r.Sys, r.PID(id), &messages.FunctionCall{Function: id, Args: args})
	if err != nil {
		return nil, err
	}
	return v.(*messages.FunctionResult).Values[0], nil
}

const hostEntry = `
  - {name: a_host, kind: process.host, lifecycle: {auto_start: true}}
`

func lines(s string) string { return strings.ReplaceAll(s, "\n", "\n      ") }

func proc(name, src string) string {
	return "\n  - name: " + name + "\n    kind: process.lua\n    source: |\n      " + lines(src)
}

func TestHarness(t *testing.T) {
	r := newRig(t, hostEntry+proc("p", `return { main = function(a) return a + 1 end }`)+`
  - {name: f, kind: function.lua, method: run, source: "return { run = function(a) return a * 2 end }"}
`)
	if v, err := r.exec(t, "app:p", 1.0); v != 2.0 || err != nil {
		t.Errorf("exec gave %v, %v", v, err)
	}
	for range 100 {
		if v, err := r.call(t, "app:f", 4.0); v != 8.0 || err != nil {
			t.Fatalf("call gave %v, %v", v, err)
		}
	}
	if n := r.Procs.Len(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}
