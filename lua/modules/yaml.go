package modules

import (
	"slices"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var yamlModule = lua.Module{
	Name:  "yaml",
	Doc:   "YAML.",
	Class: []lua.Class{lua.Encoding, lua.Deterministic},
	Funcs: []lua.Func{
		{
			Sig: "encode(value: any, options?: table): string, error?",
			Doc: "Writes a table as YAML. Of the options, field_order lists keys that come first in every mapping, sort_unordered = true sorts the others. Anything but a table is an Invalid error.",
			Do: func(c *lua.Call) error {
				t := c.Table(0)
				if t == nil {
					return messages.Errorf(messages.Invalid, "table expected, got %s", c.TypeOf(0))
				}
				o := options{table: c.Table(1)}
				order := keyOrder{rank: map[string]int{}, sorted: o.flag("sort_unordered"), made: map[*messages.Table]*messages.Table{}}
				for i, name := range o.texts("field_order") {
					order.rank[name] = i + 1
				}
				if o.err != nil {
					return o.err
				}
				if order.sorted || len(order.rank) > 0 {
					t = order.table(t)
				}
				b, err := messages.EncodeYAML(t)
				if err != nil {
					return err
				}
				return c.Return(string(b))
			},
			Try: `return yaml.encode({c = 1, b = {1, "x"}, a = true}, {field_order = {"c"}, sort_unordered = true})`, Gives: "c: 1\na: true\nb:\n  - 1\n  - x\n",
		},
		{
			Sig: "decode(text: any): any, error?",
			Doc: "Reads the first document of a YAML text. null is nil, so the key is absent.",
			Do: func(c *lua.Call) error {
				s, err := textArg(c, 0, "text")
				if err != nil {
					return err
				}
				v, err := messages.DecodeYAML([]byte(s))
				if err != nil {
					return err
				}
				return c.Return(v)
			},
			Try: "local t = yaml.decode('a: [1, two]\\nb: {c: true}'); return t.a[1], t.a[2], t.b.c", Gives: "1, two, true",
		},
	},
}

// keyOrder copies tables with their keys in another order. A table that occurs
// several times is copied once, so that the copy has the same shape.
type keyOrder struct {
	rank   map[string]int // from 1; 0 for keys without a place
	sorted bool
	made   map[*messages.Table]*messages.Table
}

func (o keyOrder) value(v messages.Value) messages.Value {
	if t, ok := v.(*messages.Table); ok && t != nil {
		return o.table(t)
	}
	return v
}

func (o keyOrder) table(t *messages.Table) *messages.Table {
	if out, ok := o.made[t]; ok {
		return out
	}
	out := &messages.Table{Object: t.Object, Meta: t.Meta}
	o.made[t] = out
	for _, v := range t.Array {
		out.Array = append(out.Array, o.value(v))
	}
	at := make([]int, len(t.Keys))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return o.compare(t.Keys[a], t.Keys[b]) })
	for _, i := range at {
		out.Keys = append(out.Keys, t.Keys[i])
		out.Vals = append(out.Vals, o.value(t.Vals[i]))
	}
	return out
}

func (o keyOrder) compare(a, b messages.Value) int {
	x, _ := a.(string)
	y, _ := b.(string)
	i, j := o.rank[x], o.rank[y]
	switch {
	case i > 0 && j > 0:
		return i - j
	case i > 0:
		return -1
	case j > 0:
		return 1
	case o.sorted:
		return strings.Compare(messages.Text(a), messages.Text(b))
	}
	return 0
}
