// Package contracts has interfaces between parts of an application: definitions
// that name methods, bindings that say which functions carry them out, and the
// component that finds both.
package contracts

import (
	"context"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component finds contracts and their bindings.
var Component = actors.Component{
	Name:      "contracts",
	Doc:       "Finds contract definitions and the bindings that implement them.",
	DependsOn: []string{"functions"},
	Handles:   []any{(*messages.ContractGet)(nil), (*messages.ContractOpen)(nil), (*messages.ContractImplementations)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &component{env: env, definitions: map[string]*messages.ContractData{}, bindings: map[string][]Implementation{}}
	},
}

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Definition, Binding} }

// define makes a definition known or takes its new version over; one without
// data is taken back. Answered with Done.
type define struct {
	id   string
	data *messages.ContractData
}

// bind makes a binding known or takes its new version over; one without
// contracts is taken back. Answered with Done, or AlreadyExists where another
// one is the default of the same contract.
type bind struct {
	id        string
	contracts []Implementation
}

type component struct {
	env         actors.Env
	definitions map[string]*messages.ContractData
	bindings    map[string][]Implementation
}

// Receive implements actor.Actor.
func (c *component) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	var v any
	var err error
	switch b := req.Body.(type) {
	case *define:
		v = c.define(b)
	case *bind:
		v, err = c.bind(b)
	case *messages.ContractGet:
		v, err = c.definition(b.ID)
	case *messages.ContractOpen:
		v, err = c.open(b)
	case *messages.ContractImplementations:
		v, err = c.implementations(b.ID)
	default:
		actors.Unknown(req, "the contracts component")
		return
	}
	if err != nil {
		v = err
	}
	req.Reply(v)
}

func (c *component) define(b *define) any {
	if b.data == nil {
		delete(c.definitions, b.id)
	} else {
		c.definitions[b.id] = b.data
	}
	return &messages.Done{}
}

func (c *component) bind(b *bind) (any, error) {
	if b.contracts == nil {
		delete(c.bindings, b.id)
		return &messages.Done{}, nil
	}
	for _, im := range b.contracts {
		if other := c.fallback(im.Contract); im.Default && other != "" && other != b.id {
			return nil, messages.Errorf(messages.AlreadyExists, "%s and %s are both the default binding of contract '%s'; set default on one of them only", other, b.id, im.Contract)
		}
		c.warn(b.id, im)
	}
	c.bindings[b.id] = b.contracts
	return &messages.Done{}, nil
}

// warn logs functions that are bound to methods the definition does not have.
func (c *component) warn(id string, im Implementation) {
	d := c.definitions[im.Contract]
	if d == nil {
		return
	}
	var known []string
	for _, m := range d.Methods {
		known = append(known, m.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(im.Methods)) {
		if !slices.Contains(known, name) {
			c.env.Log.Warn("method '"+name+"' not found in contract '"+im.Contract+"'; its function is never called", "binding", id, "hint", registry.DidYouMean(name, known))
		}
	}
}

// fallback is the default binding of a contract, "" if there is none.
func (c *component) fallback(contract string) string {
	for id, list := range c.bindings {
		for _, im := range list {
			if im.Default && im.Contract == contract {
				return id
			}
		}
	}
	return ""
}

func checkID(what, id string) error {
	if parsed, err := registry.ParseID(id); err != nil || parsed.NS == "" {
		return messages.Errorf(messages.Invalid, "invalid contract %s ID %q (namespace:name required)", what, id)
	}
	return nil
}

func (c *component) definition(id string) (*messages.ContractData, error) {
	if err := checkID("definition", id); err != nil {
		return nil, err
	}
	d := c.definitions[id]
	if d == nil {
		return nil, messages.Errorf(messages.NotFound, "contract definition '%s' not found", id)
	}
	return d, nil
}

func (c *component) implementations(id string) (any, error) {
	if _, err := c.definition(id); err != nil {
		return nil, err
	}
	out := []string{}
	for binding, list := range c.bindings {
		if slices.ContainsFunc(list, func(im Implementation) bool { return im.Contract == id }) {
			out = append(out, binding)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (c *component) open(b *messages.ContractOpen) (any, error) {
	id := b.Binding
	if id == "" && b.Contract != "" {
		if _, err := c.definition(b.Contract); err != nil {
			return nil, err
		}
		if id = c.fallback(b.Contract); id == "" {
			return nil, messages.Errorf(messages.NotFound, "no default binding for contract '%s'", b.Contract)
		}
	}
	if err := checkID("binding", id); err != nil {
		return nil, err
	}
	list, ok := c.bindings[id]
	if !ok {
		return nil, messages.Errorf(messages.NotFound, "contract binding '%s' not found", id)
	}
	out := &messages.InstanceData{Binding: id, Methods: map[string]string{}, Owner: map[string]string{}, Required: map[string][]string{}}
	for _, im := range list {
		d, err := c.definition(im.Contract)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out.Contracts, im.Contract) {
			out.Contracts = append(out.Contracts, im.Contract)
		}
		if len(im.Required) > 0 {
			out.Required[im.Contract] = im.Required
		}
		for _, m := range d.Methods {
			if had, ok := out.Methods[m.Name]; !ok || had == "" {
				out.Methods[m.Name], out.Owner[m.Name] = im.Methods[m.Name], im.Contract
			}
		}
	}
	return out, nil
}

// tell asks the component to take something over.
func tell(ctx context.Context, env actors.Env, body any) error {
	_, err := actors.Call(ctx, env.Sys, env.PID("contracts"), body)
	return err
}
