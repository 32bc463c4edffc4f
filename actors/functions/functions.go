// Package functions calls functions by id, for those who do not know their
// actors' addresses, and reports which functions there are.
package functions

import (
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component takes calls to the actor of the function.
var Component = actors.Component{
	Name: "functions", DependsOn: []string{"factory"},
	Doc:     "Calls functions by id.",
	Handles: []any{(*messages.FunctionCall)(nil)},
	New:     func(env actors.Env) actor.Actor { return &functions{env} },
}

type functions struct{ env actors.Env }

// Receive implements actor.Actor.
func (f *functions) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	b, ok := req.Body.(*messages.FunctionCall)
	if !ok {
		actors.Unknown(req, f.env.ID)
		return
	}
	if err := f.check(b.Function); err != nil {
		req.Reply(err)
		return
	}
	f.env.Sys.Root.Send(f.env.PID(b.Function), req)
}

// check says what is wrong with a function's id, with the nearest one there is.
func (f *functions) check(id string) *messages.Error {
	ns, name, ok := strings.Cut(id, ":")
	switch {
	case id == "":
		return messages.Errorf(messages.Invalid, "function ID required")
	case !ok || ns == "":
		return messages.Errorf(messages.Invalid, "namespace required in function ID %q", id)
	case name == "":
		return messages.Errorf(messages.Invalid, "name required in function ID %q", id)
	}
	snap := actors.SnapshotsKey.Get(f.env.App).Now()
	e, err := snap.Get(registry.ID{NS: ns, Name: name})
	if err == nil && (strings.HasPrefix(e.Kind, "function.") || strings.HasPrefix(e.Kind, "process.")) {
		return nil
	}
	hint := ""
	if near, ok := snap.Entries().Nearest(registry.ID{NS: ns, Name: name}); err != nil && ok {
		hint = "; did you mean " + near.String() + "?"
	}
	return messages.Errorf(messages.NotFound, "function not found: %s%s", id, hint)
}
