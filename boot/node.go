package boot

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// NodeComponent answers for the node as a whole: its end and its process
// hosts.
var NodeComponent = actors.Component{
	Name: "node", DependsOn: []string{"registry"},
	Doc:     "Answers for the node as a whole: its end, its hosts.",
	Handles: []any{(*messages.SystemExit)(nil), (*messages.Hosts)(nil)},
	New:     func(env actors.Env) actor.Actor { return &node{env} },
}

type node struct{ env actors.Env }

// Receive implements actor.Actor.
func (n *node) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.SystemExit:
		req.Done()
		n.env.Exit(b.Code)
	case *messages.Hosts:
		n.env.Cell.Script(func(ctx context.Context) { req.Reply(n.hosts(ctx)) })
	default:
		req.Reply(messages.Errorf(messages.Invalid, "%s does not answer %T", n.env.ID, b))
	}
}

// hosts asks every host how it is; one that is not there is left out.
func (n *node) hosts(ctx context.Context) []messages.HostData {
	snapshots, ok := actors.SnapshotsKey.Lookup(n.env.App)
	if !ok || snapshots.Now() == nil {
		return nil
	}
	now := snapshots.Now()
	var out []messages.HostData
	for _, kind := range []string{"process.host", "terminal.host"} {
		for _, e := range now.Kind(kind) {
			d, err := actors.As[messages.HostData](actors.Call(ctx, n.env.Sys, n.env.PID(e.ID.String()), &messages.Hosts{}))
			if err == nil {
				out = append(out, d)
			}
		}
	}
	return out
}
