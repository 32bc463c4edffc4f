package supervisor

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ids   []string
		needs map[string][]string
		want  string
	}{
		{"nothing", nil, nil, "[]"},
		{"independent", []string{"a", "b"}, nil, "[[a b]]"},
		{"chain", []string{"a", "b", "c"}, map[string][]string{"a": {"b"}, "b": {"c"}}, "[[c] [b] [a]]"},
		{"diamond", []string{"a", "b", "c", "d"}, map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}, "[[d] [b c] [a]]"},
		{"what is not there", []string{"a", "b"}, map[string][]string{"a": {"x"}, "b": {"a"}}, "[[a] [b]]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := fmt.Sprint(levels(tc.ids, func(id string) []string { return tc.needs[id] })); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// What work comes in through is stopped before all that does not need it.
func TestFronted(t *testing.T) {
	needs := map[string][]string{"web": {"net"}, "store": {"db"}, "after": {"web"}, "web2": {"after"}}
	ids := []string{"after", "db", "net", "store", "web", "web2"}
	got := levels(ids, fronted(ids, func(id string) bool { return id == "web" || id == "web2" }, func(id string) []string { return needs[id] }))
	if fmt.Sprint(got) != "[[db net] [store] [web] [after] [web2]]" {
		t.Errorf("got %v", got)
	}
}

// Whatever services ask for, in whatever order they come, the kept needs have no
// circle, and each service is in a later level than all it needs.
func TestOrderHasNoCircles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"a", "b", "c", "d", "e", "f"}
		kept := map[string][]string{}
		needs := func(id string) []string { return kept[id] }
		for range rapid.IntRange(0, 20).Draw(t, "services") {
			id := rapid.SampledFrom(ids).Draw(t, "id")
			kept[id] = acyclic(id, rapid.SliceOfN(rapid.SampledFrom(ids), 0, 4).Draw(t, "needs"), needs)
		}
		at := map[string]int{}
		for n, level := range levels(ids, needs) {
			for _, id := range level {
				at[id] = n
			}
		}
		if len(at) != len(ids) {
			t.Fatalf("some are left out: %v", at)
		}
		for _, id := range ids {
			if reaches(id, id, needs) {
				t.Fatalf("%s needs itself: %v", id, kept)
			}
			for _, n := range kept[id] {
				if at[n] >= at[id] {
					t.Fatalf("%s in level %d needs %s in level %d", id, at[id], n, at[n])
				}
				if !slices.Contains(dependants(n, ids, needs), id) {
					t.Fatalf("%s is not among the dependants of %s", id, n)
				}
			}
		}
	})
}
