package registry

import "sync"

// Snapshot is an immutable state of the registry. It may be used by many
// goroutines at once and stays valid for ever.
type Snapshot struct {
	version Version
	entries Entries

	mu    sync.Mutex // guards what is built when first asked for
	index *index
	found map[string][]Entry // answers by query
}

func newSnapshot(v Version, es Entries) *Snapshot { return &Snapshot{version: v, entries: es} }

// Version returns which version this is.
func (s *Snapshot) Version() Version { return s.version }

// Len returns the number of entries.
func (s *Snapshot) Len() int { return len(s.entries) }

// Get returns an entry, or an ApplyError of kind NotFound.
func (s *Snapshot) Get(id ID) (Entry, error) {
	e, ok := s.entries[id]
	if !ok {
		return Entry{}, errNotFound(id)
	}
	return e, nil
}

// Entries returns a copy of the set that the caller may change; the entries in
// it are shared.
func (s *Snapshot) Entries() Entries { return s.entries.Clone() }

// Sorted returns all entries in the order of their IDs. The list is shared: do
// not write into it.
func (s *Snapshot) Sorted() []Entry { return s.indexed().sorted }

// Namespace returns the entries of one namespace in order. The list is shared:
// do not write into it.
func (s *Snapshot) Namespace(ns string) []Entry { return s.indexed().byNS[ns] }

// Kind returns the entries of one kind in the order of their IDs. The list is
// shared: do not write into it.
func (s *Snapshot) Kind(kind string) []Entry { return s.indexed().byKind[kind] }

func (s *Snapshot) indexed() *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == nil {
		s.index = newIndex(s.entries)
	}
	return s.index
}
