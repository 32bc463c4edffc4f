package standard_test

import "testing"

// The whole of module store on store.memory.
func TestStore(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: cache, kind: store.memory, max_size: 3, lifecycle: {auto_start: true}}
`+mainProc("store, time", `
local store, time = require("store"), require("time")
local s = assert(store.get("app:cache"))
local v, err = s:get("a")
if v ~= nil or err:kind() ~= "NotFound" or err:message() ~= "key not found" then return "absent" end
assert(s:set("a", {n = 1}))
if s:get("a").n ~= 1 or s:has("a") ~= true or s:has("b") ~= false then return "set" end
local e = assert(s:put("b", "x", {only_if_absent = true}))
v, err = s:put("b", "y", {only_if_absent = true})
if v or err:kind() ~= "AlreadyExists" then return "only_if_absent" end
e = assert(s:put("b", "y", {if_version = e.version}))
v, err = s:put("b", "z", {if_version = "nix"})
if v or err:kind() ~= "Conflict" or err:retryable() ~= true or s:get("b") ~= "y" then return "if_version" end
v, err = s:put("b", 1, {only_if_absent = true, if_version = "1"})
if err:kind() ~= "Invalid" then return "both" end
assert(s:set("c", 1, 0.02))
v, err = s:set("d", 1)
if v or not err then return "full" end
local p = s:list({limit = 2})
if #p.items ~= 2 or p.items[1].key ~= "a" or not p.has_more then return "page 1" end
p = s:list({after = p.cursor})
if #p.items ~= 1 or p.items[1].key ~= "c" or p.has_more then return "page 2" end
if #s:list({prefix = "b"}).items ~= 1 then return "prefix" end
time.sleep("40ms")
if s:has("c") then return "ttl" end
assert(s:set("d", 1))
if s:delete("d") ~= true or s:delete("d") ~= false then return "delete" end
if s:entry("a").version == nil or s:info().backend ~= store.backend.MEMORY then return "info" end
v, err = s:get("")
if err:kind() ~= "Invalid" then return "empty key" end
for _, put in ipairs({s.set, s.put}) do
    v, err = put(s, "k", function() end)
    if v ~= nil or err:kind() ~= "Invalid" or err:message() ~= "value is required" or s:has("k") then return "a function as a value" end
end
v, err = store.get("app:a_host")
if v ~= nil or err:kind() ~= "Invalid" or err:message() ~= "not a store: app:a_host" then return "no store " .. tostring(err) end
v, err = s:set("k", nil)
if err:kind() ~= "Invalid" then return "nil value" end
s:release(); s:release()
v, err = s:get("a")
if err:message() ~= "store is released" then return "released" end
v, err = store.get("app:none")
return err:kind() == "NotFound" and "ok" or tostring(err)`))
	wantOK(t, rt)
}
