package registry

import (
	"strings"
	"sync"
	"testing"
)

func TestFind(t *testing.T) {
	es := must(t, `
namespace: app
entries:
  - {name: sum, kind: function.lua, meta: {type: tool, tags: [math, fast], level: 3, title: Adds numbers, deep: {er: x}, flat.key: y}}
  - {name: mul, kind: function.lua, meta: {type: tool, tags: [math], level: 4, sizes: [1, 2.5, "3"]}}
  - {name: page, kind: http.endpoint, meta: {type: view}}
  - {name: bare, kind: registry.entry}
`)
	es[id("lib.x:sum")] = Entry{ID: id("lib.x:sum"), Kind: "library.lua", Meta: map[string]any{"tags": "math"}}
	s := NewState(nil, es, StateOptions{}).Current()
	for name, c := range map[string]struct {
		filter map[string]any
		want   string
		warns  int
	}{
		"all":               {nil, "app:bare app:mul app:page app:sum lib.x:sum", 0},
		"kind":              {map[string]any{".kind": "function.lua"}, "app:mul app:sum", 0},
		"kind star":         {map[string]any{".kind": "*.lua"}, "app:mul app:sum lib.x:sum", 0},
		"name":              {map[string]any{".name": "sum"}, "app:sum lib.x:sum", 0},
		"ns":                {map[string]any{".ns": "lib.x"}, "lib.x:sum", 0},
		"ns star":           {map[string]any{".ns": "lib.*"}, "lib.x:sum", 0},
		"id":                {map[string]any{".id": "app:sum"}, "app:sum", 0},
		"id gone":           {map[string]any{".id": "app:x"}, "", 0},
		"id star":           {map[string]any{".id": "*:sum"}, "app:sum lib.x:sum", 0},
		"kind and ns":       {map[string]any{".kind": "function.lua", ".ns": "app", ".name": "m*"}, "app:mul", 0},
		"not a string":      {map[string]any{".kind": int64(1)}, "", 1},
		"equal":             {map[string]any{"meta.type": "tool"}, "app:mul app:sum", 0},
		"number":            {map[string]any{"meta.level": 3.0}, "app:sum", 0},
		"deep":              {map[string]any{"meta.deep.er": "x"}, "app:sum", 0},
		"flat":              {map[string]any{"meta.flat.key": "y"}, "app:sum", 0},
		"list":              {map[string]any{"meta.tags": []any{"fast", "math"}}, "app:sum", 0},
		"list part":         {map[string]any{"meta.tags": []any{"math"}}, "app:mul app:sum", 0},
		"regexp":            {map[string]any{"~meta.title": "^A.*s$"}, "app:sum", 0},
		"bad regexp":        {map[string]any{"~meta.title": "(", "meta.type": "view"}, "app:page", 1},
		"contains":          {map[string]any{"*meta.title": "num"}, "app:sum", 0},
		"contains element":  {map[string]any{"*meta.tags": "math"}, "app:mul app:sum lib.x:sum", 0},
		"contains number":   {map[string]any{"*meta.sizes": 1.0}, "app:mul", 0},
		"contains fraction": {map[string]any{"*meta.sizes": 2.5}, "app:mul", 0},
		"contains as text":  {map[string]any{"*meta.sizes": int64(3)}, "app:mul", 0},
		"contains no part":  {map[string]any{"*meta.tags": "mat"}, "lib.x:sum", 0},
		"contains in none":  {map[string]any{"*meta.level": int64(3)}, "", 0},
		"list of numbers":   {map[string]any{"meta.sizes": []any{2.5, int64(1)}}, "app:mul", 0},
		"numbers of Go":     {map[string]any{"meta.level": 4, "meta.sizes": []int{1}, "*meta.sizes": float32(2.5)}, "app:mul", 0},
		"no plain data":     {map[string]any{"meta.level": make(chan int), "meta.type": "view"}, "app:page", 1},
		"list, not there":   {map[string]any{"meta.sizes": []any{int64(1), int64(9)}}, "", 0},
		"all together": {map[string]any{
			".kind": "function.*", ".ns": "app", ".name": "s*m", ".id": "app:*", "meta.level": int64(3), "meta.tags": []any{"math"},
			"~meta.title": "n.m", "*meta.tags": "fast", "^meta.type": "to", "$meta.type": "ol", "meta": map[string]any{"meta.deep.er": "x"},
		}, "app:sum", 0},
		"all but one":       {map[string]any{".kind": "function.lua", ".ns": "app", "^meta.title": "Adds", "$meta.type": "no"}, "", 0},
		"prefix":            {map[string]any{"^meta.title": "Adds"}, "app:sum", 0},
		"suffix":            {map[string]any{"$meta.title": "numbers"}, "app:sum", 0},
		"suffix no":         {map[string]any{"$meta.title": "Adds"}, "", 0},
		"nested":            {map[string]any{"meta": map[string]any{"meta.type": "tool", ".name": "sum"}}, "app:sum", 0},
		"nested unprefixed": {map[string]any{".name": "page", "meta": map[string]any{"type": "tool"}}, "app:page", 1},
		"unknown":           {map[string]any{"kind": "x", "type": "y", ".x": "z", "": "q", ".kind": "http.endpoint"}, "app:page", 4},
	} {
		q, warnings := CompileFilter(c.filter)
		if len(warnings) != c.warns {
			t.Errorf("%s: warnings %q", name, warnings)
		}
		for range 2 { // the second time from the cache
			var got []string
			for _, e := range s.Find(q) {
				got = append(got, e.ID.String())
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s: got %s, want %s", name, text, c.want)
			}
		}
	}
	_, warnings := CompileFilter(map[string]any{"kind": "x"})
	wantLines(t, warnings, `find entries: key "kind" is unknown and ignored; did you mean "." before it?`)
}

func TestFindAfterAChange(t *testing.T) {
	s := NewState(nil, EntriesOf(entry("a", nil)), StateOptions{})
	q, _ := CompileFilter(map[string]any{".kind": "k"})
	before := s.Current()
	if n := len(before.Find(q)); n != 1 {
		t.Errorf("found %d", n)
	}
	commit(t, s, Op{Kind: Create, Entry: entry("b", nil)})
	if n := len(s.Current().Find(q)); n != 2 {
		t.Errorf("found %d after the change", n)
	}
	if n := len(before.Find(q)); n != 1 {
		t.Errorf("the old snapshot finds %d", n)
	}
}

func TestSnapshotsAreShared(t *testing.T) {
	s := NewState(nil, EntriesOf(randomEntries(newRand(), 50)...), StateOptions{}).Current()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 300 { // more queries than the cache holds
				q, _ := CompileFilter(map[string]any{".name": "e" + utoa(uint64((i*j)%400))})
				s.Find(q)
				s.Namespace("n1")
				s.Kind("k")
			}
		})
	}
	wg.Wait()
	if n := len(s.Kind("k")); n != 50 {
		t.Errorf("found %d", n)
	}
}

func FuzzCompileFilter(f *testing.F) {
	f.Add("~meta.a", "(x")
	f.Add(".kind", "*a*")
	f.Fuzz(func(_ *testing.T, key, value string) {
		q, _ := CompileFilter(map[string]any{key: value, "meta": map[string]any{key: []any{value}}})
		q.Match(Entry{ID: ID{"a", "b"}, Kind: value, Meta: map[string]any{"a": value, "l": []any{value}}})
	})
}
