package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// processNames is the table process.registry.
var processNames = lua.Table{
	Name: "registry",
	Doc:  "Names of processes. A name is gone when its process ends.",
	Funcs: []lua.Func{
		{
			Sig:        "register(name: string, pid?: any, scope?: any): boolean, error?",
			Doc:        "Gives a name to a process, by default to this one on this node. The same name and PID again is a success; a name that another process has is AlreadyExists, with its PID in details().existing_pid.",
			Permission: "process.registry.register",
			Ask:        registerName,
		},
		{
			Sig: "lookup(name: string): string, error?",
			Doc: "PID of a name; NotFound if nobody has it.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				return lua.Ask("", &messages.Lookup{Name: c.String(0)}, func(c *lua.Call, pid string) error { return c.Return(pid, nil) }), nil
			},
		},
		{
			Sig:        "unregister(name: string, scope?: any): boolean, error?",
			Doc:        "Takes a name away. It returns false if nobody has it or, in a cluster scope, if another process has.",
			Permission: "process.registry.unregister",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				scope, err := nameScope(c, 1)
				if err != nil {
					return nil, c.Return(false, err)
				}
				if name := c.String(0); !c.Allowed("process.registry.unregister"+scopeSuffix[scope], name) {
					return nil, c.Return(false, denied("not allowed to unregister name: %s", name))
				}
				return &lua.Command{
					Body: &messages.Unregister{Name: c.String(0), Scope: scope, By: c.Host().PID()},
					Then: func(c *lua.Call, done any) error { return c.Return(done, nil) }, Catch: orFalse,
				}, nil
			},
		},
	},
	Consts: []lua.Const{
		{Name: "LOCAL", Doc: "The name counts on this node.", Value: int(messages.ScopeLocal)},
		{Name: "EVENTUAL", Doc: "Cluster, by gossip: two nodes may briefly disagree.", Value: int(messages.ScopeEventual)},
		{Name: "CONSISTENT", Doc: "Cluster, one owner at a time.", Value: int(messages.ScopeConsistent)},
		{Name: "STRONG", Doc: "As CONSISTENT, and every live node has acknowledged it.", Value: int(messages.ScopeStrong)},
	},
}

// scopeSuffix is what a scope adds to the name of an action.
var scopeSuffix = [...]string{"", ".eventual", ".consistent", ".strong"}

// nameScope reads argument i.
func nameScope(c *lua.Call, i int) (messages.NameScope, *messages.Error) {
	if !c.Has(i) {
		return messages.ScopeLocal, nil
	}
	n := c.Number(i)
	if c.TypeOf(i) != "number" || n != float64(int(n)) || n < 0 || int(n) >= len(scopeSuffix) {
		return 0, messages.Errorf(messages.Invalid, "scope must be a number (process.registry.LOCAL, EVENTUAL, CONSISTENT or STRONG)")
	}
	return messages.NameScope(int(n)), nil
}

func registerName(c *lua.Call) (*lua.Command, error) {
	name, self := c.String(0), c.Host().PID()
	if name == "" {
		return nil, messages.Errorf(messages.Invalid, "name cannot be empty")
	}
	pid := self
	if c.Has(1) {
		if c.TypeOf(1) != "string" {
			return nil, messages.Errorf(messages.Invalid, "pid must be a string")
		}
		pid = c.String(1)
	}
	scope, err := nameScope(c, 2)
	if err != nil {
		return nil, err
	}
	if !c.Allowed("process.registry.register"+scopeSuffix[scope], name) {
		return nil, denied("not allowed to register name: %s", name)
	}
	if pid != self && !c.Allowed("process.registry.foreign", pid) {
		return nil, denied("not allowed to register a name for process: %s", pid)
	}
	return lua.Tell("", &messages.Register{Name: name, PID: pid, Scope: scope}), nil
}
