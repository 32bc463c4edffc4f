package messages

import (
	"math"
	"slices"
)

const (
	// maxDecodeDepth bounds the nesting of what the decoders accept.
	maxDecodeDepth = 1000

	// maxEncoded bounds the text or bytes of one encoded value: tables that
	// share parts can describe far more than they hold.
	maxEncoded = 256 << 20
)

// path is the chain of tables an encoder is in.
type path struct {
	format string
	limit  int // of the encoded bytes
	tables []*Table
}

// enter checks that t may be written inside the tables of the path.
func (p *path) enter(t *Table) error {
	if slices.Contains(p.tables, t) {
		return Errorf(Internal, "encode %s: recursive table; take out the reference to an outer table", p.format)
	}
	if len(p.tables) >= MaxDepth {
		return Errorf(Internal, "encode %s: more than %d levels; encode the inner parts on their own", p.format, MaxDepth)
	}
	p.tables = append(p.tables, t)
	return nil
}

func (p *path) leave() { p.tables = p.tables[:len(p.tables)-1] }

func (p *path) tooLarge() error {
	return Errorf(Internal, "encode %s: more than %d MiB; encode the parts on their own", p.format, p.limit>>20)
}

// trim takes off the nils at the end, which are no elements.
func trim(list []Value) []Value {
	for len(list) > 0 && list[len(list)-1] == nil {
		list = list[:len(list)-1]
	}
	return list
}

// listOf returns the elements of a table whose keys are exactly 1 to n, in
// whichever part of the table they are.
func listOf(t *Table) ([]Value, bool) {
	list := trim(t.Array)
	if len(t.Keys) == 0 {
		return list, !slices.Contains(list, nil)
	}
	n := len(list) + len(t.Keys)
	all := make([]Value, n)
	copy(all, list)
	for i, k := range t.Keys {
		f, ok := k.(float64)
		if !ok || f != math.Trunc(f) || f < 1 || f > float64(n) {
			return nil, false
		}
		all[int(f)-1] = t.Vals[i]
	}
	return all, !slices.Contains(all, nil)
}

// typeName is Lua's name for the type of a Value.
func typeName(v Value) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case *Table:
		return "table"
	}
	return "userdata"
}

// fewKeys is up to how many keys a search is quicker than a map.
const fewKeys = 24

// mapTable makes a table of the pairs (key, value, key, value, …) that a
// decoder read: the last of equal keys wins, keys without a value are left out
// and the keys 1 to n go to the array.
func mapTable(pairs []Value) *Table {
	n := len(pairs) / 2
	room := make([]Value, 2*n)
	t := &Table{Keys: room[:0:n], Vals: room[n:n], Object: true}
	var index map[Value]int
	if n > fewKeys {
		index = make(map[Value]int, n)
	}
	missing, numbers := false, false
	for i := 0; i < len(pairs); i += 2 {
		k, v := pairs[i], pairs[i+1]
		at, again := 0, false
		if index != nil {
			at, again = index[k]
		} else {
			at = slices.Index(t.Keys, k)
			again = at >= 0
		}
		missing = missing || v == nil
		if again {
			t.Vals[at] = v
			continue
		}
		if _, ok := k.(float64); ok {
			numbers = true
		}
		if index != nil {
			index[k] = len(t.Keys)
		}
		t.Keys = append(t.Keys, k)
		t.Vals = append(t.Vals, v)
	}
	if missing {
		t.drop(func(i int) bool { return t.Vals[i] == nil })
	}
	if numbers {
		t.gather()
	}
	return t
}

// drop takes out the keys that gone names.
func (t *Table) drop(gone func(i int) bool) {
	n := 0
	for i := range t.Keys {
		if !gone(i) {
			t.Keys[n], t.Vals[n] = t.Keys[i], t.Vals[i]
			n++
		}
	}
	t.Keys, t.Vals = t.Keys[:n], t.Vals[:n]
}

// gather moves the keys 1 to n into the array.
func (t *Table) gather() {
	byNumber := make(map[float64]int, len(t.Keys))
	for i, k := range t.Keys {
		if f, ok := k.(float64); ok {
			byNumber[f] = i
		}
	}
	for {
		i, ok := byNumber[float64(len(t.Array)+1)]
		if !ok {
			break
		}
		t.Array = append(t.Array, t.Vals[i])
	}
	t.drop(func(i int) bool {
		f, ok := t.Keys[i].(float64)
		return ok && f >= 1 && f <= float64(len(t.Array)) && f == math.Trunc(f)
	})
	// Object stands for "had string keys", as in a table made by Lua.
	t.Object = slices.ContainsFunc(t.Keys, func(k Value) bool { _, ok := k.(string); return ok })
}

// listTable makes a list of what a decoder read, without nils at the end.
func listTable(items []Value) *Table { return &Table{Array: slices.Clone(trim(items))} }

// scalarKey reports whether k can be a key of every format that has more than
// string keys. Minus zero becomes zero, as it is the same key.
func scalarKey(k Value) (Value, bool) {
	switch k := k.(type) {
	case string, bool:
		return k, true
	case float64:
		if k == 0 {
			return 0.0, true
		}
		return k, !math.IsNaN(k)
	}
	return nil, false
}

// each calls f for every key, the array first.
func (t *Table) each(f func(k, v Value) error) error {
	for i, v := range t.Array {
		if v == nil {
			continue
		}
		if err := f(float64(i+1), v); err != nil {
			return err
		}
	}
	for i, k := range t.Keys {
		if err := f(k, t.Vals[i]); err != nil {
			return err
		}
	}
	return nil
}
