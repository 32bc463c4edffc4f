package registry

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// shelf is a Past in memory that counts what is read.
type shelf struct {
	records map[uint64]Record
	reads   int
}

func (s *shelf) Changes(number uint64) ([]Op, error) {
	s.reads++
	r, ok := s.records[number]
	if !ok {
		return nil, fmt.Errorf("version %d is gone", number)
	}
	return r.Ops, nil
}

func (s *shelf) Base(number uint64) ([]Op, error) {
	s.reads++
	r, ok := s.records[number]
	if !ok || r.Base == nil {
		return nil, fmt.Errorf("version %d has no base", number)
	}
	return r.Base, nil
}

func (s *shelf) list() []Record {
	var out []Record
	for _, n := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[n]
		out = append(out, Record{Version: r.Version, Based: r.Base != nil})
	}
	return out
}

// A version is read in a bounded number of steps, however many there are, and what
// it holds does not depend on where the bases are, on who reads it, or on whether
// what came before it was trimmed.
func TestManyVersions(t *testing.T) {
	const count, ids = 800, 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	files := EntriesOf(entry("file", nil), entry("n1", map[string]any{"from": "file"}))
	past := &shelf{records: map[uint64]Record{}}
	kept, held := NewState(nil, files, StateOptions{Past: past}), NewState(nil, files, StateOptions{})
	want := map[uint64]Entries{0: files}
	step := func() {
		t.Helper()
		if r.IntN(150) == 0 { // on from somewhere else
			to := slices.Sorted(maps.Keys(want))[r.IntN(len(want))]
			for _, s := range []*State{kept, held} {
				n, err := s.MoveTo(to)
				if err == nil {
					err = s.Commit(n)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		here := kept.Current().Version().Number
		after := want[here].Clone()
		var ops []Op
		for range 1 + r.IntN(3) {
			e := entry(fmt.Sprint("n", r.IntN(ids)), map[string]any{"v": int64(r.IntN(1000))})
			op := Op{Kind: Create, Entry: e}
			if _, ok := after[e.ID]; ok {
				op.Kind = OpKind(1 + r.IntN(2))
			}
			applyInPlace(after, []Op{op})
			ops = append(ops, op)
		}
		for i, s := range []*State{kept, held} {
			n, err := s.Propose(here, ops)
			if err != nil {
				return // nothing came out of it
			}
			if i == 0 {
				past.records[n.Version.Number] = Record{Version: n.Version, Ops: n.Ops, Base: n.Base}
			}
			if err := s.Commit(n); err != nil {
				t.Fatal(err)
			}
			want[n.Version.Number] = after
		}
	}
	for range count {
		step()
	}
	check := func(name string, s *State) {
		t.Helper()
		for number, es := range want {
			past.reads = 0
			snap, err := s.SnapshotAt(number)
			if err != nil || snap.Version().Number != number || !sameEntries(snap.entries, es) {
				t.Fatalf("%s: version %d is not what it was: %v", name, number, err)
			}
			if past.reads > 2*ids+betweenBases {
				t.Fatalf("%s: %d reads for version %d", name, past.reads, number)
			}
		}
	}
	bases, base := 0, 0
	for _, rec := range past.records {
		if rec.Base != nil {
			bases++
			base += len(rec.Base)
		}
	}
	if bases < 1 || base > 2*3*count {
		t.Errorf("%d bases with %d operations", bases, base)
	}
	check("read back", kept)
	check("held", held)

	again := NewState(nil, files, StateOptions{Past: past})
	past.reads = 0
	head := kept.Current().Version().Number
	if problems, err := again.Replay(past.list(), head); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if past.reads > 2*ids+betweenBases {
		t.Errorf("%d reads to start", past.reads)
	}
	check("replayed", again)
	if !maps.EqualFunc(again.changed, kept.changed, func(a, b Op) bool { return a.Kind == b.Kind && a.Entry.Equal(b.Entry) }) || again.since != kept.since {
		t.Error("a replayed state goes on otherwise")
	}

	below := uint64(len(past.records) - 500)
	for _, s := range []*State{kept, held, again} {
		orphans := s.Orphans(below)
		bases := map[uint64][]Op{}
		for number, r := range orphans {
			if _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
			bases[number] = r.Base()
		}
		if s == again {
			for number, base := range bases {
				rec := past.records[number]
				rec.Base = base
				past.records[number] = rec
			}
			maps.DeleteFunc(past.records, func(n uint64, _ Record) bool { return n < below && n != head })
			maps.DeleteFunc(want, func(n uint64, _ Entries) bool { return n != 0 && n < below && n != head })
		}
		s.Forget(below, orphans)
	}
	for _, s := range []*State{kept, held, again} {
		check("trimmed", s)
		if len(s.Versions()) != len(want) {
			t.Errorf("%d versions, want %d", len(s.Versions()), len(want))
		}
		for _, v := range s.Versions() {
			if n, ok := s.Next(v); ok && (want[n.Number] == nil || n.Parent != v.Number) {
				t.Errorf("next of %d is %d", v.Number, n.Number)
			}
		}
	}
	for range 300 {
		step()
	}
	check("gone on with", kept)
	check("gone on with", held)
}
