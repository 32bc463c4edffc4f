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
	number, ok := s.toCurrent[v.Number]
	if !ok {
		number = s.newest[v.Number]
	}
	n, ok := s.nodes[number]
	if !ok || number == 0 {
		return Version{}, false
	}
	return n.Version, true
}

// SnapshotAt returns the state of a version that is kept, or NotFound. It may block
// on the disk of the Past.
func (s *State) SnapshotAt(number uint64) (*Snapshot, error) {
	r, err := s.Recall(number)
	if err != nil {
		return nil, err
	}
	return r.Read()
}

// Replay adds the versions of an earlier run on top of version 0 and makes head
// the current one. It is for a new State only, and may block on the disk of the
// Past. The files may have changed since: an entry has what the last operation on
// it says, whatever it was before. Records that do not fit, and a head that is
// unknown, are left out with a warning.
func (s *State) Replay(records []Record, head uint64) (Problems, error) {
	var problems Problems
	warn := func(text, hint string) {
		problems = append(problems, Problem{Severity: Warning, Text: "replay the registry history: " + text, Hint: hint})
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int { return cmp.Compare(a.Version.Number, b.Version.Number) })
	for _, r := range records {
		v := r.Version
		s.highest = max(s.highest, v.Number)
		fits := s.nodes[v.Parent] != nil && v.Parent < v.Number || r.Based || r.Base != nil
		if !fits || s.nodes[v.Number] != nil {
			warn("version "+utoa(v.Number)+" has no usable parent "+utoa(v.Parent)+" and is left out", "delete the history file to begin anew")
			continue
		}
		s.keep(r)
	}
	r, err := s.Recall(head)
	if err != nil {
		warn("there is no version "+utoa(head)+"; version 0 is used", "apply another version")
		return problems, nil
	}
	snap, err := r.Read()
	if err != nil {
		return nil, err
	}
	s.current, s.changed, s.since = snap, r.changed, r.since
	s.follow()
	return problems, nil
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
