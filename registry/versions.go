package registry

import (
	"cmp"
	"maps"
	"slices"
)

// Versions returns every version kept, by number.
func (s *State) Versions() []Version {
	out := make([]Version, 0, len(s.nodes))
	for _, number := range slices.Sorted(maps.Keys(s.nodes)) {
		out = append(out, s.nodes[number].Version)
	}
	return out
}

// Version returns one version, or an ApplyError of kind NotFound.
func (s *State) Version(number uint64) (Version, error) {
	n, ok := s.nodes[number]
	if !ok {
		return Version{}, errVersionNotFound(number)
	}
	return n.Version, nil
}

// Previous returns the version that v was made on; version 0 has none.
func (s *State) Previous(v Version) (Version, bool) {
	if v.Number == 0 {
		return Version{}, false
	}
	n, ok := s.nodes[v.Parent]
	if !ok {
		return Version{}, false
	}
	return n.Version, true
}

// Next returns the version made on v. Of several it is the one that leads to the
// current version, else the newest.
func (s *State) Next(v Version) (Version, bool) {
	if path, err := s.Path(v.Number, s.current.version.Number); err == nil && len(path) > 0 {
		if n := s.nodes[path[0]]; n.Parent == v.Number && n.Number != 0 {
			return n.Version, true
		}
	}
	var newest *node
	for _, n := range s.nodes {
		if n.Number != 0 && n.Parent == v.Number && (newest == nil || n.Number > newest.Number) {
			newest = n
		}
	}
	if newest == nil {
		return Version{}, false
	}
	return newest.Version, true
}

// Path returns the versions to pass through on the shortest way from one version
// to another, the last being the goal; back to the common ancestor and forward
// from there. It is empty if both are the same. An unknown version is NotFound.
func (s *State) Path(from, to uint64) ([]uint64, error) {
	for _, number := range []uint64{from, to} {
		if s.nodes[number] == nil {
			return nil, errVersionNotFound(number)
		}
	}
	// A parent's number is always smaller, so stepping back from the larger of
	// the two meets exactly at the nearest common ancestor.
	var back, forward []uint64
	for from != to {
		if from > to {
			from = s.nodes[from].Parent
			back = append(back, from)
		} else {
			forward = append(forward, to)
			to = s.nodes[to].Parent
		}
		if s.nodes[from] == nil || s.nodes[to] == nil {
			return nil, errVersionNotFound(min(from, to))
		}
	}
	slices.Reverse(forward)
	return append(back, forward...), nil
}

// SnapshotAt returns the state of a version that is kept, or NotFound.
func (s *State) SnapshotAt(number uint64) (*Snapshot, error) {
	here := s.current.version.Number
	if number == here {
		return s.current, nil
	}
	path, err := s.Path(here, number)
	if err != nil {
		return nil, err
	}
	es := s.current.entries
	for i, step := range path {
		var ops []Op
		if n := s.nodes[here]; here != 0 && n.Parent == step && step < here {
			ops = n.undo
		} else {
			ops = s.nodes[step].ops
		}
		if i == 0 {
			es = applyOps(es, ops)
		} else {
			applyInPlace(es, ops)
		}
		here = step
	}
	return newSnapshot(s.nodes[number].Version, es), nil
}

// Record is a version as a history keeps it.
type Record struct {
	Version Version
	Time    int64 // Unix seconds
	Author  string
	Message string
	Ops     []Op
}

// Replay adds the versions of an earlier run on top of version 0 and makes head
// the current one. It is for a new State only. The files may have changed since:
// a creation of what exists becomes an update, an update of what does not becomes
// a creation, a deletion of it is dropped. Records that do not fit, and
// a head that is unknown, are left out with a warning.
func (s *State) Replay(records []Record, head uint64) Problems {
	var problems Problems
	warn := func(text, hint string) {
		problems = append(problems, Problem{Severity: Warning, Text: "replay the registry history: " + text, Hint: hint})
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int { return cmp.Compare(a.Version.Number, b.Version.Number) })
	sets := map[uint64]Entries{0: s.current.entries}
	for _, r := range records {
		v := r.Version
		before, ok := sets[v.Parent]
		if v.Number == 0 || !ok || v.Parent >= v.Number || s.nodes[v.Number] != nil {
			warn("version "+utoa(v.Number)+" has no usable parent "+utoa(v.Parent)+" and is left out", "delete the history file to begin anew")
			s.highest = max(s.highest, v.Number)
			continue
		}
		ops := fitOps(before, r.Ops)
		after := applyOps(before, ops)
		n := &node{Version: v, ops: ops}
		for _, op := range slices.Backward(ops) {
			n.undo = append(n.undo, inverse(op, before))
		}
		sets[v.Number], s.nodes[v.Number] = after, n
		s.highest = max(s.highest, v.Number)
	}
	if es, ok := sets[head]; ok {
		s.current = newSnapshot(s.nodes[head].Version, es)
	} else {
		warn("there is no version "+utoa(head)+"; version 0 is used", "apply another version")
	}
	return problems
}

// fitOps rewrites operations so that they apply to the entries.
func fitOps(es Entries, ops []Op) []Op {
	out := make([]Op, 0, len(ops))
	for _, op := range Squash(ops) {
		old, exists := es[op.Entry.ID]
		switch {
		case op.Kind == Delete && !exists:
			continue
		case op.Kind == Delete:
			op.Entry = old
		case exists:
			op.Kind = Update
		default:
			op.Kind = Create
		}
		out = append(out, op)
	}
	return out
}

func applyInPlace(es Entries, ops []Op) {
	for _, op := range ops {
		if op.Kind == Delete {
			delete(es, op.Entry.ID)
		} else {
			es[op.Entry.ID] = op.Entry
		}
	}
}
