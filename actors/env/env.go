// Package env has the environment of an application: storages of values, the
// variables that make single values of them known, and the component that
// answers what programs and entries ask for.
package env

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component finds the variables.
var Component = actors.Component{
	Name:      "env",
	Doc:       "Finds environment variables by public name, id, or bare name, and reads and writes them.",
	DependsOn: []string{"registry"},
	Handles:   []any{(*messages.EnvGet)(nil), (*messages.EnvSet)(nil), (*messages.EnvAll)(nil), (*messages.EnvResolve)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &component{env: env, byID: map[string]*variable{}, public: map[string]string{}}
	},
}

// Kinds are the kinds of this package.
func Kinds() []actors.Kind {
	return []actors.Kind{Memory, OS, Static, File, Router, Variable}
}

// variable is what the component knows about an env.variable. It is never
// changed.
type variable struct {
	id       string
	storage  string // entry id
	public   string // "" for a private one
	fallback string
	readOnly bool
}

// key is the variable's key in its storage.
func (v *variable) key() string {
	if v.public != "" {
		return v.public
	}
	return v.id
}

// declare makes a variable known, or takes its new version over. Answered with
// Done, or AlreadyExists where another one has its public name.
type declare struct{ variable *variable }

// forget takes a variable back. Answered with Done.
type forget struct{ id string }

type component struct {
	env    actors.Env
	byID   map[string]*variable
	public map[string]string // public name → id
}

var errNotFound = messages.Errorf(messages.NotFound, "environment variable not found")

// Receive implements actor.Actor.
func (c *component) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *declare:
		c.declare(req, b.variable)
	case *forget:
		c.forget(b.id)
		req.Done()
	case *messages.EnvGet:
		c.answer(req, func(ctx context.Context) (any, error) { return c.get(ctx, b.Name, b.NS) })
	case *messages.EnvSet:
		c.answer(req, func(ctx context.Context) (any, error) { return c.set(ctx, b) })
	case *messages.EnvAll:
		c.answer(req, c.all)
	case *messages.EnvResolve:
		c.answer(req, func(ctx context.Context) (any, error) { return c.resolve(ctx, b) })
	default:
		actors.Unknown(req, "the env component")
	}
}

// answer runs f as a script: it may wait for storages meanwhile.
func (c *component) answer(req *actors.Request, f func(context.Context) (any, error)) {
	script(c.env.Cell, req, f)
}

func script(cell *actors.Cell, req *actors.Request, f func(context.Context) (any, error)) {
	cell.Script(func(ctx context.Context) {
		v, err := f(ctx)
		if err != nil {
			v = err
		}
		req.Reply(v)
	})
}

func (c *component) declare(req *actors.Request, v *variable) {
	if other, taken := c.public[v.public]; v.public != "" && taken && other != v.id {
		req.Reply(messages.Errorf(messages.AlreadyExists, "environment variable %q is declared by %s and by %s; give one of them another name in the field variable", v.public, other, v.id))
		return
	}
	c.forget(v.id)
	c.byID[v.id] = v
	if v.public != "" {
		c.public[v.public] = v.id
	}
	req.Done()
}

func (c *component) forget(id string) {
	if v := c.byID[id]; v != nil {
		delete(c.byID, id)
		if v.public != "" {
			delete(c.public, v.public)
		}
	}
}

// find returns the variable with that public name, id, or bare name in ns.
func (c *component) find(name, ns string) *variable {
	if id, ok := c.public[name]; ok {
		return c.byID[id]
	}
	if strings.Contains(name, ":") {
		return c.byID[name]
	}
	return c.byID[ns+":"+name]
}

// value reads a variable; NotFound if it has none.
func (c *component) value(ctx context.Context, v *variable) (string, error) {
	s, err := actors.As[string](actors.Call(ctx, c.env.Sys, c.env.PID(v.storage), &messages.EnvRead{Key: v.key()}))
	if err != nil && !messages.IsKind(err, messages.NotFound) {
		return "", messages.Wrap(err, "reading environment variable "+v.key())
	}
	if s == "" {
		s = v.fallback
	}
	if s == "" {
		return "", errNotFound
	}
	return s, nil
}

func (c *component) get(ctx context.Context, name, ns string) (any, error) {
	v := c.find(name, ns)
	switch {
	case name == "":
		return nil, messages.Errorf(messages.Invalid, "environment variable name cannot be empty")
	case v == nil:
		return nil, errNotFound
	}
	return c.value(ctx, v)
}

func (c *component) set(ctx context.Context, b *messages.EnvSet) (any, error) {
	v := c.find(b.Name, b.NS)
	switch {
	case b.Name == "":
		return nil, messages.Errorf(messages.Invalid, "environment variable name cannot be empty")
	case v == nil:
		return nil, errNotFound
	case v.readOnly:
		return nil, messages.Errorf(messages.PermissionDenied, "environment variable is read-only")
	}
	return actors.Call(ctx, c.env.Sys, c.env.PID(v.storage), &messages.EnvWrite{Key: v.key(), Value: b.Value})
}

// all asks each storage once. One that cannot be read is logged and left out:
// the others are still of use.
func (c *component) all(ctx context.Context) (any, error) {
	byStorage := map[string][]*variable{}
	for _, v := range c.byID {
		byStorage[v.storage] = append(byStorage[v.storage], v)
	}
	out := map[string]string{}
	for _, storage := range slices.Sorted(maps.Keys(byStorage)) {
		values, err := actors.As[map[string]string](actors.Call(ctx, c.env.Sys, c.env.PID(storage), &messages.EnvList{}))
		if messages.IsKind(err, messages.Canceled) {
			return nil, err
		}
		if err != nil {
			c.env.Log.Warn("environment storage cannot be read; its variables are left out", "storage", storage, "error", err)
		}
		for _, v := range byStorage[storage] {
			value := values[v.key()]
			if value == "" && err == nil {
				value = v.fallback
			}
			if value != "" {
				out[v.key()] = value
			}
		}
	}
	return out, nil
}

func (c *component) resolve(ctx context.Context, b *messages.EnvResolve) (any, error) {
	out := make(map[string]messages.EnvValue, len(b.Names))
	for _, name := range b.Names {
		v := c.find(name, b.NS)
		if v == nil {
			out[name] = messages.EnvValue{Hint: c.hint(name, b.NS)}
			continue
		}
		s, err := c.value(ctx, v)
		if err != nil && !messages.IsKind(err, messages.NotFound) {
			return nil, err
		}
		out[name] = messages.EnvValue{Value: s, Declared: true}
	}
	return out, nil
}

// hint names the variable most like name.
func (c *component) hint(name, ns string) string {
	known := slices.Concat(slices.Collect(maps.Keys(c.public)), slices.Collect(maps.Keys(c.byID)))
	if !strings.Contains(name, ":") {
		for id := range c.byID {
			if parsed, err := registry.ParseID(id); err == nil && parsed.NS == ns {
				known = append(known, parsed.Name)
			}
		}
	}
	return registry.DidYouMean(name, known)
}
