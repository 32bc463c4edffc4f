package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

// clock is a time that tests move.
type clock struct {
	actors.SystemClock
	moved atomic.Int64
}

func (c *clock) Now() time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(c.moved.Load()))
}

type noConfig struct{}

// lite is a database for store.sql that is always there.
func lite(t *testing.T) actors.Kind {
	return actors.Define(actors.Spec[noConfig]{Name: "db.sql.sqlite", Serve: func(env actors.Env, _ noConfig) actor.Actor {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "kv.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.Exec("CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB, expires_at BIGINT)"); err != nil {
			t.Fatal(err)
		}
		d := &messages.SQLDatabase{ID: env.ID, Type: messages.SQLite, Pool: func() (*sql.DB, error) { return db, nil }, Explain: messages.AsError}
		return actorstest.Answers(func(actor.Context, any) any { return d })
	}})
}

// world is a node with one store, app:s.
type world struct {
	n     *actors.Node
	clock *clock
}

func newWorld(t *testing.T, entries string) *world {
	t.Helper()
	w := &world{clock: &clock{}}
	sqlite := lite(t)
	w.n = actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{actorstest.Entries}, Kinds: append(Kinds(), sqlite),
		Change: func(n *actors.Node) { n.Clock = w.clock },
	})
	if err := actorstest.Create(t, w.n, entries); err != nil {
		t.Fatal(err)
	}
	actorstest.Must[*messages.Done](t, w.n, "app:s", &actors.Start{})
	t.Cleanup(func() { actorstest.Must[*messages.Done](t, w.n, "app:s", &actors.Stop{}) })
	return w
}

func (w *world) ask(body any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return actors.Call(ctx, w.n.Sys, w.n.PID("app:s"), body)
}

// stores are the entries of every kind of store.
func stores(t *testing.T) map[string]string {
	return map[string]string{
		"memory": "  - {name: s, kind: store.memory}\n",
		"badger": fmt.Sprintf("  - {name: s, kind: store.badger, path: %q}\n", t.TempDir()),
		"sql":    "  - {name: db, kind: db.sql.sqlite}\n  - {name: s, kind: store.sql, database: db, table: kv}\n",
	}
}

// eachStore runs a test on a store of every kind.
func eachStore(t *testing.T, test func(t *testing.T, w *world, info *messages.StoreData)) {
	for name, entries := range stores(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, entries)
			test(t, w, actorstest.Must[*messages.StoreData](t, w.n, "app:s", &messages.StoreInfo{}))
		})
	}
}

// pair is what a store should hold under a key.
type pair struct {
	value, version string
	expires        time.Time
}

// Whatever is done to it, a store answers as a map with times of expiry would.
func TestContract(t *testing.T) {
	keys := rapid.SampledFrom([]string{"a", "a/b", "a/c", "a_", "a%", "b", "B", "ä", "\x01", "z", "日本"})
	eachStore(t, func(t *testing.T, w *world, info *messages.StoreData) {
		rapid.Check(t, func(t *rapid.T) {
			ask := func(body any) (any, error) { return w.ask(body) }
			all, err := ask(&messages.StoreList{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all.(*messages.StorePage).Items { // of the run before
				if was, err := ask(&messages.StoreDelete{Key: e.Key}); err != nil || was != true {
					t.Fatalf("clearing %q: %v, %v", e.Key, was, err)
				}
			}
			model := map[string]pair{}
			live := func(key string) (pair, bool) {
				p, ok := model[key]
				return p, ok && (p.expires.IsZero() || w.clock.Now().Before(p.expires))
			}
			kind := func(err error) string {
				if err == nil {
					return "ok"
				}
				return messages.AsError(err).Kind
			}
			t.Repeat(map[string]func(*rapid.T){
				"get": func(t *rapid.T) {
					key := keys.Draw(t, "key")
					want, there := live(key)
					got, err := ask(&messages.StoreGet{Key: key})
					if !there {
						if kind(err) != messages.NotFound || err.Error() != "key not found" {
							t.Fatalf("get %q: %v, %v", key, got, err)
						}
						return
					}
					if err != nil {
						t.Fatalf("get %q: %v", key, err)
					}
					e := got.(*messages.StoreEntry)
					if e.Key != key || e.Value != want.value || info.Versioned && e.Version != want.version {
						t.Fatalf("get %q: %+v, want %+v", key, e, want)
					}
				},
				"put": func(t *rapid.T) {
					b := &messages.StorePut{Key: keys.Draw(t, "key"), Value: rapid.StringN(0, 5, -1).Draw(t, "value"), TTL: rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Hour}).Draw(t, "ttl")}
					old, there := live(b.Key)
					want := "ok"
					switch rapid.IntRange(0, 3).Draw(t, "condition") {
					case 1:
						if b.IfAbsent = true; there {
							want = messages.AlreadyExists
						}
					case 2:
						if b.IfVersion = old.version; b.IfVersion == "" {
							b.IfVersion = "none"
						}
						if !there {
							want = messages.Conflict
						}
					case 3:
						b.IfVersion, want = "other", messages.Conflict
					}
					if !info.ConditionalPut && (b.IfAbsent || b.IfVersion != "") {
						want = messages.Invalid
					}
					got, err := ask(b)
					if kind(err) != want || want == messages.Conflict && messages.AsError(err).Retry != messages.RetryYes {
						t.Fatalf("put %+v: %v, %v; want %s", b, got, err, want)
					}
					if err != nil {
						return
					}
					e := got.(*messages.StoreEntry)
					if e.Key != b.Key || e.Value != b.Value || info.Versioned && (e.Version == "" || e.Version == old.version) {
						t.Fatalf("put %+v: %+v", b, e)
					}
					p := pair{value: b.Value.(string), version: e.Version}
					if b.TTL > 0 {
						p.expires = w.clock.Now().Add(b.TTL)
					}
					model[b.Key] = p
				},
				"delete": func(t *rapid.T) {
					key := keys.Draw(t, "key")
					_, there := live(key)
					if was, err := ask(&messages.StoreDelete{Key: key}); err != nil || was != there {
						t.Fatalf("delete %q: %v, %v; want %v", key, was, err, there)
					}
					delete(model, key)
				},
				"list": func(t *rapid.T) {
					b := &messages.StoreList{Prefix: rapid.SampledFrom([]string{"", "a", "a/", "a_", "ä", "x"}).Draw(t, "prefix"), After: rapid.SampledFrom([]string{"", "a", "a/b", "a/bb", "b", "zz"}).Draw(t, "after"), Limit: rapid.IntRange(0, 4).Draw(t, "limit")}
					want := &messages.StorePage{}
					for _, key := range slices.Sorted(maps.Keys(model)) {
						p, there := live(key)
						if !there || !strings.HasPrefix(key, b.Prefix) || key <= b.After {
							continue
						}
						if b.Limit > 0 && len(want.Items) == b.Limit {
							want.More = true
							break
						}
						want.Items = append(want.Items, messages.StoreEntry{Key: key, Value: p.value, Version: p.version})
						want.Cursor = key
					}
					got, err := ask(b)
					if err != nil {
						t.Fatalf("list %+v: %v", b, err)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("list %+v: %s", b, diff)
					}
				},
				"time": func(t *rapid.T) {
					w.clock.moved.Add(int64(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Hour}).Draw(t, "passes")))
				},
			})
		})
	})
}

// Every kind of value comes back as it was put.
func TestContractValues(t *testing.T) {
	failed := messages.Wrap(messages.Errorf(messages.NotFound, "no row").WithDetails(map[string]any{"id": 7}).WithRetry(true), "read")
	failed.Cause.Stack = []messages.Frame{{Source: "app:f", Line: 3, Name: "run"}}
	eachStore(t, func(t *testing.T, w *world, _ *messages.StoreData) {
		for i, v := range []messages.Value{
			true, false, 0.0, -1.5, 1e300, "", "text", "\x00\xff", &messages.Table{Object: true},
			&messages.Table{Array: []messages.Value{1.0, "x"}, Keys: []messages.Value{"k", 7.0, true}, Vals: []messages.Value{1.0, 2.0, 3.0}, Object: true},
			failed, &messages.Payload{Format: messages.FormatJSON, Data: "{}"}, &messages.Payload{Format: messages.FormatError, Data: failed},
			&messages.Table{Array: []messages.Value{failed}, Meta: &messages.Table{Keys: []messages.Value{"m"}, Vals: []messages.Value{1.0}, Object: true}},
			strings.Repeat("long ", 100_000),
		} {
			key := fmt.Sprint("v", i)
			actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StorePut{Key: key, Value: v})
			e := actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StoreGet{Key: key})
			if diff := cmp.Diff(v, e.Value, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s", key, diff)
			}
		}
	})
}

// Of those who write under the same condition at the same time one succeeds.
func TestContractConditions(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world, info *messages.StoreData) {
		if !info.ConditionalPut {
			t.Skip("it has no conditional writes")
		}
		first := actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StorePut{Key: "k", Value: 0.0, IfAbsent: true})
		for _, body := range []func(i int) *messages.StorePut{
			func(i int) *messages.StorePut {
				return &messages.StorePut{Key: "new", Value: float64(i), IfAbsent: true}
			},
			func(i int) *messages.StorePut {
				return &messages.StorePut{Key: "k", Value: float64(i), IfVersion: first.Version}
			},
		} {
			results := make(chan error)
			const writers = 16
			for i := range writers {
				go func() {
					_, err := w.ask(body(i))
					results <- err
				}()
			}
			won := 0
			for range writers {
				if err := <-results; err == nil {
					won++
				} else if k := messages.AsError(err).Kind; k != messages.AlreadyExists && k != messages.Conflict {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d writers have won", won)
			}
		}
	})
}
