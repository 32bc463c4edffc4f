package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// ownNamespace is the namespace of the entry that runs.
func ownNamespace(c *lua.Call) string {
	ns, _, _ := splitID(c.Process().Entry)
	return ns
}

var (
	errNoVariable    = messages.Errorf(messages.NotFound, "environment variable not found")
	errEmptyVariable = messages.Errorf(messages.Invalid, "environment variable name cannot be empty")
)

var envModule = lua.Module{
	Name:  "env",
	Doc:   "Environment values. Only variables declared as env.variable exist; they are addressed by public name, full id, or bare name in the namespace of the caller.",
	Class: []lua.Class{lua.Process, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig:        "get(name: string): string, error?",
			Doc:        "Reads a variable; NotFound if it has no value and no default, or an empty one.",
			Permission: "env.get",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				name := c.String(0)
				if name == "" {
					return nil, errEmptyVariable
				}
				if !c.Allowed("env.get", name) {
					return nil, denied("not allowed to read environment variable: %s", name)
				}
				cmd := lua.Ask("", &messages.EnvGet{Name: name, NS: ownNamespace(c)}, func(c *lua.Call, value string) error {
					if value == "" {
						return errNoVariable
					}
					return c.Return(value, nil)
				})
				cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
					if err.Kind == messages.NotFound {
						return errNoVariable
					}
					return err
				}
				return cmd, nil
			},
		},
		{
			Sig:        "set(name: string, value: string): boolean, error?",
			Doc:        "Writes a variable. PermissionDenied if it or its storage is read-only.",
			Permission: "env.set",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				name := c.String(0)
				if name == "" {
					return nil, errEmptyVariable
				}
				if !c.Allowed("env.set", name) {
					return nil, denied("not allowed to write environment variable: %s", name)
				}
				return lua.Tell("", &messages.EnvSet{Name: name, NS: ownNamespace(c), Value: c.String(1)}), nil
			},
		},
		{
			Sig:        "get_all(): table, error?",
			Doc:        "All variables with a value that the caller may read.",
			Permission: "env.get",
			Ask: func(*lua.Call) (*lua.Command, error) {
				return lua.Ask("", &messages.EnvAll{}, func(c *lua.Call, all map[string]string) error {
					out := map[string]any{}
					for name, value := range all {
						if c.Allowed("env.get", name) {
							out[name] = value
						}
					}
					return c.Return(out, nil)
				}), nil
			},
		},
	},
}
