package standard_test

import (
	"context"
	"testing"
	"time"
)

const evalEntries = hostEntry + `
  - name: lib
    kind: library.lua
    modules: [store, json]
    source: |
      local json, store = require("json"), require("store")
      return {
        double = function(n) return n * 2 end,
        text = function(v) return require("json").encode(v) end,
        sees = function() return store ~= nil, http_client == nil, process.spawn == nil end,
      }
  - name: outer
    kind: library.lua
    imports: {inner: lib}
    source: |
      local n = inner.double(4)
      return { n = function() return n, inner.text({1}) end }
`

// The whole of eval_runner.
func TestEval(t *testing.T) {
	rt := start(t, evalEntries+mainProc("eval_runner, security, funcs, time, json", `
local eval, security, funcs, json = require("eval_runner"), require("security"), require("funcs"), require("json")
local function fails(kind, text, v, err)
	if v ~= nil or not err then error("no error but " .. tostring(v), 2) end
	if err:kind() ~= kind or not tostring(err):find(text, 1, true) then error(err:kind() .. ": " .. tostring(err), 2) end
end

-- What runs.
if eval.run({source = "return 1 + 1"}) ~= 2 then return "chunk" end
local v, err = eval.run({source = "local a: number, b: string = ...; return {a, b, select('#', ...)}", args = {1, "x", {y = 2}}})
if err or v[1] ~= 1 or v[2] ~= "x" or v[3] ~= 3 then return "args" end
if eval.run({source = "return { f = function(t) return t.n end, g = 1 }", method = "f", args = {{n = 7}}}) ~= 7 then return "method" end
if eval.run({source = "return function(n) return n end", method = "any", args = {3}}) ~= 3 then return "function" end
v, err = eval.run({source = "local x = 1"})
if v ~= nil or err ~= nil then return "nothing" end
if eval.run({source = "x = 5; return _G.x"}) ~= 5 or x ~= nil then return "globals" end
if eval.run({source = "local c = channel.new(); coroutine.spawn(function() c:send('hi') end); return (c:receive())"}) ~= "hi" then return "channels" end
if not eval.run({source = "return process.pid()"}):match("^{eval|0x%x+}$") or eval.run({source = "return process.id()"}) ~= "app:main#eval" then return "pid" end
process.listen("hello")
assert(eval.run({source = "return process.send(..., 'hello', 4)", args = {process.pid()}}))
if process.listen("hello"):receive() ~= 4 then return "send" end

-- What fails.
fails("Invalid", "source is required", eval.run({}))
fails("Invalid", "method: a string", eval.run({source = "return 1", method = 5}))
fails("Invalid", "args: a list", eval.run({source = "return 1", args = 5}))
fails("Invalid", "compile failed: parse error: app:main#eval:2:", eval.run({source = "return 1\nreturn )"}))
fails("NotFound", "run failed: method not found", eval.run({source = "return {}", method = "f"}))
fails("NotFound", 'or a table with "mian"; it has main, other', eval.run({source = "return {other = function() end, main = function() end, n = 1}", method = "mian"}))
fails("NotFound", 'with "f"; the table has no functions', eval.run({source = "return {n = 1}", method = "f"}))
fails("Internal", "run failed: app:main#eval:1: boom", eval.run({source = "error('boom')"}))
fails("Conflict", "run failed: taken", eval.run({source = "return nil, errors.new{message = 'taken', kind = errors.CONFLICT, details = {n = 3}}"}))
v, err = eval.run({source = "error(errors.new{message = 'gone', kind = errors.NOT_FOUND, retryable = true, details = {n = 3}})"})
if err:kind() ~= "NotFound" or err:retryable() ~= true or err:details().n ~= 3 then return "error object" end
fails("Internal", "eval exceeded maximum step limit", eval.run({source = "while true do end"}))
fails("Internal", "eval exceeded maximum step limit", eval.run({source = "while true do pcall(function() while true do end end) end"}))
fails("Internal", "eval exceeded maximum step limit", eval.run({source = "local inbox = process.inbox(); while true do process.send(process.pid(), 'x'); inbox:receive(); for i = 1, 5000 do end end"}))
v, err = eval.run({source = "while true do end"})
if err:message() ~= "eval exceeded maximum step limit" then return "message of the limit" end
fails("Internal", "run failed", eval.run({source = "channel.new():receive()"}))
if pcall(eval.run, "return 1") then return "no table" end

-- Modules by name and by class.
local sees = "local out = {}; for _, n in ipairs({...}) do out[n] = _G[n] ~= nil end; return out"
v = eval.run({source = sees, args = {"json", "store", "http_client", "system", "eval_runner", "time", "funcs", "process", "os"}})
if not (v.json and v.time and v.funcs and v.process and v.os) or v.store or v.http_client or v.system or v.eval_runner then return "default modules" end
v = eval.run({source = sees, modules = {}, args = {"json", "store"}})
if not v.json or v.store then return "empty modules" end
v = eval.run({source = sees, modules = {"json", "string", "errors"}, args = {"json", "time"}})
if not v.json or v.time then return "listed modules" end
v = eval.run({source = sees, allow_classes = {"storage"}, args = {"store", "http_client"}})
if not v.store or v.http_client then return "allowed class" end
v = eval.run({source = sees, modules = {"store"}, allow_classes = {"storage", "network"}, args = {"store", "http_client"}})
if not v.store or v.http_client then return "allowed class and listed" end
fails("Invalid", 'module "store" has forbidden class "storage"', eval.run({source = "return 1", modules = {"json", "store"}}))
fails("Invalid", 'module "process" has forbidden class "process"', eval.run({source = "return 1", modules = {"process"}}))
fails("Invalid", 'module "http_client" has forbidden class "network"', eval.run({source = "return 1", modules = {"http_client"}}))
fails("Invalid", 'module "eval_runner" has forbidden class "process"', eval.run({source = "return 1", modules = {"eval_runner"}}))
fails("NotFound", 'module "jsn" not found', eval.run({source = "return 1", modules = {"jsn"}}))
fails("Invalid", "modules", eval.run({source = "return 1", modules = "json"}))
fails("Invalid", "modules", eval.run({source = "return 1", modules = {1}}))
fails("Invalid", "allow_classes", eval.run({source = "return 1", allow_classes = "storage"}))
fails("Internal", "module 'store' not found", eval.run({source = "return require('store')"}))
for _, config in ipairs({{}, {allow_classes = {"process"}}}) do
	config.source = "local out = {}; for _, n in ipairs({'spawn', 'exec', 'terminate', 'cancel', 'monitor', 'link', 'upgrade', 'registry', 'with_context', 'set_options'}) do if process[n] then out[#out + 1] = n end end; return table.concat(out, ' ')"
	if eval.run(config) ~= "" then return "process has " .. eval.run(config) end
end

-- Imports.
v = assert(eval.run({source = "local a, b, c = lib.sees(); return {lib.double(21), lib.text({1}), a, b, c, store == nil, pcall(require, 'store')}", modules = {"text"}, imports = {lib = "app:lib"}}))
if v[1] ~= 42 or v[2] ~= "[1]" or not v[3] or not v[4] or not v[5] or not v[6] or v[7] then return "import" end
v = assert(eval.run({source = "return {o.n()}", imports = {o = "outer"}}))
if v[1] ~= 8 or v[2] ~= "[1]" then return "import of an importer" end
if eval.run({source = "return j.encode({1})", modules = {"text"}, imports = {j = ":json"}}) ~= "[1]" then return "module as import" end
v = assert(eval.run({source = "return {lib.text({2}), lib.sees()}", imports = {lib = {id = "app:lib", modules = {"json", "store"}}}, allow_classes = {"storage"}}))
if v[1] ~= "[2]" then return "import with modules" end
fails("Internal", "run failed", eval.run({source = "return lib.sees()", imports = {lib = {id = "app:lib", modules = {"json"}}}}))
fails("Invalid", 'module "store" has forbidden class "storage"', eval.run({source = "return 1", imports = {lib = {id = "app:lib", modules = {"store"}}}}))
fails("Invalid", 'module "store" has forbidden class "storage"', eval.run({source = "return 1", imports = {s = ":store"}}))
fails("NotFound", "library app:none not found", eval.run({source = "return 1", imports = {n = "app:none"}}))
fails("NotFound", "library app:main not found", eval.run({source = "return 1", imports = {n = "app:main"}}))
fails("NotFound", 'module "none" not found', eval.run({source = "return 1", imports = {n = ":none"}}))
for _, bad in ipairs({5, "", ":", "app:", {}, {id = 1}, true}) do
	fails("Invalid", "import n:", eval.run({source = "return 1", imports = {n = bad}}))
end
fails("Invalid", "imports", eval.run({source = "return 1", imports = {"app:lib"}}))

-- Custom modules are data.
v = eval.run({source = "cfg.n = 9; return {cfg.n, cfg.list[2], empty ~= nil}", custom_modules = {cfg = {n = 1, list = {1, 2}}, empty = {}}})
if v[1] ~= 9 or v[2] ~= 2 or not v[3] then return "custom" end
fails("Invalid", "custom_modules.m.f.g is a function", eval.run({source = "return 1", custom_modules = {m = {f = {g = print}}}}))
fails("Invalid", "custom_modules.json", eval.run({source = "return 1", custom_modules = {json = json}}))
fails("Invalid", "the metatable of custom_modules.m.__index is a function", eval.run({source = "return 1", custom_modules = {m = setmetatable({}, {__index = function() end})}}))
fails("Invalid", "custom_modules.m is a userdata", eval.run({source = "return 1", custom_modules = {m = channel.new()}}))
fails("Invalid", "custom_modules.m: a table", eval.run({source = "return 1", custom_modules = {m = 5}}))
local deep = {}
for _ = 1, 100000 do deep = {deep} end
fails("Invalid", "nested too deeply", eval.run({source = "return 1", custom_modules = {m = deep}}))
local round = {}
round.self = round
if eval.run({source = "return m.self.self == m", custom_modules = {m = round}}) ~= true then return "cycle" end

-- compile.
local p = assert(eval.compile("return { f = function() end }", "f", {modules = {"json", "text"}}))
if p:method() ~= "f" or table.concat(p:modules(), " ") ~= "json text" then return "program" end
p = assert(eval.compile("return 1"))
if p:method() ~= "" or not table.concat(p:modules(), " "):find("json", 1, true) then return "program of a chunk" end
fails("Invalid", "compile failed: parse error", eval.compile("return ("))
fails("Invalid", "source is required", eval.compile(""))
fails("Invalid", 'module "store" has forbidden class "storage"', eval.compile("return 1", nil, {modules = {"store"}}))
fails("NotFound", "library app:none not found", eval.compile("return 1", nil, {imports = {n = "app:none"}}))

-- Context, actor and scope.
local who = security.new_actor("ann")
v = assert(funcs.new():with_context({secret = 1}):call("app:inside"))
if v ~= "ok" then return v end
local some = security.new_scope({security.policy("app:runs")})
v = funcs.new():with_actor(who):with_scope(some):call("app:limited")
if v ~= "ok" then return v end
return funcs.new():with_actor(who):with_scope(security.new_scope()):call("app:refused")`)+`
  - {name: runs, kind: security.policy, policy: {actions: eval.run, resources: "*", effect: allow}}
  - name: inside
    kind: function.lua
    method: main
    modules: [eval_runner]
    source: |
      return { main = function()
        local v = assert(require("eval_runner").run({source = "local ctx = require('ctx'); return {ctx.get('a'), ctx.get('secret')}", context = {a = 4}}))
        if v[1] ~= 4 or v[2] ~= nil then return "context" end
        local _, err = require("eval_runner").run({source = "return 1", context = {1}})
        return err:kind() == "Invalid" and "ok" or "bad context"
      end }
  - name: limited
    kind: function.lua
    method: main
    modules: [eval_runner]
    source: |
      return { main = function()
        local eval = require("eval_runner")
        local v = assert(eval.run({source = "return json == nil and time == nil"}))
        if v ~= true then return "modules without permission" end
        for text, config in pairs({
          ["eval.module json"] = {modules = {"json"}}, ["eval.class storage"] = {allow_classes = {"storage"}},
          ["eval.import app:lib"] = {imports = {l = "lib"}}, ["eval.module text"] = {imports = {t = ":text"}},
        }) do
          config.source = "return 1"
          local _, err = eval.run(config)
          if not err or err:kind() ~= "PermissionDenied" or err:message() ~= "permission denied: " .. text then return text .. " gives " .. tostring(err) end
        end
        local _, err = eval.compile("return 1")
        if err:kind() ~= "PermissionDenied" or err:message() ~= "permission denied: eval.compile" then return "compile" end
        local who = eval.run({source = "local _, err = process.send(..., 'x'); return err and err:kind()", args = {process.pid()}})
        return who == "PermissionDenied" and "ok" or "the code may do more than its caller"
      end }
  - name: refused
    kind: function.lua
    method: main
    modules: [eval_runner]
    source: |
      return { main = function()
        local v, err = require("eval_runner").run({source = "return 1"})
        return v == nil and err:kind() == "PermissionDenied" and err:message() == "permission denied: eval.run" and "ok" or tostring(err)
      end }
`)
	wantOK(t, rt)
}

// Evaluated code ends with its caller, and with the node.
func TestEvalEnds(t *testing.T) {
	const waits = `
  - name: waits
    kind: function.lua
    method: main
    modules: [eval_runner]
    source: |
      return { main = function() return require("eval_runner").run({source = "require('time').sleep('1h')"}) end }
`
	rt := start(t, evalEntries+waits)
	running := func() bool {
		for _, p := range rt.Node().Procs.All() {
			if p.Info().Host == "eval" {
				return true
			}
		}
		return false
	}
	until := func(what string, want bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); running() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the code %s", what)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { _, err := rt.Call(ctx, "app:waits"); ended <- err }()
	until("does not start", true)
	cancel()
	until("outlives its caller", false)
	if err := <-ended; err == nil {
		t.Error("the call has a result")
	}
	go func() { _, err := rt.Call(t.Context(), "app:waits"); ended <- err }()
	until("does not start", true)
	if err := rt.Stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the call has a result")
	}
}
