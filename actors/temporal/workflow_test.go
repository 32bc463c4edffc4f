package temporal_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/process"
	"github.com/troupe-go/troupe/actors/temporal"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

const base = `
  - {name: worker, kind: temporal.worker, client: temporal, task_queue: main, worker_options: {deadlock_detection_timeout: 1m}}
  - {name: other, kind: temporal.worker, client: temporal, task_queue: side}
  - {name: a_host, kind: process.host, lifecycle: {auto_start: true}}
`

func function(name, src string) string {
	return "\n  - name: " + name + "\n    kind: function.lua\n    method: run\n    meta: {temporal: {activity: {worker: worker}}}\n    source: |\n      return {run = function(...)\n      " +
		strings.ReplaceAll(src, "\n", "\n      ") + "\n      end}\n"
}

func flow(name, modules, src string) string {
	return "\n  - name: " + name + "\n    kind: workflow.lua\n    modules: [" + modules + "]\n    meta: {temporal: {workflow: {worker: worker}}}\n    source: |\n      return {main = function(...)\n      " +
		strings.ReplaceAll(src, "\n", "\n      ") + "\n      end}\n"
}

// world is a node with entries and an environment that runs its workflows and
// skips time.
type world struct {
	node *actors.Node
	code *process.Runtime
	env  *testsuite.TestWorkflowEnvironment
}

func newWorld(t *testing.T, entries string) *world {
	t.Helper()
	return newWorldAt(t, "127.0.0.1:1", entries)
}

// newWorldAt is newWorld with a client of that server.
func newWorldAt(t *testing.T, address, entries string) *world {
	t.Helper()
	entries += fmt.Sprintf("\n  - {name: temporal, kind: temporal.client, address: %q, tq_prefix: \"test%d-\"}\n", address, time.Now().UnixNano())
	code, err := process.New(lua.Options{Modules: standard.Modules()})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := standard.Parts().Resolve()
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]actors.Kind{}
	for _, k := range append(code.Kinds(), temporal.Kinds(code)...) {
		own[k.Name] = k
	}
	for i, k := range parts.Kinds {
		if mine, ok := own[k.Name]; ok {
			parts.Kinds[i] = mine
		}
	}
	n := actorstest.Node(t, actorstest.Parts{Components: append(parts.Infrastructure, parts.Components...), Kinds: parts.Kinds})
	es, problems := actorstest.Read(n, base+entries)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	set := registry.Entries{}
	for _, e := range es {
		set[e.ID] = e
	}
	if _, err := actorstest.Ask(t, n, "registry", &actors.Boot{Entries: set}); err != nil {
		t.Fatal(err)
	}
	if _, err := actorstest.Ask(t, n, "supervisor", &actors.StartAll{}); err != nil {
		t.Fatal(err)
	}
	w := &world{node: n, code: code}
	w.env = w.environment(t)
	return w
}

func (w *world) environment(t *testing.T) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	env.SetDataConverter(temporal.DataConverter)
	env.SetFailureConverter(temporal.FailureConverter)
	env.SetContextPropagators(temporal.Propagators())
	opt := temporal.Register(w.node, w.code, "app:worker", env)
	opt.DeadlockDetectionTimeout = time.Minute
	env.SetWorkerOptions(opt)
	return env
}

func (w *world) run(t *testing.T, name string, args ...any) any {
	t.Helper()
	w.env.ExecuteWorkflow("app:"+name, args...)
	if !w.env.IsWorkflowCompleted() {
		t.Fatal("the workflow has not ended")
	}
	if err := w.env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := w.env.GetWorkflowResult(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSleepAndActivity(t *testing.T) {
	w := newWorld(t, function("double", "local n = ... return n * 2")+flow("order", "time, funcs", `
local n = ...
local before = time.now()
time.sleep("10h")
local v, err = funcs.call("app:double", n)
if err then return tostring(err) end
return v + time.now():sub(before):hours()`))
	if got := w.run(t, "order", 21); got != 52.0 {
		t.Errorf("got %v", got)
	}
}

// Each program is a workflow; it returns "ok" or what went wrong.
var programs = map[string]struct{ modules, source string }{
	"values": {"funcs", `
for _, v in ipairs({1, 1.5, "text", true, {1, 2}, {a = {b = 1}}, "\255\0binary"}) do
    local got, err = funcs.call("app:echo", v)
    if err then return tostring(err) end
    if type(v) == "table" then
        if (got[1] or got.a.b) ~= 1 then return "table" end
    elseif got ~= v then return "got " .. tostring(got) end
end
if funcs.call("app:none") ~= nil then return "none" end
if funcs.call("app:count", nil, 1, nil, 2) ~= 4 then return "holes" end
return "ok"`},
	"errors come back whole": {"funcs", `
local v, err = funcs.call("app:fails", "value")
if v ~= nil or err:kind() ~= "Invalid" or err:message() ~= "bad" or err:retryable() ~= false or err:details().n ~= 7 then return tostring(err) .. err:kind() end
local once = funcs.new():with_options({["activity.retry_policy"] = {maximum_attempts = 1}})
v, err = once:call("app:fails", "raise")
if not tostring(err):find("boom", 1, true) or not err:stack():find("app:fails", 1, true) then return tostring(err) .. err:stack() end
return "ok"`},
	"what is no activity": {"funcs", `
local v, err = funcs.call("app:plain")
if err:kind() ~= "Invalid" or not tostring(err):find("meta.temporal.activity", 1, true) then return tostring(err) end
v, err = funcs.call("app:nowhere")
if err:kind() ~= "NotFound" then return tostring(err) end
return "ok"`},
	"processes and local activities": {"funcs", `
if funcs.call("app:proc", 1) ~= 2 then return "proc" end
if funcs.call("app:near", "a", "b") ~= "ab" then return "near" end
return "ok"`},
	"activity options": {"funcs, time", `
local f = funcs.new():with_options({
    ["activity.start_to_close_timeout"] = "5s", ["activity.schedule_to_close_timeout"] = 60000, ["activity.schedule_to_start_timeout"] = "10s",
    ["activity.heartbeat_timeout"] = "3s", ["activity.id"] = "one", ["activity.wait_for_cancellation"] = true, ["activity.disable_eager_execution"] = true,
    ["activity.retry_policy"] = {initial_interval = 1000, backoff_coefficient = 2.0, maximum_interval = "10s", maximum_attempts = 3, non_retryable_error_types = {"Invalid"}},
})
if f:call("app:double", 2) ~= 4 then return "double" end
for name, v in pairs({["activity.start_to_close_timeout"] = "soon", ["activity.id"] = 1, ["activity.wait_for_cancellation"] = "yes", ["activity.retry_policy"] = 3}) do
    local _, err = funcs.new():with_options({[name] = v}):call("app:double", 2)
    if not err or err:kind() ~= "Invalid" or not tostring(err):find(name, 1, true) then return name .. tostring(err) end
end
local _, err = funcs.new():with_options({["activity.retry_policy"] = {maximum_attempts = 1.5}}):call("app:double", 2)
if err:kind() ~= "Invalid" then return "attempts" end
return "ok"`},
	"async": {"funcs", `
local a, b = funcs.async("app:double", 1), funcs.async("app:double", 2)
local x, y = a:response():receive(), b:response():receive()
if x:data() + y:data() ~= 6 then return "sum" end
local c = funcs.async("app:double", 3)
c:cancel()
if not c:is_canceled() then return "canceled" end
return "ok"`},
	"waits inside pcall and iterators": {"funcs, time", `
local ok, v = pcall(function() time.sleep("1s") return funcs.call("app:double", 4) end)
if not ok or v ~= 8 then return tostring(v) end
local sum = 0
for v in (function() local i = 0 return function() i = i + 1 if i < 4 then return (funcs.call("app:double", i)) end end end)() do sum = sum + v end
table.sort({3, 1, 2}, function(a, b) time.sleep("1s") return a < b end)
return sum == 12 and "ok" or tostring(sum)`},
	"chance": {"uuid, crypto", `
if uuid.version(uuid.v4()) ~= 4 or uuid.version(uuid.v7()) ~= 7 or uuid.version(uuid.v1()) ~= 1 then return "uuid" end
if #crypto.random.bytes(40) ~= 40 or #crypto.random.string(5) ~= 5 or #crypto.random.uuid() ~= 36 then return "random" end
local n = math.random(1, 6)
if n < 1 or n > 6 or math.random() >= 1 then return "math" end
local key = ("k"):rep(32)
if crypto.decrypt.aes(crypto.encrypt.aes("secret", key), key) ~= "secret" then return "aes" end
return "ok"`},
	"workflow": {"workflow", `
if workflow.version("change", -1, 3) ~= 3 then return "version" end
local info, err = workflow.info()
if err then return tostring(err) end
if info.workflow_type ~= process.id() or info.attempt ~= 1 or info.workflow_id == "" or info.run_id == "" or info.namespace == "" or info.task_queue == "" or not info.history_length or not info.history_size then return "info" end
if process.pid() ~= "{app:worker|" .. info.workflow_id .. "}" then return process.pid() end
if type(workflow.history_length()) ~= "number" or type(workflow.history_size()) ~= "number" then return "history" end
local _, bad = workflow.version("", 1, 2)
if bad:kind() ~= "Invalid" then return "empty change" end
if not workflow.attrs({memo = {step = 1}, search = {CustomKeywordField = "x"}}) or not workflow.attrs({}) then return "attrs" end
_, err = workflow.attrs({memo = 1})
if err:kind() ~= "Invalid" then return "memo" end
return "ok"`},
	"children": {"workflow, ctx", `
local v, err = workflow.exec("app:named", {a = 1})
if err or v.a ~= 1 then return "exec " .. tostring(err) end
v, err = workflow.exec("app:failing")
if v ~= nil or err:kind() ~= "Conflict" or err:message() ~= "no" then return "failing " .. tostring(err) end
for id, text in pairs({[""] = "workflow ID required", named = "invalid workflow ID format (namespace:name required)"}) do
    _, err = workflow.exec(id)
    if err:kind() ~= "Invalid" or err:message() ~= text then return tostring(err) end
end
_, err = workflow.exec("app:plain")
if err:kind() ~= "NotFound" then return tostring(err) end
v, err = process.exec("app:named", "app:worker", 5)
if v ~= 5 then return "process.exec " .. tostring(err) end
_, err = process.exec("app:named", "app:a_host", 5)
if err:kind() ~= "NotFound" or not tostring(err):find("host not found", 1, true) then return tostring(err) end
return "ok"`},
	"children that are spawned": {"", `
local echo = process.listen("echo")
local pid, err = process.with_options({["temporal.workflow.id"] = "my-child", ["temporal.workflow.parent_close_policy"] = "abandon", ["temporal.workflow.run_timeout"] = "1h"}):spawn_monitored("app:echoing", "app:worker")
if pid ~= "{app:worker|my-child}" then return tostring(pid) .. tostring(err) end
process.send(pid, "x", {n = 1})
if echo:receive().n ~= 1 then return "echo" end
process.send(pid, "stop")
local e = process.events():receive()
if e.kind ~= process.event.EXIT or e.from ~= pid or e.result.value ~= "stopped" then return "exit" end
_, err = process.spawn_linked("app:echoing", "app:worker")
if err:kind() ~= "Invalid" or not tostring(err):find("links are not supported in workflows", 1, true) then return tostring(err) end
_, err = process.with_options({["temporal.workflow.parent_close_policy"] = "maybe"}):spawn("app:echoing", "app:worker")
if err:kind() ~= "Invalid" then return "policy" end
_, err = process.with_options({["temporal.workflow.id"] = "0x12"}):spawn("app:echoing", "app:worker")
if err:kind() ~= "Invalid" then return "id" end
return "ok"`},
	"refused": {"", `
for _, f in ipairs({process.monitor, process.unmonitor, process.link, process.unlink}) do
    local ok, err = f("{app:worker|x}")
    if ok or err:kind() ~= "Invalid" or not tostring(err):find("not supported in workflows", 1, true) then return tostring(err) end
end
local ok, err = process.registry.register("me")
if ok or err:kind() ~= "Invalid" then return tostring(err) end
return "ok"`},
	"mail to oneself and to processes": {"", `
process.send(process.pid(), "note", 1, 2)
local v = process.listen("note"):receive()
if v[2] ~= 2 then return "own" end
process.send("nobody.has.this.name", "x")
return "ok"`},
}

// longer are programs that wait for hours.
var longer = map[string]struct{ modules, source string }{
	"coroutines wait each for itself": {"funcs, time", `
local done = channel.new(2)
for i = 1, 2 do
    coroutine.spawn(function()
        time.sleep(i .. "h")
        done:send(funcs.call("app:double", i))
    end)
end
return done:receive() == 2 and done:receive() == 4 and "ok" or "order"`},
	"time": {"time", `
local start = time.now()
time.sleep(0)
local after = time.after("2h")
local stopped, again = time.timer("1h"), time.timer("1h")
if not stopped:stop() or stopped:stop() then return "stop" end
again:reset("3h")
local r = channel.select{after:case_receive(), stopped:channel():case_receive(), again:channel():case_receive()}
if r.channel ~= after then return "after" end
if time.now():sub(start):hours() ~= 2 then return "two hours" end
again:channel():receive()
if time.now():sub(start):hours() ~= 3 then return "three hours" end
local ticker = time.ticker("10m")
for i = 1, 3 do ticker:response():receive() end
ticker:stop()
if time.now():sub(start):minutes() ~= 210 then return "ticks" end
if os.time() ~= time.now():unix() or os.clock() ~= 12600 then return "os " .. os.clock() end
return "ok"`},
}

// cast are the functions and workflows that the programs call.
var cast = function("double", "local n = ... return n * 2") +
	function("fails", `
local kind = ...
if kind == "raise" then error("boom") end
return nil, errors.new{message = "bad", kind = errors.INVALID, retryable = false, details = {n = 7}}`) +
	function("echo", "return (...)") +
	function("count", "return select('#', ...)") +
	function("none", "") + `
  - {name: who, kind: function.lua, method: run, modules: [ctx], meta: {temporal: {activity: {worker: worker}}}, source: "return {run = function() return ctx.get('who') end}"}
  - {name: near, kind: function.lua, method: run, meta: {temporal: {activity: {worker: worker, local: true}}}, source: "return {run = function(a, b) return a .. b end}"}
  - {name: plain, kind: function.lua, method: run, source: "return {run = function() end}"}
  - {name: proc, kind: process.lua, meta: {default_host: a_host, temporal: {activity: {worker: worker}}}, source: "return {main = function(a) return a + 1 end}"}
  - {name: named, kind: workflow.lua, meta: {temporal: {workflow: {worker: worker, name: NamedWorkflow}}}, source: "return {main = function(a) return a end}"}
  - {name: failing, kind: workflow.lua, meta: {temporal: {workflow: {worker: worker}}}, source: "return {main = function() return nil, errors.new{message = 'no', kind = errors.CONFLICT} end}"}
` +
	flow("echoing", "", `
local inbox = process.inbox()
while true do
    local m = inbox:receive()
    if m:topic() == "stop" then return "stopped" end
    process.send(m:from(), "echo", m:payload():data())
end`) +
	flow("parent_of", "", "return process.id()")

func TestWorkflows(t *testing.T) {
	all := maps.Clone(programs)
	maps.Copy(all, longer)
	for name, program := range all {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, cast+flow("main", program.modules, program.source))
			if got := w.run(t, "main"); got != "ok" {
				t.Error(got)
			}
		})
	}
}

// What comes from outside: signals of any name and the request to end.
func TestSignals(t *testing.T) {
	w := newWorld(t, flow("main", "time", `
local approve = process.listen("approve")
local text = ""
local inbox = process.inbox()
for i = 1, 3 do
    local m = inbox:receive()
    text = text .. m:topic() .. tostring(m:payload() and m:payload():data())
end
text = text .. approve:receive()
local e = process.events():receive()
return text .. e.kind`))
	w.env.RegisterDelayedCallback(func() {
		w.env.SignalWorkflow("a", 1)
		w.env.SignalWorkflow("approve", "yes")
		w.env.SignalWorkflow("b", "x")
		w.env.SignalWorkflow("a", 2)
	}, time.Hour)
	w.env.RegisterDelayedCallback(w.env.CancelWorkflow, 2*time.Hour)
	if got := w.run(t, "main"); got != "a1bxa2yespid.cancel" {
		t.Error(got)
	}
}

func TestEnds(t *testing.T) {
	entries := flow("upgrades", "", `
local n = ...
process.upgrade("app:next", n + 1)`) + flow("next", "", "return (...)") +
		flow("fails", "", `return nil, errors.new{message = "no", kind = errors.CONFLICT}`) +
		flow("raises", "", `error("boom")`) +
		flow("gives_up", "", `process.events():receive() return nil, errors.new{message = "asked to", kind = errors.CANCELED}`) +
		flow("stuck", "", `channel.new():receive()`)
	for name, want := range map[string]string{
		"upgrades": "continue as new", "fails": "no (type: Conflict", "raises": "boom", "gives_up": "canceled",
		"stuck": "all coroutines blocked",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, entries)
			w.env.RegisterDelayedCallback(w.env.CancelWorkflow, time.Minute)
			w.env.ExecuteWorkflow("app:"+name, 1)
			if err := w.env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A workflow that never waits is ended, and only its task fails.
func TestComputesTooLong(t *testing.T) {
	temporal.Limit(time.Second)
	defer temporal.Limit(time.Minute)
	w := newWorld(t, flow("main", "", `while true do pcall(function() while true do end end) end`))
	w.env.ExecuteWorkflow("app:main")
	if err := w.env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), "without waiting") {
		t.Errorf("got %v", err)
	}
}

// What a workflow inherits, it gives on.
func TestContext(t *testing.T) {
	w := newWorld(t, `
  - {name: who, kind: function.lua, method: run, modules: [ctx, security], meta: {temporal: {activity: {worker: worker}}}, source: "return {run = function() return ctx.get('who') .. security.actor():id() .. #security.scope():policies() end}"}
  - {name: near, kind: function.lua, method: run, modules: [ctx], meta: {temporal: {activity: {worker: worker, local: true}}}, source: "return {run = function() return ctx.get('who') end}"}
  - {name: may, kind: security.policy, policy: {actions: "*", resources: "*", effect: allow}}
  - {name: may_not, kind: security.policy, policy: {actions: workflow.exec, resources: "app:secret", effect: deny}}
`+flow("main", "ctx, funcs, workflow", `
local _, err = workflow.exec("app:secret")
if not err or err:kind() ~= "PermissionDenied" or err:message() ~= "not allowed to exec workflow: app:secret" then return tostring(err) end
return ctx.get("who") .. "," .. funcs.call("app:who") .. "," .. process.exec("app:inner", "app:worker") .. "," .. funcs.call("app:near")`)+
		flow("secret", "", "return 1")+
		flow("inner", "funcs", `return funcs.call("app:who")`))
	header := temporal.Header(t, "{app:a_host|0x00001}", &messages.Context{
		Values: map[string]messages.Value{"who": "me"}, Actor: &messages.Actor{ID: "joe"},
		Scope: &messages.Scope{Policies: []messages.Policy{policy("app:may"), policy("app:may_not")}},
	})
	w.env.SetHeader(header)
	if got := w.run(t, "main"); got != "me,mejoe2,mejoe2,me" {
		t.Error(got)
	}
}

type policy string

func (p policy) ID() string { return string(p) }

func (policy) Evaluate(*messages.Actor, string, string, *messages.Table) messages.Effect {
	return messages.Allow
}
