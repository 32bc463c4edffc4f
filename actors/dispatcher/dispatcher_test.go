package dispatcher_test

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/dispatcher"
	"github.com/troupe-go/troupe/actors/pidgen"
	"github.com/troupe-go/troupe/messages"
)

func TestDispatcherPassesCommandsOn(t *testing.T) {
	handler := actors.Component{
		Name: "handler", Handles: []any{(*messages.Hosts)(nil)},
		New: func(actors.Env) actor.Actor {
			return actorstest.Answers(func(_ actor.Context, body any) any { return "handled" })
		},
	}
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{pidgen.Component, dispatcher.Component, handler}})
	if got := actorstest.Must[string](t, n, "dispatcher", &messages.Hosts{}); got != "handled" {
		t.Errorf("got %s", got)
	}
	for _, name := range []string{"dispatcher", "pidgen"} {
		if _, err := actorstest.Ask(t, n, name, &messages.Processes{}); !messages.IsKind(err, messages.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if dispatcher.CommandsKey.Get(n.App) != n.Commands || pidgen.ProcsKey.Get(n.App) != n.Procs {
		t.Error("the AppContext holds something else")
	}
}
