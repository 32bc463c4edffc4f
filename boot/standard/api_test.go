package standard_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func app(text string) fstest.MapFS {
	return fstest.MapFS{"app.yaml": {Data: []byte("version: \"1.0\"\nnamespace: app\nentries:\n" + text)}}
}

const apiApp = `
  - {name: host, kind: process.host, lifecycle: {auto_start: true, stop_timeout: 100ms}}
  - {name: double, kind: function.lua, method: run, source: "return { run = function(n) return { twice = n * 2 } end }"}
  - {name: fails, kind: function.lua, method: run, source: "return { run = function() return nil, 'no luck' end }"}
  - name: echo
    kind: process.lua
    modules: [events]
    source: |
      return { main = function(topic)
          process.registry.register("echo")
          local inbox = process.inbox()
          while true do
              local m = inbox:receive()
              require("events").send("echo", m:topic(), "/here", m:payload():data())
          end
      end }
`

// What an embedder does with a runtime, start to end; nothing is left of it.
func TestRuntime(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rt, err := boot.Start(ctx, app(apiApp), standard.Parts())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rt.Stop(); err != nil {
			t.Error(err)
		}
	}()

	v, err := rt.Call(ctx, "app:double", 21)
	if m, ok := v.(map[string]any); err != nil || !ok || m["twice"] != int64(42) {
		t.Errorf("Call gave %v, %v", v, err)
	}
	if _, err := rt.Call(ctx, "app:fails"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("Call of a function that fails gave %v", err)
	}
	if _, err := rt.Call(ctx, "app:nothing"); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("Call of what is not there gave %v", err)
	}

	heard := make(chan *messages.Event, 10)
	stop, err := rt.Subscribe("echo.*", func(e *messages.Event) { heard <- e })
	if err != nil {
		t.Fatal(err)
	}
	pid, err := rt.Spawn(ctx, "app:echo", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Send(pid, "hello", "world"); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-heard:
		if e.Kind != "hello" || e.Path != "/here" || e.Data != "world" {
			t.Errorf("heard %+v", e)
		}
	case <-ctx.Done():
		t.Fatal("no event")
	}
	if err := rt.Send("echo", "again", 1); err != nil {
		t.Error(err)
	}
	<-heard
	stop()
	stop()
	for dest, topic := range map[string]string{"nobody": "x", "{app:host|0xfffff}": "x", pid: "@x"} {
		if err := rt.Send(dest, topic); err == nil {
			t.Errorf("Send to %s, topic %s, worked", dest, topic)
		}
	}
	if _, err := rt.Spawn(ctx, "app:nothing", "app:host"); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("Spawn of what is not there gave %v", err)
	}
	if s, err := rt.Service(ctx, "app:host"); err != nil || s.Status != "running" {
		t.Errorf("the host is %+v, %v", s, err)
	}
	if _, err := rt.Get(ctx, "app:nothing"); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("Get of what is not there gave %v", err)
	}
	hosts, err := actors.As[[]messages.HostData](rt.Ask(ctx, &messages.Hosts{}))
	if err != nil || len(hosts) != 1 || hosts[0].ID != "app:host" || hosts[0].Processes != 1 {
		t.Errorf("hosts: %+v, %v", hosts, err)
	}
}

func TestApply(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rt, err := boot.Start(ctx, app(apiApp), standard.Parts())
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	same, err := rt.Apply(ctx, app(apiApp))
	if err != nil || same.Changed() || same.Version != 0 {
		t.Errorf("the same files gave %+v, %v", same, err)
	}
	changed := strings.Replace(apiApp, "n * 2", "n * 4", 1)
	changed = changed[:strings.Index(changed, "  - {name: fails")] + "  - {name: note, kind: registry.entry}\n" + changed[strings.Index(changed, "  - name: echo"):]
	got, err := rt.Apply(ctx, app(changed))
	if err != nil || got.Version != 1 || !slices.Equal(got.Created, []string{"app:note"}) || !slices.Equal(got.Updated, []string{"app:double"}) || !slices.Equal(got.Deleted, []string{"app:fails"}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if v, err := rt.Call(ctx, "app:double", 1); err != nil || v.(map[string]any)["twice"] != int64(4) {
		t.Errorf("after the change: %v, %v", v, err)
	}
	if _, err := rt.Apply(ctx, app(strings.Replace(changed, "function(n) return", "function(n) = return", 1))); err == nil {
		t.Error("broken code was applied")
	}
	if _, err := rt.Apply(ctx, app("  - {name: a, kind: process.lau}")); err == nil || !strings.Contains(err.Error(), "app.yaml:4") {
		t.Errorf("an unknown kind gave %v", err)
	}
	if v, err := rt.Call(ctx, "app:double", 1); err != nil || v.(map[string]any)["twice"] != int64(4) {
		t.Errorf("after changes that were refused: %v, %v", v, err)
	}
}

// A module that does not exist is found before anything starts, at its place.
func TestUnknownModule(t *testing.T) {
	_, err := boot.Start(t.Context(), app(`
  - name: f
    kind: function.lua
    method: run
    source: "return { run = print }"
    modules: [time, jsn, os, pubsub]
    imports: {r: ":registri"}
`), standard.Parts())
	for _, want := range []string{
		`app.yaml:9:21: app:f: there is no module "jsn"; did you mean "json"?`,
		`app.yaml:10:15: app:f: there is no module "registri"; did you mean "registry"?`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A component, a kind and a module written in Go are a line each.
func TestOwnParts(t *testing.T) {
	ctx := t.Context()
	type config struct {
		Text string `yaml:"text" required:"true" doc:"What is answered."`
	}
	kind := actors.Define(actors.Spec[config]{Name: "own.kind", Doc: "Answers.", Serve: func(_ actors.Env, c config) actor.Actor { return answer(c.Text) }})
	component := actors.Component{Name: "own", DependsOn: []string{"functions"}, Handles: []any{question{}}, New: func(actors.Env) actor.Actor { return answer("of the component") }}
	module := lua.Module{Name: "own", Doc: "Ours.", Class: []lua.Class{lua.Deterministic}, Funcs: []lua.Func{{
		Sig: "text(): string", Doc: "Returns a text.", Do: func(c *lua.Call) error { return c.Return("of the module") },
	}}}
	rt, err := boot.Start(ctx, app(`
  - {name: mine, kind: own.kind, text: of the kind}
  - {name: f, kind: function.lua, method: run, modules: [own], source: "return { run = function() return require('own').text() end }"}
`), standard.Parts(module).WithKinds(kind).WithComponents(component))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	if v, err := rt.Ask(ctx, question{}); v != "of the component" || err != nil {
		t.Errorf("component: %v, %v", v, err)
	}
	if v, err := rt.Node().AskEntry(ctx, "app:mine", question{}); v != "of the kind" || err != nil {
		t.Errorf("kind: %v, %v", v, err)
	}
	if v, err := rt.Call(ctx, "app:f"); v != "of the module" || err != nil {
		t.Errorf("module: %v, %v", v, err)
	}
}

type question struct{}

// answer is an actor that always says the same.
type answer string

func (a answer) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		req.Reply(string(a))
	}
}

// An embedder leaves parts out.
func TestWithout(t *testing.T) {
	rt, err := boot.Start(t.Context(), app(""), standard.Parts().Without("contracts"))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	if _, err := rt.Ask(t.Context(), &messages.ContractGet{ID: "app:c"}); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// The levels are those of the architecture.
func TestLevels(t *testing.T) {
	levels, err := boot.Levels(standard.Parts().Components)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range levels[:8] {
		names := []string{}
		for _, c := range l {
			names = append(names, c.Name)
		}
		got = append(got, strings.Join(names, " "))
	}
	want := "pidgen | dispatcher | registry | finder supervisor | topology | lifecycle | factory | functions"
	if s := strings.Join(got, " | "); s != want {
		t.Errorf("got %s", s)
	}
}

// Log lines become events where the configuration asks for it.
func TestLogStreamOnTheBus(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	c, problems := boot.NewConfig(map[string]any{"logmanager.stream_to_events": true, "logmanager.propagate_downstream": false})
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	var out bytes.Buffer
	rt, err := boot.Start(t.Context(), app(""), standard.Parts(), boot.WithConfig(c), boot.WithLogger(boot.NewLogger(&out, boot.LogOptions{})))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	heard := make(chan *messages.Event, 1)
	stop, err := rt.Subscribe("log.warn", func(e *messages.Event) { heard <- e })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	rt.Node().Log.Warn("look here", "logger", "test", "n", 1)
	e := <-heard
	if data := e.Data.(*messages.Table); e.Path != "test" || data.Get("message") != "look here" {
		t.Errorf("heard %+v", e)
	}
	if out.Len() > 0 {
		t.Errorf("written: %s", out.String())
	}
}

func TestInterceptors(t *testing.T) {
	var seen []string
	stand := func(name string) boot.Option {
		return boot.WithInterceptor(func(ctx context.Context, function string, call *messages.FunctionCall, next actors.Next) (*messages.FunctionResult, error) {
			seen = append(seen, name+" "+function)
			v, err := next(ctx, call)
			if err == nil {
				v = &messages.FunctionResult{Values: []messages.Value{(&messages.Table{}).Set(name, v.Values[0])}}
			}
			return v, err
		})
	}
	rt, err := boot.Start(t.Context(), app(apiApp), standard.Parts(), stand("a"), stand("b"))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	v, err := rt.Call(t.Context(), "app:double", 4)
	if got := fmt.Sprint(v); err != nil || got != "map[a:map[b:map[twice:8]]]" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := rt.Call(t.Context(), "app:fails"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("got %v", err)
	}
	if want := []string{"a app:double", "b app:double", "a app:fails", "b app:fails"}; !slices.Equal(seen, want) {
		t.Errorf("got %q", seen)
	}
}

// While a process owns the terminal, a host with hide_logs keeps log lines back.
func TestHideLogs(t *testing.T) {
	var out bytes.Buffer
	rt, err := boot.Start(t.Context(), app(`
  - {name: term, kind: terminal.host, hide_logs: true, lifecycle: {auto_start: true}}
  - {name: log, kind: function.lua, method: main, modules: [logger], source: "return { main = function(s) logger:info(s) end }"}
  - {name: tool, kind: process.lua, method: main, modules: [logger, funcs], source: "return { main = function() logger:info('hidden'); require('funcs').call('app:log', 'hidden too') end }"}
`), standard.Parts(), boot.WithLogger(boot.NewLogger(&out, boot.LogOptions{})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Call(t.Context(), "app:log", "before"); err != nil {
		t.Error(err)
	}
	if _, err := rt.Exec(t.Context(), "app:tool", "app:term"); err != nil {
		t.Error(err)
	}
	// The gate opens when the host has seen the end of its process.
	for until := time.Now().Add(time.Minute); !rt.Node().Log.Enabled(t.Context(), 0) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	rt.Node().Log.Info("after")
	if err := rt.Stop(); err != nil {
		t.Error(err)
	}
	if text := out.String(); !strings.Contains(text, "before") || strings.Contains(text, "hidden") || !strings.Contains(text, "after") {
		t.Errorf("the log is\n%s", text)
	}
}

// A filter may be of any Go values, whatever the numbers in the files became.
func TestFindFromGo(t *testing.T) {
	rt := start(t, `
  - {name: a, kind: registry.entry, meta: {n: 7, tags: [x, y], deep: {s: up}}}
  - {name: b, kind: registry.entry, meta: {n: 8.5, tags: [x]}}
`)
	for _, c := range []struct {
		filter map[string]any
		want   string
	}{
		{map[string]any{"meta.n": 7}, "app:a"},
		{map[string]any{"meta.n": uint8(7)}, "app:a"},
		{map[string]any{"meta.n": 7.0}, "app:a"},
		{map[string]any{"meta.n": float32(8.5)}, "app:b"},
		{map[string]any{"meta.tags": []string{"y", "x"}}, "app:a"},
		{map[string]any{"meta": map[string]string{"^meta.deep.s": "u"}}, "app:a"},
	} {
		found, err := rt.Find(t.Context(), c.filter)
		if err != nil || len(found) != 1 || found[0].ID != c.want {
			t.Errorf("%v: %v, %v", c.filter, found, err)
		}
	}
	if _, err := rt.Find(t.Context(), map[string]any{"meta.n": make(chan int)}); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("got %v", err)
	}
}
