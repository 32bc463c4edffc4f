package env

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// RouterConfig are the fields of env.storage.router.
type RouterConfig struct {
	Storages []string `yaml:"storages" required:"true" min:"1" ref:"env.storage.*" doc:"Storages in the order to read them; writes go to the first."`
}

// Router puts several storages behind one another.
var Router = actors.Define(actors.Spec[RouterConfig]{
	Name: "env.storage.router",
	Doc:  "Several storages, read in order until one has the key; what was found is remembered. Writes go to the first.",
	Serve: func(env actors.Env, c RouterConfig) actor.Actor {
		return &router{env: env, storages: c.Storages, found: map[string]string{}}
	},
})

// maxFound is how many values a router remembers; past it it forgets all.
const maxFound = 10_000

type router struct {
	env      actors.Env
	storages []string
	found    map[string]string
	changes  int // what was read before a change is not remembered after it
}

// Receive implements actor.Actor.
func (r *router) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.EnvRead:
		if v, ok := r.found[b.Key]; ok {
			req.Reply(v)
			return
		}
		script(r.env.Cell, req, func(ctx context.Context) (any, error) { return r.read(ctx, b.Key) })
	case *messages.EnvList:
		script(r.env.Cell, req, r.list)
	case *messages.EnvWrite:
		r.change(req, b.Key, b)
	case *messages.EnvDelete:
		r.change(req, b.Key, b)
	default:
		actors.Unknown(req, r.env.ID)
	}
}

func (r *router) ask(ctx context.Context, storage string, body any) (any, error) {
	return actors.Call(ctx, r.env.Sys, r.env.PID(storage), body)
}

func (r *router) read(ctx context.Context, key string) (any, error) {
	changes := r.changes
	for _, id := range r.storages {
		v, err := actors.As[string](r.ask(ctx, id, &messages.EnvRead{Key: key}))
		if messages.IsKind(err, messages.NotFound) {
			continue
		}
		if err != nil {
			return nil, messages.Wrap(err, "reading storage "+id)
		}
		if changes == r.changes {
			if len(r.found) >= maxFound {
				clear(r.found)
			}
			r.found[key] = v
		}
		return v, nil
	}
	return nil, errNotFound
}

func (r *router) list(ctx context.Context) (any, error) {
	out := map[string]string{}
	for _, id := range r.storages {
		values, err := actors.As[map[string]string](r.ask(ctx, id, &messages.EnvList{}))
		if err != nil {
			return nil, messages.Wrap(err, "listing storage "+id)
		}
		for key, v := range values {
			if _, earlier := out[key]; !earlier {
				out[key] = v
			}
		}
	}
	return out, nil
}

// change passes a write or delete on to the first storage.
func (r *router) change(req *actors.Request, key string, body any) {
	script(r.env.Cell, req, func(ctx context.Context) (any, error) {
		v, err := r.ask(ctx, r.storages[0], body)
		delete(r.found, key)
		r.changes++
		return v, err
	})
}
