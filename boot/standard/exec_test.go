//go:build unix

package standard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The whole of module exec on exec.native.
func TestExec(t *testing.T) {
	dir := t.TempDir()
	rt := start(t, hostEntry+`
  - {name: shell, kind: exec.native, default_work_dir: "`+dir+`", default_env: {A: "1", B: "2"}}
  - {name: strict, kind: exec.native, command_whitelist: ["echo yes", "echo 'two  blanks'"]}
  - {name: plain, kind: exec.native}
`+mainProc("exec, time", `
local exec, time = require("exec"), require("time")
local x = assert(exec.get("app:shell"))
local function run(line, options)
    local p = assert(x:exec(line, options))
    local out, err = assert(p:stdout_stream()), assert(p:stderr_stream())
    assert(p:start())
    local code = assert(p:wait())
    local text = {out:read(), err:read()}
    out:close(); err:close()
    return (text[1] or "") .. "|" .. (text[2] or "") .. "|" .. code
end
for _, c in ipairs{
    {"echo 'a  b' \"c\" $A", "a  b c $A\n||0"},
    {"sh -c 'echo $A $B $C; echo oops >&2; exit 3'", "1 2\n|oops\n|3"},
    {"sh -c 'kill -9 $$'", "||137"},
    {"pwd", "`+realPath(t, dir)+`\n||0"},
} do
    local got = run(c[1])
    if got ~= c[2] then return c[1] .. " gave " .. got end
end
local got = run("sh -c 'echo $A $B $C'", {env = {B = "x", C = 5}})
if got ~= "1 x 5\n||0" then return "env " .. got end
got = run("pwd", {work_dir = "/"})
if got ~= "/\n||0" then return "work_dir " .. got end

local p = assert(x:exec("cat"))
local out = assert(p:stdout_stream())
assert(p:start())
assert(p:write_stdin("one\ntwo\n"))
assert(p:write_stdin(""))
local lines, s = {}, assert(out:scanner("lines"))
while s:scan() do lines[#lines + 1] = s:text() end
if table.concat(lines, ",") ~= "one,two" then return "cat " .. table.concat(lines, ",") end
if p:wait() ~= 0 then return "cat ended" end
for _, f in ipairs{"start", "wait", "stdout_stream", "stderr_stream"} do
    local v, err = p[f](p)
    if v ~= nil or err:kind() ~= "Invalid" then return f .. " after wait" end
end
local v, err = p:signal(15)
if v ~= nil or err:kind() ~= "Invalid" then return "signal after wait" end
if p:close() ~= true or p:close(true) ~= true then return "close after wait" end

p = assert(x:exec("sleep 1000"))
v, err = p:wait()
if v ~= nil or err:kind() ~= "Invalid" then return "wait before start" end
v, err = p:write_stdin("x")
if v ~= nil or err:kind() ~= "Invalid" then return "write_stdin before start" end
assert(p:start())
v, err = p:start()
if v ~= nil or err:kind() ~= "Invalid" then return "start twice" end
assert(p:stdout_stream()) -- while it runs
v, err = p:signal(0)
if v ~= nil or err:kind() ~= "Invalid" then return "signal 0" end
assert(p:signal(10))
if p:wait() ~= 138 then return "signal" end

for _, force in ipairs{false, true} do
    p = assert(x:exec("sleep 1000"))
    assert(p:start())
    local code = channel.new(1)
    coroutine.spawn(function() code:send((p:wait())) end)
    time.sleep("10ms")
    assert(p:close(force))
    got = code:receive()
    if got ~= (force and 137 or 143) then return "close " .. tostring(force) .. " " .. tostring(got) end
end

p = assert(x:exec("no-such-program"))
v, err = p:start()
if v ~= nil or err:kind() ~= "NotFound" then return "no program " .. tostring(err) end
for _, c in ipairs{
    {function() return exec.get("") end, "Invalid"},
    {function() return exec.get("shell") end, "Invalid"},
    {function() return exec.get("app:none") end, "NotFound"},
    {function() return exec.get("app:a_host") end, "Invalid", "not an executor: app:a_host"},
    {function() return x:exec("") end, "Invalid"},
    {function() return x:exec("echo 'a") end, "Invalid"},
    {function() return x:exec("echo", {env = {[1] = "A=1"}}) end, "Invalid"},
    {function() return x:exec("echo", {work_dir = 5}) end, "Invalid"},
} do
    v, err = c[1]()
    if v ~= nil or err:kind() ~= c[2] or c[3] and err:message() ~= c[3] then return "case " .. _ .. " " .. tostring(err) end
end

local strict = assert(exec.get("app:strict"))
if not strict:exec("echo yes") or not strict:exec("echo 'two  blanks'") then return "whitelist" end
for _, line in ipairs{"echo  yes", "echo no", "echo yes; ls", "echo two  blanks"} do
    v, err = strict:exec(line)
    if v ~= nil or err:kind() ~= "Invalid" or not tostring(err):find("not allowed", 1, true) then return "not in the whitelist " .. tostring(err) end
end
local plain = assert(exec.get("app:plain"))
p = assert(plain:exec("env"))
out = p:stdout_stream()
assert(p:start())
if out:read() ~= nil or p:wait() ~= 0 then return "something is inherited" end

if x:release() ~= true or x:release() ~= true then return "release" end
v, err = x:exec("echo")
if v ~= nil or err:kind() ~= "Invalid" then return "released" end
return "ok"`))
	wantOK(t, rt)
}

func realPath(t *testing.T, dir string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// A program ends with the call or process that runs it, however that ends, and
// with all in its process group.
func TestExecEndsWithItsProcess(t *testing.T) {
	if _, err := exec.LookPath("sleep"); err != nil {
		t.Skip("it needs a program that sleeps")
	}
	dir := t.TempDir()
	rt := start(t, hostEntry+`
  - {name: shell, kind: exec.native, default_work_dir: "`+dir+`"}
  - name: call
    kind: function.lua
    method: run
    modules: [exec, time]
    source: |
      return { run = function(file, how)
          local time = require("time")
          local p = require("exec").get("app:shell"):exec("sh -c 'sleep 1000 & echo $! > " .. file .. ".new; mv " .. file .. ".new " .. file .. "; wait'")
          local out = p:stdout_stream()
          p:start()
          while require("exec").get("app:shell"):exec("test -e " .. file) do
              local q = require("exec").get("app:shell"):exec("test -e " .. file)
              q:start()
              if q:wait() == 0 then break end
              time.sleep("2ms")
          end
          if how == "fail" then error("it fails") end
          if how == "read" then out:read() end
          if how == "wait" then p:wait() end
      end }
`+mainProc("funcs, time, exec", `
local funcs, time = require("funcs"), require("time")
funcs.call("app:call", "returned", "return")
funcs.call("app:call", "failed", "fail")
for _, how in ipairs{"read", "wait"} do
    local v, err = funcs.new():with_options({timeout = 300}):call("app:call", how, how)
    if v ~= nil or err:kind() ~= "Timeout" then return how .. ": " .. tostring(err) end
end
return "ok"`))
	wantOK(t, rt)
	for _, name := range []string{"returned", "failed", "read", "wait"} {
		pid, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		until(t, "the program of "+name+" is gone", func() bool {
			stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ")
		})
	}
}
