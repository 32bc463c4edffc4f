package messages

import (
	"fmt"
	"math"

	"pgregory.net/rapid"
)

// sameValue reports whether two values have the same shape: equal scalars, and
// tables, errors and payloads that correspond one to one.
func sameValue(a, b Value) bool { return newComparer().value(a, b) }

type comparer struct{ there, back map[any]any }

func newComparer() *comparer { return &comparer{map[any]any{}, map[any]any{}} }

// met reports whether a and b were met before; same is false if not with each other.
func (c *comparer) met(a, b any) (met, same bool) {
	x, one := c.there[a]
	y, two := c.back[b]
	if one || two {
		return true, one && two && x == b && y == a
	}
	c.there[a], c.back[b] = b, a
	return false, true
}

func (c *comparer) value(a, b Value) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && math.Float64bits(x) == math.Float64bits(y)
	case *Table:
		y, ok := b.(*Table)
		return ok && c.table(x, y)
	case *Error:
		y, ok := b.(*Error)
		return ok && c.failure(x, y)
	case *Payload:
		y, ok := b.(*Payload)
		if !ok {
			return false
		}
		if met, same := c.met(x, y); met {
			return same
		}
		return x.Format == y.Format && c.value(x.Data, y.Data)
	}
	return a == b
}

func (c *comparer) values(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !c.value(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (c *comparer) table(a, b *Table) bool {
	if a == nil || b == nil {
		return a == b
	}
	if met, same := c.met(a, b); met {
		return same
	}
	return a.Object == b.Object && c.values(a.Array, b.Array) && c.values(a.Keys, b.Keys) && c.values(a.Vals, b.Vals) && c.table(a.Meta, b.Meta)
}

func (c *comparer) failure(a, b *Error) bool {
	if a == nil || b == nil {
		return a == b
	}
	if met, same := c.met(a, b); met {
		return same
	}
	return a.Kind == b.Kind && a.Message == b.Message && a.Retry == b.Retry && a.Context == b.Context &&
		fmt.Sprint(a.Stack) == fmt.Sprint(b.Stack) && c.table(a.Details, b.Details) && c.failure(a.Cause, b.Cause)
}

// drawer draws graphs of values: whatever refers may refer to anything.
type drawer struct {
	t        *rapid.T
	tables   []*Table
	errors   []*Error
	payloads []*Payload
}

func anyText(t *rapid.T, label string) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, label))
}

func newDrawer(t *rapid.T) *drawer {
	d := &drawer{t: t}
	for range rapid.IntRange(0, 5).Draw(t, "tables") {
		d.tables = append(d.tables, &Table{})
	}
	for range rapid.IntRange(0, 2).Draw(t, "errors") {
		d.errors = append(d.errors, &Error{})
	}
	for range rapid.IntRange(0, 2).Draw(t, "payloads") {
		d.payloads = append(d.payloads, &Payload{})
	}
	for _, table := range d.tables {
		table.Array = d.values()
		for range rapid.IntRange(0, 3).Draw(t, "keys") {
			key := d.value()
			if f, ok := key.(float64); key == nil || ok && math.IsNaN(f) {
				key = "key"
			}
			table.Keys, table.Vals = append(table.Keys, key), append(table.Vals, d.value())
		}
		table.Meta, table.Object = d.table(), rapid.Bool().Draw(t, "object")
	}
	for _, e := range d.errors {
		d.fill(e)
		for range rapid.IntRange(0, 3).Draw(t, "causes") {
			e.Cause = &Error{}
			e = e.Cause
			d.fill(e)
		}
	}
	for _, p := range d.payloads {
		*p = Payload{Format: anyText(t, "format"), Data: d.value()}
	}
	return d
}

func (d *drawer) fill(e *Error) {
	*e = Error{
		Kind: anyText(d.t, "kind"), Message: anyText(d.t, "message"), Context: rapid.Bool().Draw(d.t, "context"),
		Retry: Retry(rapid.IntRange(0, 2).Draw(d.t, "retry")), Details: d.table(),
	}
	for range rapid.IntRange(0, 2).Draw(d.t, "frames") {
		e.Stack = append(e.Stack, Frame{anyText(d.t, "source"), rapid.IntRange(0, 1<<20).Draw(d.t, "line"), anyText(d.t, "name")})
	}
}

func (d *drawer) table() *Table {
	i := rapid.IntRange(-1, len(d.tables)-1).Draw(d.t, "table")
	if i < 0 {
		return nil
	}
	return d.tables[i]
}

func (d *drawer) failure() *Error {
	i := rapid.IntRange(-1, len(d.errors)-1).Draw(d.t, "error")
	if i < 0 {
		return nil
	}
	return d.errors[i]
}

func (d *drawer) value() Value {
	switch rapid.IntRange(0, 6).Draw(d.t, "type") {
	case 1:
		return rapid.Bool().Draw(d.t, "bool")
	case 2:
		return rapid.Float64().Draw(d.t, "number")
	case 3:
		return anyText(d.t, "text")
	case 4:
		if t := d.table(); t != nil {
			return t
		}
	case 5:
		if e := d.failure(); e != nil {
			return e
		}
	case 6:
		if len(d.payloads) > 0 {
			return d.payloads[rapid.IntRange(0, len(d.payloads)-1).Draw(d.t, "payload")]
		}
	}
	return nil
}

func (d *drawer) values() []Value {
	var out []Value
	for range rapid.IntRange(0, 4).Draw(d.t, "values") {
		out = append(out, d.value())
	}
	return out
}

// tree draws what every format can carry: lists and objects without nil.
func tree(t *rapid.T, text *rapid.Generator[string], depth int) Value {
	top := 5
	if depth == 0 {
		top = 3
	}
	switch rapid.IntRange(0, top).Draw(t, "type") {
	case 0:
		return rapid.Bool().Draw(t, "bool")
	case 1:
		return float64(rapid.Int32().Draw(t, "whole"))
	case 2:
		return rapid.Float64().Draw(t, "number")
	case 4:
		out := &Table{}
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			out.Array = append(out.Array, tree(t, text, depth-1))
		}
		return out
	case 5:
		out := &Table{Object: true}
		for _, k := range rapid.SliceOfNDistinct(text, 0, 4, rapid.ID[string]).Draw(t, "keys") {
			out.Set(k, tree(t, text, depth-1))
		}
		return out
	}
	return text.Draw(t, "text")
}

func treeOf(text *rapid.Generator[string]) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		root := &Table{}
		for range rapid.IntRange(0, 6).Draw(t, "roots") {
			root.Array = append(root.Array, tree(t, text, 3))
		}
		return root
	})
}

var (
	utf8Text  = rapid.OneOf(rapid.String(), rapid.StringMatching(`[ \n\t:#'"a-z0-9.~!&*<=%|>{}\[\]\-]{0,12}`), rapid.SampledFrom([]string{"yes", "null", "~", "1", "1.5", "<<", "12:30", "2020-01-01", "0x1f", "a\nb", "a\n", "\n", " a\n b\n", "---\nx", "\ufeff", "\u0085"}))
	bytesText = rapid.OneOf(utf8Text, rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 10), func(b []byte) string { return string(b) }))
)
