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

// DefinitionConfig are the fields of contract.definition.
type DefinitionConfig struct {
	Methods []Method `yaml:"methods" doc:"The methods every implementation has."`
}

// Method is one method of a contract.
type Method struct {
	Name        string         `yaml:"name" required:"true" doc:"How instances call it."`
	Description string         `yaml:"description" doc:"What it does."`
	Input       []MethodSchema `yaml:"input_schemas" doc:"What each argument looks like; for readers, it is not enforced."`
	Output      []MethodSchema `yaml:"output_schemas" doc:"What the result looks like; for readers, it is not enforced."`
}

// MethodSchema describes a value.
type MethodSchema struct {
	Format     string `yaml:"format" doc:"Kind of the definition, as application/schema+json."`
	Definition any    `yaml:"definition" doc:"The description: text, or a map."`
}

// Validate implements registry.Validator.
func (c *DefinitionConfig) Validate() error {
	seen := map[string]bool{}
	for i, m := range c.Methods {
		if seen[m.Name] {
			return &registry.FieldError{Path: []string{"methods", strconv.Itoa(i), "name"}, Text: fmt.Sprintf("method %q is defined twice", m.Name), Hint: "give it another name"}
		}
		seen[m.Name] = true
	}
	return nil
}

// Definition is an interface.
var Definition = actors.Define(actors.Spec[DefinitionConfig]{
	Name:  "contract.definition",
	Doc:   "An interface: the methods that every implementation has.",
	Serve: func(env actors.Env, c DefinitionConfig) actor.Actor { return &definition{env, c} },
})

type definition struct {
	env    actors.Env
	config DefinitionConfig
}

// Load implements actors.Loader.
func (d *definition) Load(ctx context.Context) (context.Context, error) {
	return ctx, tell(ctx, d.env, &define{d.env.ID, data(d.env.ID, d.config)})
}

// Update implements actors.Updater: instances that are open keep what they have.
func (d *definition) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[DefinitionConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return tell(ctx, d.env, &define{d.env.ID, data(d.env.ID, c)})
}

// Unload implements actors.Unloader.
func (d *definition) Unload(ctx context.Context) error {
	return tell(ctx, d.env, &define{id: d.env.ID})
}

// Receive implements actor.Actor.
func (d *definition) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, d.env.ID)
	}
}

func data(id string, c DefinitionConfig) *messages.ContractData {
	out := &messages.ContractData{ID: id}
	for _, m := range c.Methods {
		out.Methods = append(out.Methods, messages.MethodData{Name: m.Name, Description: m.Description, Input: plain(m.Input), Output: plain(m.Output)})
	}
	return out
}

func plain(list []MethodSchema) []any {
	var out []any
	for _, s := range list {
		out = append(out, map[string]any{"format": s.Format, "definition": s.Definition})
	}
	return out
}
