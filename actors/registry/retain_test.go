package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

func TestRetention(t *testing.T) {
	now := time.Unix(100_000, 0)
	for _, c := range []struct {
		name     string
		retain   retention
		versions int // the first of them is a minute old for each of the following
		want     [2]uint64
	}{
		{"everything", retention{}, 100, [2]uint64{0, 0}},
		{"few", retention{keep: 10}, 5, [2]uint64{0, 0}},
		{"as many as are kept", retention{keep: 10}, 10, [2]uint64{0, 0}},
		{"one more waits", retention{keep: 10}, 11, [2]uint64{0, 2}},
		{"two more", retention{keep: 10}, 12, [2]uint64{3, 3}},
		{"young", retention{maxAge: time.Hour}, 60, [2]uint64{0, 0}},
		{"a little old", retention{maxAge: time.Hour}, 65, [2]uint64{0, 6}},
		{"old", retention{maxAge: time.Hour}, 100, [2]uint64{41, 41}},
		{"both", retention{keep: 10, maxAge: time.Hour}, 100, [2]uint64{91, 91}},
		{"all are old", retention{maxAge: time.Nanosecond}, 3, [2]uint64{3, 3}},
		{"one", retention{keep: 1, maxAge: time.Nanosecond}, 1, [2]uint64{0, 0}},
	} {
		var numbers []uint64
		notes := map[uint64]registry.Record{}
		for n := range uint64(c.versions) {
			numbers = append(numbers, n+1)
			notes[n+1] = registry.Record{Time: now.Add(-time.Duration(c.versions-int(n)) * time.Minute).Unix()}
		}
		for i, all := range []bool{false, true} {
			if got := c.retain.below(numbers, notes, now, all); got != c.want[i] {
				t.Errorf("%s (all: %t): %d, want %d", c.name, all, got, c.want[i])
			}
		}
	}
}

// Versions that are not kept are gone in every kind of history, also after the
// next start; those that are kept can be read and gone back to.
func TestVersionsAreTrimmed(t *testing.T) {
	for _, kind := range []string{"memory", "badger", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			config := map[string]any{"registry.history_type": kind, "registry.history_path": t.TempDir() + "/registry", "registry.history_keep": int64(20)}
			numbers := func(w *world) []int64 {
				var out []int64
				for _, v := range actorstest.Must[[]*messages.VersionData](t, w.n, "registry", &messages.RegistryVersions{}) {
					out = append(out, v.ID)
				}
				return out
			}
			// at is what the registry held in a version.
			at := func(w *world, version int64) string {
				t.Helper()
				var out []string
				for _, d := range actorstest.Must[[]*messages.EntryData](t, w.n, "registry", &messages.RegistryFind{At: &version}) {
					out = append(out, strings.TrimPrefix(d.ID, "app:")+"="+fmt.Sprint(d.Data.(map[string]any)["value"]))
				}
				slices.Sort(out)
				return strings.Join(out, " ")
			}
			t.Run("first run", func(t *testing.T) {
				w := newWorld(t, config, one("a", "value=0"), one("b", "value=0 keeps"))
				if _, err := w.apply(0, op("create", one("c", "value=1")), op("delete", one("a", ""))); err != nil {
					t.Fatal(err)
				}
				for n := int64(1); n < 100; n++ {
					if _, err := w.apply(n, op("update", one("b", fmt.Sprint("keeps value=", n+1)))); err != nil {
						t.Fatal(err)
					}
				}
				got := numbers(w)
				if len(got) < 21 || len(got) > 23 || got[0] != 0 || got[len(got)-1] != 100 {
					t.Errorf("versions %v", got)
				}
				for _, n := range got[1:] {
					if got, want := at(w, n), fmt.Sprint("b=", n, " c=1"); got != want {
						t.Errorf("version %d holds %s, want %s", n, got, want)
					}
				}
				if got := at(w, 0); got != "a=0 b=0" {
					t.Errorf("version 0 holds %s", got)
				}
				first := got[1]
				if _, err := w.ask("registry", &messages.RegistryFind{At: ptr(first - 1)}); !messages.IsKind(err, messages.NotFound) {
					t.Errorf("a version that is gone: %v", err)
				}
				if _, err := w.ask("registry", &messages.RegistryGoto{ID: first}); err != nil {
					t.Fatal(err)
				}
				// The one in use stays, although many come after it.
				if v := actorstest.Must[*messages.VersionData](t, w.n, "registry", &messages.RegistryVersion{}); v.Previous != -1 || v.Parent != first-1 || v.Next != first+1 {
					t.Errorf("the first that is kept: %+v", v)
				}
			})
			if kind == "memory" {
				return
			}
			t.Run("second run", func(t *testing.T) {
				config["registry.history_keep"] = int64(3)
				w := newWorld(t, config, one("a", "value=0"), one("b", "value=0 keeps"))
				first := w.version()
				if got := numbers(w); !slices.Equal(got, []int64{0, first, 98, 99, 100}) {
					t.Errorf("versions %v, in use is %d", got, first)
				}
				if got, want := w.entries(), fmt.Sprint("b=", first, " c=1"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if got := at(w, 99); got != "b=99 c=1" {
					t.Errorf("version 99 holds %s", got)
				}
				if v, err := w.apply(first, op("delete", one("c", ""))); err != nil || v.ID != 101 {
					t.Errorf("%+v, %v", v, err)
				}
			})
			t.Run("third run", func(t *testing.T) {
				w := newWorld(t, config, one("a", "value=0"), one("b", "value=0 keeps"))
				if got := numbers(w); !slices.Equal(got, []int64{0, 99, 100, 101}) {
					t.Errorf("versions %v", got)
				}
				if got := at(w, 101); !strings.HasPrefix(got, "b=") || strings.Contains(got, "c") {
					t.Errorf("version 101 holds %s", got)
				}
			})
		})
	}
}
