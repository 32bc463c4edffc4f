package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func selfContract(c *lua.Call) *contractOf { return c.Self().(*contractOf) }

// methodTable describes one method.
func methodTable(m messages.MethodData) *messages.Table {
	list := func(schemas []any) messages.Value {
		if schemas == nil {
			schemas = []any{}
		}
		return messages.ValueOf(schemas)
	}
	return (&messages.Table{Object: true}).Set("name", m.Name).Set("description", m.Description).
		Set("input_schemas", list(m.Input)).Set("output_schemas", list(m.Output))
}

// changedContract returns a copy of the contract of c that change has worked on.
func changedContract(c *lua.Call, action, resource, what string, change func(x *contractOf) error) error {
	if action != "" && !c.Allowed(action, resource) {
		return denied("not allowed to use contracts with custom %s", what)
	}
	out := *selfContract(c)
	if err := change(&out); err != nil {
		return err
	}
	return c.Return(&out, nil)
}

var contractType = lua.Type{
	Name: "Contract", Doc: "A definition, and what its instances get. Every with_ method returns a new one; refused, nil and PermissionDenied.", Of: (*contractOf)(nil),
	Methods: []lua.Func{
		{Sig: "id(): string", Doc: "Its id.", Do: func(c *lua.Call) error { return c.Return(selfContract(c).def.ID) }},
		{
			Sig: "methods(): table", Doc: "A list of {name, description, input_schemas, output_schemas}.",
			Do: func(c *lua.Call) error {
				t := &messages.Table{}
				for _, m := range selfContract(c).def.Methods {
					t.Array = append(t.Array, methodTable(m))
				}
				return c.Return(t)
			},
		},
		{
			Sig: "method(name: string): table, error?", Doc: "One of its methods.",
			Do: func(c *lua.Call) error {
				def := selfContract(c).def
				for _, m := range def.Methods {
					if m.Name == c.String(0) {
						return c.Return(methodTable(m), nil)
					}
				}
				return messages.Errorf(messages.NotFound, "method '%s' not found in contract '%s'", c.String(0), def.ID)
			},
		},
		{
			Sig: "implementations(): table, error?", Doc: "The ids of its bindings.", Permission: "contract.implementations",
			Ask: func(c *lua.Call) (*lua.Command, error) { return implementations(c, selfContract(c).def.ID) },
		},
		{
			Sig: "open(binding?: string, context?: table): Instance, error?", Doc: "An instance of a binding, by default of the default one.", Permission: "contract.open",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				x := selfContract(c)
				return x.open(c, c.String(0), x.def.ID, c.Table(1))
			},
		},
		{
			Sig: "with_context(values: table): Contract, error?", Doc: "Adds context values.", Permission: "contract.context",
			Do: func(c *lua.Call) error {
				return changedContract(c, "contract.context", "context", "context", func(x *contractOf) error {
					x.inherit = x.with(c.Table(0))
					return nil
				})
			},
		},
		{
			Sig: "with_actor(actor: Actor): Contract, error?", Doc: "The actor of the functions.", Permission: "contract.security",
			Do: func(c *lua.Call) error {
				return changedContract(c, "contract.security", "security", "security context", func(x *contractOf) error {
					x.actor = c.Object(0).(*messages.Actor)
					return nil
				})
			},
		},
		{
			Sig: "with_scope(scope: Scope): Contract, error?", Doc: "The scope of the functions.", Permission: "contract.security",
			Do: func(c *lua.Call) error {
				return changedContract(c, "contract.security", "security", "security context", func(x *contractOf) error {
					x.scope = c.Object(0).(*messages.Scope)
					return nil
				})
			},
		},
		{
			Sig: "with_options(options: table): Contract, error?", Doc: "Replaces the options of calls, which are those of funcs.",
			Do: func(c *lua.Call) error {
				return changedContract(c, "", "", "", func(x *contractOf) (err error) {
					x.options, err = callOptions(c, 0)
					return err
				})
			},
		},
	},
}

// instance is an opened binding.
type instance struct {
	executor
	binding *messages.InstanceData
}

var instanceType = lua.Type{
	Name:  "Instance",
	Doc:   "An opened binding. It has every method of its contracts: instance:method(…) waits for the result, instance:method_async(…) returns a Future.",
	Of:    (*instance)(nil),
	Index: func(v any, name string) *lua.Func { return v.(*instance).method(name) },
}

// method is the function behind a method of an instance, nil if it has none of
// that name.
func (in *instance) method(name string) *lua.Func {
	if _, ok := in.binding.Methods[name]; ok {
		return &lua.Func{Sig: "call(...: any): any, error?", Permission: "contract.call", Ask: func(c *lua.Call) (*lua.Command, error) {
			call, err := in.invoke(c, name)
			if err != nil {
				return nil, err
			}
			return waitFor(call), nil
		}}
	}
	base, async := strings.CutSuffix(name, "_async")
	if _, ok := in.binding.Methods[base]; !ok || !async {
		return nil
	}
	return &lua.Func{Sig: "async(...: any): Future, error?", Permission: "contract.call", Do: func(c *lua.Call) error {
		call, err := in.invoke(c, base)
		if err != nil {
			return err
		}
		return startFuture(c, call)
	}}
}

// invoke makes the call of a method with the arguments that c was given.
func (in *instance) invoke(c *lua.Call, name string) (*messages.FunctionCall, error) {
	if !c.Allowed("contract.call", name) {
		return nil, denied("not allowed to call contract method: %s", name)
	}
	id := in.binding.Methods[name]
	if id == "" {
		return nil, messages.Errorf(messages.NotFound, "method '%s' not bound", name)
	}
	ctx := in.context(c)
	var missing []string
	for _, key := range in.binding.Required[in.binding.Owner[name]] {
		if _, ok := ctx.Value(key); !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return nil, messages.Errorf(messages.Invalid, "missing required context keys: %v", missing)
	}
	return &messages.FunctionCall{Function: id, Args: c.Values(0), Context: ctx, Options: in.options}, nil
}
