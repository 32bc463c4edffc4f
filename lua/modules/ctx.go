package modules

import (
	"maps"
	"slices"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var ctxModule = lua.Module{
	Name:  "ctx",
	Doc:   "Context values, read-only. They are given with with_context of funcs, process and contract, and inherited by calls, asynchronous calls and spawned processes.",
	Class: []lua.Class{lua.Nondeterministic, lua.Workflow},
	Funcs: []lua.Func{
		{
			Sig: "get(key?: string): any, error?",
			Doc: "The value of a key, NotFound if there is none.",
			Do: func(c *lua.Call) error {
				key := c.String(0)
				if key == "" {
					return messages.Errorf(messages.Invalid, "empty key")
				}
				v, ok := c.Process().Context.Value(key)
				if !ok {
					return messages.Errorf(messages.NotFound, "key not found: %s", key)
				}
				return c.Return(v, nil)
			},
			Try: `local v, err = ctx.get("user"); return v, tostring(err)`, Gives: "nil, key not found: user",
		},
		{
			Sig: "all(): table, error?",
			Doc: "All context values; an empty table if there are none.",
			Do: func(c *lua.Call) error {
				t := &messages.Table{Object: true}
				if ctx := c.Process().Context; ctx != nil {
					for _, k := range slices.Sorted(maps.Keys(ctx.Values)) {
						t.Set(k, ctx.Values[k])
					}
				}
				return c.Return(t, nil)
			},
			Try: `return next(ctx.all())`, Gives: "nil",
		},
	},
}
