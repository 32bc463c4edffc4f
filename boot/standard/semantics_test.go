package standard_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const header = "version: \"1.0\"\nnamespace: app\nentries:\n"

const hostEntry = `
  - {name: a_host, kind: process.host, lifecycle: {auto_start: true}}
`

func proc(name, src string) string {
	return "\n  - name: " + name + "\n    kind: process.lua\n    method: main\n    source: |\n      " + strings.ReplaceAll(src, "\n", "\n      ") + "\n"
}

func start(t testing.TB, entries string, opts ...boot.Option) *boot.Runtime {
	t.Helper()
	return startParts(t, standard.Parts(), entries, opts...)
}

func startParts(t testing.TB, parts boot.Parts, entries string, opts ...boot.Option) *boot.Runtime {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	rt, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + entries)}}, parts, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return rt
}

func call(t testing.TB, rt *boot.Runtime, id string, args ...any) (any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	return rt.Call(ctx, id, args...)
}

// Each program below runs as a process on a real node; the entries it may start
// stand in cast. It returns "ok" or what went wrong.
func TestSemantics(t *testing.T) {
	cast := hostEntry +
		proc("echo", `return { main = function(...)
    local i = process.inbox()
    while true do
        local m = i:receive()
        if m:topic() == "stop" then return "stopped" end
        if m:topic() == "fail" then error("asked to fail") end
        process.send(m:from(), "echo", m:payload() and m:payload():data())
    end
end }`) +
		proc("quick", `return { main = function(a, b) return a end }`) +
		proc("fails", `return { main = function(what) error(what or "boom") end }`) +
		proc("fails2", `return { main = function() return nil, errors.new{message = "second", kind = errors.CONFLICT, retryable = false, details = {n = 7}} end }`) +
		proc("deaf", `return { main = function() channel.new():receive() end }`) +
		proc("spin", `return { main = function() while true do end end }`) +
		proc("obedient", `return { main = function(boss)
    local e = process.events():receive()
    process.send(boss, "bye", e.kind, e.reason)
    return "left"
end }`) +
		proc("linker", `return { main = function(trap, boss)
    if trap then process.set_options({trap_links = true}) end
    local pid = process.spawn_linked("app:fails", "app:a_host", "linked boom")
    if not trap then process.inbox():receive() end
    local e = process.events():receive()
    return e.kind
end }`) +
		proc("upgrader", `return { main = function(boss, n)
    if n == 1 then
        process.registry.register("keeps.name")
        process.upgrade(nil, boss, 2)
    end
    local m = process.inbox():receive()
    process.send(boss, "upgraded", process.pid(), m:payload():data())
end }`) +
		`
  - {name: double, kind: function.lua, method: run, source: "return { run = function(a) return a * 2 end }"}
  - {name: failing, kind: function.lua, method: run, source: "return { run = function(a) error('no ' .. tostring(a)) end }"}
  - {name: pidof, kind: function.lua, method: run, source: "return { run = function() return process.pid() end }"}
  - {name: pair, kind: function.lua, method: run, source: "return { run = function(a) return nil, errors.new{message='bad', kind=errors.INVALID} end }"}
  - {name: inner, kind: function.lua, method: run, modules: [ctx], source: "return { run = function() return ctx.get('who') end }"}
  - {name: slow, kind: function.lua, method: run, modules: [time], source: "return { run = function(d) time.sleep(d) return 'late' end }"}
  - {name: named, kind: process.lua, meta: {default_host: a_host}, source: "return { main = function(a) return a end }"}
  - {name: begun_waiter, kind: process.lua, meta: {default_host: a_host}, source: "return { main = function(boss) local e = process.events(); process.send(boss, 'begun'); process.send(boss, 'bye', e:receive().reason) end }"}
  - {name: waiter, kind: process.lua, meta: {default_host: a_host}, source: "return { main = function(boss) process.send(boss, 'bye', process.events():receive().reason) end }"}
  - {name: one, kind: function.lua, method: run, modules: [time], pool: {type: static, workers: 1}, source: "return { run = function(d) time.sleep(d) return 'late' end }"}
  - {name: brief, kind: function.lua, method: run, modules: [time], meta: {options: {timeout: 20}}, source: "return { run = function(d) time.sleep(d) return 'late' end }"}
  - {name: shelf, kind: library.lua, source: "return {}"}
  - {name: counter, kind: function.lua, method: run, pool: {type: static, workers: 1}, source: "local n = 0 return { run = function() n = n + 1 return n end }"}
`
	for name, src := range map[string]string{
		"pid has the form": `
local pid = process.pid()
return pid:match("^{app:a_host|0x%x%x%x%x%x+}$") and "ok" or pid`,
		"spawn and send never loses": `
local pid = assert(process.spawn("app:echo", "app:a_host"))
local got = process.listen("echo")
for i = 1, 1000 do assert(process.send(pid, "x", i)) end
for i = 1, 1000 do local v = got:receive() if v ~= i then return "got " .. tostring(v) .. " for " .. i end end
return "ok"`,
		"exit of a monitored process": `
local pid = assert(process.spawn_monitored("app:quick", "app:a_host", 41))
local e = process.events():receive()
if e.kind ~= process.event.EXIT or e.from ~= pid or e.result.value ~= 41 or e.result.error then return e.kind end
return "ok"`,
		"exit carries the error whole": `
process.spawn_monitored("app:fails2", "app:a_host")
local err = process.events():receive().result.error
if err:kind() ~= "Conflict" or err:message() ~= "second" or err:retryable() ~= false or err:details().n ~= 7 then return tostring(err) end
return "ok"`,
		"exit of a raised error": `
process.spawn_monitored("app:fails", "app:a_host", "boom!")
local err = process.events():receive().result.error
if not tostring(err):find("boom!", 1, true) then return tostring(err) end
if not err:stack():find("app:fails", 1, true) then return "stack: " .. err:stack() end
return "ok"`,
		"dead pid is not found": `
local pid = assert(process.spawn_monitored("app:quick", "app:a_host"))
process.events():receive()
local ok, err = process.send(pid, "x")
if ok or not tostring(err):find("not found", 1, true) then return tostring(err) end
ok, err = process.monitor(pid)
if ok or err:kind() ~= "NotFound" then return tostring(err) end
return "ok"`,
		"terminate": `
local pid = assert(process.spawn_monitored("app:spin", "app:a_host"))
assert(process.terminate(pid))
local ok, err = process.send(pid, "x")
if ok or not tostring(err):find("not found", 1, true) then return "still there" end
local e = process.events():receive()
return e.kind == process.event.EXIT and e.result.error and "ok" or "no error"`,
		"cancel is a request": `
local bye = process.listen("bye", {message = true})
local pid = assert(process.spawn_monitored("app:obedient", "app:a_host", process.pid()))
assert(process.cancel(pid, "enough"))
local m = bye:receive()
local p = m:payload()
if p[1]:data() ~= process.event.CANCEL or p[2]:data() ~= "enough" then return "payload" end
return process.events():receive().result.value == "left" and "ok" or "value"`,
		"a link without trap ends the receiver": `
local pid = assert(process.spawn_monitored("app:linker", "app:a_host", false))
local e = process.events():receive()
return tostring(e.result.error):find("linked process failed", 1, true) and "ok" or tostring(e.result.error)`,
		"a trapped link is an event": `
local pid = assert(process.spawn_monitored("app:linker", "app:a_host", true))
local e = process.events():receive()
return e.result.value == process.event.LINK_DOWN and "ok" or tostring(e.result.value) .. tostring(e.result.error)`,
		"a normal end triggers no link": `
local pid = assert(process.spawn_linked_monitored("app:quick", "app:a_host", 1))
return process.events():receive().kind == process.event.EXIT and "ok" or "link"`,
		"monitor twice": `
local pid = assert(process.spawn("app:echo", "app:a_host"))
assert(process.monitor(pid))
local ok, err = process.monitor(pid)
if ok or err:kind() ~= "AlreadyExists" then return tostring(err) end
assert(process.unmonitor(pid)); assert(process.unmonitor(pid)); assert(process.link(pid)); assert(process.link(pid)); assert(process.unlink(pid))
process.terminate(pid)
return "ok"`,
		"names": `
local pid = assert(process.spawn("app:echo", "app:a_host"))
assert(process.registry.register("first", pid))
assert(process.registry.register("first", pid))
local ok, err = process.registry.register("first")
if ok or err:kind() ~= "AlreadyExists" or err:details().existing_pid ~= pid then return tostring(err) end
if process.registry.lookup("first") ~= pid then return "lookup" end
local got = process.listen("echo")
assert(process.send("first", "x", "by name"))
if got:receive() ~= "by name" then return "send by name" end
process.monitor(pid)
process.send("first", "stop")
process.events():receive()
local gone, e = process.registry.lookup("first")
if gone or e:kind() ~= "NotFound" then return "name stays" end
return "ok"`,
		"spawn or signal": `
local got = process.listen("echo")
local b = process.with_options({}):with_name("the.one"):with_message("x", "hello")
local first = assert(b:spawn("app:echo", "app:a_host"))
if got:receive() ~= "hello" then return "first" end
local second = assert(b:spawn("app:echo", "app:a_host"))
if got:receive() ~= "hello" or first ~= second then return "second" end
if assert(b:spawn_monitored("app:echo", "app:a_host")) ~= first then return "third" end
if assert(b:spawn_monitored("app:echo", "app:a_host")) ~= first then return "fourth" end
local _, again = process.monitor(first)
if not again or again:kind() ~= "AlreadyExists" then return "not monitored" end
process.terminate(first)
local e = process.events():receive()
if e.kind ~= process.event.EXIT or e.from ~= first then return "no EXIT" end
process.set_options({trap_links = true})
first = assert(b:spawn("app:echo", "app:a_host"))
assert(b:spawn_linked("app:echo", "app:a_host"))
process.terminate(first)
e = process.events():receive()
if e.kind ~= process.event.LINK_DOWN or e.from ~= first then return "no LINK_DOWN" end
return "ok"`,
		"exec": `
local v, err = process.exec("app:quick", "app:a_host", {a = {1, 2}})
if v.a[2] ~= 2 then return "value" end
v, err = process.exec("app:fails2", "app:a_host")
if v or err:kind() ~= "Conflict" then return tostring(err) end
v, err = process.exec("app:absent", "app:a_host")
if v or err:kind() ~= "NotFound" then return tostring(err) end
v, err = process.exec("app:quick", "app:no_host")
if v or err:kind() ~= "NotFound" or not tostring(err):find("host not found", 1, true) then return tostring(err) end
return "ok"`,
		"messages are copies": `
local pid = assert(process.spawn("app:echo", "app:a_host"))
local got = process.listen("echo")
local t = {n = 1, f = print, list = {1, 2, 3}}
t.me = t
process.send(pid, "x", t)
t.n = 2
local back = got:receive()
if back.n ~= 1 or back.f ~= nil or back.list[3] ~= 3 or back.me ~= back then return "copy" end
process.terminate(pid)
return "ok"`,
		"errors stay errors in messages": `
local pid = assert(process.spawn("app:echo", "app:a_host"))
local got = process.listen("echo")
process.send(pid, "x", errors.wrap(errors.new{message = "inner", kind = errors.TIMEOUT}, "outer"))
local err = got:receive()
process.terminate(pid)
return errors.is(err, errors.TIMEOUT) and err:message() == "inner" and tostring(err) == "outer: inner" and "ok" or tostring(err)`,
		"listen and unlisten": `
local me = process.pid()
process.send(me, "a", 1); process.send(me, "b", 2); process.send(me, "a", 3)
local a = process.listen("a")
if process.listen("a") ~= a then return "another channel" end
if a:receive() ~= 1 or a:receive() ~= 3 then return "a" end
local inbox = process.inbox()
if inbox:receive():topic() ~= "b" then return "b" end
process.send(me, "a", 4)
assert(process.unlisten(a))
local m = inbox:receive()
return m:topic() == "a" and m:payload():data() == 4 and m:from() == me and "ok" or "back to the inbox"`,
		"reserved topics": `
local ok, err = process.send(process.pid(), "@x", 1)
if ok or err:kind() ~= "Invalid" then return "send" end
ok, err = process.listen("@x")
return not ok and err:kind() == "Invalid" and "ok" or "listen"`,
		"upgrade keeps pid, name and mailbox": `
local got = process.listen("upgraded", {message = true})
local pid = assert(process.spawn("app:upgrader", "app:a_host", process.pid(), 1))
assert(process.send(pid, "x", "kept"))
local p = got:receive():payload()
return p[1]:data() == pid and p[2]:data() == "kept" and "ok" or tostring(p[1]:data())`,
		"function call": `
if funcs.call("app:double", 21) ~= 42 then return "value" end
local v, err = funcs.call("app:failing", 1)
if v or not tostring(err):find("no 1", 1, true) then return tostring(err) end
v, err = funcs.call("app:pair")
if v or err:kind() ~= "Invalid" or err:message() ~= "bad" then return tostring(err) end
v, err = funcs.call("app:none")
if v or err:kind() ~= "NotFound" then return tostring(err) end
if not funcs.call("app:pidof"):match("^{app:pidof#lua%.%d+|0x%x+}$") then return funcs.call("app:pidof") end
return "ok"`,
		"function state is used again": `
for i = 1, 5 do if funcs.call("app:counter") ~= i then return "call " .. i end end
return "ok"`,
		"async": `
local fs = {}
for i = 1, 20 do fs[i] = assert(funcs.async("app:double", i)) end
for i = 1, 20 do
    local p, ok = fs[i]:response():receive()
    if p:data() ~= 2 * i then return "value" end
    if not fs[i]:is_complete() or fs[i]:result():data() ~= 2 * i then return "result" end
end
local f = funcs.async("app:failing", 1)
f:response():receive()
local v, err = f:result()
local e, has = f:error()
return v == nil and err and has and "ok" or "error"`,
		"cancelled future": `
local f = funcs.async("app:slow", "1h")
local v, err = f:result()
if v ~= nil or err ~= nil then return "before" end
assert(f:cancel())
v, err = f:result()
return f:is_canceled() and err:kind() == "Canceled" and "ok" or tostring(err)`,
		"timeout of a call": `
local v, err = funcs.new():with_options({timeout = 20}):call("app:slow", "1h")
return v == nil and err:kind() == "Timeout" and "ok" or tostring(err)`,
		"what is no host and what is no function": `
local _, a = process.spawn("app:waiter", "app:slow")
local _, b = process.spawn("app:waiter", "app:waiter")
local _, c = funcs.call("app:a_host")
for _, e in ipairs{a, b} do
  if e:kind() ~= "NotFound" or not tostring(e):find("host not found: app:") then return tostring(e) end
end
return c:kind() == "NotFound" and tostring(c):find("function not found: app:a_host") and "ok" or tostring(c)`,
		"cancelled future of a process called like a function": `
local heard, begun = process.listen("bye"), process.listen("begun")
local f = funcs.async("app:begun_waiter", process.pid())
begun:receive()
assert(f:cancel())
return heard:receive() == "caller context canceled" and "ok" or "reason"`,
		"timeout of a process called like a function": `
local heard = process.listen("bye")
local v, err = funcs.new():with_options({timeout = 20}):call("app:waiter", process.pid())
if v ~= nil or err:kind() ~= "Timeout" then return tostring(err) end
if heard:receive() ~= "caller context canceled" then return "reason" end
return funcs.new():with_options({timeout = 60000}):call("app:named", 7) == 7 and "ok" or "in time"`,
		"timeout of a call that waits for a worker": `
local first = assert(funcs.async("app:one", "1h"))
local v, err = funcs.new():with_options({timeout = 20}):call("app:one", "1ms")
if v ~= nil or err:kind() ~= "Timeout" then return tostring(err) end
first:cancel()
return funcs.new():with_options({timeout = 60000}):call("app:one", "1ms") == "late" and "ok" or "after"`,
		"options of a call stand over those of the entry": `
local v, err = funcs.new():with_options({retry = {max_attempts = 1}}):call("app:brief", "1h")
if v ~= nil or err:kind() ~= "Timeout" then return "timeout of the entry: " .. tostring(err) end
return funcs.new():with_options({timeout = 60000}):call("app:brief", "50ms") == "late" and "ok" or "timeout of the call"`,
		"only functions can be called": `
local v, err = funcs.call("app:shelf")
return v == nil and err:kind() == "NotFound" and "ok" or tostring(err)`,
		"context is inherited": `
local v = funcs.new():with_context({who = "me"}):call("app:inner")
if v ~= "me" then return tostring(v) end
local none, err = funcs.call("app:inner")
return err:kind() == "NotFound" and "ok" or tostring(err)`,
		"an endless loop beside": `
local pids = {}
for i = 1, 4 do pids[i] = process.spawn("app:spin", "app:a_host") end
local pid = assert(process.spawn("app:echo", "app:a_host"))
local got = process.listen("echo")
for i = 1, 100 do process.send(pid, "x", i); if got:receive() ~= i then return "order" end end
for i = 1, 4 do process.terminate(pids[i]) end
process.terminate(pid)
return "ok"`,
		"timers": `
local after = time.after("5ms")
local ticker = time.ticker("2ms")
local n = 0
while true do
    local r = channel.select{after:case_receive(), ticker:channel():case_receive()}
    if r.channel == after then break end
    n = n + 1
end
ticker:stop()
local t = time.timer("1h")
if not t:stop() or t:stop() then return "stop" end
return "ok"`,
		"deadlock": `
local _, err = process.exec("app:deaf", "app:a_host")
return tostring(err):find("all coroutines blocked with no pending operations", 1, true) and "ok" or tostring(err)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := start(t, cast+"\n  - name: test\n    kind: process.lua\n    meta: {default_host: a_host}\n    modules: [time, funcs, ctx]\n    method: main\n    source: |\n      return { main = function()\n      "+strings.ReplaceAll(src, "\n", "\n      ")+"\n      end }\n")
			v, err := call(t, rt, "app:test")
			if v != "ok" || err != nil {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
}

// What system tells about a host is what its scheduler did.
func TestHostLoad(t *testing.T) {
	rt := start(t, hostEntry+proc("spin", `return { main = function() for i = 1, 5e4 do end end }`)+mainProc("system", `
local system = require("system")
for i = 1, 200 do process.spawn("app:spin", "app:a_host") end
local most = 0
for i = 1, 50 do
    for _, h in ipairs(assert(system.hosts.list())) do
        if h.id == "app:a_host" then most = math.max(most, h.queue_depth) end
    end
end
return most > 0 and "ok" or "nothing ever waits"`))
	wantOK(t, rt)
}
