package historytest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// againstModel does things at random to a log and compares it with a model: maps
// of what it must hold.
func againstModel(t *testing.T, open, reopen func(*testing.T) history.Log) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	log := open(t)
	ops, bases := map[uint64]uint64{}, map[uint64]uint64{} // version -> what its changes and its base tell
	parents := map[uint64]uint64{}
	var head, highest, told uint64
	some := func() uint64 { // a version that is there, sometimes 0 or one that is not
		list := append(slices.Sorted(maps.Keys(ops)), 0, highest+5)
		return list[r.IntN(len(list))]
	}
	known := func(n uint64) bool { _, ok := ops[n]; return ok }
	for range 120 {
		told++
		switch r.IntN(8) {
		default:
			v := registry.Version{Number: highest + uint64(r.IntN(3)), Parent: some()}
			rec := registry.Record{Version: v, Time: int64(told), Ops: counted(told)}
			if r.IntN(4) == 0 {
				rec.Base = counted(told + 1000)
			}
			fits := v.Number > highest && (v.Parent == 0 || rec.Base != nil || known(v.Parent))
			if err := log.Append(rec); (err == nil) != fits {
				t.Fatalf("append %+v after %d: %v", v, highest, err)
			}
			if fits {
				ops[v.Number], parents[v.Number] = told, v.Parent
				if rec.Base != nil {
					bases[v.Number] = told + 1000
				}
				head, highest = v.Number, v.Number
			}
		case 0:
			n := some()
			if err := log.SetHead(n); (err == nil) != (n == 0 || known(n)) {
				t.Fatalf("head %d: %v", n, err)
			} else if err == nil {
				head = n
			}
		case 1:
			below := some()
			if r.IntN(3) > 0 { // else most of what was made goes at once
				below = head
			}
			given := map[uint64][]registry.Op{}
			for n, parent := range parents {
				if stays := n >= below || n == head; known(below) && stays && parent < below && parent != head && bases[n] == 0 {
					given[n] = counted(told + 2000)
				}
			}
			if err := log.Trim(below, given); (err == nil) != known(below) {
				t.Fatalf("trim to %d: %v", below, err)
			} else if err == nil {
				for n := range given {
					bases[n] = told + 2000
				}
				maps.DeleteFunc(ops, func(n, _ uint64) bool { return n < below && n != head })
				maps.DeleteFunc(parents, func(n, _ uint64) bool { return !known(n) })
				maps.DeleteFunc(bases, func(n, _ uint64) bool { return !known(n) })
			}
		case 2:
			if reopen != nil && r.IntN(4) == 0 {
				closeLog(t, log)
				log = reopen(t)
			}
		}
	}
	got, now, err := history.Load(log)
	if err != nil || now != head || len(got) != len(ops) {
		t.Fatalf("%d versions, head %d, %v; want %d and head %d", len(got), now, err, len(ops), head)
	}
	for _, rec := range got {
		n := rec.Version.Number
		if !known(n) || rec.Version.Parent != parents[n] || rec.Time != int64(ops[n]) || !sameOp(rec.Ops[0], counted(ops[n])[0]) {
			t.Errorf("%+v, want parent %d and what %d tells", rec, parents[n], ops[n])
		}
		if rec.Based != (bases[n] > 0) || rec.Based && !sameOp(rec.Base[0], counted(bases[n])[0]) {
			t.Errorf("the base of %d is %v, want %d", n, rec.Base, bases[n])
		}
	}
	if err := log.Verify(); err != nil {
		t.Error(err)
	}
	closeLog(t, log)
}
