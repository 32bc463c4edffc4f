package registry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

func TestApply(t *testing.T) {
	data := func(name string) registry.Entry {
		return registry.Entry{ID: registry.ID{NS: "app", Name: name}, Kind: "registry.entry", Data: map[string]any{}}
	}
	a, b := one("a", "value=1"), one("b", "value=2 keeps")
	for _, tc := range []struct {
		name    string
		ops     []messages.EntryOp
		want    string // entries afterwards
		story   string
		err     string // kind: text
		details string
	}{
		{name: "nothing", err: "Invalid: no changes to apply"},
		{name: "create", ops: []messages.EntryOp{op("create", one("c", "value=3"))}, want: "a=1 b=2 c=3", story: "load c=3"},
		{name: "create in order", ops: []messages.EntryOp{op("create", one("c", "value=3 uses=app:d")), op("create", one("d", "value=4"))}, want: "a=1 b=2 c=3 d=4", story: "load d=4, load c=3"},
		{name: "create what is there", ops: []messages.EntryOp{op("create", a)}, err: "Conflict: entry already exists: {ns: app, name: a}"},
		{name: "delete", ops: []messages.EntryOp{op("delete", a)}, want: "b=2", story: "unload a"},
		{name: "delete what is not there", ops: []messages.EntryOp{op("delete", one("x", ""))}, err: "NotFound: entry not found: app:x"},
		{name: "update what is not there", ops: []messages.EntryOp{op("update", one("x", ""))}, err: "NotFound: entry not found: app:x"},
		{name: "update by replacing", ops: []messages.EntryOp{op("update", one("a", "value=5"))}, want: "a=5 b=2", story: "unload a, load a=5"},
		{name: "update by taking over", ops: []messages.EntryOp{op("update", one("b", "value=5 keeps"))}, want: "a=1 b=5", story: "update b=5"},
		{name: "delete and create", ops: []messages.EntryOp{op("delete", a), op("create", one("a", "value=6"))}, want: "a=6 b=2", story: "unload a, load a=6"},
		{name: "create and delete", ops: []messages.EntryOp{op("create", one("x", "")), op("delete", one("x", ""))}, err: "Invalid: no changes to apply"},
		{name: "to a kind that carries data", ops: []messages.EntryOp{op("update", data("a"))}, want: "a=- b=2", story: "unload a"},
		{name: "only data", ops: []messages.EntryOp{op("create", data("c"))}, want: "a=1 b=2 c=-"},
		{name: "set aside and offered again", ops: []messages.EntryOp{op("create", one("c", "value=3 asks=app:d")), op("create", one("d", "value=4"))}, want: "a=1 b=2 c=3 d=4", story: "load c=3, load d=4, load c=3"},
		{
			name: "set aside for nothing", ops: []messages.EntryOp{op("create", one("c", "value=3 asks=app:x")), op("create", one("d", "value=4"))},
			story: "load c=3, load d=4, load c=3, unload d", err: "Internal: failed to apply changes: app:c: app:x not found", details: "app:c: app:x not found",
		},
		{
			name: "refused in the middle", ops: []messages.EntryOp{op("delete", a), op("update", one("b", "value=7 keeps")), op("create", one("c", "fails=load uses=app:b")), op("create", one("d", "uses=app:c"))},
			story: "unload a, update b=7, load c=, update b=2, load a=1", err: "Internal: failed to apply changes: app:c: no load", details: "app:c: no load",
		},
		{name: "panic while loading", ops: []messages.EntryOp{op("create", one("c", "fails=panic"))}, story: "load c=", err: "Internal: failed to apply changes: app:c: app:c panicked: broken", details: "app:c: app:c panicked: broken"},
		{name: "replaced by what does not load", ops: []messages.EntryOp{op("update", one("a", "fails=load"))}, story: "unload a, load a=, load a=1", err: "Internal: failed to apply changes: app:a: no load", details: "app:a: no load"},
		{name: "update that is refused", ops: []messages.EntryOp{op("update", one("b", "fails=load"))}, err: "Internal: failed to apply changes: app:b: no update", details: "app:b: no update"},
		{name: "unknown kind", ops: []messages.EntryOp{op("create", registry.Entry{ID: registry.ID{NS: "app", Name: "c"}, Kind: "test.thin"})}, err: "Internal: failed to apply changes"},
		{name: "unknown operation", ops: []messages.EntryOp{op("move", a)}, err: "Invalid: "},
		{name: "wrong id", ops: []messages.EntryOp{{Kind: "entry.create", Entry: &messages.EntryData{ID: "x", Kind: "test.thing"}}}, err: "Invalid: "},
		{name: "no entry", ops: []messages.EntryOp{{Kind: "entry.create"}}, err: "Invalid: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil, a, b)
			v, err := w.apply(0, tc.ops...)
			if got := w.story(); got != tc.story {
				t.Errorf("story: %s\nwant:  %s", got, tc.story)
			}
			if tc.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if v.ID != 1 || v.Parent != 0 || v.Previous != 0 || v.Author != "tester" || v.Message != "why" || w.version() != 1 {
					t.Errorf("version %+v", v)
				}
			} else {
				tc.want = "a=1 b=2" // all as before
				if e := messages.AsError(err); e == nil || !strings.HasPrefix(e.Kind+": "+e.Error(), tc.err) {
					t.Fatalf("got %v, want %s", err, tc.err)
				} else if tc.details != "" && e.Details.Get("cause") != tc.details {
					t.Errorf("details %v", e.Details)
				}
				if w.version() != 0 {
					t.Errorf("version %d", w.version())
				}
			}
			if got := w.entries(); got != tc.want {
				t.Errorf("entries %s, want %s", got, tc.want)
			}
			next := one("last", "value=9")
			if _, err := w.apply(w.version(), op("create", next)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestUndoThatFails(t *testing.T) {
	w := newWorld(t, nil, one("a", "fails=back"))
	_, err := w.apply(0, op("delete", one("a", "")), op("create", one("c", "fails=load")))
	e := messages.AsError(err)
	if e == nil || e.Details.Get("rollback_error") != "app:a: no load" || e.Details.Get("cause") != "app:c: no load" {
		t.Errorf("got %v, %+v", err, e)
	}
}

func TestConflicts(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.apply(0, op("create", one("a", ""))); err != nil {
		t.Fatal(err)
	}
	_, err := w.apply(0, op("create", one("b", "")))
	e := messages.AsError(err)
	if e == nil || e.Kind != messages.Conflict || e.Message != "registry changed during apply" || e.Retry != messages.RetryYes ||
		e.Details.Get("expected_version") != 0.0 || e.Details.Get("actual_version") != 1.0 {
		t.Errorf("got %v, %+v", e, e.Details)
	}
}

// Of many changes at once one wins; the others are told to try again, and doing
// so each gets its turn.
func TestManyApplies(t *testing.T) {
	w := newWorld(t, nil)
	const count = 20
	var wg sync.WaitGroup
	for i := range count {
		wg.Go(func() {
			for {
				v, err := actors.As[*messages.VersionData](w.n.Ask(t.Context(), &messages.RegistryVersion{}))
				if err == nil {
					_, err = w.n.Ask(t.Context(), &messages.RegistryApply{Base: v.ID, Ops: []messages.EntryOp{op("create", one(fmt.Sprint("e", i), "value=1"))}})
				}
				if err == nil {
					return
				}
				if e := messages.AsError(err); e.Kind != messages.Conflict || e.Retry != messages.RetryYes {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := w.version(); got != count {
		t.Errorf("version %d", got)
	}
	if got := strings.Count(w.entries(), "=1"); got != count {
		t.Errorf("%d entries", got)
	}
}

func TestVersions(t *testing.T) {
	w := newWorld(t, nil, one("a", "value=0"))
	step := func(base int64, value string) {
		t.Helper()
		if _, err := w.apply(base, op("update", one("a", "value="+value))); err != nil {
			t.Fatal(err)
		}
	}
	goTo := func(id int64) {
		t.Helper()
		if _, err := w.ask("registry", &messages.RegistryGoto{ID: id}); err != nil {
			t.Fatal(err)
		}
		if w.version() != id {
			t.Errorf("at %d", w.version())
		}
	}
	step(0, "1")
	step(1, "2")
	goTo(0)
	if got := w.entries(); got != "a=0" {
		t.Errorf("got %s", got)
	}
	goTo(1)
	step(1, "3") // a branch
	var tree []string
	for _, v := range actorstest.Must[[]*messages.VersionData](t, w.n, "registry", &messages.RegistryVersions{}) {
		tree = append(tree, fmt.Sprint(v.ID, "<", v.Parent, " ", v.Previous, " ", v.Next))
	}
	if got := strings.Join(tree, ", "); got != "0<-1 -1 1, 1<0 0 3, 2<1 1 -1, 3<1 1 -1" {
		t.Errorf("got %s", got)
	}
	for id, want := range map[int64]string{0: "0", 1: "1", 2: "2", 3: "3"} {
		d := actorstest.Must[*messages.EntryData](t, w.n, "registry", &messages.RegistryGet{ID: "app:a", At: &id})
		list := actorstest.Must[[]*messages.EntryData](t, w.n, "finder", &messages.RegistryFind{At: &id})
		if d.Data.(map[string]any)["value"] != want || len(list) != 1 || list[0].Data.(map[string]any)["value"] != want {
			t.Errorf("version %d: %+v, %+v", id, d, list)
		}
	}
	for _, tc := range []struct {
		body any
		kind string
	}{
		{&messages.RegistryGoto{ID: 9}, messages.NotFound},
		{&messages.RegistryGoto{ID: -1}, messages.Invalid},
		{&messages.RegistryVersion{ID: ptr(9)}, messages.NotFound},
		{&messages.RegistryVersion{ID: ptr(-1)}, messages.Invalid},
		{&messages.RegistryGet{ID: "app:a", At: ptr(9)}, messages.NotFound},
		{&messages.RegistryFind{At: ptr(-1)}, messages.Invalid},
		{&messages.RegistryGet{ID: "app:x"}, messages.NotFound},
		{&messages.RegistryGet{ID: "x"}, messages.NotFound},
		{"what?", messages.Invalid},
	} {
		if _, err := w.ask("registry", tc.body); !messages.IsKind(err, tc.kind) {
			t.Errorf("%+v: got %v", tc.body, err)
		}
	}
}

func ptr(n int64) *int64 { return &n }

func TestHistoryTypes(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		name   string
		config map[string]any
		back   string // kind of the error of going back
		kept   bool   // over the end of the program
	}{
		{"default", nil, "", false},
		{"memory", map[string]any{"registry.history_type": "memory"}, "", false},
		{"nil", map[string]any{"registry.history_type": "nil"}, messages.Unavailable, false},
		{"switched off", map[string]any{"registry.history_type": "badger", "registry.history_path": dir + "/off", "registry.enable_history": false}, messages.Unavailable, false},
		{"badger", map[string]any{"registry.history_type": "badger", "registry.history_path": dir + "/on"}, "", true},
		{"sqlite", map[string]any{"registry.history_type": "sqlite", "registry.history_path": dir + "/lite/registry.db"}, "", true},
		{"postgres", map[string]any{"registry.history_type": "postgres"}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Run("first run", func(t *testing.T) {
				w := newWorld(t, tc.config, one("a", "value=1"))
				if _, err := w.apply(0, op("create", one("b", "value=2"))); err != nil {
					t.Fatal(err)
				}
				_, err := w.ask("registry", &messages.RegistryGoto{ID: 0})
				if tc.back == "" && err != nil || tc.back != "" && !messages.IsKind(err, tc.back) {
					t.Errorf("going back gave %v", err)
				}
				if tc.back == "" {
					if _, err := w.ask("registry", &messages.RegistryGoto{ID: 1}); err != nil {
						t.Error(err)
					}
				}
			})
			t.Run("second run", func(t *testing.T) {
				w := newWorld(t, tc.config, one("a", "value=1"))
				want, version := "a=1", int64(0)
				if tc.kept {
					want, version = "a=1 b=2", 1
				}
				if got := w.entries(); got != want || w.version() != version {
					t.Errorf("got %s, version %d", got, w.version())
				}
			})
		})
	}
}

func TestBootTellsAllThatIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.ask("registry", &actors.Boot{Entries: registry.EntriesOf(
		one("a", "value=1 asks=app:b"), one("b", "value=2"), one("c", "fails=load"), one("d", "asks=app:x"),
	)})
	if err == nil || err.Error() != "no load\napp:x not found" {
		t.Errorf("got %v", err)
	}
	if got := w.entries(); got != "a=1 b=2 c=- d=-" {
		t.Errorf("got %s", got)
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t, nil, one("a", "value=1"))
	var mu sync.Mutex
	var got []string
	sub := &actors.SubscribeGo{Pattern: "(registry|functions).**", Func: func(e *messages.Event) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Kind+" "+strings.TrimPrefix(e.Path, "app:"))
	}}
	actorstest.Must[*messages.Done](t, w.n, "bus", sub)
	f := one("f", "value=1")
	f.Kind = "function.test"
	for _, tc := range []struct {
		ops  []messages.EntryOp
		want string
	}{
		{[]messages.EntryOp{op("create", one("b", "")), op("delete", one("a", ""))}, "registry.begin 1, entry.accept a, entry.accept b, entry.delete a, entry.create b, registry.commit 1"},
		{[]messages.EntryOp{op("update", one("b", "value=3")), op("create", one("c", "fails=load"))}, "registry.begin 2, entry.accept b, entry.reject c, registry.discard 2"},
		{[]messages.EntryOp{op("create", f)}, "registry.begin 2, function.register f, function.accept f, entry.accept f, entry.create f, registry.commit 2"},
		{[]messages.EntryOp{op("delete", f)}, "registry.begin 3, function.delete f, entry.accept f, entry.delete f, registry.commit 3"},
	} {
		_, _ = w.apply(w.version(), tc.ops...)
		actorstest.Until(t, w.n, tc.want, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(got) >= strings.Count(tc.want, ",")+1
		})
		mu.Lock()
		if s := strings.Join(got, ", "); s != tc.want {
			t.Errorf("got  %s\nwant %s", s, tc.want)
		}
		got = nil
		mu.Unlock()
	}
}

func TestFind(t *testing.T) {
	w := newWorld(t, nil, one("a", "value=1"), one("b", ""), registry.Entry{ID: registry.ID{NS: "other", Name: "c"}, Kind: "registry.entry", Meta: map[string]any{"type": "tool"}})
	for _, tc := range []struct {
		body *messages.RegistryFind
		want string
	}{
		{&messages.RegistryFind{}, "app:a app:b other:c"},
		{&messages.RegistryFind{Namespace: "app"}, "app:a app:b"},
		{&messages.RegistryFind{Filter: map[string]any{".kind": "test.*"}}, "app:a app:b"},
		{&messages.RegistryFind{Filter: map[string]any{"meta.type": "tool"}}, "other:c"},
		{&messages.RegistryFind{Filter: map[string]any{"meta.type": "tool"}, Namespace: "app"}, ""},
		{&messages.RegistryFind{Filter: map[string]any{"kind": "ignored"}}, "app:a app:b other:c"},
	} {
		var ids []string
		for _, d := range actorstest.Must[[]*messages.EntryData](t, w.n, "finder", tc.body) {
			ids = append(ids, d.ID)
		}
		if got := strings.Join(ids, " "); got != tc.want {
			t.Errorf("%+v: got %s", tc.body, got)
		}
	}
	if _, err := w.apply(0, op("delete", one("a", ""))); err != nil {
		t.Fatal(err)
	}
	if got := actorstest.Must[[]*messages.EntryData](t, w.n, "finder", &messages.RegistryFind{Namespace: "app"}); len(got) != 1 {
		t.Errorf("the finder answers what was: %+v", got)
	}
}

func TestDelta(t *testing.T) {
	w := newWorld(t, nil)
	list := func(es ...registry.Entry) (out []*messages.EntryData) {
		for _, e := range es {
			out = append(out, actors.EntryData(e))
		}
		return out
	}
	ops := actorstest.Must[[]messages.EntryOp](t, w.n, "registry", &messages.RegistryDelta{
		From: list(one("a", "value=1"), one("b", "value=1"), one("c", "value=1")),
		To:   list(one("b", "value=1"), one("c", "value=2 uses=app:d"), one("d", "value=1")),
	})
	var got []string
	for _, o := range ops {
		got = append(got, o.Kind+" "+o.Entry.ID)
	}
	if s := strings.Join(got, ", "); s != "entry.delete app:a, entry.create app:d, entry.update app:c" {
		t.Errorf("got %s", s)
	}
	if len(ops) > 0 && ops[0].Entry.Data.(map[string]any)["value"] != "1" {
		t.Errorf("a deletion tells what goes: %+v", ops[0].Entry)
	}
	if _, err := w.ask("registry", &messages.RegistryDelta{From: []*messages.EntryData{nil}}); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("got %v", err)
	}
}

// What an apply has made can be used when it returns; what it deleted cannot.
func TestReadiness(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 50 {
		f := one(fmt.Sprint("f", i), fmt.Sprint("value=", i))
		f.Kind = "function.test"
		call := func() (any, error) {
			return w.n.Ask(context.Background(), &messages.FunctionCall{Function: f.ID.String()})
		}
		if _, err := w.apply(w.version(), op("create", f)); err != nil {
			t.Fatal(err)
		}
		if r, err := actors.As[*messages.FunctionResult](call()); err != nil || r.Values[0] != fmt.Sprint(i) {
			t.Fatalf("got %v, %v", r, err)
		}
		if _, err := w.apply(w.version(), op("delete", f)); err != nil {
			t.Fatal(err)
		}
		if _, err := call(); !messages.IsKind(err, messages.NotFound) || !strings.HasPrefix(err.Error(), "function not found: "+f.ID.String()) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestFunctionIDs(t *testing.T) {
	w := newWorld(t, nil, one("thing", ""))
	for id, want := range map[string]string{
		"": "Invalid: function ID required", "f": "Invalid: namespace required in function ID", ":f": "Invalid: namespace required in function ID",
		"app:": "Invalid: name required in function ID", "app:thin": "NotFound: function not found: app:thin", "app:thing": "NotFound: function not found: app:thing",
	} {
		_, err := w.n.Ask(t.Context(), &messages.FunctionCall{Function: id})
		if e := messages.AsError(err); e == nil || !strings.HasPrefix(e.Kind+": "+e.Message, want) {
			t.Errorf("%q: got %v, want %s", id, err, want)
		}
	}
}

func TestAnActorThatFailsIsMadeAnew(t *testing.T) {
	w := newWorld(t, nil, one("a", "value=1"))
	for range 3 {
		if _, err := w.ask("app:a", "panic"); !messages.IsKind(err, messages.Internal) {
			t.Errorf("got %v", err)
		}
		actorstest.Until(t, w.n, "it answers again", func() bool {
			v, err := w.ask("app:a", "value")
			return err == nil && v == "1"
		})
	}
	if _, err := w.apply(0, op("delete", one("a", ""))); err != nil {
		t.Error(err)
	}
}
