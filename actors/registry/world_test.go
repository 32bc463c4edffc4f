package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/bus"
	"github.com/troupe-go/troupe/actors/factory"
	"github.com/troupe-go/troupe/actors/finder"
	"github.com/troupe-go/troupe/actors/functions"
	"github.com/troupe-go/troupe/actors/lifecycle"
	"github.com/troupe-go/troupe/actors/supervisor"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// thing is a kind whose entries say what goes wrong with them.
type thing struct {
	Value  string   `yaml:"value" doc:"What it answers."`
	Uses   []string `yaml:"uses" ref:"?*" doc:"Entries it refers to."`
	Asks   string   `yaml:"asks" doc:"An entry that must have an actor; no reference."`
	Fails  string   `yaml:"fails" doc:"What fails: load, panic, unload, back."`
	Keeps  bool     `yaml:"keeps" doc:"Takes updates over."`
	NoData bool     `yaml:"no_data" doc:"Nothing."`
}

type world struct {
	t       *testing.T
	n       *actors.Node
	mu      sync.Mutex
	journal []string
	loads   map[string]int
}

func (w *world) note(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal = append(w.journal, s)
}

func (w *world) story() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := strings.Join(w.journal, ", ")
	w.journal = nil
	return s
}

type thingActor struct {
	w   *world
	env actors.Env
	c   thing
}

func (a *thingActor) name() string { return a.env.Entry.ID.Name }

func (a *thingActor) Load(ctx context.Context) (context.Context, error) {
	a.w.note("load " + a.name() + "=" + a.c.Value)
	a.w.mu.Lock()
	a.w.loads[a.name()]++
	again := a.w.loads[a.name()] > 1
	a.w.mu.Unlock()
	switch {
	case a.c.Fails == "load", a.c.Fails == "back" && again:
		return ctx, errors.New("no load")
	case a.c.Fails == "panic":
		panic("broken")
	case a.c.Asks != "":
		if _, err := actors.Call(ctx, a.env.Sys, a.env.PID(a.c.Asks), "value"); err != nil {
			return ctx, err
		}
	}
	return ctx, nil
}

func (a *thingActor) Unload(context.Context) error {
	a.w.note("unload " + a.name())
	if a.c.Fails == "unload" {
		return errors.New("no unload")
	}
	return nil
}

func (a *thingActor) Update(_ context.Context, e registry.Entry) error {
	if !a.c.Keeps {
		return actors.ErrReplace
	}
	c, _, _ := registry.Decode[thing](e)
	if c.Fails != "" {
		return errors.New("no update")
	}
	a.w.note("update " + a.name() + "=" + c.Value)
	a.c = c
	return nil
}

func (a *thingActor) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.FunctionCall:
		req.Reply(&messages.FunctionResult{Values: []messages.Value{a.c.Value}})
	case string:
		if b == "panic" {
			panic("asked to")
		}
		req.Reply(a.c.Value)
	default:
		actors.Unknown(req, a.env.ID)
	}
}

func newWorld(t *testing.T, config map[string]any, things ...registry.Entry) *world {
	t.Helper()
	return worldOf(t, Component, config, things...)
}

// worldOf is newWorld with another registry.
func worldOf(t *testing.T, component actors.Component, config map[string]any, things ...registry.Entry) *world {
	t.Helper()
	w := &world{t: t, loads: map[string]int{}}
	kind := func(name string) actors.Kind {
		return actors.Define(actors.Spec[thing]{
			Name: name, Doc: "A kind under test.",
			Serve: func(env actors.Env, c thing) actor.Actor { return &thingActor{w: w, env: env, c: c} },
		})
	}
	w.n = actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{bus.Component, component, finder.Component, supervisor.Component, lifecycle.Component, factory.Component, functions.Component},
		Kinds:      []actors.Kind{kind("test.thing"), kind("function.test")}, Config: config,
	})
	if _, err := w.ask("registry", &actors.Boot{Entries: registry.EntriesOf(things...)}); err != nil {
		t.Fatal(err)
	}
	w.story()
	return w
}

// one makes an entry: its name and fields as "value=1 fails=load".
func one(name, fields string) registry.Entry {
	data := map[string]any{}
	for _, f := range strings.Fields(fields) {
		k, v, _ := strings.Cut(f, "=")
		switch k {
		case "keeps":
			data[k] = true
		case "uses":
			data[k] = []any{v}
		default:
			data[k] = v
		}
	}
	return registry.Entry{ID: registry.ID{NS: "app", Name: name}, Kind: "test.thing", Data: data}
}

func (w *world) ask(name string, body any) (any, error) {
	return actorstest.Ask(w.t, w.n, name, body)
}

func op(kind string, e registry.Entry) messages.EntryOp {
	return messages.EntryOp{Kind: "entry." + kind, Entry: actors.EntryData(e)}
}

// apply makes a change and returns the new version, or 0.
func (w *world) apply(base int64, ops ...messages.EntryOp) (*messages.VersionData, error) {
	w.t.Helper()
	return actors.As[*messages.VersionData](w.ask("registry", &messages.RegistryApply{Base: base, Ops: ops, Author: "tester", Message: "why"}))
}

// entries is what the registry holds, and what its actors answer.
func (w *world) entries() string {
	w.t.Helper()
	var out []string
	for _, d := range actorstest.Must[[]*messages.EntryData](w.t, w.n, "finder", &messages.RegistryFind{}) {
		v, err := w.ask(d.ID, "value")
		if err != nil {
			v = "-"
		}
		out = append(out, strings.TrimPrefix(d.ID, "app:")+"="+fmt.Sprint(v))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (w *world) version() int64 {
	w.t.Helper()
	return actorstest.Must[*messages.VersionData](w.t, w.n, "registry", &messages.RegistryVersion{}).ID
}
