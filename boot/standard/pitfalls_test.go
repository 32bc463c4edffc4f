package standard_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// main makes an entry that is called like a function and returns "ok".
func mainProc(modules, src string) string {
	return "\n  - name: main\n    kind: process.lua\n    method: main\n    meta: {default_host: a_host}\n    modules: [" + modules + "]\n    source: |\n      return { main = function(...)\n      " + strings.ReplaceAll(src, "\n", "\n      ") + "\n      end }\n"
}

func wantOK(t *testing.T, rt *boot.Runtime, args ...any) {
	t.Helper()
	if v, err := call(t, rt, "app:main", args...); v != "ok" || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}

// What one process does to itself, whatever it is, the others do not notice.
func TestOneDoesNotDisturbAnother(t *testing.T) {
	for name, src := range map[string]string{
		"a Lua error":             `error("mine")`,
		"an error without text":   `error()`,
		"endless recursion":       `local function f() return 1 + f() end return f()`,
		"recursion in pcall":      `local function f() return pcall(f) end for i = 1, 3 do f() end error("end")`,
		"recursion in __index":    `local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. "x"] end return t.a`,
		"coroutines all the way":  `local function f() return coroutine.wrap(f)() end return f()`,
		"a huge string":           `return #string.rep("x", 1e11)`,
		"a huge format":           `return string.format("%999999999d", 1)`,
		"a pattern that blows up": `return string.rep("a", 3000):find("a*a*a*a*a*a*b")`,
		"too many results":        `return select("#", unpack({}, 1, 1e8))`,
		"a lying comparison":      `local t = {} for i = 1, 1e4 do t[i] = i end table.sort(t, function() return true end) error("end")`,
		"a swallowed kill":        `while true do pcall(function() while true do end end) end`,
		"an endless loop":         `while true do end`,
		"an endless handler":      `while true do xpcall(function() error("x") end, function() while true do end end) end`,
		"an endless iterator":     `for x in function() return 1 end do end`,
		"writing the libraries":   `string.rep = nil`,
		"writing a metatable":     `getmetatable("").__index = nil`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := start(t, hostEntry+proc("bad", "return { main = function() "+src+"\nend }")+proc("echo", `return { main = function()
    local i = process.inbox()
    while true do local m = i:receive() process.send(m:from(), "echo", m:payload():data()) end
end }`)+mainProc("time", `
local echo = assert(process.spawn("app:echo", "app:a_host"))
local got, events = process.listen("echo"), process.events()
local bad = {}
for i = 1, 3 do bad[i] = assert(process.spawn_monitored("app:bad", "app:a_host")) end
for i = 1, 200 do
    process.send(echo, "x", i)
    if got:receive() ~= i then return "the other one lost a message" end
end
for i = 1, 3 do process.terminate(bad[i]) end
for i = 1, 3 do
    local e = events:receive()
    if e.kind ~= process.event.EXIT or not e.result.error then return "it ended well: " .. tostring(e.result.value) end
end
return "ok"`))
			wantOK(t, rt)
			until(t, "they are gone", func() bool { return rt.Node().Procs.Len() <= 1 })
		})
	}
}

// A receiver that is slow gets everything, in order, and the end behind it.
func TestSlowReceiver(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5_000
	}
	rt := start(t, hostEntry+proc("source", `return { main = function(to, n)
    local events = require("events")
    for i = 1, n do
        process.send(to, "n", i)
        events.send("source", "tick", "/", i)
    end
    process.send(to, "n", "end")
end }`)+"    modules: [events]\n"+mainProc("time, events", `
local n = ...
local numbers, ends = process.listen("n"), process.events()
local ticks = require("events").subscribe("source", "tick"):channel()
process.spawn_monitored("app:source", "app:a_host", process.pid(), n)
for i = 1, n do
    if i % (n / 10) == 0 then time.sleep("1ms") end
    local v = numbers:receive()
    if v ~= i then return "message " .. i .. " is " .. tostring(v) end
    v = ticks:receive().data
    if v ~= i then return "event " .. i .. " is " .. tostring(v) end
end
if numbers:receive() ~= "end" then return "no end" end
return ends:receive().kind == process.event.EXIT and "ok" or "no exit"`))
	wantOK(t, rt, n)
}

// What apply has added can be used when it returns.
func TestApplyIsReady(t *testing.T) {
	rt := start(t, hostEntry+mainProc("registry, funcs", `
local registry, funcs = require("registry"), require("funcs")
for i = 1, 100 do
    local c = assert(registry.snapshot()):changes()
    c[i == 1 and "create" or "update"](c, {id = "app:made", kind = "function.lua", meta = {}, data = {method = "run", source = "return { run = function() return " .. i .. " end }"}})
    assert(c:apply())
    local v, err = funcs.call("app:made")
    if v ~= i then return tostring(v) .. tostring(err) end
end
local c = assert(registry.snapshot()):changes()
c:delete("app:made")
assert(c:apply())
local v, err = funcs.call("app:made")
return err and err:kind() == "NotFound" and "ok" or tostring(v)`))
	wantOK(t, rt)
}

// A change that is refused in the middle leaves everything as it was.
func TestRefusedApply(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: f, kind: function.lua, method: run, source: "return { run = function() return 'old' end }"}
  - {name: store, kind: env.storage.memory}
`+mainProc("registry, funcs", `
local registry, funcs = require("registry"), require("funcs")
local before = registry.current_version():id()
for _, bad in ipairs{
    {id = "app:z", kind = "function.lua", meta = {}, data = {method = "run", source = "return ("}},
    {id = "app:z", kind = "function.lua", meta = {}, data = {method = "run"}},
    {id = "app:z", kind = "no.such.kind", meta = {}, data = {}},
    {id = "app:z", kind = "env.variable", meta = {}, data = {storage = "app:none"}},
    {id = "app:f", kind = "function.lua", meta = {}, data = {}},
} do
    local c = registry.snapshot():changes()
    c:update({id = "app:f", kind = "function.lua", meta = {}, data = {method = "run", source = "return { run = function() return 'new' end }"}})
    c:create({id = "app:a", kind = "registry.entry", meta = {}, data = {}})
    c:create(bad)
    local v, err = c:apply()
    if v then return "applied " .. bad.id end
    if registry.current_version():id() ~= before then return "the version moved" end
    if registry.get("app:a") or registry.get("app:z") then return "an entry stayed" end
    local got = funcs.call("app:f")
    if got ~= "old" then return "the function is " .. tostring(got) .. " after " .. tostring(err) end
end
return "ok"`))
	wantOK(t, rt)
}

// Of several changes at once one wins; the others can be tried again.
func TestConcurrentApplies(t *testing.T) {
	rt := start(t, "  - {name: e, kind: registry.entry, n: 0}\n")
	node := rt.Node()
	var won, lost atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			op := messages.EntryOp{Kind: "entry.update", Entry: &messages.EntryData{ID: "app:e", Kind: "registry.entry", Data: map[string]any{"n": i}}}
			_, err := node.Ask(context.Background(), &messages.RegistryApply{Base: 0, Ops: []messages.EntryOp{op}})
			switch e := messages.AsError(err); {
			case err == nil:
				won.Add(1)
			case e.Kind == messages.Conflict && e.Retry == messages.RetryYes:
				lost.Add(1)
			default:
				t.Errorf("refused with %v, kind %s", err, e.Kind)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 19 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}

// A changed library in the middle of a chain is seen by everything above it;
// calls that race with the change never fail, those that run finish.
func TestNoStaleCode(t *testing.T) {
	chain := ""
	for i := range 4 {
		imports, source := "", "return { v = function() return 'a0' end }"
		if i > 0 {
			imports = fmt.Sprintf("imports: {below: 'app:lib%d'}, ", i-1)
			source = "return { v = function() return below.v() .. '.' end }"
		}
		chain += fmt.Sprintf("  - {name: lib%d, kind: library.lua, %ssource: \"%s\"}\n", i, imports, source)
	}
	rt := start(t, hostEntry+chain+`
  - {name: f, kind: function.lua, method: run, imports: {lib: 'app:lib3'}, source: "return { run = function() return lib.v() end }"}
  - {name: slow, kind: function.lua, method: run, modules: [time], imports: {lib: 'app:lib3'}, source: "return { run = function() require('time').sleep('30ms') return lib.v() end }"}
`+mainProc("registry, funcs", `
local registry, funcs = require("registry"), require("funcs")
local last = "a0..."
for i = 1, 20 do
    local running = funcs.async("app:slow")
    local stop, calls = false, 0
    coroutine.spawn(function()
        while not stop do
            local v, err = funcs.call("app:f")
            if err then error("a call failed: " .. tostring(err)) end
            calls = calls + 1
        end
    end)
    local c = registry.snapshot():changes()
    c:update({id = "app:lib1", kind = "library.lua", meta = {}, data = {imports = {below = "app:lib0"}, source = "return { v = function() return below.v() .. '" .. i .. "' end }"}})
    assert(c:apply())
    local want = "a0" .. i .. ".."
    local got = funcs.call("app:f")
    if got ~= want then return "stale: " .. tostring(got) end
    local p = running:response():receive()
    local old = p:data()
    if old ~= last and old ~= want then return "the running call gave " .. tostring(old) end
    last, stop = want, true
end
return "ok"`))
	wantOK(t, rt)
}

// Changing the registry while handling its events does not deadlock.
func TestChangeInsideAHandler(t *testing.T) {
	rt := start(t, hostEntry+mainProc("registry, events", `
local registry, events = require("registry"), require("events")
local created = events.subscribe("registry", "entry.create"):channel()
local function create(i)
    local c = registry.snapshot():changes()
    c:create({id = "app:n" .. i, kind = "registry.entry", meta = {}, data = {}})
    assert(c:apply())
end
create(1)
for i = 1, 20 do
    if created:receive().path ~= "app:n" .. i then return "another event" end
    create(i + 1)
end
return "ok"`))
	wantOK(t, rt)
}

// A timer fires or its stop says true, never both.
func TestTimerStop(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 1_000
	}
	rt := start(t, hostEntry+mainProc("time", `
local n = ...
for i = 1, n do
    local t = time.timer(1000 * (i % 50 + 1))
    if i % 3 == 0 then time.sleep(1000 * (i % 40)) end
    local stopped = t:stop()
    local r = channel.select({t:channel():case_receive()}, true)
    if stopped and not r.default then return "fired although stopped, round " .. i end
end
local t = time.timer("1h")
if not t:reset("1ms") then return "reset" end
t:channel():receive()
if t:stop() then return "stopped after it fired" end
t:reset("1ms")
t:channel():receive()
return "ok"`))
	wantOK(t, rt, n)
}

// Context values, actor and scope go down a chain of calls, asynchronous calls,
// spawns and exec; explicit ones win; an upgrade keeps them.
func TestContextGoesDown(t *testing.T) {
	show := `local ctx, security = require("ctx"), require("security")
local function seen() local a = security.actor() return (ctx.get("k") or "none") .. "/" .. (a and a:id() or "nobody") end
`
	rt := start(t, hostEntry+proc("p", show+`return { main = function(again) if again then process.upgrade(nil, false) end return seen() end }`)+"    modules: [ctx, security]\n"+`
  - name: f
    kind: function.lua
    method: run
    modules: [ctx, security]
    source: |
      `+strings.ReplaceAll(show, "\n", "\n      ")+`
      return { run = function() return seen() end }
  - name: g
    kind: function.lua
    method: run
    modules: [funcs]
    source: |
      return { run = function()
        local p = funcs.async("app:f"):response():receive()
        return funcs.call("app:f") .. " " .. p:data() .. " " .. process.exec("app:p", "app:a_host") .. " " .. process.exec("app:p", "app:a_host", true)
          .. " " .. funcs.new():with_context({k = "other"}):call("app:f")
      end }
`+mainProc("funcs, security", `
local security = require("security")
local v, err = funcs.new():with_context({k = "v"}):with_actor(security.new_actor("ann")):call("app:g")
if v ~= "v/ann v/ann v/ann v/ann other/ann" then return tostring(v) .. tostring(err) end
v = funcs.call("app:f")
return v == "none/nobody" and "ok" or tostring(v)`))
	wantOK(t, rt)
}

// An idle application uses no processor.
func TestIdle(t *testing.T) {
	rt := start(t, hostEntry+proc("quiet", `return { main = function() process.events():receive() end }`)+`
  - {name: quiet_service, kind: process.service, process: quiet, host: a_host, lifecycle: {auto_start: true}}
`)
	node := rt.Node()
	until(t, "it waits", func() bool {
		for _, p := range node.Procs.All() {
			if p.Info().State != "waiting" {
				return false
			}
		}
		return node.Procs.Len() == 1
	})
	before := node.Procs.All()[0].Info().Steps
	timer := time.NewTimer(50 * time.Millisecond)
	<-timer.C
	if after := node.Procs.All()[0].Info().Steps; after != before {
		t.Errorf("it executed %d instructions while it waited", after-before)
	}
}
