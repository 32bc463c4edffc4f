package registry

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// photographed keeps a copy of the files of a log from before and after each step:
// what a program that ends there leaves behind.
type photographed struct {
	history.Log
	step func(what string, do func() error) error
}

func (p photographed) Append(r registry.Record) error {
	return p.step(fmt.Sprint("append ", r.Version.Number), func() error { return p.Log.Append(r) })
}

func (p photographed) SetHead(number uint64) error {
	return p.step(fmt.Sprint("head ", number), func() error { return p.Log.SetHead(number) })
}

// photographer is the registry with such a log.
type photographer struct {
	*keeper
	step func(what string, do func() error) error
}

func (p photographer) Load(ctx context.Context) (context.Context, error) {
	ctx, err := p.keeper.Load(ctx)
	if err == nil {
		p.log = photographed{p.log, p.step}
	}
	return ctx, err
}

// A registry whose program ends at any step of its log comes back with the version
// before the change, or the one after it, whole.
func TestEveryStepOfTheLog(t *testing.T) {
	for _, kind := range []string{"badger", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			config := func(folder string) map[string]any {
				return map[string]any{"registry.history_type": kind, "registry.history_path": filepath.Join(folder, "registry")}
			}
			type photo struct {
				name, folder string
				want         int // states passed when it was taken
			}
			var photos []photo
			var states []string // after each change, with the version
			take := func(name string, want int) error {
				folder := filepath.Join(dir, fmt.Sprint("photo", len(photos)))
				photos = append(photos, photo{name, folder, want})
				return os.CopyFS(folder, os.DirFS(filepath.Join(dir, "live")))
			}
			component := Component
			component.New = func(env actors.Env) actor.Actor {
				k := Component.New(env).(*keeper)
				return photographer{k, func(what string, do func() error) error {
					if err := take("before "+what, len(states)-1); err != nil {
						return err
					}
					if err := do(); err != nil {
						return err
					}
					return take("after "+what, len(states))
				}}
			}
			first := []registry.Entry{one("a", "value=1"), one("b", "value=1 keeps uses=app:a")}
			w := worldOf(t, component, config(filepath.Join(dir, "live")), first...)
			note := func() { states = append(states, fmt.Sprint(w.version(), " ", w.entries())) }
			note()
			for _, change := range []func() error{
				func() error { _, err := w.apply(0, op("create", one("c", "value=1 uses=app:a"))); return err },
				func() error {
					_, err := w.apply(1, op("update", one("a", "value=2")), op("update", one("b", "value=2 keeps")), op("delete", one("c", "")))
					return err
				},
				func() error { _, err := w.ask("registry", &messages.RegistryGoto{ID: 1}); return err },
				func() error { _, err := w.apply(1, op("create", one("d", "value=3 uses=app:c"))); return err },
				func() error { _, err := w.ask("registry", &messages.RegistryGoto{ID: 2}); return err },
				func() error { _, err := w.ask("registry", &messages.RegistryGoto{ID: 0}); return err },
			} {
				if err := change(); err != nil {
					t.Fatal(err)
				}
				note()
			}
			if len(photos) != 12 {
				t.Fatalf("%d photos", len(photos))
			}
			for _, p := range photos {
				t.Run(p.name, func(t *testing.T) {
					w := newWorld(t, config(p.folder), first...)
					if got := fmt.Sprint(w.version(), " ", w.entries()); got != states[p.want] {
						t.Errorf("got %s, want %s", got, states[p.want])
					}
				})
			}
		})
	}
}
