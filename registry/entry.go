// Package registry is the pure part of the registry: what an entry is, how
// entries are read and changed before they are used, what their kinds demand of
// them, in which order they come, and the versions they go through. It starts
// nothing, reads no clock and touches files only through an fs.FS it is given.
package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ID names an entry: a namespace, which may contain dots, and a name.
type ID struct{ NS, Name string }

// String returns the form used in files and messages, "namespace:name".
func (id ID) String() string { return id.NS + ":" + id.Name }

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders IDs by namespace, then by name; it returns -1, 0 or +1.
func (id ID) Compare(o ID) int {
	if c := strings.Compare(id.NS, o.NS); c != 0 {
		return c
	}
	return strings.Compare(id.Name, o.Name)
}

// ParseID reads "namespace:name". The namespace may be empty, which names a
// built-in module node; the name may not, and may not contain a colon.
func ParseID(s string) (ID, error) {
	ns, name, ok := strings.Cut(s, ":")
	if !ok || name == "" || strings.Contains(name, ":") {
		return ID{}, fmt.Errorf("parse ID %q: invalid ID format, write \"namespace:name\"", s)
	}
	return ID{ns, name}, nil
}

// ResolveID reads a reference written inside namespace ns: a full ID, or a bare
// name, which means an entry of the same namespace.
func ResolveID(ref, ns string) (ID, error) {
	if ref != "" && !strings.Contains(ref, ":") {
		return ID{ns, ref}, nil
	}
	return ParseID(ref)
}

// Entry is one record of the registry. Entries are values: what has been handed
// to a snapshot is never changed, so use Clone before writing into Meta or Data.
type Entry struct {
	ID   ID
	Kind string
	// Meta is free-form metadata in plain Go data, as Data. It may be nil.
	Meta map[string]any
	// Data is the configuration as plain Go data: nil, bool, int64, float64,
	// string, []any and map[string]any. Normalize makes it from other data.
	Data any
	// Pos is where the entry was written; zero for an entry made at run time.
	Pos Pos

	places *place
	module string // as Source.Module
}

// Module returns the module the entry was loaded from, "organisation/name", or "".
func (e Entry) Module() string { return e.module }

// InModule returns the entry as one of a module.
func (e Entry) InModule(module string) Entry {
	e.module = module
	return e
}

// Fields returns Data as a map, or nil if it is anything else. The map is the
// entry's own: do not write into it.
func (e Entry) Fields() map[string]any {
	m, _ := e.Data.(map[string]any)
	return m
}

// Equal reports whether two entries have the same ID, kind, meta and data; where
// they were written does not count.
func (e Entry) Equal(o Entry) bool {
	return e.ID == o.ID && e.Kind == o.Kind && equalMaps(e.Meta, o.Meta) && equalValues(e.Data, o.Data)
}

// Clone returns a copy that shares no map or list with e.
func (e Entry) Clone() Entry {
	e.Data = cloneValue(e.Data)
	if e.Meta != nil {
		e.Meta = cloneValue(e.Meta).(map[string]any)
	}
	return e
}

// Entries is a set of entries by ID.
type Entries map[ID]Entry

// EntriesOf makes a set; of several entries with one ID the last one stays.
func EntriesOf(list ...Entry) Entries {
	es := make(Entries, len(list))
	for _, e := range list {
		es[e.ID] = e
	}
	return es
}

// IDs returns all IDs in order.
func (es Entries) IDs() []ID { return slices.SortedFunc(maps.Keys(es), ID.Compare) }

// Sorted returns all entries in the order of their IDs.
func (es Entries) Sorted() []Entry {
	list := make([]Entry, 0, len(es))
	for _, id := range es.IDs() {
		list = append(list, es[id])
	}
	return list
}

// Clone copies the set but not the entries in it.
func (es Entries) Clone() Entries { return maps.Clone(es) }

// Nearest returns the ID most like the one asked for, or the zero ID and false
// if none is close. A wrong namespace with the right name counts as close.
func (es Entries) Nearest(id ID) (ID, bool) {
	names := make([]string, 0, len(es))
	var sameName []ID
	for other := range es {
		names = append(names, other.String())
		if other.Name == id.Name && other != id {
			sameName = append(sameName, other)
		}
	}
	if near, ok := Nearest(id.String(), names); ok {
		found, err := ParseID(near)
		return found, err == nil
	}
	if len(sameName) > 0 {
		return slices.MinFunc(sameName, ID.Compare), true
	}
	return ID{}, false
}
