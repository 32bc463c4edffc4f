package registry

import (
	"maps"
	"slices"
)

// Past gives back what a State does not hold of its earlier versions. Its methods
// may block on a disk.
type Past interface {
	// Changes returns the operations that made a version of its parent.
	Changes(number uint64) ([]Op, error)
	// Base returns what Record.Base was for a version that has one.
	Base(number uint64) ([]Op, error)
}

// Record is a version as a history keeps it.
type Record struct {
	Version Version
	Time    int64 // Unix seconds
	Author  string
	Message string
	Ops     []Op

	// Base is everything that is different between version 0 and this one, in the
	// order of the ids: with it a version can be read without those before it. Only
	// some versions have one; Based tells that where Base itself is not given.
	Base  []Op
	Based bool
}

// betweenBases is how many operations lie between two bases at least. There are as
// many as a base has if that is more, so that bases at most double a history, and
// to read a version takes about as long as its base is large.
const betweenBases = 256

// changed is what is different between version 0 and another one: the last
// operation on each entry.
type changed map[ID]Op

func (c changed) add(ops []Op) {
	for _, op := range ops {
		if op.Kind == Delete {
			c[op.Entry.ID] = Op{Kind: Delete, Entry: Entry{ID: op.Entry.ID}}
		} else {
			c[op.Entry.ID] = Op{Kind: Create, Entry: op.Entry}
		}
	}
}

func (c changed) ops() []Op {
	out := slices.Collect(maps.Values(c))
	slices.SortFunc(out, func(a, b Op) int { return a.Entry.ID.Compare(b.Entry.ID) })
	return out
}

// baseAfter returns the base of the version that ops make of the current one, nil
// if it is not time for one.
func (s *State) baseAfter(ops []Op) []Op {
	if s.forget || s.since+len(ops) < max(betweenBases, len(s.changed)) {
		return nil
	}
	c := maps.Clone(s.changed)
	c.add(ops)
	return c.ops()
}

// Recall is a version that is to be read from the history. Read it before
// anything else is done with it.
type Recall struct {
	version Version
	files   Entries
	past    Past
	base    *node  // where to begin; nil for version 0
	steps   []node // what follows it
	changed changed
	since   int
	snap    *Snapshot
}

// Recall finds the way to a version that is kept, or returns NotFound.
func (s *State) Recall(number uint64) (*Recall, error) {
	n, ok := s.nodes[number]
	if !ok {
		return nil, errVersionNotFound(number)
	}
	r := &Recall{version: n.Version, files: s.files, past: s.past}
	if number == s.current.version.Number {
		r.snap, r.changed, r.since = s.current, maps.Clone(s.changed), s.since
		return r, nil
	}
	for ; n.Number != 0; n = s.nodes[n.Parent] {
		if n.based {
			base := *n
			r.base = &base
			break
		}
		r.steps = append(r.steps, *n)
	}
	slices.Reverse(r.steps)
	return r, nil
}

// Read returns the state of the version. It may block on a disk, and may be called
// by any goroutine.
func (r *Recall) Read() (*Snapshot, error) {
	if r.changed != nil {
		return r.snap, nil
	}
	c := changed{}
	if r.base != nil {
		ops, err := r.ops(r.base, r.base.base, Past.Base)
		if err != nil {
			return nil, err
		}
		c.add(ops)
	}
	for i := range r.steps {
		ops, err := r.ops(&r.steps[i], r.steps[i].ops, Past.Changes)
		if err != nil {
			return nil, err
		}
		c.add(ops)
		r.since += len(ops)
	}
	r.changed, r.snap = c, newSnapshot(r.version, applyOps(r.files, c.ops()))
	return r.snap, nil
}

func (r *Recall) ops(n *node, held []Op, read func(Past, uint64) ([]Op, error)) ([]Op, error) {
	if n.held {
		return held, nil
	}
	return read(r.past, n.Number)
}

// Base returns the base of the version, which was read.
func (r *Recall) Base() []Op { return r.changed.ops() }

// Orphans are the versions that stay if all before a version go except the current
// one, and need a base of their own because what they were made on goes.
func (s *State) Orphans(below uint64) map[uint64]*Recall {
	out := map[uint64]*Recall{}
	for number, n := range s.nodes {
		if s.stays(number, below) && !n.based && number != 0 && !s.stays(n.Parent, below) {
			out[number], _ = s.Recall(number) // it is there
		}
	}
	return out
}

func (s *State) stays(number, below uint64) bool {
	return number == 0 || number >= below || number == s.current.version.Number
}

// Forget lets go of the versions before a version, except 0 and the current one.
// The orphans must have been read.
func (s *State) Forget(below uint64, orphans map[uint64]*Recall) {
	for number, r := range orphans {
		n := *s.nodes[number]
		n.based = true
		if n.held {
			n.base = r.Base()
		}
		s.nodes[number] = &n
	}
	for number := range s.nodes {
		if !s.stays(number, below) {
			delete(s.nodes, number)
		}
	}
	s.newest = map[uint64]uint64{}
	for _, n := range s.nodes {
		s.born(n)
	}
	s.follow()
}

// born notes a version as a child of its parent.
func (s *State) born(n *node) {
	if n.Number != 0 {
		s.newest[n.Parent] = max(s.newest[n.Parent], n.Number)
	}
}

// follow notes the way that leads to the current version.
func (s *State) follow() {
	s.toCurrent = map[uint64]uint64{}
	for n := s.nodes[s.current.version.Number]; n != nil && n.Number != 0; n = s.nodes[n.Parent] {
		s.toCurrent[n.Parent] = n.Number
	}
}
