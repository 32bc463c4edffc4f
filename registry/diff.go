package registry

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Change is what is different about one entry between two states.
type Change struct {
	Op     OpKind
	ID     ID
	Kind   string        // of the entry, the newer one for an update
	Fields []FieldChange // of an update, in order
}

// FieldChange is one value that is different. A field that is not there is nil.
type FieldChange struct {
	Path     string // kind, meta.x.y, or a field of the data
	Old, New any
}

// Diff lists what is different in after, by id.
func Diff(before, after Entries) []Change {
	var out []Change
	for _, op := range Delta(before, after) {
		c := Change{Op: op.Kind, ID: op.Entry.ID, Kind: op.Entry.Kind}
		switch op.Kind {
		case Delete:
			c.Kind = before[c.ID].Kind
		case Update:
			old, now := before[c.ID], after[c.ID]
			c.fields("kind", old.Kind, now.Kind)
			c.fields("meta", orEmpty(old.Meta), orEmpty(now.Meta))
			c.fields("", old.Data, now.Data)
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Change) int { return a.ID.Compare(b.ID) })
	return out
}

func orEmpty(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// fields adds what is different at and below a path.
func (c *Change) fields(path string, old, now any) {
	if reflect.DeepEqual(old, now) {
		return
	}
	below := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch o := old.(type) {
	case map[string]any:
		if n, ok := now.(map[string]any); ok {
			keys := maps.Clone(o)
			maps.Copy(keys, n)
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				c.fields(below(k), o[k], n[k])
			}
			return
		}
	case []any:
		if n, ok := now.([]any); ok && len(n) == len(o) {
			for i := range o {
				c.fields(below(strconv.Itoa(i)), o[i], n[i])
			}
			return
		}
	}
	if path == "" {
		path = "data"
	}
	c.Fields = append(c.Fields, FieldChange{Path: path, Old: old, New: now})
}

// String is one line about the change.
func (c Change) String() string {
	mark := map[OpKind]string{Create: "+", Update: "~", Delete: "-"}[c.Op]
	return fmt.Sprintf("%s %s (%s)", mark, c.ID, c.Kind)
}
