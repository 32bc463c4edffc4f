package contracts

import (
	"context"
	"fmt"
	"strconv"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// BindingConfig are the fields of contract.binding.
type BindingConfig struct {
	Contracts []Implementation `yaml:"contracts" required:"true" min:"1" doc:"What is implemented."`
}

// Implementation says how one contract is implemented.
type Implementation struct {
	Contract string            `yaml:"contract" required:"true" ref:"contract.definition" doc:"The definition."`
	Methods  map[string]string `yaml:"methods" ref:"function.*|process.lua|process.lua.bc" doc:"Function of each method."`
	Required []string          `yaml:"context_required" doc:"Context keys that must be there when a method is called."`
	Default  bool              `yaml:"default" default:"false" doc:"Use this binding where the contract is opened without naming one."`
}

// Validate implements registry.Validator.
func (c *BindingConfig) Validate() error {
	seen := map[string]bool{}
	for i, im := range c.Contracts {
		if seen[im.Contract] {
			return &registry.FieldError{Path: []string{"contracts", strconv.Itoa(i), "contract"}, Text: fmt.Sprintf("contract %q is implemented twice", im.Contract), Hint: "put the methods together"}
		}
		seen[im.Contract] = true
	}
	return nil
}

// Binding is an implementation.
var Binding = actors.Define(actors.Spec[BindingConfig]{
	Name:  "contract.binding",
	Doc:   "An implementation of contracts: which function carries out each method.",
	Serve: func(env actors.Env, c BindingConfig) actor.Actor { return &binding{env, c} },
})

type binding struct {
	env    actors.Env
	config BindingConfig
}

// Load implements actors.Loader.
func (b *binding) Load(ctx context.Context) (context.Context, error) {
	return ctx, tell(ctx, b.env, &bind{b.env.ID, b.config.Contracts})
}

// Update implements actors.Updater: instances that are open keep what they have.
func (b *binding) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[BindingConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return tell(ctx, b.env, &bind{b.env.ID, c.Contracts})
}

// Unload implements actors.Unloader.
func (b *binding) Unload(ctx context.Context) error { return tell(ctx, b.env, &bind{id: b.env.ID}) }

// Receive implements actor.Actor.
func (b *binding) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, b.env.ID)
	}
}
