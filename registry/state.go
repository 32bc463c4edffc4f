package registry

import "maps"

// Version is one state the registry was in. Version 0 is the state after boot.
type Version struct {
	Number uint64
	Parent uint64 // the version it was made on; meaningless for version 0
}

// Next is a change that was checked and put in order but not yet made. Carry out
// Ops in order; if one is refused, carry out Undo[i] for every Ops[i] that was
// done, last first; else Commit it.
type Next struct {
	Version  Version
	Ops      []Op // at most one for each ID; deletions first, dependents before what they need
	Undo     []Op // Undo[i] undoes Ops[i]
	Base     []Op // of the new version where it is time for one: Record.Base
	Snapshot *Snapshot
	Problems Problems // warnings about the changed entries
	from     uint64
	moved    *Recall // the version gone to, if it existed already
}

// State is the registry itself: the entries in use and the tree of versions it
// went through. It is not safe for concurrent use, but its snapshots are.
type State struct {
	kinds   Kinds
	files   Entries // of version 0
	current *Snapshot
	nodes   map[uint64]*node // by number; only version 0 and the current one without history
	highest uint64
	forget  bool
	past    Past

	changed   changed           // from version 0 to the current one
	since     int               // operations since the last base on the way to it
	newest    map[uint64]uint64 // of the versions made on one
	toCurrent map[uint64]uint64 // of them the one that leads to the current version
}

// node is a version. It is never changed, only replaced.
type node struct {
	Version
	based     bool // it has a base
	held      bool // ops and base are here, not in the Past
	ops, base []Op
}

// StateOptions change how a State works.
type StateOptions struct {
	// NoHistory forgets every version once there is a newer one; moving to
	// another version then fails as Unavailable.
	NoHistory bool

	// Past keeps the changes of the versions, which are then not held in memory.
	// Every version must be in it before it is committed.
	Past Past
}

// NewState makes a registry whose version 0 holds the entries. Changes are checked
// against kinds; with nil nothing is checked and only the references every kind
// shares count for the order. The entries must not be changed afterwards.
func NewState(kinds Kinds, entries Entries, opt StateOptions) *State {
	files := entries.Clone()
	return &State{
		kinds: kinds, files: files, current: newSnapshot(Version{}, files),
		nodes: map[uint64]*node{0: {}}, forget: opt.NoHistory, past: opt.Past,
		changed: changed{}, newest: map[uint64]uint64{}, toCurrent: map[uint64]uint64{},
	}
}

// Current returns the state in use.
func (s *State) Current() *Snapshot { return s.current }

// Propose checks operations made on version base and returns what to do. Nothing
// changes until the result is committed. All errors are ApplyErrors: no operation
// (Invalid), another version in use (Conflict, retryable), an entry that exists
// already (Conflict) or does not exist (NotFound), entries that do not fit their
// kind (Internal, with the Problems as cause) or need each other in a circle.
func (s *State) Propose(base uint64, ops []Op) (*Next, error) {
	if len(ops) == 0 {
		return nil, errNoChanges()
	}
	if now := s.current.version.Number; base != now {
		return nil, errMoved(base, now)
	}
	ops, err := s.accept(ops)
	if err != nil {
		return nil, err
	}
	if ops = Squash(ops); len(ops) == 0 {
		return nil, errNoChanges()
	}
	before := s.current.entries
	after := applyOps(before, ops)
	problems := s.kinds.checkOps(ops, after)
	if err := problems.Err(); err != nil {
		return nil, FailedApply(err, nil)
	}
	if ops, err = s.kinds.Order(before, after, ops); err != nil {
		return nil, FailedApply(err, nil)
	}
	next := s.next(newSnapshot(Version{Number: s.highest + 1, Parent: base}, after), ops)
	next.Problems, next.Base = problems, s.baseAfter(ops)
	return next, nil
}

// accept checks each operation against the state the ones before it lead to, and
// takes the entries over as data of the registry's own.
func (s *State) accept(ops []Op) ([]Op, error) {
	changed := map[ID]bool{} // whether it exists, where an operation changed that
	out := make([]Op, 0, len(ops))
	for _, op := range ops {
		id := op.Entry.ID
		old, existed := s.current.entries[id]
		if now, ok := changed[id]; ok {
			existed = now
		}
		switch {
		case id.Name == "" || id.NS == "":
			return nil, &ApplyError{Kind: Invalid, Text: "entry must have valid id field"}
		case op.Kind == Create && existed:
			return nil, errExists(id)
		case op.Kind != Create && !existed:
			return nil, errNotFound(id)
		case op.Kind == Delete:
			if old.Kind != "" {
				op.Entry = old
			}
		case op.Entry.Kind == "":
			return nil, &ApplyError{Kind: Invalid, Text: "entry must have kind field", Details: map[string]any{"id": id.String()}}
		default:
			own, err := ownEntry(op.Entry)
			if err != nil {
				return nil, &ApplyError{Kind: Invalid, Text: "cannot store " + id.String(), Cause: err}
			}
			op.Entry = own
		}
		changed[id] = op.Kind != Delete
		out = append(out, op)
	}
	return out, nil
}

func ownEntry(e Entry) (Entry, error) {
	data, err := Normalize(e.Data)
	if err != nil {
		return e, err
	}
	e.Data = data
	if e.Meta != nil {
		meta, err := Normalize(e.Meta)
		if err != nil {
			return e, err
		}
		e.Meta = meta.(map[string]any)
	}
	return e, nil
}

// MoveTo returns what to do to go to an existing version, forwards or backwards;
// committing it creates no new version. An unknown version is NotFound; without
// history it is Unavailable. It may block on the disk of the Past.
func (s *State) MoveTo(number uint64) (*Next, error) {
	if err := s.CanMove(); err != nil {
		return nil, err
	}
	r, err := s.Recall(number)
	if err != nil {
		return nil, err
	}
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	return s.Return(r), nil
}

// CanMove is nil, or Unavailable without history.
func (s *State) CanMove() error {
	if s.forget {
		return &ApplyError{Kind: Unavailable, Text: "cannot apply a version: the registry keeps no history; set registry.history_type to memory or sqlite"}
	}
	return nil
}

// Return is MoveTo for a version that was read.
func (s *State) Return(r *Recall) *Next {
	before, after := s.current.entries, r.snap.entries
	next := s.next(newSnapshot(r.version, after), s.kinds.orderAnyway(before, after, Delta(before, after)))
	next.moved = r
	return next
}

func (s *State) next(snap *Snapshot, ops []Op) *Next {
	n := &Next{Version: snap.version, Ops: ops, Snapshot: snap, from: s.current.version.Number}
	n.Snapshot.inherit(s.current, ops)
	for i, op := range ops {
		n.Undo = append(n.Undo, inverse(op, s.current.entries))
		ops[i].Old = nil
		if old, existed := s.current.entries[op.Entry.ID]; existed {
			ops[i].Old = &old
		}
	}
	return n
}

// Commit makes a proposed change the current state. It fails with a retryable
// Conflict if another change was committed since it was proposed.
func (s *State) Commit(n *Next) error {
	if now := s.current.version.Number; n.from != now || (n.moved == nil && n.Version.Number != s.highest+1) {
		return errMoved(n.from, now)
	}
	s.current = n.Snapshot
	if r := n.moved; r != nil {
		s.changed, s.since = maps.Clone(r.changed), r.since
		s.follow()
		return nil
	}
	s.highest = n.Version.Number
	if s.forget {
		s.nodes = map[uint64]*node{s.highest: {Version: n.Version}}
		return nil
	}
	s.changed.add(n.Ops)
	if s.since += len(n.Ops); n.Base != nil {
		s.since = 0
	}
	s.keep(Record{Version: n.Version, Ops: n.Ops, Base: n.Base})
	s.toCurrent[n.Version.Parent] = n.Version.Number
	return nil
}

// keep adds a version.
func (s *State) keep(r Record) {
	n := &node{Version: r.Version, based: r.Based || r.Base != nil, held: s.past == nil}
	if n.held {
		n.ops, n.base = r.Ops, r.Base
	}
	s.nodes[n.Number] = n
	s.born(n)
}

// applyOps returns a new set with the operations carried out.
func applyOps(es Entries, ops []Op) Entries {
	out := maps.Clone(es)
	if out == nil {
		out = Entries{}
	}
	applyInPlace(out, ops)
	return out
}
