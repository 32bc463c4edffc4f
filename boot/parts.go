package boot

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/registry"
)

// Parts is what a runtime is made of. It is plain data: the methods return
// changed copies, and the same Parts may start several runtimes.
type Parts struct {
	// Scheduler makes what runs the actors of one runtime. Nil means the default
	// dispatcher of Proto.Actor.
	Scheduler func() Scheduler

	// Infrastructure starts before the components, in this order: the event bus.
	Infrastructure []actors.Component

	Components []actors.Component
	Kinds      []actors.Kind
	Modules    []Module         // the Lua modules, for lint and documentation
	Stages     []registry.Stage // run after Link, in this order

	// Needs has a value of each command that must have a handler: modules send
	// them. What nobody handles is an error of the start and not of a later call.
	Needs []any

	// PerNode makes parts that every runtime needs its own of.
	PerNode []func() (Parts, error)
}

// Scheduler runs the actors of a runtime.
type Scheduler interface {
	Props() []actor.PropsOption  // put on every actor
	Stop()                       // after the last actor is gone; must not block for ever
	Load() (stolen, waiting int) // tasks that changed their worker so far, and tasks that wait now
}

// Module names a Lua module.
type Module struct {
	Name, Doc string
	Global    bool // there without being listed in modules:
	Workflow  bool // can be used in workflows
}

// With returns the parts of both.
func (p Parts) With(o Parts) Parts {
	if o.Scheduler != nil {
		p.Scheduler = o.Scheduler
	}
	p.Infrastructure = slices.Concat(p.Infrastructure, o.Infrastructure)
	p.Components = slices.Concat(p.Components, o.Components)
	p.Kinds = slices.Concat(p.Kinds, o.Kinds)
	p.Modules = slices.Concat(p.Modules, o.Modules)
	p.Stages = slices.Concat(p.Stages, o.Stages)
	p.Needs = slices.Concat(p.Needs, o.Needs)
	p.PerNode = slices.Concat(p.PerNode, o.PerNode)
	return p
}

// WithComponents returns the parts with more components.
func (p Parts) WithComponents(cs ...actors.Component) Parts { return p.With(Parts{Components: cs}) }

// WithKinds returns the parts with more kinds of entries.
func (p Parts) WithKinds(ks ...actors.Kind) Parts { return p.With(Parts{Kinds: ks}) }

// WithStages returns the parts with more stages between files and registry.
func (p Parts) WithStages(ss ...registry.Stage) Parts { return p.With(Parts{Stages: ss}) }

// Without returns the parts without the components and kinds of these names, and
// without the need for the commands that those components handle.
func (p Parts) Without(names ...string) Parts {
	gone := map[reflect.Type]bool{}
	leave := func(cs []actors.Component) []actors.Component {
		return slices.DeleteFunc(slices.Clone(cs), func(c actors.Component) bool {
			if !slices.Contains(names, c.Name) {
				return false
			}
			for _, body := range c.Handles {
				gone[reflect.TypeOf(body)] = true
			}
			return true
		})
	}
	p.Infrastructure, p.Components = leave(p.Infrastructure), leave(p.Components)
	p.Kinds = slices.DeleteFunc(slices.Clone(p.Kinds), func(k actors.Kind) bool { return slices.Contains(names, k.Name) })
	p.Needs = slices.DeleteFunc(slices.Clone(p.Needs), func(body any) bool { return gone[reflect.TypeOf(body)] })
	return p
}

// Resolve makes what PerNode lists and checks that no name occurs twice. The
// result is for one runtime, or for tools that only look at the parts.
func (p Parts) Resolve() (Parts, error) {
	for _, build := range p.PerNode {
		more, err := build()
		if err != nil {
			return p, fmt.Errorf("making the parts of a runtime: %w", err)
		}
		p = p.With(more)
	}
	p.PerNode = nil
	seen := map[string]bool{}
	twice := func(what, name string) error {
		if seen[what+name] {
			return fmt.Errorf("%s %s is in the parts twice; leave one out with Parts.Without", what, name)
		}
		seen[what+name] = true
		return nil
	}
	for _, c := range slices.Concat(p.Infrastructure, p.Components) {
		if c.New == nil || c.Name == "" || strings.ContainsAny(c.Name, ":/") {
			return p, fmt.Errorf("component %q cannot be used; it needs New and a name without colon and slash", c.Name)
		}
		if err := twice("component", c.Name); err != nil {
			return p, err
		}
	}
	for _, k := range p.Kinds {
		if err := twice("kind", k.Name); err != nil {
			return p, err
		}
	}
	for _, m := range p.Modules {
		if err := twice("module", m.Name); err != nil {
			return p, err
		}
	}
	return p, nil
}

// KindsByName lists the kinds of resolved parts, with those that belong to the
// registry itself.
func (p Parts) KindsByName() map[string]actors.Kind {
	out := map[string]actors.Kind{}
	for name, info := range registry.Primitives() {
		out[name] = actors.Kind{Name: name, Doc: info.Doc, Schema: info.Schema, DataOnly: true}
	}
	for _, k := range p.Kinds {
		out[k.Name] = k
	}
	return out
}

// Schemas is what the registry has to know about the kinds.
func (p Parts) Schemas() registry.Kinds {
	out := registry.Kinds{}
	for name, k := range p.KindsByName() {
		out[name] = registry.KindInfo{Schema: k.Schema, Doc: k.Doc, DataOnly: k.DataOnly}
	}
	return out
}

// ModuleNames lists the names of the Lua modules in order.
func (p Parts) ModuleNames() []string {
	names := map[string]bool{}
	for _, m := range p.Modules {
		names[m.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
