package registry

import (
	"maps"
	"slices"
)

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
	Snapshot *Snapshot
	Problems Problems // warnings about the changed entries
	from     uint64
	moved    bool // to a version that exists already
}

// State is the registry itself: the entries in use and the tree of versions it
// went through. It is not safe for concurrent use, but its snapshots are.
type State struct {
	kinds   Kinds
	current *Snapshot
	nodes   map[uint64]*node // by number; only version 0 and the current one without history
	highest uint64
	forget  bool
}

// node is a version with what leads to it from its parent and back.
type node struct {
	Version
	ops, undo []Op
}

// StateOptions change how a State works.
type StateOptions struct {
	// NoHistory forgets every version once there is a newer one; moving to
	// another version then fails as Unavailable.
	NoHistory bool
}

// NewState makes a registry whose version 0 holds the entries. Changes are checked
// against kinds; with nil nothing is checked and only the references every kind
// shares count for the order. The entries must not be changed afterwards.
func NewState(kinds Kinds, entries Entries, opt StateOptions) *State {
	return &State{
		kinds:   kinds,
		current: newSnapshot(Version{}, entries.Clone()),
		nodes:   map[uint64]*node{0: {}},
		forget:  opt.NoHistory,
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
	v := Version{Number: s.highest + 1, Parent: base}
	return s.next(v, ops, after, problems), nil
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
// history it is Unavailable.
func (s *State) MoveTo(number uint64) (*Next, error) {
	if s.forget {
		return nil, &ApplyError{Kind: Unavailable, Text: "cannot apply a version: the registry keeps no history; set registry.history_type to memory or sqlite"}
	}
	target, err := s.SnapshotAt(number)
	if err != nil {
		return nil, err
	}
	before, after := s.current.entries, target.entries
	next := s.next(target.version, s.kinds.orderAnyway(before, after, Delta(before, after)), after, nil)
	next.moved = true
	return next, nil
}

func (s *State) next(v Version, ops []Op, after Entries, problems Problems) *Next {
	n := &Next{Version: v, Ops: ops, Snapshot: newSnapshot(v, after), Problems: problems, from: s.current.version.Number}
	n.Snapshot.inherit(s.current, ops)
	for _, op := range ops {
		n.Undo = append(n.Undo, inverse(op, s.current.entries))
	}
	return n
}

// Commit makes a proposed change the current state. It fails with a retryable
// Conflict if another change was committed since it was proposed.
func (s *State) Commit(n *Next) error {
	if now := s.current.version.Number; n.from != now || (!n.moved && n.Version.Number != s.highest+1) {
		return errMoved(n.from, now)
	}
	s.current = n.Snapshot
	if n.moved {
		return nil
	}
	s.highest = n.Version.Number
	if s.forget {
		s.nodes = map[uint64]*node{s.highest: {Version: n.Version}}
		return nil
	}
	undo := slices.Clone(n.Undo)
	slices.Reverse(undo)
	s.nodes[s.highest] = &node{Version: n.Version, ops: n.Ops, undo: undo}
	return nil
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
