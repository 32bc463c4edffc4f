package registry

import (
	"fmt"
	"slices"
)

// OpKind is what an operation does to an entry.
type OpKind int

// Kinds of an operation.
const (
	Create OpKind = iota
	Update
	Delete
)

// String returns the name scripts and events use, for example "entry.create".
func (k OpKind) String() string {
	switch k {
	case Create:
		return "entry.create"
	case Update:
		return "entry.update"
	case Delete:
		return "entry.delete"
	}
	return fmt.Sprintf("OpKind(%d)", int(k))
}

// ParseOpKind reads what OpKind.String writes.
func ParseOpKind(s string) (OpKind, error) {
	for _, k := range []OpKind{Create, Update, Delete} {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("parse operation %q: unknown; use entry.create, entry.update or entry.delete", s)
}

// Op is one change of one entry. Of a deletion only Entry.ID is needed; the
// registry fills in the rest, so that those who carry it out see what goes.
type Op struct {
	Kind  OpKind
	Entry Entry
	Old   *Entry // what it replaces, where that is known; never of a creation
}

// String returns kind and ID, for logs and tests.
func (o Op) String() string { return o.Kind.String() + " " + o.Entry.ID.String() }

// Squash leaves at most one operation for each ID: create and update are a
// create, create and delete nothing, update and delete a delete, delete and
// create an update. Operations stay in the order in which their IDs first occur;
// of two that cannot follow each other the later one counts.
func Squash(ops []Op) []Op {
	at := make(map[ID]int, len(ops))
	out := make([]Op, 0, len(ops))
	gone := map[int]bool{}
	for _, op := range ops {
		i, seen := at[op.Entry.ID]
		if !seen || gone[i] {
			at[op.Entry.ID] = len(out)
			out = append(out, op)
			continue
		}
		op.Old = out[i].Old
		switch before := out[i].Kind; {
		case before == Create && op.Kind == Delete:
			gone[i] = true
			continue
		case before == Create:
			op.Kind = Create
		case before == Delete && op.Kind == Create:
			op.Kind = Update
		}
		out[i] = op
	}
	kept := out[:0]
	for i, op := range out {
		if !gone[i] {
			kept = append(kept, op)
		}
	}
	return slices.Clip(kept)
}

// Delta returns the operations that turn one set of entries into another, in the
// order of their IDs. Kinds.Order puts them into the order to carry them out in.
func Delta(from, to Entries) []Op {
	var ops []Op
	for id, e := range from {
		if _, ok := to[id]; !ok {
			ops = append(ops, Op{Kind: Delete, Entry: e})
		}
	}
	for id, e := range to {
		old, ok := from[id]
		switch {
		case !ok:
			ops = append(ops, Op{Kind: Create, Entry: e})
		case !old.Equal(e):
			ops = append(ops, Op{Kind: Update, Entry: e})
		}
	}
	slices.SortFunc(ops, func(a, b Op) int { return a.Entry.ID.Compare(b.Entry.ID) })
	return ops
}

// inverse returns the operation that undoes op, which was made on before.
func inverse(op Op, before Entries) Op {
	old, existed := before[op.Entry.ID]
	switch {
	case !existed:
		return Op{Kind: Delete, Entry: op.Entry}
	case op.Kind == Delete:
		return Op{Kind: Create, Entry: old}
	}
	return Op{Kind: Update, Entry: old}
}
