package standard_test

import "testing"

// Every function, method and error of the Lua module registry on a whole node.
func TestRegistryModule(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: tool, kind: registry.entry, meta: {type: tool, tags: [a, b], level: 3, title: Adds numbers, deep: {er: x}}, n: 1}
  - {name: view, kind: registry.entry, meta: {type: view, tags: [b], level: 4, title: Shows}}
  - {name: guest, kind: security.policy, policy: {actions: "registry.get", resources: "app:tool", effect: allow}}
  - {name: guests, kind: security.policy, policy: {actions: ["registry.apply", "registry.apply_version"], resources: "*", effect: deny}}
  - name: limited
    kind: function.lua
    method: main
    modules: [registry, errors]
    source: |
      local registry = require("registry")
      return { main = function()
        local list = registry.find({[".ns"] = "app"})
        if #list ~= 1 or list[1].id ~= "app:tool" then return "find gives " .. #list end
        if #registry.snapshot():entries() ~= 1 or #registry.snapshot():namespace("app") ~= 1 then return "lists" end
        local e, err = registry.get("app:view")
        if e or not errors.is(err, errors.PERMISSION_DENIED) or tostring(err) ~= "not allowed to access entry: app:view" then return tostring(err) end
        e, err = registry.snapshot():get("app:view")
        if e or not errors.is(err, errors.PERMISSION_DENIED) then return tostring(err) end
        local v
        v, err = registry.snapshot():changes():delete("app:tool"):apply()
        if v or not errors.is(err, errors.PERMISSION_DENIED) or tostring(err) ~= "not allowed to apply registry changes" then return tostring(err) end
        v, err = registry.apply_version(registry.current_version())
        if v ~= false or not errors.is(err, errors.PERMISSION_DENIED) or tostring(err) ~= "not allowed to apply registry version" then return tostring(err) end
        return "ok"
      end }
`+mainProc("registry, security, funcs, events, errors", `
local registry, security, funcs, events = require("registry"), require("security"), require("funcs"), require("events")
local function fails(kind, text, v, err)
    if v or not err then error("no error, but wanted " .. text, 2) end
    if err:kind() ~= kind or not tostring(err):find(text, 1, true) then error(err:kind() .. " " .. tostring(err), 2) end
    return err
end
local function ids(list, err)
    if err then return tostring(err) end
    local out = {}
    for _, e in ipairs(list) do out[#out + 1] = e.id:match(":(.*)") end
    table.sort(out)
    return table.concat(out, " ")
end
local function same(got, want) if got ~= want then error(tostring(got) .. " for " .. tostring(want), 2) end end

-- reading
local e = assert(registry.get("app:tool"))
same(e.id, "app:tool"); same(e.kind, "registry.entry"); same(e.meta.deep.er, "x"); same(e.data.n, 1)
fails("NotFound", "entry not found: app:none", registry.get("app:none"))
same(registry.parse_id("a.b:c").ns .. "/" .. registry.parse_id("a.b:c").name, "a.b/c")
for want, filter in pairs({
    ["tool"] = {[".name"] = "tool"}, ["guest guests"] = {[".kind"] = "security.*"}, ["tool view"] = {[".kind"] = "registry.entry", [".ns"] = "app"},
    ["view"] = {[".id"] = "app:v*"},
}) do same(ids(registry.find(filter)), want) end
local function found(filter, want)
    same(ids(registry.find(filter)), want)
    same(ids(registry.find(filter)), want)
    same(ids(registry.snapshot():find(filter)), want)
end
found({["meta.type"] = "tool"}, "tool"); found({["meta.level"] = 4}, "view"); found({["meta.deep.er"] = "x"}, "tool")
found({["meta.tags"] = {"a", "b"}}, "tool"); found({["meta.tags"] = {"b"}}, "tool view"); found({["~meta.title"] = "^A.*s$"}, "tool")
found({["*meta.title"] = "how"}, "view"); found({["*meta.tags"] = "a"}, "tool"); found({["^meta.title"] = "Sh"}, "view"); found({["$meta.title"] = "bers"}, "tool")
found({meta = {["meta.type"] = "view"}, [".ns"] = "app"}, "view"); found({["~meta.title"] = "(", ["meta.type"] = "view"}, "view")
found({kind = "nothing", type = "nothing", [".name"] = "tool"}, "tool")
same(#registry.find(), #registry.snapshot():entries())

-- versions and snapshots
same(registry.current_version():id(), 0)
fails("Invalid", "invalid version ID", registry.snapshot_at(0))
fails("Invalid", "invalid version ID", registry.snapshot_at(-1))
fails("NotFound", "version not found", registry.snapshot_at(99))
local before = registry.snapshot()
local c = before:changes()
same(c:create({id = "x:one", kind = "registry.entry", meta = {m = 1}, data = {n = 1}}), c)
same(c:create({id = {ns = "x", name = "two"}, kind = "registry.entry"}), c)
e.data.n = 2
same(c:update(e), c)
same(c:delete({ns = "app", name = "view"}), c)
fails("Invalid", "entry must have valid id field", c:create({kind = "k"}))
fails("Invalid", "entry must have kind field", c:create({id = "x:y"}))
fails("Invalid", "entry must have kind field", c:update({id = "x:y"}))
fails("Invalid", "invalid ID format", c:delete("half"))
fails("Invalid", "invalid ID format", c:create({id = "half", kind = "k"}))
local ops = c:ops()
same(#ops .. ops[1].kind .. ops[3].kind .. ops[4].kind .. ops[4].entry.id, "4entry.createentry.updateentry.deleteapp:view")
local sub = assert(events.subscribe("registry"))
local v1 = assert(c:apply())
local seen = {}
while not seen["registry.commit"] do
    local ev = sub:channel():receive()
    seen[ev.kind] = (seen[ev.kind] or "") .. ev.path .. " "
end
sub:close()
same(seen["registry.begin"], "1 "); same(seen["registry.commit"], "1 "); same(seen["entry.create"], "x:one x:two ")
same(seen["entry.update"], "app:tool "); same(seen["entry.delete"], "app:view ")
same(v1:id() .. v1:string() .. tostring(v1), "1v1v1")
same(registry.get("app:tool").data.n, 2); same(before:get("app:tool").data.n, 1)
fails("NotFound", "entry not found: app:view", registry.get("app:view"))
same(before:get("app:view").id, "app:view"); same(before:version():id(), 0)
same(ids(registry.snapshot():namespace("x")), "one two"); same(#before:namespace("x"), 0)

-- refused changes
fails("Invalid", "no changes to apply", registry.snapshot():changes():apply())
local err = fails("Internal", "registry changed during apply", before:changes():delete("x:one"):apply())
same(err:retryable(), true); same(err:details().expected_version, 0); same(err:details().actual_version, 1); same(errors.is(err, errors.CONFLICT), true)
err = fails("Internal", "entry already exists: {ns: x, name: one}", registry.snapshot():changes():create({id = "x:one", kind = "registry.entry"}):apply())
same(errors.is(err, errors.CONFLICT), true)
err = fails("Internal", "entry not found: x:none", registry.snapshot():changes():delete("x:none"):apply())
same(errors.is(err, errors.NOT_FOUND), true)
fails("Internal", "entry not found: x:none", registry.snapshot():changes():update({id = "x:none", kind = "registry.entry"}):apply())
err = fails("Internal", "failed to apply changes", registry.snapshot():changes():create({id = "x:f", kind = "function.lua", data = {method = "m", source = "return {"}}):delete("x:two"):apply())
same(type(err:details().cause), "string"); same(err:details().rollback_error, nil)
same(registry.current_version():id(), 1); same(registry.get("x:two").id, "x:two")

-- what is added can be called at once; squashing
local c2 = registry.snapshot():changes()
c2:create({id = "x:f", kind = "function.lua", data = {method = "m", source = "return { m = function() return 5 end }"}})
c2:create({id = "x:gone", kind = "registry.entry"}):delete("x:gone"):delete("x:one"):create({id = "x:one", kind = "registry.entry", data = {n = 9}})
local v2 = assert(c2:apply())
same(funcs.call("x:f"), 5); same(registry.get("x:one").data.n, 9)

-- the way through the versions
same(v2:previous():id(), 1); same(v2:next(), nil); same(v1:next():id(), 2); same(registry.versions()[1]:previous(), nil)
same(#registry.versions(), 3); same(v1 == registry.versions()[2], true); same(v1 < v2, true)
local h = assert(registry.history())
same(#h:versions(), 3); same(h:get_version(0):id(), 0); same(h:snapshot_at(v1):get("x:one").data.n, 1)
fails("Invalid", "invalid version ID", h:get_version(-1))
fails("NotFound", "version not found", h:get_version(99))
same(registry.snapshot_at(1):version():id(), 1); same(ids(registry.snapshot_at(2):namespace("x")), "f one two")
same(registry.apply_version(h:get_version(0)), true)
same(registry.current_version():id(), 0); same(ids(registry.snapshot():namespace("x")), ""); same(registry.get("app:view").id, "app:view")
local _, gone = funcs.call("x:f")
same(gone:kind(), "NotFound")
same(registry.apply_version(v2), true); same(funcs.call("x:f"), 5)
same(registry.apply_version(v1), true)
local v3 = assert(registry.snapshot():changes():delete("x:one"):apply())
same(v3:id(), 3); same(v3:previous():id(), 1)

-- build_delta
local delta = assert(registry.build_delta(registry.snapshot_at(1):entries(), registry.snapshot_at(2):entries()))
local text = {}
for i, op in ipairs(delta) do text[i] = op.kind .. " " .. op.entry.id end
table.sort(text)
same(table.concat(text, ", "), "entry.create x:f, entry.update x:one")
same(#registry.build_delta({}, {}), 0)
same(registry.build_delta(before:entries(), {})[1].kind, "entry.delete")
fails("Invalid", "entry must have valid id field", registry.build_delta({{}}, {}))

-- what others may do
local scope = security.new_scope({assert(security.policy("app:guest")), assert(security.policy("app:guests"))})
local got = assert(funcs.new():with_scope(scope):with_actor(security.new_actor("guest")):call("app:limited"))
return got`))
	wantOK(t, rt)
}
