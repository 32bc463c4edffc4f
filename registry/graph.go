package registry

import (
	"cmp"
	"slices"
	"strings"
)

// Graph says which entries of a set need which others.
type Graph struct {
	ids   []ID // in order; the position is the number used below
	pos   map[ID]int
	needs [][]edge // sorted by target, no entry twice, only targets in the set
	at    []Pos
}

type edge struct {
	to   int
	weak bool
}

// CycleError says that entries need each other in a circle.
type CycleError struct {
	Path []ID // the first is also the last
	Pos  Pos  // of the first
}

// Error prints the circle.
func (e *CycleError) Error() string {
	names := make([]string, len(e.Path))
	for i, id := range e.Path {
		names[i] = id.String()
	}
	text := "order entries: they need each other in a circle: " + strings.Join(names, " -> ") + "; remove one of these references"
	if at := e.Pos.String(); at != "" {
		return at + ": " + text
	}
	return text
}

// Graph follows the references between the entries of a set. Those to entries
// outside it, and of an entry to itself, do not count.
func (ks Kinds) Graph(es Entries) *Graph { return ks.graph(es, es.IDs()) }

// graph is Graph for some of the entries.
func (ks Kinds) graph(es Entries, ids []ID) *Graph {
	g := &Graph{ids: ids, pos: make(map[ID]int, len(ids)), needs: make([][]edge, len(ids)), at: make([]Pos, len(ids))}
	for i, id := range ids {
		g.pos[id] = i
	}
	public := publicNames(es, ids)
	for i, id := range ids {
		e := es[id]
		g.at[i] = e.Pos
		c := refCollector{entry: e}
		if len(public) > 0 {
			for name := range ks[e.Kind].Schema.EnvNames(e) {
				if to, ok := g.pos[public[name]]; ok && to != i {
					g.needs[i] = append(g.needs[i], edge{to, true})
				}
			}
		}
		for _, ref := range ks.References(e) {
			if to, ok := g.pos[ref.ID]; ok && to != i {
				g.needs[i] = append(g.needs[i], edge{to, c.weak(ref)})
			}
		}
		slices.SortFunc(g.needs[i], func(a, b edge) int {
			return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(btoi(a.weak), btoi(b.weak)))
		})
		g.needs[i] = slices.CompactFunc(g.needs[i], func(a, b edge) bool { return a.to == b.to })
	}
	return g
}

// publicNames are the environment variables among entries by their public names.
// Names may be anything, so that they never make a circle.
func publicNames(es Entries, ids []ID) map[string]ID {
	out := map[string]ID{}
	for _, id := range ids {
		e := es[id]
		if e.Kind != "env.variable" {
			continue
		}
		if name, ok := e.Fields()["variable"].(string); ok {
			out[name] = id
		}
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Needs returns what an entry refers to directly, in order.
func (g *Graph) Needs(id ID) []ID {
	i, ok := g.pos[id]
	if !ok {
		return nil
	}
	out := make([]ID, len(g.needs[i]))
	for j, e := range g.needs[i] {
		out[j] = g.ids[e.to]
	}
	return out
}

// Dependents returns every entry that needs one of those given, directly or
// through others, in order; those given are not among them unless they need one
// another.
func (g *Graph) Dependents(of ...ID) []ID {
	back := make([][]int, len(g.ids))
	for i, needs := range g.needs {
		for _, e := range needs {
			back[e.to] = append(back[e.to], i)
		}
	}
	var queue []int
	for _, id := range of {
		if i, ok := g.pos[id]; ok {
			queue = append(queue, i)
		}
	}
	found := make([]bool, len(g.ids))
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range back[i] {
			if !found[j] {
				found[j] = true
				queue = append(queue, j)
			}
		}
	}
	var out []ID
	for i, yes := range found {
		if yes {
			out = append(out, g.ids[i])
		}
	}
	return out
}

// Levels sorts the entries so that each comes in a later level than all it needs;
// entries of one level do not need each other and are in the order of their IDs.
// The result depends on the set alone. Where a circle has a reference in the
// metadata, or one by bare name that no schema asks for, these give way; any other circle is a
// CycleError.
func (g *Graph) Levels() ([][]ID, error) {
	levels, rest := g.levels(false)
	if len(rest) > 0 {
		return nil, g.cycle(rest)
	}
	return levels, nil
}

// levels is Levels that breaks every circle if told to, and else returns the
// entries that are in one or behind one.
func (g *Graph) levels(breakAll bool) (levels [][]ID, rest []int) {
	waits := make([]int, len(g.ids))
	back := make([][]edge, len(g.ids))
	var ready []int
	for i, needs := range g.needs {
		waits[i] = len(needs)
		for _, e := range needs {
			back[e.to] = append(back[e.to], edge{i, e.weak})
		}
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	placed := make([]bool, len(g.ids))
	dropped := false
	for count := 0; count < len(g.ids); {
		if len(ready) == 0 {
			// Only circles and what is behind them are left.
			if !dropped {
				dropped = true
				ready = g.dropWeak(waits, back, placed)
				continue
			}
			left := unplaced(placed)
			if !breakAll {
				return nil, left
			}
			ready = left[:1]
		}
		slices.Sort(ready)
		level := make([]ID, len(ready))
		for k, i := range ready {
			level[k], placed[i] = g.ids[i], true
		}
		count += len(ready)
		levels = append(levels, level)
		var next []int
		for _, i := range ready {
			for _, e := range back[i] {
				if waits[e.to]--; waits[e.to] == 0 && !placed[e.to] {
					next = append(next, e.to)
				}
			}
		}
		ready = next
	}
	return levels, nil
}

// dropWeak forgets the weak references among entries not yet placed and returns
// those that wait for nothing any more.
func (g *Graph) dropWeak(waits []int, back [][]edge, placed []bool) (ready []int) {
	for i := range back {
		if placed[i] {
			continue
		}
		back[i] = slices.DeleteFunc(back[i], func(e edge) bool {
			if e.weak {
				waits[e.to]--
			}
			return e.weak
		})
	}
	for i := range waits {
		if !placed[i] && waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	return ready
}

func unplaced(placed []bool) (left []int) {
	for i, ok := range placed {
		if !ok {
			left = append(left, i)
		}
	}
	return left
}

// cycle finds one circle of references that are not weak among the entries.
func (g *Graph) cycle(among []int) *CycleError {
	in := make([]bool, len(g.ids))
	for _, i := range among {
		in[i] = true
	}
	// Every entry here waits for another one here, so following the first of
	// these again and again must come back to where it has been.
	seen := make(map[int]int)
	var path []int
	for i := among[0]; ; {
		if start, ok := seen[i]; ok {
			path = append(path[start:], i)
			break
		}
		seen[i] = len(path)
		path = append(path, i)
		next := slices.IndexFunc(g.needs[i], func(e edge) bool { return in[e.to] && !e.weak })
		if next < 0 {
			break
		}
		i = g.needs[i][next].to
	}
	// Begin with the smallest, so that the message does not depend on the start.
	ring := path[:len(path)-1]
	k := slices.Index(ring, slices.Min(ring))
	ring = append(ring[k:len(ring):len(ring)], ring[:k]...)
	err := &CycleError{Pos: g.at[ring[0]]}
	for _, i := range append(ring, ring[0]) {
		err.Path = append(err.Path, g.ids[i])
	}
	return err
}
