package registry

import (
	"strconv"
	"strings"
)

// Pos is a place in a file. Line and Column count from 1; zero means unknown.
type Pos struct {
	File         string
	Line, Column int
}

// String returns "file:line:column" as far as it is known, or "" if nothing is.
func (p Pos) String() string {
	if p.File == "" || p.Line == 0 {
		return p.File
	}
	s := p.File + ":" + strconv.Itoa(p.Line)
	if p.Column > 0 {
		s += ":" + strconv.Itoa(p.Column)
	}
	return s
}

// IsZero reports whether the position is unknown.
func (p Pos) IsZero() bool { return p == Pos{} }

// place is the position of one key or element, with those below it. A tree
// of these is a tenth of the size of the YAML nodes it is made from.
type place struct {
	key          string
	line, column int32
	file         string // the file whose content stands here, if it was written as file://
	kids         []place
}

func (p *place) kid(key string) *place {
	for i := range p.kids {
		if p.kids[i].key == key {
			return &p.kids[i]
		}
	}
	return nil
}

// At returns where a field was written. The path begins with "meta", or names a
// field of Data, optionally after "data"; elements of lists are their index from
// 0. If the field was not written, the closest place around it is returned; for an
// entry made at run time that is e.Pos.
func (e Entry) At(path ...string) Pos {
	p, _ := e.find(path)
	if p == nil || p.line == 0 {
		return e.Pos
	}
	return Pos{e.Pos.File, int(p.line), int(p.column)}
}

// Inlined returns the file a field's content was read from, where the field was
// written as file://; the path is as for At.
func (e Entry) Inlined(path ...string) (file string, ok bool) {
	p, exact := e.find(path)
	if p == nil || !exact || p.file == "" {
		return "", false
	}
	return p.file, true
}

func (e Entry) find(path []string) (p *place, exact bool) {
	if e.places == nil {
		return nil, false
	}
	root := "data"
	if len(path) > 0 && (path[0] == "meta" || path[0] == "data" || path[0] == "kind") {
		// A data field may itself be called meta, data or kind only under an
		// explicit data key; "data.data" finds that one.
		root, path = path[0], path[1:]
	}
	p = e.places.kid(root)
	if p == nil {
		return e.places, false
	}
	for _, key := range path {
		next := p.kid(key)
		if next == nil {
			return p, false
		}
		p = next
	}
	return p, true
}

// FieldPath joins path elements for a message: names with dots, indices in
// brackets, as in "routes[2].path".
func FieldPath(path ...string) string {
	var b strings.Builder
	for i, key := range path {
		if _, err := strconv.ParseUint(key, 10, 32); err == nil && i > 0 {
			b.WriteString("[" + key + "]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(key)
	}
	return b.String()
}
