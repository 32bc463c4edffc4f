package modules

import (
	"os"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The actions of module system.
const (
	actRead    = "system.read"
	actControl = "system.control"
	actGC      = "system.gc"
	actExit    = "system.exit"
	actLock    = "system.lock"
)

// systemAllowed checks a permission. A refused one is Invalid, as in the
// reference.
func systemAllowed(c *lua.Call, action, resource string) error {
	if !c.Allowed(action, resource) {
		return messages.Errorf(messages.Invalid, "permission denied: %s on %s", action, resource)
	}
	return nil
}

// systemDo declares a function that answers at once, with a value or an error.
func systemDo(sig, doc, action, resource string, do func(c *lua.Call) (any, error)) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Permission: action, Do: func(c *lua.Call) error {
		if err := systemAllowed(c, action, resource); err != nil {
			return err
		}
		v, err := do(c)
		if err != nil {
			return err
		}
		return c.Return(v, nil)
	}}
}

// systemAsk declares a function that asks a component; show makes the result of
// its answer.
func systemAsk[R any](sig, doc, action, resource string, body func(c *lua.Call) any, show func(R) any) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Permission: action, Ask: func(c *lua.Call) (*lua.Command, error) {
		if err := systemAllowed(c, action, resource); err != nil {
			return nil, err
		}
		return lua.Ask("", body(c), func(c *lua.Call, r R) error { return c.Return(show(r), nil) }), nil
	}}
}

// tableOf makes a table of alternating names and values; nil values are left out.
func tableOf(pairs ...any) *messages.Table {
	t := &messages.Table{Object: true}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			t.Set(pairs[i].(string), messages.ValueOf(pairs[i+1]))
		}
	}
	return t
}

// ifSet is v, or nil where it says nothing.
func ifSet(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func hostTables(hosts []messages.HostData) any {
	t := &messages.Table{}
	for _, h := range hosts {
		t.Array = append(t.Array, tableOf("id", h.ID, "workers", h.Workers, "processes", h.Processes,
			"executed", h.Executed, "stolen", h.Stolen, "queue_depth", h.Waiting))
	}
	return t
}

func processTables(ps []messages.ProcessData) any {
	t := &messages.Table{}
	for _, p := range ps {
		t.Array = append(t.Array, tableOf("pid", p.PID, "host", p.Host, "source", p.Source, "state", p.State,
			"steps", p.Steps, "started_at", p.Started.UnixNano(), "parent", ifSet(p.Parent), "actor_id", ifSet(p.Actor),
			"stats", map[string]any{"instructions": p.Steps, "memory": p.Memory, "mailbox": p.Mailbox}))
	}
	return t
}

func serviceTable(s messages.ServiceData) any {
	nano := func(ns int64, zero bool) int64 {
		if zero {
			return 0
		}
		return ns
	}
	return tableOf("id", s.ID, "status", s.Status, "desired", s.Desired, "retry_count", s.Retries,
		"last_update", nano(s.Updated.UnixNano(), s.Updated.IsZero()), "started_at", nano(s.Started.UnixNano(), s.Started.IsZero()),
		"details", ifSet(s.Details))
}

func serviceTables(list []messages.ServiceData) any {
	t := &messages.Table{}
	for _, s := range list {
		t.Array = append(t.Array, serviceTable(s))
	}
	return t
}

func moduleTables(ms []lua.Module) any {
	t := &messages.Table{}
	for _, m := range ms {
		class := &messages.Table{}
		for _, cl := range m.Class {
			class.Array = append(class.Array, string(cl))
		}
		t.Array = append(t.Array, tableOf("name", m.Name, "description", m.Doc, "class", class))
	}
	return t
}

var systemModule = lua.Module{
	Name:  "system",
	Doc:   "Information on the runtime, and control of it. A refused permission is Invalid \"permission denied: …\".",
	Class: []lua.Class{lua.Process, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig: "exit(code?: integer): boolean, error?", Doc: "Shuts the whole application down with this exit code, by default 0.", Permission: actExit,
			Ask: func(c *lua.Call) (*lua.Command, error) {
				if err := systemAllowed(c, actExit, "exit"); err != nil {
					return nil, err
				}
				return lua.Tell("", &messages.SystemExit{Code: c.Int(0)}), nil
			},
		},
		systemDo("modules(): table, error?", "The modules of the runtime: a list of {name, description, class}.", actRead, "modules",
			func(c *lua.Call) (any, error) { return moduleTables(c.Modules()), nil }),
	},
	Tables: []lua.Table{
		systemMemory, systemGC, systemRuntime,
		{Name: "process", Doc: "The process of the operating system.", Funcs: []lua.Func{
			systemDo("pid(): integer, error?", "Its id.", actRead, "pid", func(*lua.Call) (any, error) { return os.Getpid(), nil }),
			systemDo("hostname(): string, error?", "The name of the machine.", actRead, "hostname", func(*lua.Call) (any, error) { return os.Hostname() }),
			systemDo("cwd(): string, error?", "The working directory.", actRead, "cwd", func(*lua.Call) (any, error) { return os.Getwd() }),
		}},
		{Name: "hosts", Doc: "The process hosts.", Funcs: []lua.Func{
			systemAsk("list(): table, error?", "A list of {id, workers, processes, executed, stolen, queue_depth}.", actRead, "hosts",
				func(*lua.Call) any { return &messages.Hosts{} }, hostTables),
			systemAsk("processes(host: string): table, error?", "The processes of a host: a list of {pid, host, source, state, steps, started_at (ns), parent, actor_id, stats}.", actRead, "hosts",
				func(c *lua.Call) any { return &messages.Processes{Host: c.String(0)} }, processTables),
		}},
		{Name: "supervisor", Doc: "The services.", Funcs: []lua.Func{
			systemAsk("state(id: string): table, error?", "One service: {id, status, desired, retry_count, last_update (ns), started_at (ns), details}.", actRead, "supervisor",
				func(c *lua.Call) any { return &messages.ServiceState{ID: c.String(0)} }, serviceTable),
			systemAsk("states(): table, error?", "All services, by id.", actRead, "supervisor",
				func(*lua.Call) any { return &messages.ServiceStates{} }, serviceTables),
		}},
		systemNode, systemCluster, systemRaft, systemLock,
	},
}
