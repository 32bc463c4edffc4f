package standard_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const temporalEntries = `
  - {name: temporal, kind: temporal.client, address: "%s", tq_prefix: "t%d-", connection_timeout: 5s, health_check: {enabled: true, interval: 50ms}, lifecycle: {auto_start: true}}
  - name: worker
    kind: temporal.worker
    client: temporal
    task_queue: main
    lifecycle: {auto_start: true}
    worker_options:
      identity: the worker of a test
      max_concurrent_activity_execution_size: 100
      max_concurrent_workflow_task_execution_size: 100
      max_concurrent_local_activity_execution_size: 100
      max_concurrent_session_execution_size: 100
      max_concurrent_eager_activity_execution_size: 10
      max_concurrent_activity_task_pollers: 4
      max_concurrent_workflow_task_pollers: 4
      worker_activities_per_second: 1000
      worker_local_activities_per_second: 1000
      task_queue_activities_per_second: 1000
      sticky_schedule_to_start_timeout: 5s
      worker_stop_timeout: 5s
      deadlock_detection_timeout: 20s
      max_heartbeat_throttle_interval: 100ms
      default_heartbeat_throttle_interval: 100ms
      enable_logging_in_replay: false
  - {name: side, kind: temporal.worker, client: temporal, task_queue: side, lifecycle: {auto_start: true}, worker_options: {disable_workflow_worker: true}}
  - {name: off, kind: temporal.worker, client: temporal, task_queue: off}
`

func workflowEntry(name, modules, src string) string {
	return "\n  - name: " + name + "\n    kind: workflow.lua\n    modules: [" + modules + "]\n    meta: {temporal: {workflow: {worker: worker}}}\n    source: |\n      return { main = function(...)\n      " +
		strings.ReplaceAll(src, "\n", "\n      ") + "\n      end }\n"
}

// What processes do with workflows, on a server.
func TestTemporal(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_TEMPORAL")
	cast := fmt.Sprintf(temporalEntries, address, time.Now().UnixNano()) + hostEntry +
		workflowEntry("echo", "", `
local boss = ...
local inbox = process.inbox()
if boss then process.send(boss, "begun", process.pid()) end
while true do
    local m = inbox:receive()
    local p = m:payload()
    if m:topic() == "stop" then return p and p:data() or "stopped" end
    if m:topic() == "fail" then return nil, errors.new{message = "asked to", kind = errors.CONFLICT, details = {n = 1}} end
    process.send(m:from(), "echo", m:topic(), p and (p.data and p:data() or #p))
end`) +
		workflowEntry("obedient", "", `
local boss = ...
local events = process.events()
process.send(boss, "begun")
process.send(boss, "bye", events:receive().kind)
return "left"`) +
		workflowEntry("flaky", "funcs, time", `
local a = funcs.async("app:flaky_part")
time.sleep("10ms")
return a:response():receive():data()`) +
		workflowEntry("who", "ctx, funcs", `return ctx.get("who") .. funcs.call("app:who_part")`) +
		workflowEntry("apart", "funcs", `return funcs.call("app:side_part")`) +
		workflowEntry("beats", "funcs", `
return funcs.new():with_options({["activity.heartbeat_timeout"] = "2s", ["activity.retry_policy"] = {maximum_attempts = 1}}):call("app:slow_part")`) +
		workflowEntry("gives_up", "funcs, time", `
local f = funcs.new():with_options({["activity.heartbeat_timeout"] = "1s", ["activity.wait_for_cancellation"] = true}):async("app:endless_part", ...)
local ch = process.listen("begun")
ch:receive()
f:cancel()
return "gave up"`) +
		workflowEntry("ends_others", "", `
local victim, asked = ...
assert(process.cancel(asked))
assert(process.terminate(victim))
local _, err = process.cancel("{app:worker|nobody-has-this-id}")
return err:kind()`) + `
  - {name: attempts, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: flaky_part, kind: function.lua, method: run, modules: [store], meta: {temporal: {activity: {worker: worker}}}, source: "return {run = function() local s = store.get('app:attempts') local n = (s:get('n') or 0) + 1 s:set('n', n) if n < 3 then error('not yet') end return n end}"}
  - {name: who_part, kind: function.lua, method: run, modules: [ctx], meta: {temporal: {activity: {worker: worker}}}, source: "return {run = function() return ctx.get('who') end}"}
  - {name: side_part, kind: function.lua, method: run, meta: {temporal: {activity: {worker: side}}}, source: "return {run = function() return 'side' end}"}
  - {name: slow_part, kind: function.lua, method: run, modules: [time], meta: {temporal: {activity: {worker: worker}}}, source: "return {run = function() time.sleep('2500ms') return 'beaten' end}"}
  - {name: endless_part, kind: process.lua, meta: {default_host: a_host, temporal: {activity: {worker: worker}}}, source: "return {main = function(boss, flow) local e = process.events() process.send(flow, 'begun') e:receive() process.send(boss, 'canceled') end}"}
  - {name: named, kind: workflow.lua, meta: {temporal: {workflow: {worker: worker, name: TheName}}}, modules: [workflow], source: "return {main = function() return workflow.info().workflow_type end}"}
`
	cases := map[string]string{}
	for name, src := range map[string]string{
		"spawn, send and receive": `
local pid = assert(process.spawn("app:echo", "app:worker", process.pid()))
local begun, echo = process.listen("begun"), process.listen("echo")
if begun:receive() ~= pid or not pid:find("^{app:worker|.+}$") then return pid end
assert(process.send(pid, "a", {n = 1}))
local v = echo:receive()
if v[1] ~= "a" or v[2].n ~= 1 then return "one" end
assert(process.send(pid, "b", 1, 2, 3))
v = echo:receive()
if v[1] ~= "b" or v[2] ~= 3 then return "three" end
for i = 1, 20 do process.send(pid, "n" .. i) end
for i = 1, 20 do local v = echo:receive() if (type(v) == "table" and v[1] or v) ~= "n" .. i then return "order" end end
assert(process.monitor(pid))
process.send(pid, "stop", "end")
local e = process.events():receive()
if e.kind ~= process.event.EXIT or e.from ~= pid or e.result.value ~= "end" or e.result.error then return "exit" end
return "ok"`,
		"monitored": `
local pid = assert(process.spawn_monitored("app:echo", "app:worker"))
local _, err = process.monitor(pid)
if err:kind() ~= "AlreadyExists" then return tostring(err) end
process.send(pid, "fail")
local e = process.events():receive()
err = e.result.error
if e.from ~= pid or err:kind() ~= "Conflict" or err:message() ~= "asked to" or err:details().n ~= 1 then return tostring(err) end
assert(process.unmonitor(pid))
return "ok"`,
		"linked": `
process.set_options({trap_links = true})
local pid = assert(process.spawn_linked("app:echo", "app:worker"))
process.send(pid, "fail")
local e = process.events():receive()
if e.kind ~= process.event.LINK_DOWN or e.from ~= pid then return e.kind end
pid = assert(process.spawn("app:echo", "app:worker"))
assert(process.link(pid))
assert(process.unlink(pid))
assert(process.terminate(pid))
return "ok"`,
		"exec": `
local v, err = process.exec("app:named", "app:worker")
if v ~= "TheName" then return tostring(err) end
local names = process.listen("begun")
local id = "exec-" .. process.pid()
coroutine.spawn(function()
    process.send("{app:worker|" .. id .. "}", names:receive() and "fail")
end)
v, err = process.with_options({["temporal.workflow.id"] = id}):exec("app:echo", "app:worker", process.pid())
if v ~= nil or err:kind() ~= "Conflict" then return tostring(err) end
return "ok"`,
		"cancel and terminate": `
local bye, begun = process.listen("bye"), process.listen("begun")
local pid = assert(process.spawn_monitored("app:obedient", "app:worker", process.pid()))
begun:receive()
assert(process.cancel(pid, "enough"))
if bye:receive() ~= process.event.CANCEL then return "bye" end
local e = process.events():receive()
if e.result.value ~= "left" then return "left" end
pid = assert(process.spawn_monitored("app:echo", "app:worker"))
assert(process.terminate(pid))
e = process.events():receive()
if e.from ~= pid or e.result.error:kind() ~= "Canceled" then return tostring(e.result.error) end
local _, err = process.cancel("{app:worker|nobody-has-this-id}")
if err:kind() ~= "NotFound" or not tostring(err):find("not found", 1, true) then return tostring(err) end
_, err = process.monitor("{app:worker|nobody-has-this-id}")
if err:kind() ~= "NotFound" then return tostring(err) end
_, err = process.terminate("{app:worker|nobody-has-this-id}")
if err:kind() ~= "NotFound" then return tostring(err) end
return "ok"`,
		"a workflow ends others": `
local begun = process.listen("begun")
local victim = assert(process.spawn_monitored("app:echo", "app:worker"))
local asked = assert(process.spawn("app:obedient", "app:worker", process.pid()))
begun:receive()
local kind, err = process.exec("app:ends_others", "app:worker", victim, asked)
if kind ~= "NotFound" then return tostring(kind) .. tostring(err) end
if process.events():receive().from ~= victim then return "victim" end
if process.listen("bye"):receive() ~= process.event.CANCEL then return "asked" end
return "ok"`,
		"options": `
local id = "options-" .. process.pid()
local with = process.with_options({
    ["temporal.workflow.id"] = id, ["temporal.workflow.execution_timeout"] = "1h", ["temporal.workflow.run_timeout"] = 3600000, ["temporal.workflow.task_timeout"] = "10s",
    ["temporal.workflow.id_conflict_policy"] = "fail", ["temporal.workflow.id_reuse_policy"] = "allow_duplicate", ["temporal.workflow.execution_error_when_already_started"] = true,
    ["temporal.workflow.retry_policy"] = {initial_interval = 100, maximum_attempts = 2}, ["temporal.workflow.memo"] = {a = 1},
    ["temporal.workflow.search_attributes"] = {CustomKeywordField = "x"}, ["temporal.workflow.start_delay"] = 0, ["temporal.workflow.enable_eager_start"] = true,
})
local pid = assert(with:spawn("app:echo", "app:worker"))
if pid ~= "{app:worker|" .. id .. "}" then return pid end
local _, err = with:spawn("app:echo", "app:worker")
if not err or err:kind() ~= "AlreadyExists" then return tostring(err) end
local same = assert(process.with_options({["temporal.workflow.id"] = id, ["temporal.workflow.id_conflict_policy"] = "use_existing"}):spawn("app:echo", "app:worker"))
if same ~= pid then return "use_existing" end
assert(process.with_options({["temporal.workflow.id"] = id, ["temporal.workflow.id_conflict_policy"] = "terminate_existing"}):spawn("app:echo", "app:worker"))
local echo = process.listen("echo")
process.send(pid, "x")
echo:receive()
assert(process.terminate(pid))
for name, v in pairs({id = 1, task_queue = true, run_timeout = "soon", id_conflict_policy = "never", id_reuse_policy = "never", retry_policy = 1, memo = 1, enable_eager_start = 1}) do
    _, err = process.with_options({["temporal.workflow." .. name] = v}):spawn("app:echo", "app:worker")
    if not err or err:kind() ~= "Invalid" or not tostring(err):find(name, 1, true) then return name .. tostring(err) end
end
return "ok"`,
		"messages at the start": `
local echo = process.listen("echo")
local pid = assert(process.with_options({}):with_message("first", 1):with_message("second", 2):spawn("app:echo", "app:worker"))
if echo:receive()[1] ~= "first" or echo:receive()[1] ~= "second" then return "order" end
process.terminate(pid)
local _, err = process.with_context({}):with_name("a name"):spawn("app:echo", "app:worker")
if err:kind() ~= "Invalid" then return tostring(err) end
return "ok"`,
		"what cannot be started": `
local _, err = process.spawn("app:who_part", "app:worker")
if err:kind() ~= "NotFound" then return tostring(err) end
_, err = process.spawn("app:nothing", "app:worker")
if err:kind() ~= "NotFound" then return tostring(err) end
_, err = process.spawn("app:echo", "app:off")
if err:kind() ~= "Unavailable" then return tostring(err) end
_, err = process.spawn("app:echo", "app:a_host")
if err:kind() ~= "NotFound" then return tostring(err) end
_, err = process.exec("app:echo", "app:off")
if err:kind() ~= "Unavailable" then return tostring(err) end
_, err = process.cancel("{app:off|x}")
if err:kind() ~= "Unavailable" then return tostring(err) end
_, err = process.send("{app:nothing|x}", "t")
if not tostring(err):find("not found", 1, true) then return tostring(err) end
return "ok"`,
		"retries": `local v, err = process.exec("app:flaky", "app:worker") return v == 3 and "ok" or tostring(err)`,
		"context": `
local v, err = process.with_context({who = "me"}):exec("app:who", "app:worker")
return v == "meme" and "ok" or tostring(v) .. tostring(err)`,
		"an activity of another worker": `local v, err = process.exec("app:apart", "app:worker") return v == "side" and "ok" or tostring(err)`,
		"heartbeats":                    `local v, err = process.exec("app:beats", "app:worker") return v == "beaten" and "ok" or tostring(err)`,
		"an activity is given up": `
local id = "gives-up-" .. process.pid()
local canceled = process.listen("canceled")
local v, err = process.with_options({["temporal.workflow.id"] = id}):exec("app:gives_up", "app:worker", process.pid(), "{app:worker|" .. id .. "}")
if v ~= "gave up" then return tostring(err) end
canceled:receive()
return "ok"`,
	} {
		cases[name] = fmt.Sprint("case", len(cases))
		cast += "\n  - {name: " + cases[name] + ", kind: process.lua, meta: {default_host: a_host}, source: " + strconv.Quote("return { main = function() "+src+"\nend }") + "}\n"
	}
	rt := start(t, cast)
	t.Run("programs", func(t *testing.T) {
		for name, id := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if v, err := call(t, rt, "app:"+id); v != "ok" || err != nil {
					t.Errorf("%v, %v", v, err)
				}
			})
		}
	})
	// A client that has looked after its server a few times still runs.
	if s, err := rt.Service(context.Background(), "app:temporal"); err != nil || s.Status != "running" {
		t.Errorf("the client is %s, %v", s.Status, err)
	}
}

// A worker that stops and starts again still tells of the ends of workflows.
func TestTemporalRestart(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_TEMPORAL")
	rt := start(t, fmt.Sprintf(temporalEntries, address, time.Now().UnixNano())+hostEntry+
		workflowEntry("waits", "", `return process.inbox():receive():topic()`)+mainProc("", `
local inbox = process.inbox()
process.registry.register("boss")
-- The server may give the task to the worker that has stopped, and waits for it.
local pid = assert(process.with_options({["temporal.workflow.task_timeout"] = "1s"}):spawn_monitored("app:waits", "app:worker"))
process.registry.register("ready")
inbox:receive()
local _, err = process.cancel(pid)
if err:kind() ~= "Unavailable" then return tostring(err) end
process.registry.register("refused")
inbox:receive()
process.send(pid, "go")
local e = process.events():receive()
return e.from == pid and e.result.value == "go" and "ok" or "exit"`))
	n := rt.Node()
	service := func(body any) {
		t.Helper()
		if _, err := actorstest.Ask(t, n, "supervisor", body); err != nil {
			t.Error(err)
		}
		if err := rt.Send("boss", "next"); err != nil {
			t.Error(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		wantOK(t, rt)
	}()
	actorstest.Until(t, n, "the workflow has begun", func() bool { return n.Procs.Named("ready") != "" })
	service(&actors.ServiceStop{ID: "app:worker"})
	actorstest.Until(t, n, "the stopped worker has refused", func() bool { return n.Procs.Named("refused") != "" })
	service(&actors.ServiceStart{ID: "app:worker"})
	<-done
}

// Code, worker and client can be changed while workflows run.
func TestTemporalChanges(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_TEMPORAL")
	base := fmt.Sprintf(temporalEntries, address, time.Now().UnixNano()) + hostEntry + mainProc("time", `
local step = ...
local names = {"one", "two", "three", "four"}
local pid, err
repeat -- the worker may wait for its client
    pid, err = process.spawn_monitored("app:flow", "app:worker", step)
    if err and err:kind() ~= "Unavailable" then return tostring(err) end
    if err then time.sleep("10ms") end
until pid
local e = process.events():receive()
if e.result.error then return tostring(e.result.error) end
return e.result.value == step .. names[step] and "ok" or e.result.value`)
	app := func(entries string) fstest.MapFS {
		return fstest.MapFS{"app.yaml": {Data: []byte(header + entries)}}
	}
	part := func(text string) string {
		return "\n  - {name: part, kind: function.lua, method: run, meta: {temporal: {activity: {worker: worker}}}, source: \"return {run = function(n) return n .. '" + text + "' end}\"}\n"
	}
	flow := workflowEntry("flow", "funcs", `return funcs.call("app:part", (...))`)
	local := workflowEntry("flow", "", `return (...) .. "two"`)
	rt := start(t, base+flow+part("one"))
	wantOK(t, rt, 1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i, entries := range []string{
		base + local,
		strings.ReplaceAll(strings.ReplaceAll(base, "task_queue: main", "task_queue: another"), "connection_timeout: 5s", "connection_timeout: 6s") + flow + part("three"),
		strings.ReplaceAll(strings.ReplaceAll(base, "task_queue: main", "task_queue: another"), "connection_timeout: 5s", "connection_timeout: 7s") + flow + part("four"),
	} {
		if _, err := rt.Apply(ctx, app(entries)); err != nil {
			t.Fatal(err)
		}
		wantOK(t, rt, i+2)
	}
}

// A client that looks after its server fails while that is away, and runs again
// once it is back.
func TestTemporalHealth(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_TEMPORAL")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	var mu sync.Mutex
	var open []net.Conn
	go func() { // passes on what comes
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address)
			if err != nil || away.Load() {
				_ = in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			for _, c := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(c[0], c[1])
					_ = c[0].Close()
				}()
			}
		}
	}()
	cut := func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	}
	t.Cleanup(func() {
		_ = listener.Close()
		cut()
	})
	rt := start(t, fmt.Sprintf(`
  - name: temporal
    kind: temporal.client
    address: "%s"
    connection_timeout: 5s
    health_check: {enabled: true, interval: 10ms}
    lifecycle: {auto_start: true, restart: {initial_delay: 10ms, max_delay: 100ms}}
`, listener.Addr()))
	is := func(status string) func() bool {
		return func() bool {
			s, err := rt.Service(context.Background(), "app:temporal")
			return err == nil && s.Status == status
		}
	}
	away.Store(true)
	cut()
	actorstest.Until(t, rt.Node(), "the client has failed", is("failed"))
	away.Store(false)
	actorstest.Until(t, rt.Node(), "the client runs again", is("running"))
}

// Without a server the client is a service that does not start.
func TestTemporalUnreachable(t *testing.T) {
	t.Setenv("TEST_TEMPORAL_KEY", "secret")
	const key = `
  - {name: os_env, kind: env.storage.os}
  - {name: key, kind: env.variable, storage: os_env, variable: TEST_TEMPORAL_KEY}
  - {name: no_key, kind: env.variable, storage: os_env, variable: TEST_TEMPORAL_NO_KEY}
`
	for fields, want := range map[string]string{
		"": "connecting app:temporal to Temporal at 127.0.0.1:1",
		"auth: {type: api_key, api_key_env: key}, tls: {enabled: false},": "connecting app:temporal to Temporal at 127.0.0.1:1: ",
		"auth: {type: api_key, api_key_env: nobody},":                     "nobody",
		"auth: {type: api_key, api_key_env: no_key},":                     "API key is empty",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		_, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + key + `
  - {name: temporal, kind: temporal.client, address: "127.0.0.1:1", connection_timeout: 200ms, ` + fields + ` lifecycle: {auto_start: true}}
`)}}, standard.Parts())
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", fields, err)
		}
	}
}

// Mistakes in the entries are found at load.
func TestTemporalEntries(t *testing.T) {
	const worker = `
  - {name: temporal, kind: temporal.client, address: "127.0.0.1:1"}
  - {name: worker, kind: temporal.worker, client: temporal, task_queue: main}
`
	for entries, want := range map[string]string{
		`
  - {name: c, kind: temporal.client}`: "address",
		`
  - {name: c, kind: temporal.client, address: "x:1", auth: {type: secret}}`: "auth.type",
		`
  - {name: c, kind: temporal.client, address: "x:1", auth: {type: api_key}}`: "the API key is missing",
		`
  - {name: c, kind: temporal.client, address: "x:1", auth: {type: mtls, key_pem: x}}`: "the certificate is missing",
		`
  - {name: c, kind: temporal.client, address: "x:1", auth: {type: mtls, cert_pem: x}}`: "the private key is missing",
		`
  - {name: w, kind: temporal.worker, task_queue: q}`: "client",
		worker + `
  - {name: w, kind: temporal.worker, client: nobody, task_queue: q}`: "nobody",
		worker + `
  - {name: w, kind: temporal.worker, client: temporal, task_queue: q, worker_options: {max_concurrent_workflow_task_pollers: 1}}`: "1 is too few",
		worker + `
  - {name: w, kind: temporal.worker, client: temporal, task_queue: q, worker_options: {max_concurrent_workflow_task_execution_size: 1}}`: "1 is too few",
		worker + `
  - {name: w, kind: temporal.worker, client: temporal, task_queue: q, worker_options: {use_versioning: true}}`: "deployment_name",
		worker + `
  - {name: flow, kind: workflow.lua, source: "return function() end"}`: "meta.temporal.workflow",
		worker + `
  - name: flow
    kind: workflow.lua
    meta: {temporal: {workflow: {worker: worker}}}
    modules: [time, sql]
    source: "return {main = function() end}"`: `app.yaml:11:21: app:flow: module "sql" cannot be used in workflows: it would not do the same`,
		worker + `
  - {name: lib, kind: library.lua, modules: [http_client], source: "return {}"}
  - name: flow
    kind: workflow.lua
    meta: {temporal: {workflow: {worker: worker}}}
    imports: {lib: lib}
    source: "return {main = function() end}"`: `app.yaml:8:46: module "http_client" cannot be used in workflows (app:lib is imported by app:flow)`,
		worker + `
  - name: flow
    kind: workflow.lua
    meta: {temporal: {workflow: {worker: worker}}}
    imports: {log: ":logger"}
    source: "return {main = function() end}"`: `module "logger" cannot be used in workflows`,
		worker + `
  - {name: f, kind: function.lua, method: run, meta: {temporal: {activity: {local: true}}}, source: "return {}"}`: "meta.temporal.activity.worker",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		rt, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + entries)}}, standard.Parts())
		cancel()
		if err == nil {
			_ = rt.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v\nin place of %s", entries, err, want)
		}
	}
}

// Outside workflows the module says so.
func TestModuleWorkflow(t *testing.T) {
	rt := start(t, hostEntry+mainProc("workflow", `
if workflow.version("change", 1, 4) ~= 4 then return "version" end
for name, text in pairs({
    exec = "workflow.exec outside workflow context not yet supported", attrs = "workflow.attrs outside workflow context not yet supported",
    info = "workflow.info outside workflow context not yet supported", history_length = "workflow.history_length outside workflow context not yet supported",
    history_size = "workflow.history_size outside workflow context not yet supported",
}) do
    local v, err = workflow[name](name == "attrs" and {} or "app:flow")
    if v ~= nil or err:kind() ~= "Invalid" or err:message() ~= text then return name .. tostring(err) end
end
return "ok"`))
	wantOK(t, rt)
}
