package registry

import (
	"maps"
	"slices"
)

// index finds entries without looking at all of them. Its lists are in the order of
// the IDs and are never written into.
type index struct {
	sorted []Entry
	byKind map[string][]Entry
	byNS   map[string][]Entry
}

func newIndex(es Entries) *index {
	ix := &index{sorted: es.Sorted(), byKind: map[string][]Entry{}, byNS: map[string][]Entry{}}
	for _, e := range ix.sorted {
		ix.byKind[e.Kind] = append(ix.byKind[e.Kind], e)
		ix.byNS[e.ID.NS] = append(ix.byNS[e.ID.NS], e)
	}
	return ix
}

// mostInherited is the number of operations above which sorting everything anew is
// cheaper than copying the lists once for each.
const mostInherited = 16

// inherit takes over the index of the snapshot that ops were made on, so that the
// first question after a small change is as fast as any.
func (s *Snapshot) inherit(from *Snapshot, ops []Op) {
	if len(ops) > mostInherited {
		return
	}
	from.mu.Lock()
	old := from.index
	from.mu.Unlock()
	if old == nil {
		return
	}
	ix := &index{sorted: old.sorted, byKind: maps.Clone(old.byKind), byNS: maps.Clone(old.byNS)}
	for _, op := range ops {
		id := op.Entry.ID
		if e, ok := from.entries[id]; ok {
			ix.sorted = without(ix.sorted, id)
			setList(ix.byKind, e.Kind, without(ix.byKind[e.Kind], id))
			setList(ix.byNS, id.NS, without(ix.byNS[id.NS], id))
		}
		if op.Kind != Delete {
			ix.sorted = with(ix.sorted, op.Entry)
			setList(ix.byKind, op.Entry.Kind, with(ix.byKind[op.Entry.Kind], op.Entry))
			setList(ix.byNS, id.NS, with(ix.byNS[id.NS], op.Entry))
		}
	}
	s.index = ix
}

func setList(m map[string][]Entry, key string, list []Entry) {
	if len(list) == 0 {
		delete(m, key)
		return
	}
	m[key] = list
}

func search(list []Entry, id ID) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(e Entry, id ID) int { return e.ID.Compare(id) })
}

func without(list []Entry, id ID) []Entry {
	i, ok := search(list, id)
	if !ok {
		return list
	}
	return slices.Concat(list[:i], list[i+1:])
}

func with(list []Entry, e Entry) []Entry {
	i, ok := search(list, e.ID)
	after := list[i:]
	if ok {
		after = after[1:]
	}
	return slices.Concat(list[:i], []Entry{e}, after)
}
