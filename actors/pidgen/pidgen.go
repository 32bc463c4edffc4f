// Package pidgen makes the ids of processes.
package pidgen

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

// ProcsKey finds the generator and table of PIDs of a node.
var ProcsKey = actors.NewKey[*actors.Procs]("procs")

// Component is level 0: everything that has a PID comes after it.
var Component = actors.Component{
	Name: "pidgen",
	Doc:  "Makes the ids of processes and keeps the table of those that live.",
	New:  func(env actors.Env) actor.Actor { return &pidgen{env} },
}

type pidgen struct{ env actors.Env }

// Load leaves the generator in the AppContext.
func (p *pidgen) Load(ctx context.Context) (context.Context, error) {
	ProcsKey.Set(actors.App(ctx), p.env.Procs)
	return ctx, nil
}

func (p *pidgen) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, p.env.ID)
	}
}
