// Package dispatcher knows which actor handles which command.
package dispatcher

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

// CommandsKey finds the table of command handlers of a node.
var CommandsKey = actors.NewKey[*actors.Commands]("commands")

// Component owns the table of commands; the loader fills it from what components
// say they handle and freezes it at activation.
var Component = actors.Component{
	Name: "dispatcher", DependsOn: []string{"pidgen"},
	Doc: "Knows which component handles which command.",
	New: func(env actors.Env) actor.Actor { return &dispatcher{env} },
}

type dispatcher struct{ env actors.Env }

// Load leaves the table in the AppContext.
func (d *dispatcher) Load(ctx context.Context) (context.Context, error) {
	CommandsKey.Set(actors.App(ctx), d.env.Commands)
	return ctx, nil
}

// Receive passes a command on to the one who handles it: for actors that do not
// look into the table themselves.
func (d *dispatcher) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if to := d.env.Commands.Lookup(req.Body); to != nil && to.Id != ctx.Self().Id {
		d.env.Sys.Root.Send(to, req)
		return
	}
	actors.Unknown(req, d.env.ID)
}
