// Package entries has the kinds that only carry data, and those that are known
// but refused.
package entries

import (
	"context"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Data are the kinds that nothing is started for: registry.entry and those that
// describe modules.
func Data() []actors.Kind {
	primitives := registry.Primitives()
	var out []actors.Kind
	for _, name := range slices.Sorted(maps.Keys(primitives)) {
		info := primitives[name]
		out = append(out, actors.Kind{Name: name, Doc: info.Doc, Schema: info.Schema, DataOnly: true})
	}
	return out
}

// Kinds are the kinds of this package for a runtime that has the built kinds:
// what one of them serves is not refused.
func Kinds(built ...actors.Kind) []actors.Kind {
	return slices.DeleteFunc(slices.Concat(Data(), Refused()), func(k actors.Kind) bool {
		return slices.ContainsFunc(built, func(b actors.Kind) bool { return b.Name == k.Name })
	})
}

// why says why entries of a kind are refused.
type why interface{ refusal() error }

// refused is the config of a kind that is known but not accepted: any entry
// of it is an error that says why, when it is checked and when it is loaded.
type refused[W why] struct{}

// Validate implements registry.Validator.
func (*refused[W]) Validate() error {
	var w W
	return w.refusal()
}

func refuse[W why](name, doc string) actors.Kind {
	return actors.Define(actors.Spec[refused[W]]{
		Name: name, Doc: doc, Open: true,
		Serve: func(env actors.Env, c refused[W]) actor.Actor { return &refuser{env.ID, c.Validate()} },
	})
}

// refuser is the actor of an entry that was let through unchecked.
type refuser struct {
	id  string
	err error
}

// Load implements actors.Loader.
func (r *refuser) Load(ctx context.Context) (context.Context, error) {
	return ctx, messages.Errorf(messages.Unavailable, "%s: %s", r.id, r.err)
}

// Receive implements actor.Actor.
func (r *refuser) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, r.id)
	}
}
