package standard_test

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
)

func function(name, src string) string {
	return "\n  - name: " + name + "\n    kind: function.lua\n    method: run\n    modules: [queue, time, funcs, store, ctx, security]\n    source: |\n      return { run = function(job)\n      " + strings.ReplaceAll(src, "\n", "\n      ") + "\n      end }\n"
}

const queueEntries = hostEntry + `
  - {name: mem, kind: queue.driver.memory, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: mem}
  - {name: packed, kind: queue.queue, driver: mem, codec: application/msgpack}
  - {name: small, kind: queue.queue, driver: mem, driver_options: {memory: {max_length: 2}}}
`

func consumerOf(queue, more string) string {
	return "\n  - {name: " + queue + "_consumer, kind: queue.consumer, queue: " + queue + ", func: handle_" + queue + more + ", lifecycle: {auto_start: true}}\n"
}

// The whole of module queue, on the memory driver.
func TestQueue(t *testing.T) {
	for name, c := range map[string]struct{ entries, src string }{
		"publish and handle": {
			consumerOf("jobs", "") + function("handle_jobs", `
local m = assert(queue.message())
process.send("main", "report", job, m:id(), m:headers(), m:header("n"), m:header("absent"))`), `
local reports = process.listen("report", {message = true})
process.registry.register("main")
assert(queue.publish("app:jobs", {n = 1, list = {1, "x", true}}, {n = 1.5, s = "t", b = false}))
local p = reports:receive():payload()
local job, id, headers = p[1]:data(), p[2]:data(), p[3]:data()
if job.n ~= 1 or job.list[2] ~= "x" or job.list[3] ~= true then return "body" end
if #id < 10 then return "id" end
if headers.n ~= 1.5 or headers.s ~= "t" or headers.b ~= false then return "headers" end
if p[4]:data() ~= 1.5 or (p[5] and p[5]:data() ~= nil) then return "header" end
for _, v in ipairs({"text", 7, true, false, {1, 2}}) do
    assert(queue.publish("app:jobs", v))
    local got = reports:receive():payload()[1]:data()
    if type(got) ~= type(v) or type(v) ~= "table" and got ~= v then return "body " .. tostring(v) end
end
return "ok"`,
		},
		"msgpack keeps bytes": {
			consumerOf("packed", "") + function("handle_packed", `process.send("main", "report", job)`), `
local reports = process.listen("report")
process.registry.register("main")
assert(queue.publish("app:packed", {raw = "\255\254\0x"}))
return reports:receive().raw == "\255\254\0x" and "ok" or "bytes"`,
		},
		"errors of publish": {"", `
local ok, err = queue.publish("", 1)
if ok ~= nil or err:kind() ~= "Invalid" then return "empty id" end
ok, err = queue.publish("app:jobs", {})
if ok ~= nil or err:kind() ~= "Invalid" or err:message() ~= "message data cannot be empty" then return "empty table" end
ok, err = queue.publish("app:jobs", nil)
if ok ~= nil or err:kind() ~= "Invalid" then return "nil" end
ok, err = queue.publish("app:none", 1)
if ok ~= nil or err:kind() ~= "NotFound" then return "unknown" end
ok, err = queue.publish("jobs", 1)
if ok ~= nil or err:kind() ~= "NotFound" then return "no id" end
ok, err = queue.publish("app:jobs", 1, {h = {}})
if ok ~= nil or err:kind() ~= "Invalid" then return "header value" end
ok, err = queue.publish("app:jobs", 1, {h = print})
if ok ~= nil or err:kind() ~= "Invalid" then return "function as header" end
ok, err = queue.publish("app:jobs", 1, {"x"})
if ok ~= nil or err:kind() ~= "Invalid" then return "header list" end
ok, err = queue.publish("app:jobs", 1, {[1.5] = "x"})
if ok ~= nil or err:kind() ~= "Invalid" then return "header name" end
local loop = {}; loop.loop = loop
ok, err = queue.publish("app:jobs", loop)
if ok ~= nil or err:kind() ~= "Internal" then return "loop: " .. tostring(err and err:kind()) end
if pcall(queue.publish, 1, 1) and pcall(queue.publish, {}, 1) then return "wrong type" end
ok, err = queue.message()
if ok ~= nil or err:kind() ~= "Invalid" or err:message() ~= "no delivery found in context" then return "message" end
return "ok"`},
		"a full queue refuses and loses nothing": {"", `
assert(queue.publish("app:small", 1))
assert(queue.publish("app:small", 2))
local ok, err = queue.publish("app:small", 3)
if ok ~= nil or err:kind() ~= "Unavailable" or err:retryable() ~= true then return tostring(err) end
local i = assert(queue.info("app:small"))
if i.message_count ~= 2 or i.consumer_count ~= 0 or i.ready ~= true then return "info" end
local none, e = queue.info("app:none")
if none ~= nil or e:kind() ~= "NotFound" then return "unknown" end
none, e = queue.info("app:mem")
if none ~= nil or e:message() ~= "not a queue: app:mem" then return tostring(e) end
none, e = queue.publish("app:a_host", 1)
if none ~= nil or e:message() ~= "not a queue: app:a_host" then return tostring(e) end
none, e = queue.info("")
return e:kind() == "Invalid" and "ok" or "empty"`},
		"rejections come again, behind the others, unchanged": {
			consumerOf("jobs", ", prefetch: 1") + function("handle_jobs", `
local m = assert(queue.message())
process.send("main", "report", job, m:id(), m:header("try"))
local n = process.send("main", "x") and _G.seen or {}
_G.seen = n
n[job.how] = (n[job.how] or 0) + 1
if n[job.how] > 2 then return "done" end
if job.how == "error" then error("oh") end
if job.how == "second" then return nil, "oh" end
if job.how == "false" then return false end
if job.how == "nack" then assert(m:nack()) return true end
if job.how == "nack and error" then assert(m:nack()) error("late") end
if job.how == "ack" then assert(m:ack()) error("late") end`) + "    pool: {type: static, workers: 1}\n", `
local reports = process.listen("report", {message = true})
process.registry.register("main")
local hows = {"error", "second", "false", "nack", "nack and error", "ack"}
for _, how in ipairs(hows) do assert(queue.publish("app:jobs", {how = how}, {try = how})) end
local seen, ids, order = {}, {}, {}
for i = 1, 5 * 3 + 1 do
    local p = reports:receive():payload()
    local how = p[1]:data().how
    seen[how] = (seen[how] or 0) + 1
    order[#order + 1] = how
    if ids[how] and ids[how] ~= p[2]:data() then return "another id" end
    ids[how] = p[2]:data()
    if p[3]:data() ~= how then return "header" end
end
for i, how in ipairs(hows) do if order[i] ~= how then return "order: " .. table.concat(order, " ") end end
for _, how in ipairs(hows) do
    local want = 3
    if how == "ack" then want = 1 end
    if seen[how] ~= want then return how .. ": " .. tostring(seen[how]) end
end
time.sleep("30ms")
return queue.info("app:jobs").message_count == 0 and "ok" or "left over"`,
		},
		"settled once, and over with the handler": {
			consumerOf("jobs", "") + function("handle_jobs", `
local m, again = assert(queue.message()), assert(queue.message())
if m:id() ~= again:id() then return process.send("main", "report", "two messages") end
assert(m:ack())
for _, f in ipairs({m.ack, m.nack, again.ack}) do
    local ok, err = f(m)
    if ok ~= nil or err:kind() ~= "Invalid" or err:message() ~= "queue.Message already settled" then return process.send("main", "report", "twice: " .. tostring(err)) end
end
if _G.kept then
    for _, f in ipairs({m.ack, m.nack, m.id, m.headers}) do
        local ok, err = f(_G.kept)
        if ok ~= nil or err:kind() ~= "Invalid" or err:message() ~= "queue.Message released" then return process.send("main", "report", "late: " .. tostring(err)) end
    end
    local v, err = _G.kept:header("x")
    if v ~= nil or err:message() ~= "queue.Message released" then return process.send("main", "report", "late header") end
    return process.send("main", "report", "ok")
end
_G.kept = m`) + "    pool: {type: static, workers: 1}\n", `
local reports = process.listen("report")
process.registry.register("main")
assert(queue.publish("app:jobs", 1))
assert(queue.publish("app:jobs", 2))
return reports:receive()`,
		},
		"the message is not inherited": {
			consumerOf("jobs", "") + function("handle_jobs", `
local inner = funcs.call("app:inner")
local viaAsync = funcs.async("app:inner")
viaAsync:response():receive()
local v = viaAsync:result()
process.spawn("app:child", "app:a_host")
process.send("main", "report", inner)`) +
				function("inner", `local m, err = queue.message() return m == nil and err:message() or "inherited"`) +
				proc("child", `return { main = function() local m, err = queue.message() process.send("main", "report", m == nil and err:message() or "inherited") end }`) + "    modules: [queue]\n", `
local reports = process.listen("report")
process.registry.register("main")
assert(queue.publish("app:jobs", 1))
local want = "no delivery found in context"
local a, b = reports:receive(), reports:receive()
return a == want and b == want and "ok" or tostring(a) .. ", " .. tostring(b)`,
		},
		"auto_ack": {
			consumerOf("jobs", ", auto_ack: true") + function("handle_jobs", `
local ok, err = queue.message():ack()
process.send("main", "report", tostring(err))
error("oh")`), `
local reports = process.listen("report")
process.registry.register("main")
assert(queue.publish("app:jobs", 1))
if reports:receive() ~= "queue.Message already settled" then return "settled" end
time.sleep("50ms")
return queue.info("app:jobs").message_count == 0 and "ok" or "again"`,
		},
		"concurrency": {
			consumerOf("jobs", ", concurrency: 3, prefetch: 1") + function("handle_jobs", `
process.send("main", "report", "begin")
time.sleep("20ms")
process.send("main", "report", "end")`), `
local reports = process.listen("report")
process.registry.register("main")
for i = 1, 12 do assert(queue.publish("app:jobs", i)) end
local now, most, over = 0, 0, 0
while over < 12 do
    if reports:receive() == "begin" then now = now + 1 else now, over = now - 1, over + 1 end
    if now > most then most = now end
end
return most == 3 and "ok" or "at a time: " .. most`,
		},
		"dead letters": {`
  - {name: poison, kind: queue.queue, driver: mem, dead_letter: {queue: jobs, max_attempts: 3}}
` + consumerOf("poison", "") + function("handle_poison", `process.send("main", "report", "try") error("indigestible")`) +
			consumerOf("jobs", "") + function("handle_jobs", `process.send("main", "dead", job, queue.message():headers())`), `
local reports, dead = process.listen("report"), process.listen("dead", {message = true})
process.registry.register("main")
assert(queue.publish("app:poison", {n = 1}, {mine = "kept"}))
local p = dead:receive():payload()
local h = p[2]:data()
if p[1]:data().n ~= 1 or h.mine ~= "kept" or h["x-death-queue"] ~= "app:poison" or h["x-death-attempts"] ~= 3 then return "headers" end
if not h["x-death-reason"]:find("indigestible", 1, true) then return "reason" end
for i = 1, 3 do reports:receive() end
time.sleep("30ms")
return queue.info("app:poison").message_count == 0 and "ok" or "left over"`},
		"a handler that takes too long": {`
  - {name: poison, kind: queue.queue, driver: mem, dead_letter: {queue: jobs, max_attempts: 2}}
` + consumerOf("poison", "") + function("handle_poison", `while true do end`) + "    meta: {options: {timeout: 20}}\n" +
			consumerOf("jobs", "") + function("handle_jobs", `local reason = queue.message():header("x-death-reason") process.send("main", "dead", reason)`), `
local dead = process.listen("dead")
process.registry.register("main")
assert(queue.publish("app:poison", 1))
local reason = dead:receive()
return reason:find("did not finish within", 1, true) and "ok" or reason`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantOK(t, start(t, queueEntries+c.entries+mainProc("queue, time", `local queue, time = require("queue"), require("time")`+c.src)))
		})
	}
}

// Permissions, and who the handler runs as.
func TestQueueSecurity(t *testing.T) {
	rt := start(t, queueEntries+`
  - {name: may, kind: security.policy, groups: [publishers], policy: {actions: queue.publish, resources: "*", effect: allow}}
  - {name: send, kind: security.policy, groups: [publishers], policy: {actions: process.send, resources: "*", effect: allow}}
  - {name: jobs_only, kind: security.policy, groups: [publishers], policy: {actions: queue.publish.queue, resources: "app:jobs", effect: allow}}
  - name: jobs_consumer
    kind: queue.consumer
    queue: jobs
    func: handle_jobs
    lifecycle: {auto_start: true, security: {actor: {id: "service:worker"}, groups: ["app:publishers"]}}
`+function("handle_jobs", `
local me = security.actor()
local ok, err = queue.publish("app:small", 1)
process.send("main", "report", {actor = me and me:id(), kind = err and err:kind()})
if job == 1 then assert(queue.publish("app:jobs", 2)) end`)+mainProc("queue", `
local queue = require("queue")
local reports = process.listen("report")
process.registry.register("main")
assert(queue.publish("app:jobs", 1))
for i = 1, 2 do
    local r = reports:receive()
    if r.actor ~= "service:worker" then return "actor: " .. tostring(r.actor) end
    if r.kind ~= "Invalid" then return "refused: " .. tostring(r.kind) end
end
return "ok"`))
	wantOK(t, rt)
}

// Entries of queues and consumers come, change and go while messages wait and
// handlers run; every message is handled in the end.
func TestQueueEntriesChange(t *testing.T) {
	base := hostEntry + `
  - {name: mem, kind: queue.driver.memory, lifecycle: {auto_start: true}}
  - name: collector
    kind: process.lua
    source: |
      return { main = function()
          process.registry.register("main")
          local done, begun = {}, 0
          local inbox = process.inbox()
          while true do
              local m = inbox:receive()
              local n = m:payload() and m:payload():data()
              if m:topic() == "begin" then begun = begun + 1 end
              if m:topic() == "done" then done[n] = (done[n] or 0) + 1 end
              if m:topic() == "ask" then
                  local count, twice = 0, 0
                  for _, times in pairs(done) do
                      count = count + 1
                      if times > 1 then twice = twice + 1 end
                  end
                  process.send(m:from(), "counts", {begun = begun, done = count, twice = twice})
              end
          end
      end }
` + function("counts", `
local answer = process.listen("counts")
process.send("main", "ask")
local c = answer:receive()
local i = queue.info("app:jobs")
c.waiting, c.consumers = i.message_count, i.consumer_count
return c`) + function("publish", `
for i = job.from, job.to do assert(queue.publish("app:jobs", i)) end`)
	jobs := func(more string) string { return "  - {name: jobs, kind: queue.queue, driver: mem" + more + "}\n" }
	handler := func(src string) string {
		return function("handle", `process.send("main", "begin", job) `+src+` process.send("main", "done", job)`)
	}
	consumer := func(more string) string {
		return "  - {name: worker, kind: queue.consumer, queue: jobs, func: handle, lifecycle: {auto_start: true}" + more + "}\n"
	}
	slow, quick := handler("time.sleep('1h')"), handler("")
	rt := start(t, base+jobs("")+slow)
	apply := func(entries string) {
		t.Helper()
		if _, err := rt.Apply(t.Context(), app(base+entries)); err != nil {
			t.Fatal(err)
		}
	}
	counts := func() map[string]any {
		t.Helper()
		v, err := call(t, rt, "app:counts")
		if err != nil {
			t.Fatal(err)
		}
		return v.(map[string]any)
	}
	publish := func(from, to int) {
		t.Helper()
		if _, err := call(t, rt, "app:publish", map[string]any{"from": from, "to": to}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rt.Spawn(t.Context(), "app:collector", "app:a_host"); err != nil {
		t.Fatal(err)
	}
	until(t, "the collector is there", func() bool { return rt.Node().Procs.Named("main") != "" })
	publish(1, 20)
	apply(jobs("") + slow + consumer(", concurrency: 2, prefetch: 5"))
	until(t, "two handlers run", func() bool { return counts()["begun"] == int64(2) })
	apply(jobs(", driver_options: {memory: {max_length: 30}}") + slow + consumer(", concurrency: 3, prefetch: 5"))
	until(t, "a third one runs", func() bool { return counts()["begun"] == int64(3) })
	apply(jobs("") + slow) // no consumer any more
	if c := counts(); c["waiting"] != int64(20) || c["consumers"] != int64(0) || c["done"] != int64(0) {
		t.Errorf("after the consumer was deleted: %v", c)
	}
	apply(jobs(", codec: application/msgpack") + slow)
	publish(21, 25)
	apply(jobs("") + slow + consumer(", prefetch: 3"))
	until(t, "a handler runs again", func() bool { return counts()["begun"] == int64(4) })
	if _, err := actors.Call(t.Context(), rt.Node().Sys, rt.Node().PID("supervisor"), &actors.ServiceStop{ID: "app:worker"}); err != nil {
		t.Fatal(err)
	}
	if c := counts(); c["waiting"] != int64(25) || c["consumers"] != int64(0) {
		t.Errorf("after the consumer was stopped: %v", c)
	}
	apply(jobs("") + quick + consumer(", prefetch: 3"))
	if _, err := actors.Call(t.Context(), rt.Node().Sys, rt.Node().PID("supervisor"), &actors.ServiceStart{ID: "app:worker"}); err != nil {
		t.Fatal(err)
	}
	until(t, "all are handled", func() bool { return counts()["done"] == int64(25) })
	if c := counts(); c["waiting"] != int64(0) || c["twice"] != int64(0) {
		t.Errorf("in the end: %v", c)
	}
}

// Messages on disk outlive the node.
func TestQueueOnDisk(t *testing.T) {
	entries := hostEntry + `
  - {name: disk, kind: queue.driver.jetstream, data_dir: ` + t.TempDir() + `, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: disk}
`
	t.Run("one node publishes", func(t *testing.T) {
		wantOK(t, start(t, entries+mainProc("queue", `
local queue = require("queue")
for i = 1, 3 do assert(queue.publish("app:jobs", {n = i}, {i = i, even = i % 2 == 0})) end
local i = assert(queue.info("app:jobs"))
return i.message_count == 3 and i.ready and "ok" or "info"`)))
	})
	t.Run("the next one consumes", func(t *testing.T) {
		wantOK(t, start(t, entries+consumerOf("jobs", "")+function("handle_jobs", `
if not process.registry.lookup("main") then error("too early") end
local m = queue.message()
process.send("main", "report", {n = job.n, headers = m:headers()})`)+mainProc("", `
local reports = process.listen("report")
process.registry.register("main")
for i = 1, 3 do
    local r = reports:receive()
    if r.headers.i ~= r.n or r.headers.even ~= (r.n % 2 == 0) then return "headers" end
end
return "ok"`)))
	})
}
