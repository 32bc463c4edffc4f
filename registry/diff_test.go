package registry

import (
	"fmt"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	entry := func(name, kind string, meta map[string]any, data any) Entry {
		return Entry{ID: ID{NS: "a", Name: name}, Kind: kind, Meta: meta, Data: data}
	}
	set := func(list ...Entry) Entries {
		es := Entries{}
		for _, e := range list {
			es[e.ID] = e
		}
		return es
	}
	before := set(
		entry("same", "k", nil, map[string]any{"x": int64(1)}),
		entry("gone", "k", nil, nil),
		entry("b", "k", nil, map[string]any{"pool": map[string]any{"size": int64(1), "type": "lazy"}, "list": []any{"a", "b"}, "old": true}),
		entry("c", "k", map[string]any{"x": "1"}, "text"),
	)
	after := set(
		entry("same", "k", nil, map[string]any{"x": int64(1)}),
		entry("new", "k2", nil, nil),
		entry("b", "k", nil, map[string]any{"pool": map[string]any{"size": int64(2), "type": "lazy"}, "list": []any{"a", "c"}, "new": "y"}),
		entry("c", "k3", nil, map[string]any{}),
	)
	var out []string
	for _, c := range Diff(before, after) {
		line := c.String()
		for _, f := range c.Fields {
			line += fmt.Sprintf(" %s:%v>%v", f.Path, f.Old, f.New)
		}
		out = append(out, line)
	}
	want := `~ a:b (k) list.1:b>c new:<nil>>y old:true><nil> pool.size:1>2
~ a:c (k3) kind:k>k3 meta.x:1><nil> data:text>map[]
- a:gone (k)
+ a:new (k2)`
	if got := strings.Join(out, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if Diff(after, after) != nil {
		t.Error("nothing is different")
	}
}
