package modules

import (
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func TestRegistryRead(t *testing.T) {
	const tool = "{data={list={} n=1} id=app:tool kind=function.lua meta={type=tool}}"
	at := func(n int64) *int64 { return &n }
	examples(t, []example{
		{name: "get", source: `return show(registry.get("app:tool"))`, want: tool + ", nil"},
		{name: "get unknown", source: `return show(registry.get("app:x"))`, want: "nil, NotFound:entry not found: app:x"},
		{name: "get refused", ctx: may(), source: `return show(registry.get("app:tool"))`, want: "nil, PermissionDenied:not allowed to access entry: app:tool"},
		{name: "find", source: `return show(#registry.find({[".kind"] = "function.lua", ["meta.n"] = 5}))`, want: "2", check: asks(&messages.RegistryFind{Filter: map[string]any{".kind": "function.lua", "meta.n": 5}})},
		{name: "find all", source: `return show(#registry.find({}))`, want: "2", check: asks(&messages.RegistryFind{})},
		{name: "find what may be read", ctx: may("registry.get app:tool"), source: `return show(registry.find())`, want: "{" + tool + "}, nil"},
		{name: "parse_id", source: `return show(registry.parse_id("app:a:b"), registry.parse_id("x"), registry.parse_id("x:"))`, want: "{name=a:b ns=app}, {name=x ns=}, {name= ns=x}"},
		{name: "snapshot", source: `local s = registry.snapshot(); return show(#s:entries(), s:version():id(), s:get("app:tool").id)`, want: "2, 2, app:tool", check: asks(&messages.RegistryGet{ID: "app:tool", At: at(2)})},
		{name: "snapshot find", source: `return show(#registry.snapshot():find({[".ns"] = "app"}))`, want: "2", check: asks(&messages.RegistryFind{Filter: map[string]any{".ns": "app"}, At: at(2)})},
		{name: "snapshot namespace", source: `return show(#registry.snapshot():namespace("app"), #registry.snapshot():namespace(""))`, want: "2, 0"},
		{name: "snapshot entries refused", ctx: may(), source: `return show(registry.snapshot():entries())`, want: "{}, nil"},
		{name: "snapshot get refused", ctx: may(), source: `return show(registry.snapshot():get("app:tool"))`, want: "nil, PermissionDenied:not allowed to access entry: app:tool"},
		{name: "snapshot_at", source: `return show(registry.snapshot_at(1):version():id())`, want: "1"},
		{name: "snapshot_at zero", source: `return show(registry.snapshot_at(0))`, want: "nil, Invalid:invalid version ID"},
		{name: "snapshot_at unknown", source: `return show(registry.snapshot_at(9))`, want: "nil, NotFound:version not found"},
		{name: "versions", source: `local v = registry.versions(); return show(#v, v[1]:id(), v[3]:string(), tostring(v[2]))`, want: "3, 0, v2, v1"},
		{name: "neighbours", source: `local v = registry.current_version(); return show(v:id(), v:previous():id(), v:previous():previous():id(), v:previous():previous():next() == v:previous(), v:next())`, want: "2, 1, 0, true, nil, nil"},
		{name: "history", source: `local h = registry.history(); return show(#h:versions(), h:get_version(0):id(), h:snapshot_at(h:get_version(0)):version():id())`, want: "3, 0, 0"},
		{name: "history negative", source: `return show(registry.history():get_version(-1))`, want: "nil, Invalid:invalid version ID"},
		{name: "apply_version", source: `return show(registry.apply_version(registry.versions()[2]))`, want: "true", check: asks(&messages.RegistryGoto{ID: 1})},
		{name: "apply_version fails", source: `return show(registry.apply_version(registry.versions()[1]))`, want: "false, Internal:failed to apply version: no history"},
		{name: "apply_version refused", ctx: may(), source: `return show(registry.apply_version(registry.current_version()))`, want: "false, PermissionDenied:not allowed to apply registry version"},
		{name: "build_delta", source: `local ops = registry.build_delta({{id = "a:b", kind = "k"}}, {}); return show(ops[1].kind, ops[1].entry.id)`, want: "entry.delete, a:b"},
		{name: "build_delta with a bad entry", source: `return show(registry.build_delta({}, {5}))`, want: "nil, Invalid:entry must have valid id field"},
	})
}

func TestRegistryChanges(t *testing.T) {
	const begin = `local c = registry.snapshot():changes() `
	examples(t, []example{
		{name: "ops", source: begin + `assert(c:create({id = "a:b", kind = "k", data = {x = 1}}):update({id = {ns = "a", name = "c"}, kind = "k"}):delete({ns = "a", name = "d"}) == c); local o = c:ops(); return show(#o, o[1].kind, o[1].entry.data, o[2].entry.id, o[3].kind, o[3].entry.id)`, want: "3, entry.create, {x=1}, a:c, entry.delete, a:d"},
		{name: "create without id", source: begin + `return show(c:create({kind = "k"}))`, want: "nil, Invalid:entry must have valid id field"},
		{name: "create with half an id", source: begin + `return show(c:create({id = {ns = "a"}, kind = "k"}))`, want: "nil, Invalid:entry must have valid id field"},
		{name: "create without namespace", source: begin + `return show(c:create({id = "a", kind = "k"}))`, want: "nil, Invalid:invalid ID format"},
		{name: "update without kind", source: begin + `return show(c:update({id = "a:b"}))`, want: "nil, Invalid:entry must have kind field"},
		{name: "delete nothing", source: begin + `return show(c:delete(nil))`, want: "nil, Invalid:invalid ID format"},
		{name: "delete without namespace", source: begin + `return show(c:delete("a"))`, want: "nil, Invalid:invalid ID format"},
		{
			name: "apply", source: begin + `c:create({id = "a:b", kind = "k", meta = {m = {1, "x"}}, data = {n = 1, e = {}}}):delete("a:d"); return show(c:apply():id())`, want: "3",
			check: asks(&messages.RegistryApply{Base: 2, Author: "app:test", Ops: []messages.EntryOp{
				{Kind: "entry.create", Entry: &messages.EntryData{ID: "a:b", Kind: "k", Meta: map[string]any{"m": []any{1, "x"}}, Data: map[string]any{"n": 1, "e": []any{}}}},
				{Kind: "entry.delete", Entry: &messages.EntryData{ID: "a:d"}},
			}}),
		},
		{name: "apply nothing", source: begin + `return show(c:apply())`, want: "nil, Invalid:no changes to apply"},
		{name: "apply refused", ctx: may(), source: begin + `c:delete("a:b"); return show(c:apply())`, want: "nil, PermissionDenied:not allowed to apply registry changes"},
		{name: "conflict", source: `local c = registry.snapshot_at(1):changes():delete("a:b"); local v, err = c:apply(); local d = err:details(); return show(v, err, d.cause, d.expected_version, d.actual_version)`, want: "nil, Internal:failed to apply changes: registry changed during apply, registry changed during apply, 1, 2"},
	})
}

// An error that says already what failed is not wrapped once more.
func TestApplyFailed(t *testing.T) {
	inner := messages.Because(messages.Internal, "failed to apply changes", messages.Errorf(messages.Conflict, "x"))
	if got := applyFailed(inner); got != error(inner) {
		t.Errorf("got %v", got)
	}
	retry := applyFailed(messages.Errorf(messages.Conflict, "x").WithRetry(true))
	if e := messages.AsError(retry); e.Kind != messages.Internal || e.Retry != messages.RetryYes || e.Cause.Kind != messages.Conflict {
		t.Errorf("got %s", dumpValue(e))
	}
}
