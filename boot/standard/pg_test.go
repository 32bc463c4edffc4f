package standard_test

import (
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

const scopes = `
  - {name: scope, kind: pg.scope, lifecycle: {auto_start: true}}
  - {name: other, kind: pg.scope, lifecycle: {auto_start: true}, protocol_timeout: 1s, broadcast_timeout: 1s, anti_entropy_interval: 1m, circuit_breaker_failures: 1, circuit_breaker_reset_time: 1s, max_retries: 1, retry_base_delay: 1ms, retry_max_delay: 2ms, action_queue_size: 10, action_queue_max_size: 10, monitor_buffer: 1}
  - {name: small, kind: pg.scope, lifecycle: {auto_start: true}, max_groups: 2, max_members_per_group: 2}
  - {name: idle, kind: pg.scope}
`

// member is a process that joins what it is told and passes on what it gets.
const member = `
  - name: member
    kind: process.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(boss, ...)
          local g = assert(require("pg").open("app:scope"))
          assert(g:join({...}))
          process.send(boss, "ready", (process.pid()))
          local inbox = process.inbox()
          while true do
              local m = inbox:receive()
              if m:topic() == "end" then return end
              if m:topic() == "fail" then error("asked to") end
              local values = {}
              for i, p in ipairs(type(m:payload()) == "table" and m:payload() or {m:payload()}) do values[i] = p:data() end
              process.send(boss, "got", {topic = m:topic(), from = m:from(), values = values, me = (process.pid())})
          end
      end }
`

// The whole of module pg on pg.scope.
func TestPG(t *testing.T) {
	rt := start(t, hostEntry+scopes+member+mainProc("pg, time", `
local pg, time = require("pg"), require("time")
local me = process.pid()
local ready, got = process.listen("ready"), process.listen("got")
local function text(v)
    if type(v) ~= "table" then return tostring(v) end
    local keys, out = {}, {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for i, k in ipairs(keys) do out[i] = k .. "=" .. text(v[k]) end
    return "{" .. table.concat(out, " ") .. "}"
end
local function same(got, want, what)
    if text(got) ~= text(want) then error((what or "") .. ": got " .. text(got) .. ", want " .. text(want), 2) end
end
local function spawn(...)
    local pid = assert(process.spawn("app:member", "app:a_host", me, ...))
    same(ready:receive(), pid, "ready")
    return pid
end
local g = assert(pg.open("app:scope"))
local other = assert(pg.open("app:other"))
same(g:which_groups(), {}, "no groups")
same(g:get_members("a"), {}, "no members")

-- events and snapshots
local all, before = g:events()
same(before, {})
local one, two = spawn("a"), spawn("a", "b")
same(g:get_members("a"), {one, two})
same(g:get_local_members("b"), {two})
same(g:which_groups(), {"a", "b"})
same(g:which_local_groups(), {"a", "b"})
same(other:which_groups(), {}, "scopes are independent")
local only, members, err = g:monitor("a")
same(members, {one, two}, "snapshot")
same(err, nil)
local snap
only, snap = only, select(2, g:events())
same(snap, {a = {one, two}, b = {two}}, "snapshot of all")
assert(g:join("a"))
assert(g:join({"a", "c"}))
same(g:get_members("a"), {one, two, me, me}, "joined twice")
local function event(kind, group, ...) return {system = "pg", kind = "member." .. kind, path = group, data = {Group = group, PIDs = {...}}} end
for _, want in ipairs{event("joined", "a", one), event("joined", "a", two), event("joined", "b", two), event("joined", "a", me), event("joined", "a", me), event("joined", "c", me)} do
    same(all:channel():receive(), want, "event")
end
same(only:channel():receive(), event("joined", "a", me))
same(only:channel():receive(), event("joined", "a", me))

-- broadcast
local mine = process.listen("news", {message = true})
assert(g:broadcast("a", "news", 1, {two = 2}))
local m = mine:receive()
same(m:from(), me)
same(m:payload()[2]:data(), {two = 2})
local from = {}
for i = 1, 2 do
    local r = got:receive()
    same(r.values, {1, {two = 2}})
    same(r.topic .. r.from, "news" .. me)
    from[r.me] = true
end
same(from, {[one] = true, [two] = true}, "broadcast reaches every process once")
assert(g:broadcast_local("b", "hi"))
same(got:receive().me, two)
assert(g:broadcast("nobody", "hi"))
for i = 1, 100 do g:broadcast("b", "n", i); process.send(two, "s", i) end
for i = 1, 100 do same(got:receive().topic, "n"); same(got:receive().topic, "s") end

-- leaving and ending
assert(g:leave("a"))
same(g:get_members("a"), {one, two, me})
assert(g:leave({"a", "b"})) -- it is in one of them
local v
v, err = g:leave("a")
if v ~= nil or err:kind() ~= "Invalid" then return "leaving a group it is not in" end
v, err = g:leave({"a", "b", "nope"})
if v ~= nil or err:kind() ~= "Invalid" then return "leaving groups it is not in" end
assert(g:leave("c"))
same(g:which_groups(), {"a", "b"})
for _, want in ipairs{event("left", "a", me), event("left", "a", me), event("left", "c", me)} do same(all:channel():receive(), want) end
process.send(two, "fail")
same(all:channel():receive(), event("left", "a", two), "a process that fails")
same(all:channel():receive(), event("left", "b", two))
same(g:get_members("a"), {one})
same(g:which_groups(), {"a"})
process.terminate(one)
same(all:channel():receive(), event("left", "a", one), "a process that is terminated")
same(g:which_groups(), {})
for i = 1, 4 do
    local e = only:channel():receive()
    same(e.path .. e.kind, "amember.left")
end
local twice = spawn("a", "a", "b")
for i = 1, 3 do all:channel():receive(); end
process.send(twice, "end")
same(all:channel():receive(), event("left", "a", twice, twice), "all memberships end")
same(all:channel():receive(), event("left", "b", twice))

-- subscriptions
only:channel():receive(); only:channel():receive(); only:channel():receive()
for i = 1, 200 do g:join("a"); g:leave("a") end
for i = 1, 200 do
    same(all:channel():receive(), event("joined", "a", me), "more than 64 wait")
    same(all:channel():receive(), event("left", "a", me))
end
same(only:close({flush = true}), true)
same(only:close(), true)
same(select(2, only:channel():receive()), false, "flushed")
g:join("a")
same(all:close(), true)
g:leave("a")
same(all:channel():receive(), event("joined", "a", me), "what was queued")
same(select(2, all:channel():receive()), false)

-- limits
local small = assert(pg.open("app:small"))
assert(small:join({"x", "x"}))
for _, list in ipairs{"x", {"y", "z"}, {"y", "y", "y"}} do
    v, err = small:join(list)
    if v ~= nil or err:kind() ~= "Unavailable" then return "limit " .. text(list) end
end
same(small:which_groups(), {"x"}, "all or nothing")
assert(small:join("y"))

-- errors
for _, c in ipairs{
    {function() return pg.open("") end, "Invalid"},
    {function() return pg.open("app:none") end, "Internal"},
    {function() return pg.open("app:a_host") end, "Internal"},
    {function() return pg.open("app:idle") end, "Unavailable"},
    {function() return g:join("") end, "Invalid"},
    {function() return g:join({}) end, "Invalid"},
    {function() return g:broadcast("a", "") end, "Invalid"},
} do
    v, err = c[1]()
    if v ~= nil or err:kind() ~= c[2] then return "case " .. _ .. ": " .. tostring(err) end
end
same(g:release(), true)
v, err = g:get_members("a")
if v ~= nil or err:kind() ~= "Invalid" then return "released" end
return "ok"`))
	wantOK(t, rt)
}

// Membership and subscriptions of a function call end with the call, and groups
// with the scope, which keeps those that watch it.
func TestPGEnds(t *testing.T) {
	rt := start(t, hostEntry+scopes+`
  - name: call
    kind: function.lua
    method: run
    modules: [pg]
    pool: {type: static, workers: 1}
    source: |
      return { run = function()
          local g = require("pg").open("app:scope")
          g:join("calls"); g:events()
          return g:get_members("calls")
      end }
`+mainProc("pg, funcs, registry", `
local pg, funcs, registry = require("pg"), require("funcs"), require("registry")
local g = assert(pg.open("app:scope"))
local all = g:events()
for i = 1, 3 do
    local in_call = assert(funcs.call("app:call"))
    if #in_call ~= 1 then return "members in the call: " .. #in_call end
    if all:channel():receive().kind ~= "member.joined" then return "joined" end
    local e = all:channel():receive()
    if e.kind ~= "member.left" or e.data.PIDs[1] ~= in_call[1] then return "left" end
end
assert(g:join("kept"))
all:channel():receive()
local function change(data)
    local c = registry.snapshot():changes()
    c:update({id = "app:scope", kind = "pg.scope", meta = {}, data = data})
    assert(c:apply())
end
change({max_groups = 1, lifecycle = {auto_start = true}})
if #g:get_members("kept") ~= 1 then return "a change of the limits ends the groups" end
local v, err = g:join("more")
if v ~= nil or err:kind() ~= "Unavailable" then return "the new limit" end
return "ok"`))
	wantOK(t, rt)
}

// A scope that stops ends its groups; who watches them sees it, and what joins
// once it runs again.
func TestPGRestart(t *testing.T) {
	rt := start(t, hostEntry+scopes+mainProc("pg", `
local pg = require("pg")
local g = assert(pg.open("app:scope"))
assert(g:join({"a", "b"}))
local ch = g:events():channel()
for _, group in ipairs{"a", "b"} do
    local e = ch:receive()
    if e.kind ~= "member.left" or e.path ~= group then return "stop: " .. e.kind .. " " .. e.path end
end
local ok, err
repeat ok, err = g:join("again") until ok or err:kind() ~= "Unavailable"
if not ok then return tostring(err) end
local e = ch:receive()
return e.kind == "member.joined" and e.path == "again" and "ok" or e.kind`))
	node := rt.Node()
	done := make(chan struct{})
	go func() {
		defer close(done)
		until(t, "the process is a member", func() bool {
			list, _ := node.AskEntry(t.Context(), "app:scope", &messages.PGGroups{})
			names, _ := list.([]string)
			return len(names) == 2
		})
		for _, body := range []any{&actors.ServiceStop{ID: "app:scope"}, &actors.ServiceStart{ID: "app:scope"}} {
			if _, err := node.AskEntry(t.Context(), "supervisor", body); err != nil {
				t.Error(err)
			}
		}
	}()
	wantOK(t, rt)
	<-done
}

// Members and subscribers come and go; then nothing of them is left.
func TestPGNothingStaysBehind(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	rt := start(t, hostEntry+scopes+`
  - name: holder
    kind: process.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(k)
          local g = require("pg").open("app:scope")
          g:join({"all", "of." .. k}); g:join("all")
          g:monitor("of." .. k)
          if k % 3 == 1 then error("ends with an error") end
          if k % 3 == 2 then process.inbox():receive() end
      end }
`+mainProc("pg", `
local n = ...
local events, running, k = process.events(), 0, 0
while k < n or running > 0 do
    while k < n and running < 50 do
        k = k + 1
        local pid = assert(process.spawn_monitored("app:holder", "app:a_host", k))
        running = running + 1
        if k % 3 == 2 then process.terminate(pid) end
    end
    events:receive()
    running = running - 1
end
return "ok"`))
	empty := func() bool {
		list, err := rt.Node().AskEntry(t.Context(), "app:scope", &messages.PGGroups{})
		names, ok := list.([]string)
		return err == nil && ok && len(names) == 0
	}
	wantOK(t, rt, 500)
	until(t, "the groups are empty", empty)
	heap := heapAfterGC()
	wantOK(t, rt, n)
	until(t, "the groups are empty", empty)
	if now := heapAfterGC(); now > heap+heap/2+8<<20 {
		t.Errorf("heap went from %d to %d KB over %d processes", heap>>10, now>>10, n)
	}
}
