// Package historytest holds the test that every history.Log must pass.
package historytest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// Contract tests a log. open returns a new, empty log; reopen, if it is not nil,
// opens the log again that open returned last, after it was closed.
func Contract(t *testing.T, open func(*testing.T) history.Log, reopen func(*testing.T) history.Log) {
	t.Run("empty", func(t *testing.T) {
		log := open(t)
		versions, err := log.Versions()
		head, err2 := log.Head()
		if len(versions) != 0 || head != 0 || err != nil || err2 != nil {
			t.Errorf("got %v, %v, head %d, %v", versions, err, head, err2)
		}
		if _, err := log.Changes(1); !errors.Is(err, history.ErrUnknown) {
			t.Errorf("changes of an unknown version: %v", err)
		}
		if err := log.SetHead(1); !errors.Is(err, history.ErrUnknown) {
			t.Errorf("unknown head: %v", err)
		}
		if err := log.SetHead(0); err != nil {
			t.Errorf("head 0: %v", err)
		}
		closeLog(t, log)
	})
	t.Run("keeps what it is given", func(t *testing.T) {
		log := open(t)
		fill(t, log)
		checkFilled(t, log, 2)
		closeLog(t, log)
		if reopen != nil {
			log = reopen(t)
			checkFilled(t, log, 2)
			closeLog(t, log)
		}
	})
	t.Run("refuses what does not fit", func(t *testing.T) {
		log := open(t)
		fill(t, log)
		for _, v := range []registry.Version{{Number: 0}, {Number: 4, Parent: 2}, {Number: 9, Parent: 3}} {
			if err := log.Append(registry.Record{Version: v}); err == nil {
				t.Errorf("version %d on %d was accepted", v.Number, v.Parent)
			}
		}
		checkFilled(t, log, 2)
		closeLog(t, log)
	})
	t.Run("bases", func(t *testing.T) {
		log := open(t)
		for n := uint64(1); n <= 5; n++ {
			r := registry.Record{Version: registry.Version{Number: n, Parent: n - 1}, Ops: counted(n)}
			if n == 3 {
				r.Base = counted(300)
			}
			if n == 4 {
				r.Version.Parent, r.Base = 99, counted(400) // as the rest of a trimmed log is copied
			}
			if err := log.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		check := func() {
			t.Helper()
			wantVersions(t, log, "1 2 3* 4* 5", map[uint64]uint64{3: 300, 4: 400})
			if _, err := log.Base(1); !errors.Is(err, history.ErrUnknown) {
				t.Errorf("base of a version without one: %v", err)
			}
		}
		check()
		closeLog(t, log)
		if reopen != nil {
			log = reopen(t)
			check()
			closeLog(t, log)
		}
	})
	t.Run("trimming", func(t *testing.T) {
		log := open(t)
		for n := uint64(1); n <= 600; n++ { // more than are looked at when it is opened
			if err := log.Append(registry.Record{Version: registry.Version{Number: n, Parent: n - 1}, Ops: counted(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Trim(601, nil); !errors.Is(err, history.ErrUnknown) {
			t.Errorf("trimmed to a version that is not there: %v", err)
		}
		again := func() {
			t.Helper()
			if err := log.Verify(); err != nil {
				t.Error(err)
			}
			if reopen != nil {
				closeLog(t, log)
				log = reopen(t)
			}
		}
		again()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(log.Trim(590, map[uint64][]registry.Op{590: counted(5900)}))
		again()
		wantVersions(t, log, "590* 591 592 593 594 595 596 597 598 599 600", map[uint64]uint64{590: 5900})
		must(log.SetHead(591))
		must(log.Trim(599, map[uint64][]registry.Op{591: counted(5910), 599: counted(5990)}))
		again()
		wantVersions(t, log, "591* 599* 600", map[uint64]uint64{591: 5910, 599: 5990})
		must(log.Append(registry.Record{Version: registry.Version{Number: 601, Parent: 591}, Ops: counted(601)}))
		must(log.Trim(601, map[uint64][]registry.Op{601: counted(6010)}))
		again()
		must(log.Append(registry.Record{Version: registry.Version{Number: 602, Parent: 601}, Ops: counted(602)}))
		again()
		wantVersions(t, log, "601* 602", map[uint64]uint64{601: 6010})
		closeLog(t, log)
		if err := log.Trim(602, nil); !errors.Is(err, history.ErrClosed) {
			t.Errorf("trimming a closed log: %v", err)
		}
		if err := log.Verify(); !errors.Is(err, history.ErrClosed) {
			t.Errorf("verifying a closed log: %v", err)
		}
	})
	t.Run("is its own copy", func(t *testing.T) {
		log := open(t)
		fill(t, log)
		ops, err := log.Changes(1)
		if err != nil {
			t.Fatal(err)
		}
		ops[0].Entry.Fields()["n"] = "changed"
		checkFilled(t, log, 2)
		closeLog(t, log)
	})
	t.Run("against a model", func(t *testing.T) { againstModel(t, open, reopen) })
	t.Run("closed", func(t *testing.T) {
		log := open(t)
		fill(t, log)
		closeLog(t, log)
		closeLog(t, log)
		if err := log.Append(registry.Record{Version: registry.Version{Number: 10}}); !errors.Is(err, history.ErrClosed) {
			t.Errorf("append to a closed log: %v", err)
		}
		if _, err := log.Versions(); !errors.Is(err, history.ErrClosed) {
			t.Errorf("versions of a closed log: %v", err)
		}
	})
}

// counted are changes that tell a number.
func counted(n uint64) []registry.Op {
	return []registry.Op{{Kind: registry.Create, Entry: registry.Entry{ID: registry.ID{NS: "app", Name: "a"}, Kind: "registry.entry", Data: map[string]any{"n": int64(n)}}}}
}

// wantVersions compares the versions of a log, those with a base with a star, and
// reads all of them; bases is what they tell.
func wantVersions(t *testing.T, log history.Log, want string, bases map[uint64]uint64) {
	t.Helper()
	got, _, err := history.Load(log)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, r := range got {
		n := r.Version.Number
		mark := ""
		if r.Based {
			mark = "*"
			if len(r.Base) != 1 || !r.Base[0].Entry.Equal(counted(bases[n])[0].Entry) {
				t.Errorf("the base of version %d is %v", n, r.Base)
			}
		}
		if len(r.Ops) != 1 || !r.Ops[0].Entry.Equal(counted(n)[0].Entry) {
			t.Errorf("the changes of version %d are %v", n, r.Ops)
		}
		text = append(text, fmt.Sprint(n, mark))
	}
	if got := strings.Join(text, " "); got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
	if err := log.Verify(); err != nil {
		t.Error(err)
	}
}

// Records are versions with all that can be in one.
func Records() []registry.Record {
	entry := registry.Entry{
		ID: registry.ID{NS: "app", Name: "a"}, Kind: "registry.entry", Meta: map[string]any{"type": "x"},
		Data: map[string]any{"n": int64(1), "f": 1.0, "nan": math.NaN(), "s": "\xff\x00é", "list": []any{nil, true, math.MaxFloat64, int64(math.MinInt64)}, "empty": map[string]any{}},
	}
	entry = entry.InModule("acme/shop")
	return []registry.Record{
		{Version: registry.Version{Number: 1}, Time: 1700000000, Author: "me", Message: "first", Ops: []registry.Op{{Kind: registry.Create, Entry: entry}}},
		{Version: registry.Version{Number: 2, Parent: 1}, Ops: []registry.Op{{Kind: registry.Delete, Entry: registry.Entry{ID: entry.ID}, Old: &entry}}},
		{Version: registry.Version{Number: 4, Parent: 1}, Ops: []registry.Op{{Kind: registry.Update, Entry: registry.Entry{ID: entry.ID, Kind: "k", Data: map[string]any{}}, Old: &entry}}},
	}
}

func fill(t *testing.T, log history.Log) {
	t.Helper()
	for _, r := range Records() {
		if err := log.Append(r); err != nil {
			t.Fatal(err)
		}
		if head, err := log.Head(); head != r.Version.Number || err != nil {
			t.Errorf("head is %d, %v after version %d", head, err, r.Version.Number)
		}
	}
	if err := log.SetHead(2); err != nil {
		t.Error(err)
	}
}

func checkFilled(t *testing.T, log history.Log, wantHead uint64) {
	t.Helper()
	got, head, err := history.Load(log)
	if err != nil {
		t.Fatal(err)
	}
	if head != wantHead {
		t.Errorf("head is %d, want %d", head, wantHead)
	}
	want := Records()
	if len(got) != len(want) {
		t.Fatalf("got %d versions, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Version != w.Version || g.Time != w.Time || g.Author != w.Author || g.Message != w.Message || len(g.Ops) != len(w.Ops) {
			t.Errorf("got %+v, want %+v", g, w)
			continue
		}
		for j := range g.Ops {
			if !sameOp(g.Ops[j], w.Ops[j]) {
				t.Errorf("got %+v, want %+v", g.Ops[j], w.Ops[j])
			}
		}
	}
}

// sameOp compares operations, with what they replace and the modules of both.
func sameOp(a, b registry.Op) bool {
	same := func(a, b registry.Entry) bool { return a.Equal(b) && a.Module() == b.Module() }
	return a.Kind == b.Kind && same(a.Entry, b.Entry) && (a.Old == nil) == (b.Old == nil) && (a.Old == nil || same(*a.Old, *b.Old))
}

func closeLog(t *testing.T, log history.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
