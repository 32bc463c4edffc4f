package registry

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
)

func newRand() *rand.Rand { return rand.New(rand.NewPCG(7, 8)) }

const many = 10_000

func manyFiles() fstest.MapFS {
	fsys := fstest.MapFS{}
	for f := range many / 100 {
		var b strings.Builder
		fmt.Fprintf(&b, "namespace: app.n%d\nentries:\n", f)
		for i := range 100 {
			fmt.Fprintf(&b, "  - name: e%d\n    kind: kind.%d\n    meta: {type: tool, index: %d}\n    imports: {a: e%d}\n    modules: [json, sql]\n    pool: {size: %d}\n", i, i%10, i, max(0, i-1), i)
		}
		fsys[fmt.Sprintf("f%d.yaml", f)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

func loadMany(b *testing.B) Entries {
	b.Helper()
	es, problems := Load([]Source{{FS: manyFiles()}})
	if len(es) != many || len(problems) > 0 {
		b.Fatal(len(es), problems)
	}
	return es
}

func BenchmarkLoad10k(b *testing.B) {
	fsys := manyFiles()
	b.ReportAllocs()
	for b.Loop() {
		Load([]Source{{FS: fsys}})
	}
}

func BenchmarkLevels10k(b *testing.B) {
	es := loadMany(b)
	for b.Loop() {
		if _, err := Kinds(nil).Levels(es); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply10k creates all entries in one change and rolls them back.
func BenchmarkApply10k(b *testing.B) {
	ops := Delta(nil, loadMany(b))
	for b.Loop() {
		s := NewState(nil, nil, StateOptions{})
		n, err := s.Propose(0, ops)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Commit(n); err != nil {
			b.Fatal(err)
		}
		if _, err := s.MoveTo(0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplyOneOf10k(b *testing.B) {
	s := NewState(nil, loadMany(b), StateOptions{})
	e := entry("one", map[string]any{"func": "app.n1:e50"})
	for b.Loop() {
		if _, err := s.Propose(0, []Op{{Kind: Create, Entry: e}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindKind10k(b *testing.B) {
	s := NewState(nil, loadMany(b), StateOptions{}).Current()
	s.indexed()
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			q, _ := CompileFilter(map[string]any{".kind": "kind.3"})
			if len(s.Find(q)) != many/10 {
				b.Fatal("wrong number")
			}
		}
	})
	b.Run("new query", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			q, _ := CompileFilter(map[string]any{".kind": "kind.3", "^meta.type": "tool"[:i%5], "meta.index": int64(i)})
			s.Find(q)
		}
	})
	b.Run("first after a change", func(b *testing.B) {
		e := entry("one", nil)
		for b.Loop() {
			fresh := newSnapshot(Version{}, s.entries)
			fresh.inherit(s, []Op{{Kind: Create, Entry: e}})
			q, _ := CompileFilter(map[string]any{".kind": "kind.3"})
			fresh.Find(q)
		}
	})
}
