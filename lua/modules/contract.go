package modules

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// contractOf is a Contract: a definition and what its instances get. It is
// copied, never changed.
type contractOf struct {
	executor
	def *messages.ContractData
}

func checkContractID(what, id string) error {
	if _, _, ok := splitID(id); !ok {
		return messages.Errorf(messages.Invalid, "invalid contract %s ID %q (namespace:name required)", what, id)
	}
	return nil
}

// splitQuery takes context values off a binding id: "ns:name?key=value&…".
// true, false and numbers are converted.
func splitQuery(binding string) (id string, values *messages.Table, err error) {
	id, query, _ := strings.Cut(binding, "?")
	values = &messages.Table{Object: true}
	parsed, perr := url.ParseQuery(query)
	if perr != nil {
		return id, nil, messages.Errorf(messages.Invalid, "reading the context values of binding %q: %s", binding, perr)
	}
	for key, list := range parsed {
		var v messages.Value = list[len(list)-1]
		switch text := list[len(list)-1]; text {
		case "true", "false":
			v = text == "true"
		default:
			if n, nerr := strconv.ParseFloat(text, 64); nerr == nil && !strings.ContainsAny(text, "xXpP_nN") {
				v = n
			}
		}
		values.Set(key, v)
	}
	return id, values, nil
}

// open makes the command that opens a binding, or the default one of a contract
// where the binding is "".
func (x executor) open(c *lua.Call, binding, contract string, more *messages.Table) (*lua.Command, error) {
	id, values, err := splitQuery(binding)
	if err != nil {
		return nil, err
	}
	refused := func(id string) error { return denied("not allowed to open contract binding: %s", id) }
	if id != "" || contract == "" {
		if err := checkContractID("binding", id); err != nil {
			return nil, err
		}
		if !c.Allowed("contract.open", id) {
			return nil, refused(id)
		}
	}
	x.inherit = x.with(values)
	if more != nil {
		x.inherit = x.with(more)
	}
	return lua.Ask("", &messages.ContractOpen{Binding: id, Contract: contract}, func(c *lua.Call, b *messages.InstanceData) error {
		if id == "" && !c.Allowed("contract.open", b.Binding) {
			return refused(b.Binding)
		}
		if contract != "" && !slices.Contains(b.Contracts, contract) {
			return messages.Errorf(messages.Invalid, "contract binding '%s' does not implement contract '%s'", b.Binding, contract)
		}
		return c.Return(&instance{executor: x, binding: b}, nil)
	}), nil
}

// implementations makes the command that lists the bindings of a definition.
func implementations(c *lua.Call, id string) (*lua.Command, error) {
	if err := checkContractID("definition", id); err != nil {
		return nil, err
	}
	if !c.Allowed("contract.implementations", id) {
		return nil, denied("not allowed to list contract implementations: %s", id)
	}
	return lua.Ask("", &messages.ContractImplementations{ID: id}, func(c *lua.Call, ids []string) error {
		return c.Return(messages.ValueOf(ids), nil)
	}), nil
}

var contractModule = lua.Module{
	Name:  "contract",
	Doc:   "Interfaces and their implementations: a definition names methods, a binding says which functions carry them out.",
	Class: []lua.Class{lua.Workflow, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig: "get(id: string): Contract, error?", Doc: "A definition.", Permission: "contract.get",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				id := c.String(0)
				if err := checkContractID("definition", id); err != nil {
					return nil, err
				}
				if !c.Allowed("contract.get", id) {
					return nil, denied("not allowed to get contract: %s", id)
				}
				return lua.Ask("", &messages.ContractGet{ID: id}, func(c *lua.Call, d *messages.ContractData) error {
					return c.Return(&contractOf{def: d}, nil)
				}), nil
			},
		},
		{
			Sig: "open(binding: string, context?: table, options?: table): Instance, error?", Permission: "contract.open",
			Doc: "An instance of a binding. ns:name?key=value&… adds context values; those of the table win. Options are those of funcs.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				var x executor
				var err error
				if x.options, err = callOptions(c, 2); err != nil {
					return nil, err
				}
				return x.open(c, c.String(0), "", c.Table(1))
			},
		},
		{
			Sig: "find_implementations(id: string): table, error?", Doc: "The ids of all bindings of a definition.", Permission: "contract.implementations",
			Ask: func(c *lua.Call) (*lua.Command, error) { return implementations(c, c.String(0)) },
		},
		{
			Sig: "is(instance: Instance, id: string): boolean", Doc: "Whether an instance implements a contract.",
			Do: func(c *lua.Call) error {
				return c.Return(slices.Contains(c.Object(0).(*instance).binding.Contracts, c.String(1)))
			},
		},
	},
	Types: []lua.Type{contractType, instanceType},
}
