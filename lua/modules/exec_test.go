package modules

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// echoes is an Executor whose commands say what they were made of.
type echoes struct{}

func (echoes) Command(line, dir string, env map[string]string) (messages.Command, error) {
	text := line + " in " + dir
	for _, name := range slices.Sorted(maps.Keys(env)) {
		text += fmt.Sprintf(" %s=%s", name, env[name])
	}
	return &echoed{text: text}, nil
}

type echoed struct {
	text   string
	closed []bool
}

func (e *echoed) Start() error                      { return nil }
func (e *echoed) Wait(<-chan struct{}) (int, error) { return 7, nil }
func (e *echoed) WriteStdin(data string) error {
	return messages.Errorf(messages.Invalid, "stdin %q", data)
}

func (e *echoed) Signal(n int) error { return messages.Errorf(messages.Invalid, "signal %d", n) }
func (e *echoed) Close(force bool)   { e.closed = append(e.closed, force) }
func (e *echoed) Over() bool         { return true }

func (e *echoed) Output(n int) (io.ReadCloser, error) {
	if n == 2 || len(e.closed) > 0 {
		return nil, messages.Errorf(messages.Invalid, "taken")
	}
	return io.NopCloser(strings.NewReader(e.text)), nil
}

func TestExec(t *testing.T) {
	list := []example{
		{name: "run", source: `local p = exec.get("app:x"):exec("a b"); return show(p:start(), p:stdout_stream() ~= nil, p:stdout_stream():read(), p:wait())`, want: "true, true, a b in , 7, nil"},
		{name: "options", source: `return show(exec.get("app:x"):exec("a", {work_dir = "/d", env = {B = "2", A = 1.5, C = 3}}):stdout_stream():read())`, want: "a in /d A=1.5 B=2 C=3, nil"},
		{name: "errors", source: `local p = exec.get("app:x"):exec("a"); return show(p:write_stdin("x")) .. "; " .. show(p:signal(3)) .. "; " .. show(p:stderr_stream())`, want: `nil, Invalid:stdin "x"; nil, Invalid:signal 3; nil, Invalid:taken`},
		{name: "close", source: `local p = exec.get("app:x"):exec("a"); return show(p:close(), p:close(true))`, want: "true, true, nil"},
		{name: "release", source: `local x = exec.get("app:x"); local y = x:release(); return show(y, x:release(), x:exec("a"))`, want: "true, true, nil, Invalid:executor is released"},
		{name: "no id", source: `return show(exec.get())`, want: "nil, Invalid:executor ID required, of the form namespace:name"},
		{name: "bad id", source: `return show(exec.get("x"))`, want: "nil, Invalid:executor ID required, of the form namespace:name"},
		{name: "unknown", source: `return show(exec.get("app:y"))`, want: "nil, NotFound:app:y not found"},
		{name: "no command", source: `return show(exec.get("app:x"):exec(""))`, want: "nil, Invalid:command is required"},
		{name: "bad work_dir", source: `return show(exec.get("app:x"):exec("a", {work_dir = 1}))`, want: "nil, Invalid:option work_dir: a string is expected"},
		{name: "bad env", source: `return show(exec.get("app:x"):exec("a", {env = {"A=1"}}))`, want: "nil, Invalid:option env: a table of names and their values is expected"},
		{name: "bad value in env", source: `return show(exec.get("app:x"):exec("a", {env = {A = true}}))`, want: "nil, Invalid:option env: a table of names and their values is expected"},
		{name: "env is no table", source: `return show(exec.get("app:x"):exec("a", {env = "A=1"}))`, want: "nil, Invalid:option env: a table of names and their values is expected"},
		{name: "get refused", ctx: may("exec.get app:y"), source: `return show(exec.get("app:x"))`, want: "nil, Invalid:not allowed to get executor: app:x"},
		{name: "run refused", ctx: may("exec.get app:x", "exec.run a"), source: `return show(exec.get("app:x"):exec("a b"))`, want: "nil, Invalid:not allowed to run command: a b"},
		{name: "run allowed", ctx: may("exec.get app:x", "exec.run a b"), source: `return show(exec.get("app:x"):exec("a b"):wait())`, want: "7, nil"},
	}
	for i := range list {
		list[i].answer = func(cmd *lua.Command) any {
			if cmd.To != "app:x" {
				return messages.Errorf(messages.NotFound, "%s not found", cmd.To)
			}
			return echoes{}
		}
	}
	examples(t, list)
}
