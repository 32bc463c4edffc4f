package registry

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func entry(name string, data map[string]any) Entry {
	if data == nil {
		data = map[string]any{}
	}
	return Entry{ID: ID{"app", name}, Kind: "k", Data: data}
}

func sameEntries(a, b Entries) bool { return maps.EqualFunc(a, b, Entry.Equal) }

func commit(t *testing.T, s *State, ops ...Op) *Next {
	t.Helper()
	n, err := s.Propose(s.Current().Version().Number, ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProposeErrors(t *testing.T) {
	kinds := Primitives()
	kinds["k"] = KindInfo{Schema: SchemaOf[struct {
		Size int `yaml:"size" doc:"A size."`
	}]()}
	s := NewState(kinds, EntriesOf(entry("a", nil)), StateOptions{})
	for name, c := range map[string]struct {
		base uint64
		ops  []Op
		kind ErrorKind
		text string
	}{
		"nothing":           {0, nil, Invalid, "no changes to apply"},
		"nothing comes out": {0, []Op{{Kind: Create, Entry: entry("b", nil)}, {Kind: Delete, Entry: entry("b", nil)}}, Invalid, "no changes to apply"},
		"old base":          {7, []Op{{Kind: Create, Entry: entry("b", nil)}}, Conflict, "registry changed during apply"},
		"exists":            {0, []Op{{Kind: Create, Entry: entry("a", nil)}}, Conflict, "entry already exists: {ns: app, name: a}"},
		"created twice":     {0, []Op{{Kind: Create, Entry: entry("b", nil)}, {Kind: Create, Entry: entry("b", nil)}}, Conflict, "entry already exists: {ns: app, name: b}"},
		"update missing":    {0, []Op{{Kind: Update, Entry: entry("b", nil)}}, NotFound, "entry not found: app:b"},
		"delete missing":    {0, []Op{{Kind: Delete, Entry: entry("b", nil)}}, NotFound, "entry not found: app:b"},
		"update deleted":    {0, []Op{{Kind: Delete, Entry: entry("a", nil)}, {Kind: Update, Entry: entry("a", nil)}}, NotFound, "entry not found: app:a"},
		"no id":             {0, []Op{{Kind: Create, Entry: Entry{Kind: "k"}}}, Invalid, "entry must have valid id field"},
		"no kind":           {0, []Op{{Kind: Create, Entry: Entry{ID: id("app:b")}}}, Invalid, "entry must have kind field"},
		"not plain":         {0, []Op{{Kind: Create, Entry: entry("b", map[string]any{"x": make(chan int)})}}, Invalid, "cannot store app:b: convert data: a value of type chan int cannot be stored in an entry; use strings, numbers, booleans, lists and maps"},
		"wrong type":        {0, []Op{{Kind: Create, Entry: entry("b", map[string]any{"size": "x"})}}, Internal, `failed to apply changes: app:b: field "size" is a string; expected an integer`},
		"unknown kind":      {0, []Op{{Kind: Create, Entry: Entry{ID: id("app:b"), Kind: "zzz", Data: map[string]any{}}}}, Internal, `failed to apply changes: app:b: unknown kind "zzz"; use one of the kinds this runtime has`},
		"circle": {
			0,
			[]Op{{Kind: Create, Entry: entry("b", map[string]any{"func": "app:c"})}, {Kind: Create, Entry: entry("c", map[string]any{"func": "app:b"})}},
			Internal,
			"failed to apply changes: order entries: they need each other in a circle: app:b -> app:c -> app:b; remove one of these references",
		},
	} {
		_, err := s.Propose(c.base, c.ops)
		var ae *ApplyError
		if !errors.As(err, &ae) || ae.Kind != c.kind || err.Error() != c.text {
			t.Errorf("%s: got %v (%+v)", name, err, ae)
		}
		if ae != nil && ae.Retryable != (name == "old base") {
			t.Errorf("%s: retryable is %v", name, ae.Retryable)
		}
	}
	_, err := s.Propose(7, []Op{{Kind: Create, Entry: entry("b", nil)}})
	var ae *ApplyError
	errors.As(err, &ae)
	if d := cmp.Diff(map[string]any{"expected_version": int64(7), "actual_version": int64(0)}, ae.Details); d != "" {
		t.Error(d)
	}
	n, err := s.Propose(0, []Op{{Kind: Create, Entry: entry("b", map[string]any{"sizee": 1})}})
	if err != nil || len(n.Problems) != 1 || n.Problems[0].Severity != Warning {
		t.Errorf("%v %v", n, err)
	}
}

func TestSquash(t *testing.T) {
	c, u, d := Op{Kind: Create, Entry: entry("a", nil)}, Op{Kind: Update, Entry: entry("a", map[string]any{"v": int64(2)})}, Op{Kind: Delete, Entry: entry("a", nil)}
	for name, s := range map[string]struct {
		ops  []Op
		want string
		data any
	}{
		"create, update":                 {[]Op{c, u}, "entry.create app:a", u.Entry.Data},
		"create, delete":                 {[]Op{c, d}, "", nil},
		"create, delete, create":         {[]Op{c, d, c}, "entry.create app:a", c.Entry.Data},
		"update, delete":                 {[]Op{u, d}, "entry.delete app:a", c.Entry.Data},
		"delete, create":                 {[]Op{d, c}, "entry.update app:a", c.Entry.Data},
		"delete, create, delete":         {[]Op{d, c, d}, "entry.delete app:a", c.Entry.Data},
		"delete, create, update":         {[]Op{d, c, u}, "entry.update app:a", u.Entry.Data},
		"create, update, delete, create": {[]Op{c, u, d, c}, "entry.create app:a", c.Entry.Data},
	} {
		got := Squash(s.ops)
		text := ""
		if len(got) == 1 {
			text = got[0].String()
		}
		if len(got) > 1 || text != s.want || (len(got) == 1 && !equalValues(got[0].Entry.Data, s.data)) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestVersions(t *testing.T) {
	s := NewState(nil, EntriesOf(entry("a", nil)), StateOptions{})
	first := s.Current()
	data := map[string]any{"list": []any{1}}
	commit(t, s, Op{Kind: Create, Entry: entry("b", data)})             // 1
	data["list"].([]any)[0] = "changed afterwards"                      // must not reach the registry
	commit(t, s, Op{Kind: Update, Entry: entry("b", map[string]any{})}) // 2
	move := func(to uint64) {
		t.Helper()
		n, err := s.MoveTo(to)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(n); err != nil {
			t.Fatal(err)
		}
		if got := s.Current().Version().Number; got != to {
			t.Errorf("version is %d, want %d", got, to)
		}
	}
	move(1)
	b, err := s.Current().Get(id("app:b"))
	if err != nil || !equalValues(b.Data, map[string]any{"list": []any{int64(1)}}) {
		t.Errorf("%#v %v", b, err)
	}
	commit(t, s, Op{Kind: Delete, Entry: entry("a", nil)}) // 3, on 1
	want := []Version{{0, 0}, {1, 0}, {2, 1}, {3, 1}}
	if d := cmp.Diff(want, s.Versions()); d != "" {
		t.Error(d)
	}
	if next, ok := s.Next(Version{1, 0}); !ok || next.Number != 3 {
		t.Errorf("next of 1 is %v on the way to 3", next)
	}
	move(2)
	if next, ok := s.Next(Version{1, 0}); !ok || next.Number != 2 {
		t.Errorf("next of 1 is %v on the way to 2", next)
	}
	move(0)
	if next, ok := s.Next(Version{1, 0}); !ok || next.Number != 3 {
		t.Errorf("next of 1 is %v", next)
	}
	if _, ok := s.Next(Version{3, 1}); ok {
		t.Error("3 has a next")
	}
	if _, ok := s.Previous(Version{}); ok {
		t.Error("0 has a previous")
	}
	if v, ok := s.Previous(Version{2, 1}); !ok || v.Number != 1 {
		t.Errorf("previous of 2 is %v", v)
	}
	if !sameEntries(s.Current().entries, first.entries) || first.Len() != 1 {
		t.Error("version 0 is not what it was")
	}
	commit(t, s, Op{Kind: Create, Entry: entry("z", nil)})
	if v := s.Current().Version(); v != (Version{4, 0}) {
		t.Errorf("after moving to 0: %v", v)
	}
	var ae *ApplyError
	if _, err := s.MoveTo(9); !errors.As(err, &ae) || ae.Kind != NotFound || ae.Text != "version not found" {
		t.Errorf("unknown version: %v", err)
	}
	stale, err := s.MoveTo(1)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, Op{Kind: Create, Entry: entry("y", nil)})
	if err := s.Commit(stale); !errors.As(err, &ae) || !ae.Retryable {
		t.Errorf("stale commit: %v", err)
	}
}

func TestWithoutHistory(t *testing.T) {
	s := NewState(nil, nil, StateOptions{NoHistory: true})
	commit(t, s, Op{Kind: Create, Entry: entry("a", nil)})
	commit(t, s, Op{Kind: Create, Entry: entry("b", nil)})
	var ae *ApplyError
	if _, err := s.MoveTo(1); !errors.As(err, &ae) || ae.Kind != Unavailable {
		t.Errorf("%v", err)
	}
	if d := cmp.Diff([]Version{{2, 1}}, s.Versions()); d != "" {
		t.Error(d)
	}
	if _, ok := s.Previous(s.Current().Version()); ok {
		t.Error("a forgotten version was found")
	}
	if _, err := s.SnapshotAt(0); err == nil {
		t.Error("a forgotten version was found")
	}
}

func TestReplay(t *testing.T) {
	s := NewState(nil, EntriesOf(entry("a", nil)), StateOptions{})
	e := func(v int64) Entry { return entry("a", map[string]any{"v": v}) }
	problems, err := s.Replay([]Record{
		{Version: Version{3, 1}, Ops: []Op{{Kind: Create, Entry: e(3)}}},
		{Version: Version{1, 0}, Ops: []Op{{Kind: Create, Entry: entry("b", nil)}, {Kind: Update, Entry: entry("c", nil)}, {Kind: Delete, Entry: entry("gone", nil)}}},
		{Version: Version{5, 4}, Ops: []Op{{Kind: Create, Entry: e(5)}}},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, problems, "warning replay the registry history: version 5 has no usable parent 4 and is left out; delete the history file to begin anew")
	if got := s.Current(); got.Version() != (Version{3, 1}) || got.Len() != 3 {
		t.Errorf("%v %v", got.Version(), got.Sorted())
	}
	at1, err := s.SnapshotAt(1)
	if err != nil || !at1.entries[id("app:a")].Equal(entry("a", nil)) || at1.Len() != 3 {
		t.Errorf("%v %v", at1, err)
	}
	at0, err := s.SnapshotAt(0)
	if err != nil || !sameEntries(at0.entries, EntriesOf(entry("a", nil))) {
		t.Errorf("%v %v", at0, err)
	}
	if n := commit(t, s, Op{Kind: Delete, Entry: entry("a", nil)}); n.Version != (Version{6, 3}) {
		t.Errorf("the numbering does not continue: %v", n.Version)
	}
	problems, err = NewState(nil, nil, StateOptions{}).Replay(nil, 4)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, problems, "warning replay the registry history: there is no version 4; version 0 is used; apply another version")
}

// TestStateModel compares the registry with a map for every version, under random
// changes, failed ones that are undone, and moves between versions.
func TestStateModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		drawEntry := func(name string) Entry {
			deps := []any{}
			for _, dep := range rapid.SliceOfN(names, 0, 2).Draw(t, "deps") {
				if dep < name { // no circles
					deps = append(deps, "app:"+dep)
				}
			}
			return entry(name, map[string]any{"v": int64(rapid.IntRange(0, 3).Draw(t, "v")), "storages": deps})
		}
		start := EntriesOf(drawEntry("a"), drawEntry("b"))
		s := NewState(nil, start, StateOptions{})
		versions := map[uint64]Entries{0: start.Clone()}
		highest := uint64(0)
		check := func(n *Next, before, after Entries) {
			running := before.Clone()
			for _, op := range n.Ops {
				if _, ok := running[op.Entry.ID]; ok != (op.Kind != Create) {
					t.Fatalf("%s does not fit", op)
				}
				applyInPlace(running, []Op{op})
			}
			if !sameEntries(running, after) || !sameEntries(n.Snapshot.entries, after) {
				t.Fatalf("operations lead to %v, want %v", running, after)
			}
			for _, op := range slices.Backward(n.Undo) {
				applyInPlace(running, []Op{op})
			}
			if !sameEntries(running, before) {
				t.Fatalf("undo leads to %v, want %v", running, before)
			}
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			here := s.Current().Version().Number
			before := versions[here]
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				to := rapid.SampledFrom(slices.Sorted(maps.Keys(versions))).Draw(t, "to")
				n, err := s.MoveTo(to)
				if err != nil {
					t.Fatal(err)
				}
				check(n, before, versions[to])
				if err := s.Commit(n); err != nil {
					t.Fatal(err)
				}
				continue
			}
			after, valid := before.Clone(), true
			var ops []Op
			for range rapid.IntRange(1, 5).Draw(t, "ops") {
				op := Op{Kind: OpKind(rapid.IntRange(0, 2).Draw(t, "kind")), Entry: drawEntry(names.Draw(t, "name"))}
				_, exists := after[op.Entry.ID]
				valid = valid && exists == (op.Kind != Create)
				applyInPlace(after, []Op{op})
				ops = append(ops, op)
			}
			n, err := s.Propose(here, ops)
			if err != nil {
				if valid && len(Squash(ops)) > 0 {
					t.Fatalf("%v refused: %v", ops, err)
				}
				continue
			}
			if !valid {
				t.Fatalf("%v was accepted on %v", ops, before)
			}
			check(n, before, after)
			for _, op := range n.Ops {
				old, existed := before[op.Entry.ID]
				if existed != (op.Old != nil) || existed && !op.Old.Equal(old) {
					t.Fatalf("%v replaces %v, want %v", op, op.Old, old)
				}
			}
			if !sameEntries(s.Current().entries, before) {
				t.Fatal("Propose changed the state")
			}
			if rapid.Bool().Draw(t, "give up") {
				continue
			}
			if err := s.Commit(n); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(s.Current().Sorted(), after.Sorted(), Entry.Equal) || len(s.Current().Namespace("app")) != len(after) || len(s.Current().Kind("k")) != len(after) {
				t.Fatalf("the index holds %v, want %v", s.Current().Sorted(), after)
			}
			highest++
			if n.Version != (Version{highest, here}) {
				t.Fatalf("version %v, want %d on %d", n.Version, highest, here)
			}
			versions[highest] = after
		}
		for number, want := range versions {
			snap, err := s.SnapshotAt(number)
			if err != nil || !sameEntries(snap.entries, want) {
				t.Fatalf("version %d is %v (%v), want %v", number, snap, err, want)
			}
		}
	})
}
