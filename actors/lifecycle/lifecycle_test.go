package lifecycle

import (
	"fmt"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func TestHistory(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}})
	history := func() []messages.ServiceData {
		return actorstest.Must[[]messages.ServiceData](t, n, "lifecycle", &actors.History{ID: "app:a"})
	}
	if _, err := actorstest.Ask(t, n, "lifecycle", &actors.History{ID: "app:a"}); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("got %v", err)
	}
	for i := range kept + 10 {
		actorstest.Must[*messages.Done](t, n, "lifecycle", &actors.StateChanged{State: messages.ServiceData{ID: "app:a", Status: fmt.Sprint(i)}})
		if i == 2 {
			if got := history(); len(got) != 3 || got[0].Status != "0" || got[2].Status != "2" {
				t.Errorf("got %+v", got)
			}
		}
	}
	if got := history(); len(got) != kept || got[0].Status != "10" || got[kept-1].Status != fmt.Sprint(kept+9) {
		t.Errorf("%d states, from %s to %s", len(got), got[0].Status, got[len(got)-1].Status)
	}
	actorstest.Must[*messages.Done](t, n, "lifecycle", &actors.StateChanged{State: messages.ServiceData{ID: "app:a"}, Removed: true})
	if _, err := actorstest.Ask(t, n, "lifecycle", &actors.History{ID: "app:a"}); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("after its removal: %v", err)
	}
	if _, err := actorstest.Ask(t, n, "lifecycle", "what?"); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("got %v", err)
	}
}
