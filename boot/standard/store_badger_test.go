package standard_test

import (
	"fmt"
	"testing"
)

// The whole of module store on store.badger.
func TestStoreBadger(t *testing.T) {
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: s, kind: store.badger, path: %q, lifecycle: {auto_start: true}}
  - {name: idle, kind: store.badger, path: unused}
`, t.TempDir())+mainProc("store, time, json", `
local store, time, json = require("store"), require("time"), require("json")
local s = assert(store.get("app:s"))
local v, err = s:get("a")
if v ~= nil or err:kind() ~= "NotFound" or err:message() ~= "key not found" then return "absent" end
for _, x in ipairs{"text", "\0\255 bin", 1, -1.5, true, false, {n = 1, list = {1, 2, {x = "y"}}, [3] = "three"}, {}, ""} do
    if s:set("a", x) ~= true then return "set" end
    if json.encode({s:get("a")}) ~= json.encode({x}) then return "value " .. json.encode({x}) end
end
assert(s:set("err", errors.new({kind = "Conflict", message = "busy"})))
v = assert(s:get("err"))
if v:kind() ~= "Conflict" or v:message() ~= "busy" then return "error" end
assert(s:delete("err"))
if s:has("a") ~= true or s:has("b") ~= false then return "has" end
local e = assert(s:put("b", "x", {only_if_absent = true}))
v, err = s:put("b", "y", {only_if_absent = true})
if v or err:kind() ~= "AlreadyExists" then return "only_if_absent" end
e = assert(s:put("b", "y", {if_version = e.version}))
v, err = s:put("b", "z", {if_version = "nix"})
if v or err:kind() ~= "Conflict" or err:retryable() ~= true or s:get("b") ~= "y" then return "if_version" end
assert(s:set("c", 1, 0.02))
assert(s:set("d", 1))
local p = s:list({limit = 2})
if #p.items ~= 2 or p.items[1].key ~= "a" or not p.has_more then return "page 1" end
p = s:list({after = p.cursor, prefix = "d"})
if #p.items ~= 1 or p.items[1].key ~= "d" or p.has_more then return "page 2" end
time.sleep("40ms")
if s:has("c") then return "ttl" end
if s:delete("d") ~= true or s:delete("d") ~= false then return "delete" end
if s:entry("b").version ~= e.version then return "entry" end
local i = s:info()
if i.id ~= "app:s" or i.backend ~= store.backend.BADGER or i.consistency ~= store.consistency.LOCAL or not (i.durable and i.list and i.versioned and i.conditional_put and i.ttl) then return json.encode(i) end
v, err = store.get("app:idle"):get("a")
if err:kind() ~= "Unavailable" then return tostring(err) end
return "ok"`))
	wantOK(t, rt)
}
