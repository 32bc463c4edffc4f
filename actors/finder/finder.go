// Package finder answers queries about entries.
package finder

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component answers RegistryFind of the current version. Its cache is the
// snapshot's own, so a new version begins with an empty one.
var Component = actors.Component{
	Name: "finder", DependsOn: []string{"registry"},
	Doc:     "Answers queries about entries.",
	Handles: []any{(*messages.RegistryFind)(nil)},
	New:     func(env actors.Env) actor.Actor { return &finder{env} },
}

type finder struct{ env actors.Env }

func (f *finder) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	b, ok := req.Body.(*messages.RegistryFind)
	if !ok {
		actors.Unknown(req, f.env.ID)
		return
	}
	if b.At != nil { // an older state: the registry has it
		f.env.Sys.Root.Send(f.env.PID("registry"), req)
		return
	}
	req.Reply(actors.Search(f.env.Log, actors.SnapshotsKey.Get(f.env.App).Now(), b))
}
