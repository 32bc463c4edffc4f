package factory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

type config struct {
	Uses      []string         `yaml:"uses" ref:"*" doc:"Entries it refers to."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"As for every service."`
}

// stuck is an actor that does not let itself be unloaded.
type stuck struct{ actor.ReceiveFunc }

func (stuck) Unload(context.Context) error { return errors.New("still in use") }

func kind(name string, service bool) actors.Kind {
	return actors.Define(actors.Spec[config]{
		Name: name, Doc: "A kind under test.", Service: service,
		Serve: func(_ actors.Env, c config) actor.Actor {
			quiet := actor.ReceiveFunc(func(actor.Context) {})
			switch {
			case name == "test.broken":
				panic("cannot be made")
			case name == "test.stuck":
				return stuck{quiet}
			}
			return quiet
		},
	})
}

// newNode is a node whose supervisor only notes what it is told.
func newNode(t *testing.T) (*actors.Node, func() string) {
	t.Helper()
	told := make(chan string, 100)
	supervisor := actors.Component{Name: "supervisor", New: func(actors.Env) actor.Actor {
		return actorstest.Answers(func(_ actor.Context, body any) any {
			switch b := body.(type) {
			case *actors.ServiceAdd:
				told <- fmt.Sprintf("add %s needs %v, %s", b.ID, b.Needs, b.Lifecycle.StopTimeout)
			case *actors.ServiceRemove:
				told <- "remove " + b.ID
			case *messages.ServiceState:
				return messages.ServiceData{ID: b.ID, Status: "running", Desired: "running"}
			case *actors.ServiceStart:
				told <- "start " + b.ID
			}
			return nil
		})
	}}
	n := actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{supervisor, Component},
		Kinds:      []actors.Kind{kind("test.service", true), kind("test.thing", false), kind("test.broken", false), kind("test.stuck", true)},
	})
	return n, func() string {
		var out []string
		for len(told) > 0 {
			out = append(out, <-told)
		}
		return strings.ReplaceAll(strings.Join(out, "; "), "app:", "")
	}
}

func entry(name, kind string, uses ...any) registry.Entry {
	return registry.Entry{ID: registry.ID{NS: "app", Name: name}, Kind: "test." + kind, Data: map[string]any{"uses": uses}}
}

func TestServicesAreAnnounced(t *testing.T) {
	n, told := newNode(t)
	create := func(e registry.Entry) *actors.Offer {
		return &actors.Offer{Op: registry.Op{Kind: registry.Create, Entry: e}}
	}
	db, thing, web := entry("db", "service"), entry("thing", "thing", "app:db", "app:thing"), entry("web", "service", "app:thing", "app:absent")
	slow := entry("web", "service", "app:db")
	slow.Data.(map[string]any)["lifecycle"] = map[string]any{"stop_timeout": "1m"}
	bad := entry("bad", "service")
	bad.Data.(map[string]any)["lifecycle"] = map[string]any{"stop_timeout": "long"}
	for _, step := range []struct {
		name  string
		offer *actors.Offer
		told  string
		err   string
	}{
		{"service", create(db), "add db needs [], 10s", ""},
		{"no service", create(thing), "", ""},
		{"through an entry that is none", create(web), "add web needs [db], 10s", ""},
		{"what it referred to comes later, and is no service", create(entry("absent", "thing", "app:late")), "add web needs [db], 10s", ""},
		{"what that referred to comes later", create(entry("late", "service")), "add late needs [], 10s; add web needs [db late], 10s", ""},
		{"update", &actors.Offer{Op: registry.Op{Kind: registry.Update, Entry: slow}, Old: web}, "remove web; add web needs [db], 1m0s; start web", ""},
		{"lifecycle that cannot be read", create(bad), "", `stop_timeout`},
		{"its name is free again", create(entry("bad", "service")), "add bad needs [], 10s", ""},
		{"other kind", &actors.Offer{Op: registry.Op{Kind: registry.Update, Entry: entry("bad", "thing")}, Old: entry("bad", "service")}, "remove bad", ""},
		{"constructor that panics", create(entry("x", "broken")), "", "cannot be made"},
		{"unknown kind", create(entry("x", "thin")), "", `unknown kind "test.thin"`},
		{"stuck", create(entry("s", "stuck")), "add s needs [], 10s", ""},
		{"cannot be unloaded", &actors.Offer{Op: registry.Op{Kind: registry.Delete}, Old: entry("s", "stuck")}, "remove s; add s needs [], 10s", "still in use"},
		{"delete", &actors.Offer{Op: registry.Op{Kind: registry.Delete}, Old: slow}, "remove web", ""},
		{"delete what is gone", &actors.Offer{Op: registry.Op{Kind: registry.Delete}, Old: slow}, "", ""},
	} {
		_, err := actorstest.Ask(t, n, "factory", step.offer)
		if step.err == "" && err != nil || step.err != "" && (err == nil || !strings.Contains(err.Error(), step.err)) {
			t.Errorf("%s: got %v", step.name, err)
		}
		if got := told(); got != step.told {
			t.Errorf("%s: told %s, want %s", step.name, got, step.told)
		}
	}
	if _, err := actorstest.Ask(t, n, "factory", &actors.Respawn{ID: "app:web"}); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("got %v", err)
	}
	actorstest.Must[*messages.Done](t, n, "factory", &actors.Respawn{ID: "app:db"})
}

// Services that are gone are not remembered by what they referred to.
func TestNothingIsBehindTheEntriesOfServicesThatAreGone(t *testing.T) {
	kinds := map[string]actors.Kind{"test.service": kind("test.service", true), "test.thing": kind("test.thing", false)}
	f := &factory{env: actors.Env{Node: &actors.Node{Kinds: kinds}}, entries: map[string]registry.Entry{}, behind: map[string]map[string]bool{}, schemas: schemas(kinds)}
	web := entry("web", "service", "app:thing", "app:absent")
	f.entries["app:thing"] = entry("thing", "thing", "app:late")
	f.needs(web)
	if len(f.behind) != 3 {
		t.Errorf("behind %v", f.behind)
	}
	if f.unfollow(web); len(f.behind) != 0 {
		t.Errorf("left %v", f.behind)
	}
}

// Thousands of entries come and go, and leave nothing behind.
func TestManyEntries(t *testing.T) {
	n, _ := newNode(t)
	before := living(n)
	const count = 2000
	for _, op := range []registry.OpKind{registry.Create, registry.Update, registry.Delete} {
		for i := range count {
			e := entry(fmt.Sprint("e", i), "thing")
			actorstest.Must[*messages.Done](t, n, "factory", &actors.Offer{Op: registry.Op{Kind: op, Entry: e}, Old: e})
		}
		want := before + count
		if op == registry.Delete {
			want = before
		}
		if got := living(n); got != want {
			t.Errorf("after %s: %d actors, want %d", op, got, want)
		}
	}
}

func living(n *actors.Node) (count int) {
	for _, m := range n.Sys.ProcessRegistry.LocalPIDs.LocalPIDs {
		count += m.Count()
	}
	return count
}
