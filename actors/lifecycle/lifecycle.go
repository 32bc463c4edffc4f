// Package lifecycle remembers which states every service went through.
package lifecycle

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component keeps the last states of each service.
var Component = actors.Component{
	Name: "lifecycle", DependsOn: []string{"topology"},
	Doc:     "Remembers the states of every service.",
	Handles: []any{(*actors.History)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &lifecycle{env: env, states: map[string][]messages.ServiceData{}}
	},
}

// kept is how many states of a service are remembered.
const kept = 64

type lifecycle struct {
	env    actors.Env
	states map[string][]messages.ServiceData
}

// Receive implements actor.Actor.
func (l *lifecycle) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *actors.StateChanged:
		if b.Removed {
			delete(l.states, b.State.ID)
			req.Done()
			return
		}
		list := append(l.states[b.State.ID], b.State)
		if len(list) > kept {
			list = append([]messages.ServiceData(nil), list[len(list)-kept:]...)
		}
		l.states[b.State.ID] = list
		req.Done()
	case *actors.History:
		list, ok := l.states[b.ID]
		if !ok {
			req.Reply(messages.Errorf(messages.NotFound, "service not found: %s", b.ID))
			return
		}
		req.Reply(append([]messages.ServiceData(nil), list...))
	default:
		actors.Unknown(req, l.env.ID)
	}
}
