package env

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// VariableConfig are the fields of env.variable.
type VariableConfig struct {
	Storage  string `yaml:"storage" required:"true" ref:"env.storage.*" doc:"Where the value is kept."`
	Variable string `yaml:"variable" doc:"Public name, unique in the application, and the key in the storage. Without it the variable is private and its key is the entry's id."`
	Default  any    `yaml:"default" doc:"Text that is the value where the storage has none."`
	ReadOnly bool   `yaml:"readonly" default:"false" doc:"Refuse writes."`
}

// Validate implements registry.Validator.
func (c *VariableConfig) Validate() error {
	for i := range len(c.Variable) {
		switch b := c.Variable[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_':
		default:
			return &registry.FieldError{Path: []string{"variable"}, Text: "invalid variable name " + quoted(c.Variable), Hint: "use only the characters a-z A-Z 0-9 _"}
		}
	}
	switch c.Default.(type) {
	case map[string]any, []any:
		return &registry.FieldError{Path: []string{"default"}, Text: "a list or map cannot be the value of a variable", Hint: "write a string"}
	}
	return nil
}

// Variable is a named value.
var Variable = actors.Define(actors.Spec[VariableConfig]{
	Name: "env.variable",
	Doc:  "A named value of the environment, for programs and for the fields of other entries.",
	Serve: func(env actors.Env, c VariableConfig) actor.Actor {
		return &variableActor{env: env, config: c}
	},
})

type variableActor struct {
	env    actors.Env
	config VariableConfig
}

// Load implements actors.Loader.
func (v *variableActor) Load(ctx context.Context) (context.Context, error) {
	return ctx, v.declare(ctx)
}

// Update implements actors.Updater: the variable is never gone in between.
func (v *variableActor) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[VariableConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	before := v.config
	v.config = c
	if err := v.declare(ctx); err != nil {
		v.config = before
		return err
	}
	return nil
}

// Unload implements actors.Unloader.
func (v *variableActor) Unload(ctx context.Context) error {
	_, err := actors.Call(ctx, v.env.Sys, v.env.PID("env"), &forget{v.env.ID})
	return err
}

func (v *variableActor) declare(ctx context.Context) error {
	c := v.config
	d := &variable{id: v.env.ID, storage: c.Storage, public: c.Variable, readOnly: c.ReadOnly}
	if c.Default != nil {
		d.fallback = messages.Text(messages.ValueOf(c.Default))
	}
	_, err := actors.Call(ctx, v.env.Sys, v.env.PID("env"), &declare{d})
	return err
}

// Receive implements actor.Actor.
func (v *variableActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, v.env.ID)
	}
}
