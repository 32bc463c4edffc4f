package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// programs is an Executor object.
type programs struct {
	executor messages.Executor
	released bool
}

// command is a Process object: one run of a program.
type command struct {
	messages.Command
	streams [2]*stream
	closed  bool
	forget  func()
}

var execModule = lua.Module{
	Name:  "exec",
	Doc:   "Programs of the operating system.",
	Class: []lua.Class{lua.IO, lua.Process, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig:        "get(id: any): Executor, error?",
		Doc:        "Gives the exec.native entry with that id.",
		Permission: "exec.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if _, _, ok := splitID(id); !ok || c.TypeOf(0) != "string" {
				return nil, messages.Errorf(messages.Invalid, "executor ID required, of the form namespace:name")
			}
			if !c.Allowed("exec.get", id) {
				return nil, messages.Errorf(messages.Invalid, "not allowed to get executor: %s", id)
			}
			return lua.Ask(id, &messages.ExecOpen{}, func(c *lua.Call, x messages.Executor) error {
				return c.Return(&programs{executor: x}, nil)
			}), nil
		},
	}},
	Types: []lua.Type{
		{Name: "Executor", Doc: "Runs programs with the settings of an entry.", Of: (*programs)(nil), Methods: []lua.Func{
			{
				Sig:        "exec(cmd: any, options?: table): Process, error?",
				Doc:        "Makes a command, which start() runs. The line is split into words, with the quotes and backslashes of a shell; nothing else of a shell happens. Options: work_dir, and env, which is added to that of the entry.",
				Permission: "exec.run",
				Do:         execCommand,
			},
			{Sig: "release(): boolean, error?", Doc: "Lets go of the executor; its commands go on. Calling it again is harmless.", Do: func(c *lua.Call) error {
				c.Self().(*programs).released = true
				return c.Return(true, nil)
			}},
		}},
		{Name: "Process", Doc: "One run of a program. What still runs of it when the process or call ends gets SIGTERM, and SIGKILL after some seconds, with its process group.", Of: (*command)(nil), Methods: []lua.Func{
			{Sig: "start(): boolean, error?", Doc: "Runs the program.", Ask: func(c *lua.Call) (*lua.Command, error) {
				p := c.Self().(*command)
				return yes(func(<-chan struct{}) error { return p.Start() }), nil
			}},
			{Sig: "wait(): integer, error?", Doc: "Waits for the end of the program and returns its exit code, 128+n where signal n ended it. It closes the handle; output that no stream was taken of is lost.", Ask: func(c *lua.Call) (*lua.Command, error) {
				p := c.Self().(*command)
				return &lua.Command{
					Go: func(done <-chan struct{}) (any, error) { return p.Wait(done) },
					Then: func(c *lua.Call, code any) error {
						p.closed = true
						if p.Over() {
							p.forget()
						}
						return c.Return(code, nil)
					},
				}, nil
			}},
			{Sig: "stdout_stream(): Stream, error?", Doc: "The standard output. Take it before start, or before wait is called.", Do: func(c *lua.Call) error { return commandStream(c, 1) }},
			{Sig: "stderr_stream(): Stream, error?", Doc: "The error output. Take it before start, or before wait is called.", Do: func(c *lua.Call) error { return commandStream(c, 2) }},
			{Sig: "write_stdin(data: string): boolean, error?", Doc: "Writes to the standard input; the empty string ends it.", Ask: func(c *lua.Call) (*lua.Command, error) {
				p, data := c.Self().(*command), c.String(0)
				return yes(func(<-chan struct{}) error { return p.WriteStdin(data) }), nil
			}},
			{Sig: "signal(n: integer): boolean, error?", Doc: "Sends a signal to the program, by its number.", Do: func(c *lua.Call) error {
				if err := c.Self().(*command).Signal(c.Int(0)); err != nil {
					return err
				}
				return c.Return(true, nil)
			}},
			{Sig: "close(force?: boolean): boolean, error?", Doc: "Ends the program and all in its process group: with SIGTERM, and SIGKILL after some seconds, or with force at once. Streams that were taken can still be read. Calling it again is harmless.", Do: func(c *lua.Call) error {
				p := c.Self().(*command)
				p.closed = true
				p.Close(c.Bool(0))
				p.forget()
				return c.Return(true, nil)
			}},
		}},
	},
}

// yes is the command that runs work outside of the process and returns true.
func yes(work func(done <-chan struct{}) error) *lua.Command {
	return &lua.Command{
		Go:   func(done <-chan struct{}) (any, error) { return true, work(done) },
		Then: func(c *lua.Call, answer any) error { return c.Return(answer, nil) },
	}
}

func execCommand(c *lua.Call) error {
	x, line := c.Self().(*programs), c.String(0)
	switch {
	case x.released:
		return messages.Errorf(messages.Invalid, "executor is released")
	case c.TypeOf(0) != "string" || line == "":
		return messages.Errorf(messages.Invalid, "command is required")
	case !c.Allowed("exec.run", line):
		return messages.Errorf(messages.Invalid, "not allowed to run command: %s", line)
	}
	o := &options{table: c.Table(1)}
	dir, env := o.text("work_dir"), o.environment("env")
	if o.err != nil {
		return o.err
	}
	cmd, err := x.executor.Command(line, dir, env)
	if err != nil {
		return err
	}
	return c.Return(&command{Command: cmd, forget: c.OnEnd(func() { cmd.Close(false) })}, nil)
}

// environment reads a table of names and values; numbers are text in it.
func (o *options) environment(name string) map[string]string {
	v := o.get(name)
	t, ok := v.(*messages.Table)
	if v != nil && (!ok || len(t.Array) > 0) {
		o.wrong(name, "a table of names and their values is expected")
	}
	if t == nil {
		return nil
	}
	out := make(map[string]string, len(t.Keys))
	for i, k := range t.Keys {
		key, ok := k.(string)
		switch value := t.Vals[i].(type) {
		case string, float64:
			out[key] = messages.Text(value)
		default:
			ok = false
		}
		if !ok {
			o.wrong(name, "a table of names and their values is expected")
		}
	}
	return out
}

func commandStream(c *lua.Call, n int) error {
	p := c.Self().(*command)
	if p.streams[n-1] == nil || p.closed { // the command says that it is closed
		r, err := p.Output(n)
		if err != nil {
			return err
		}
		p.streams[n-1] = newStream(c, r, -1)
	}
	return c.Return(p.streams[n-1], nil)
}
