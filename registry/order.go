package registry

import (
	"slices"
	"strconv"
)

// Levels is Graph(es).Levels: the order in which to create a whole set.
func (ks Kinds) Levels(es Entries) ([][]ID, error) { return ks.Graph(es).Levels() }

// Order puts operations, at most one for each ID, into the order to carry them out
// in: deletions first, an entry before those it needs; then creations and
// updates, an entry after those it needs. Only references between the entries
// of the operations count, so the order depends on nothing else. A
// CycleError is returned if an entry created or updated would need itself
// through others, changed or not.
func (ks Kinds) Order(before, after Entries, ops []Op) ([]Op, error) {
	if err := ks.findCycle(after, ops); err != nil {
		return nil, err
	}
	return ks.orderAnyway(before, after, ops), nil
}

// orderAnyway is Order where circles are broken.
func (ks Kinds) orderAnyway(before, after Entries, ops []Op) []Op {
	byID := make(map[ID]Op, len(ops))
	var gone, made []ID
	for _, op := range ops {
		byID[op.Entry.ID] = op
		if op.Kind == Delete {
			gone = append(gone, op.Entry.ID)
		} else {
			made = append(made, op.Entry.ID)
		}
	}
	out := make([]Op, 0, len(ops))
	for _, level := range slices.Backward(ks.someLevels(before, gone)) {
		for _, id := range slices.Backward(level) {
			out = append(out, byID[id])
		}
	}
	for _, level := range ks.someLevels(after, made) {
		for _, id := range level {
			out = append(out, byID[id])
		}
	}
	return out
}

func (ks Kinds) someLevels(es Entries, ids []ID) [][]ID {
	slices.SortFunc(ids, ID.Compare)
	levels, _ := ks.graph(es, ids).levels(true)
	return levels
}

// findCycle looks at what the created and updated entries need, directly or through
// others, so its cost depends on these and not on the size of the registry.
func (ks Kinds) findCycle(es Entries, ops []Op) error {
	seen := map[ID]bool{}
	var ids, queue []ID
	for _, op := range ops {
		if op.Kind != Delete && !seen[op.Entry.ID] {
			seen[op.Entry.ID] = true
			queue = append(queue, op.Entry.ID)
		}
	}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		ids = append(ids, id)
		for _, ref := range ks.References(es[id]) {
			if _, ok := es[ref.ID]; ok && !seen[ref.ID] {
				seen[ref.ID] = true
				queue = append(queue, ref.ID)
			}
		}
	}
	slices.SortFunc(ids, ID.Compare)
	_, err := ks.graph(es, ids).Levels()
	return err
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
