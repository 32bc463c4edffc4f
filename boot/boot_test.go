package boot

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// journal notes what components did, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(s string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, s)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, " ")
}

// part is a component that notes its life and fails where it is told to.
type part struct {
	name string
	j    *journal
	fail string
	hang chan struct{}
}

func (p *part) step(what string) error {
	p.j.note(what + ":" + p.name)
	if p.fail == what {
		return errors.New("no " + what)
	}
	return nil
}

func (p *part) Load(ctx context.Context) (context.Context, error) {
	if actors.App(ctx) == nil {
		return ctx, errors.New("no AppContext")
	}
	return ctx, p.step("load")
}
func (p *part) Start(context.Context) error { return p.step("start") }
func (p *part) Stop(context.Context) error  { return p.step("stop") }

func (p *part) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *actors.Boot:
		p.j.note("boot")
		req.Done()
	case *actors.StartAll:
		if err := p.step("services"); err != nil {
			req.Reply(err)
			return
		}
		req.Done()
	case *actors.StopAll:
		p.j.note("end")
		req.Done()
	case string:
		req.Reply(b + "!")
	case *messages.Processes:
		<-p.hang
		req.Done()
	default:
		req.Reply(messages.Errorf(messages.Invalid, "what is %T?", b))
	}
}

func fake(j *journal, failing string, list string) Parts {
	var parts Parts
	name, what, _ := strings.Cut(failing, ":")
	for _, c := range components(list) {
		p := &part{name: c.Name, j: j, hang: make(chan struct{})}
		if c.Name == name {
			p.fail = what
		}
		c.New = func(actors.Env) actor.Actor { return p }
		if c.Name == "bus" {
			parts.Infrastructure = append(parts.Infrastructure, c)
			continue
		}
		parts.Components = append(parts.Components, c)
	}
	return parts
}

const two = "bus registry<bus supervisor<registry"

var empty = fstest.MapFS{}

func leaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func TestPhases(t *testing.T) {
	for _, tc := range []struct{ name, failing, want, err string }{
		{"all is well", "", "load:bus load:registry load:supervisor start:bus start:registry start:supervisor boot services:supervisor end stop:supervisor stop:registry stop:bus", ""},
		{"load fails", "supervisor:load", "load:bus load:registry load:supervisor", "loading component supervisor: no load"},
		{"start fails", "supervisor:start", "load:bus load:registry load:supervisor start:bus start:registry start:supervisor stop:registry stop:bus", "starting component supervisor: no start"},
		{"services fail", "supervisor:services", "load:bus load:registry load:supervisor start:bus start:registry start:supervisor boot services:supervisor end stop:supervisor stop:registry stop:bus", "starting the services: no services"},
		{"stop fails", "registry:stop", "load:bus load:registry load:supervisor start:bus start:registry start:supervisor boot services:supervisor end stop:supervisor stop:registry stop:bus", "stopping component registry: no stop"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			leaks(t)
			j := &journal{}
			rt, err := Start(t.Context(), empty, fake(j, tc.failing, two))
			if err == nil {
				err = rt.Stop()
				if again := rt.Stop(); !errors.Is(again, err) {
					t.Errorf("the second Stop gave %v", again)
				}
				<-rt.Done()
			}
			if got := j.String(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("got error %v, want %q in it", err, tc.err)
			}
		})
	}
}

func TestStartFindsEverythingOfALevel(t *testing.T) {
	leaks(t)
	bad := fake(&journal{}, "", "bus registry supervisor a b")
	for i, c := range bad.Components {
		if c.Name == "a" || c.Name == "b" {
			bad.Components[i].New = func(actors.Env) actor.Actor { return &part{name: c.Name, j: &journal{}, fail: "load"} }
		}
	}
	_, err := Start(t.Context(), empty, bad)
	for _, want := range []string{"loading component a: no load", "loading component b: no load"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	leaks(t)
	twice := fake(&journal{}, "", two)
	twice.Components[0].Handles = []any{&messages.Hosts{}}
	twice.Components[1].Handles = []any{&messages.Hosts{}}
	panics := fake(&journal{}, "", two)
	panics.Components[0].New = func(actors.Env) actor.Actor { panic("broken") }
	needs := fake(&journal{}, "", two)
	needs.Needs = []any{&messages.Hosts{}}
	for _, tc := range []struct {
		name  string
		parts Parts
		files fstest.MapFS
		want  string
	}{
		{"circle", fake(&journal{}, "", "bus registry<supervisor supervisor<registry"), empty, "registry → supervisor → registry"},
		{"two handlers", twice, empty, "command *messages.Hosts is handled by registry and by supervisor"},
		{"no handler", needs, empty, "no component handles *messages.Hosts"},
		{"panic", panics, empty, "panic: broken"},
		{"unknown kind", fake(&journal{}, "", two), fstest.MapFS{"a.yaml": {Data: []byte("namespace: app\nentries:\n  - {name: a, kind: registry.entri}\n")}}, `a.yaml:3:`},
		{"no registry", fake(&journal{}, "", "bus"), empty, "registry not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt, err := Start(t.Context(), tc.files, tc.parts)
			if err == nil {
				_ = rt.Stop()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestStartIsBoundedByItsContext(t *testing.T) {
	leaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	parts := fake(&journal{}, "", two)
	parts.Components[0].New = func(actors.Env) actor.Actor { return &never{cancel} }
	if _, err := Start(ctx, empty, parts); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v", err)
	}
}

// never does not answer Load.
type never struct{ asked func() }

func (n *never) Receive(actor.Context) {}
func (n *never) Load(ctx context.Context) (context.Context, error) {
	n.asked()
	_, err := actors.Until(ctx, func(func(any)) {})
	return ctx, err
}

func TestExitStopsOnce(t *testing.T) {
	leaks(t)
	var told []int
	rt, err := Start(t.Context(), empty, fake(&journal{}, "", two), WithExit(func(code int) { told = append(told, code) }))
	if err != nil {
		t.Fatal(err)
	}
	rt.Node().Exit(3)
	rt.Node().Exit(4)
	if code := rt.Wait(); code != 3 || len(told) != 1 || told[0] != 3 {
		t.Errorf("code %d, told %v", code, told)
	}
	if _, err := rt.Call(t.Context(), "app:f"); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("a call afterwards gave %v", err)
	}
}

// A component that blocks in Receive does not hold Stop up beyond the timeout.
func TestStopIsBounded(t *testing.T) {
	parts := fake(&journal{}, "", two)
	p := &part{name: "registry", j: &journal{}, hang: make(chan struct{})}
	parts.Components[0].New = func(actors.Env) actor.Actor { return p }
	c, _ := NewConfig(map[string]any{"shutdown": map[string]any{"timeout": 50 * time.Millisecond}})
	rt, err := Start(t.Context(), empty, parts, WithConfig(c))
	if err != nil {
		t.Fatal(err)
	}
	rt.Node().Sys.Root.Send(rt.Node().PID("registry"), &actors.Request{Body: &messages.Processes{}, Sys: rt.Node().Sys})
	err = rt.Stop() // would wait for p.hang
	close(p.hang)
	if err == nil || !strings.Contains(err.Error(), "registry") {
		t.Errorf("got %v", err)
	}
}

func TestPlan(t *testing.T) {
	leaks(t)
	rt, err := Start(t.Context(), empty, fake(&journal{}, "", two))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	p := rt.Plan()
	if len(p.Infrastructure) != 1 || len(p.Levels) != 2 || p.Levels[1][0].Name != "supervisor" || p.Levels[1][0].Load <= 0 || len(p.Entries) != 3 || p.Total <= 0 {
		t.Errorf("got %+v", p)
	}
}

// A program that embeds the runtime has stages of its own, after all others; what
// they find ends the start as any other mistake does.
func TestOwnStages(t *testing.T) {
	leaks(t)
	files := fstest.MapFS{"a.yaml": {Data: []byte("namespace: app\nentries:\n  - {name: r, kind: registry.entry, text: said}\n")}}
	parts := fake(&journal{}, "", two).WithStages(registry.StageFunc("shout", func(es registry.Entries) (registry.Entries, registry.Problems) {
		id := registry.ID{NS: "app", Name: "r"}
		e := es[id].Clone()
		e.Fields()["text"] = strings.ToUpper(e.Fields()["text"].(string))
		es = es.Clone()
		es[id] = e
		return es, nil
	}))
	es, problems := Entries([]registry.Source{{FS: files}}, parts)
	if got := es[registry.ID{NS: "app", Name: "r"}].Fields()["text"]; got != "SAID" || problems.Err() != nil {
		t.Errorf("got %v, %v", got, problems)
	}
	parts = parts.WithStages(registry.StageFunc("no", func(es registry.Entries) (registry.Entries, registry.Problems) {
		return es, registry.Problems{{Text: "not in this program"}}
	}))
	if _, err := Start(t.Context(), files, parts); err == nil || !strings.Contains(err.Error(), "not in this program") {
		t.Errorf("got %v", err)
	}
}

func TestWarningsAreLoggedOrFatal(t *testing.T) {
	leaks(t)
	files := fstest.MapFS{"a.yaml": {Data: []byte("namespace: app\nentries:\n  - {name: r, kind: ns.dependency, component: a/b, versio: \"*\"}\n")}, "b.yaml": {Data: []byte("a: [")}}
	var out bytes.Buffer
	log := slog.New(actors.NewLogHandler(&out, actors.LogOptions{}))
	if _, err := Start(t.Context(), files, fake(&journal{}, "", two), WithLogger(log)); err == nil || !strings.Contains(err.Error(), "neither vendored nor replaced") {
		t.Errorf("got %v", err)
	}
	delete(files, "a.yaml")
	rt, err := Start(t.Context(), files, fake(&journal{}, "", two), WithLogger(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "WARN\tboot\t") || !strings.Contains(out.String(), "b.yaml") || !strings.Contains(out.String(), "application started") {
		t.Errorf("logged %q", out.String())
	}
	if _, err := Start(t.Context(), files, fake(&journal{}, "", two), WithStrict()); err == nil || !strings.Contains(err.Error(), "b.yaml") {
		t.Errorf("strict: got %v", err)
	}
}

func BenchmarkNewActorSystem(b *testing.B) {
	quiet := actors.FrameworkLog(actors.SilentLog())
	for b.Loop() {
		actor.NewActorSystem(actor.WithLoggerFactory(quiet)).Shutdown()
	}
}

func BenchmarkStartEmpty(b *testing.B) {
	for b.Loop() {
		rt, err := Start(b.Context(), empty, fake(&journal{}, "", two))
		if err != nil {
			b.Fatal(err)
		}
		_ = rt.Stop()
	}
}
