package supervisor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/bus"
	"github.com/troupe-go/troupe/actors/factory"
	"github.com/troupe-go/troupe/actors/lifecycle"
	keeper "github.com/troupe-go/troupe/actors/registry"
	"github.com/troupe-go/troupe/actors/supervisor"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// world is a simulated node whose services do what the test says.
type world struct {
	t   *testing.T
	n   *actors.Node
	sim *actorstest.Sim

	mu      sync.Mutex
	journal []string
	at      []time.Duration // when each line was written
	starts  map[string]int
	begin   time.Time

	onStart func(ctx context.Context, id string, n int) error // n counts from 1
	onStop  func(ctx context.Context, id string) error
}

type config struct {
	Behave    string           `yaml:"behave" doc:"Anything."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"As for every service."`
}

// part is the actor of a test.service.
type part struct {
	w  *world
	id string
}

func (p *part) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		panic(fmt.Sprint(req.Body))
	}
}

func (p *part) Start(ctx context.Context) error {
	p.w.mu.Lock()
	p.w.starts[p.id]++
	n := p.w.starts[p.id]
	p.w.mu.Unlock()
	p.w.note("start " + p.id)
	if p.w.onStart != nil {
		return p.w.onStart(ctx, p.id, n)
	}
	return nil
}

func (p *part) Stop(ctx context.Context) error {
	p.w.note("stop " + p.id)
	if p.w.onStop != nil {
		return p.w.onStop(ctx, p.id)
	}
	return nil
}

func (w *world) note(s string) {
	now := w.n.Clock.Now().Sub(w.begin)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal, w.at = append(w.journal, s), append(w.at, now)
}

// story is what happened, as "start a, start b".
func (w *world) story() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.journal, ", ")
}

// times are the moments of all lines with this text, in seconds.
func (w *world) times(line string) (out []float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, s := range w.journal {
		if s == line {
			out = append(out, w.at[i].Seconds())
		}
	}
	return out
}

// entry makes an entry of a test.service from words: "a<b,c" needs b and c;
// further words are fields of lifecycle, "startup=optional", or !auto.
func entry(text string) registry.Entry {
	words := strings.Fields(text)
	name, needs, _ := strings.Cut(words[0], "<")
	lc := map[string]any{"auto_start": true}
	if needs != "" {
		var list []any
		for _, n := range strings.Split(needs, ",") {
			list = append(list, n)
		}
		lc["requires"] = list
	}
	data := map[string]any{"lifecycle": lc}
	for _, word := range words[1:] {
		k, v, _ := strings.Cut(word, "=")
		switch {
		case k == "!auto":
			lc["auto_start"] = false
		case k == "behave":
			data[k] = v
		case k == "max_attempts":
			lc["restart"] = map[string]any{k: int64(v[0] - '0')}
		default:
			lc[k] = v
		}
	}
	return registry.Entry{ID: registry.ID{NS: "app", Name: name}, Kind: "test.service", Data: data}
}

// newWorld boots a registry with these services; nothing is started.
func newWorld(t *testing.T, seed uint64, services ...string) *world {
	t.Helper()
	w := &world{t: t, sim: actorstest.NewSim(seed), starts: map[string]int{}}
	kind := actors.Define(actors.Spec[config]{
		Name: "test.service", Doc: "A service under test.", Service: true,
		Serve: func(env actors.Env, _ config) actor.Actor { return &part{w: w, id: env.Entry.ID.Name} },
	})
	w.n = actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{bus.Component, keeper.Component, supervisor.Component, lifecycle.Component, factory.Component},
		Kinds:      []actors.Kind{kind}, Sim: w.sim,
		Change: func(n *actors.Node) { n.Random = func() float64 { return 0.5 } }, // no jitter
	})
	w.begin = w.n.Clock.Now()
	t.Cleanup(func() { _, _ = w.ask(&actors.StopAll{Reason: "end of the test"}) })
	var list []registry.Entry
	for _, s := range services {
		list = append(list, entry(s))
	}
	actorstest.Must[*messages.Done](t, w.n, "registry", &actors.Boot{Entries: registry.EntriesOf(list...)})
	return w
}

func (w *world) ask(body any) (any, error) { return actorstest.Ask(w.t, w.n, "supervisor", body) }

// tell sends a command whose answer nobody waits for.
func (w *world) tell(body any) {
	w.n.Sys.Root.Send(w.n.PID("supervisor"), &actors.Request{Body: body, Sys: w.n.Sys})
}

func (w *world) startAll() {
	w.t.Helper()
	if _, err := w.ask(&actors.StartAll{}); err != nil {
		w.t.Fatalf("starting: %v", err)
	}
}

func (w *world) state(name string) messages.ServiceData {
	w.t.Helper()
	return actorstest.Must[messages.ServiceData](w.t, w.n, "supervisor", &messages.ServiceState{ID: "app:" + name})
}

// until goes on until a service is in a state.
func (w *world) until(name, status string) messages.ServiceData {
	w.t.Helper()
	var d messages.ServiceData
	actorstest.Until(w.t, w.n, name+" is "+status, func() bool {
		d = w.state(name)
		return d.Status == status
	})
	return d
}

// history are the states a service went through.
func (w *world) history(name string) string {
	w.t.Helper()
	var out []string
	for _, d := range actorstest.Must[[]messages.ServiceData](w.t, w.n, "lifecycle", &actors.History{ID: "app:" + name}) {
		out = append(out, d.Status)
	}
	return strings.Join(out, " ")
}

// seeds runs a test under several orders of messages.
func seeds(t *testing.T, f func(t *testing.T, seed uint64)) {
	t.Helper()
	n := uint64(25)
	if testing.Short() {
		n = 5
	}
	for seed := range n {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { f(t, seed) })
	}
}

// before reports whether one line of the journal comes before another one.
func (w *world) before(a, b string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, j := slices.Index(w.journal, a), slices.Index(w.journal, b)
	return i >= 0 && j >= 0 && i < j
}
