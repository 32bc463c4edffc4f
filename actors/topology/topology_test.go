package topology

import (
	"fmt"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func node(t *testing.T) *actors.Node {
	return actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}})
}

// process makes a process that answers signals with what it got.
func process(t *testing.T, n *actors.Node, host string, killed *[]string) *actors.Proc {
	t.Helper()
	pid, _ := n.Procs.Next(host)
	a := n.Sys.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if req, ok := ctx.Message().(*actors.Request); ok {
			req.Reply(fmt.Sprintf("%s got %T", pid, req.Body))
		}
	}, n.Props...))
	p := &actors.Proc{PID: pid, Actor: a, Life: &life{pid, host, killed}}
	n.Procs.Add(p)
	t.Cleanup(func() { n.Sys.Root.Stop(a) })
	return p
}

type life struct {
	pid, host string
	killed    *[]string
}

func (l *life) Kill(reason *messages.Error) { *l.killed = append(*l.killed, l.pid+" "+reason.Error()) }

func (l *life) Info() messages.ProcessData { return messages.ProcessData{PID: l.pid, Host: l.host} }

func TestNames(t *testing.T) {
	n := node(t)
	a, b := process(t, n, "app:h", nil), process(t, n, "app:h", nil)
	for _, step := range []struct {
		body any
		want string
	}{
		{&messages.Lookup{Name: "x"}, "NotFound: name not registered"},
		{&messages.Register{Name: "x", PID: a.PID}, "&{}"},
		{&messages.Register{Name: "x", PID: a.PID}, "&{}"},
		{&messages.Register{Name: "x", PID: b.PID}, "AlreadyExists: name already registered"},
		{&messages.Register{Name: "y", PID: "{app:h|0x00999}"}, "NotFound: process not found: {app:h|0x00999}"},
		{&messages.Lookup{Name: "x"}, a.PID},
		{&messages.Register{Name: "y", PID: b.PID, Scope: messages.ScopeEventual}, "Internal: eventual registry not available"},
		{&messages.Register{Name: "y", PID: b.PID, Scope: messages.ScopeConsistent}, "Internal: global registry not available"},
		{&messages.Register{Name: "y", PID: b.PID, Scope: messages.ScopeStrong}, "Internal: global registry not available"},
		{&messages.Unregister{Name: "x", Scope: messages.ScopeStrong}, "Internal: global registry not available"},
		{&messages.Unregister{Name: "x"}, "true"},
		{&messages.Unregister{Name: "x"}, "false"},
		{"what?", "Invalid: topology does not answer string"},
	} {
		if got := outcome(actorstest.Ask(t, n, "topology", step.body)); got != step.want {
			t.Errorf("%T %+v: got %s, want %s", step.body, step.body, got, step.want)
		}
	}
	actorstest.Must[*messages.Done](t, n, "topology", &messages.Register{Name: "x", PID: a.PID})
	_, err := actorstest.Ask(t, n, "topology", &messages.Register{Name: "x", PID: b.PID})
	if got := messages.AsError(err).Details.Get("existing_pid"); got != a.PID {
		t.Errorf("existing_pid is %v", got)
	}
	n.Procs.Remove(a)
	if got := outcome(actorstest.Ask(t, n, "topology", &messages.Lookup{Name: "x"})); got != "NotFound: name not registered" {
		t.Errorf("after its end: %s", got)
	}
}

func outcome(v any, err error) string {
	if err != nil {
		e := messages.AsError(err)
		return e.Kind + ": " + e.Error()
	}
	return fmt.Sprint(v)
}

func TestSignals(t *testing.T) {
	n := node(t)
	var killed []string
	p := process(t, n, "app:h", &killed)
	n.Procs.Name("worker", p.PID)
	gone := "{app:h|0x00999}"
	for _, step := range []struct {
		to   string
		body any
		want string
	}{
		{p.PID, &messages.Cancel{}, p.PID + " got *messages.Cancel"},
		{"worker", &messages.Monitor{By: "x"}, p.PID + " got *messages.Monitor"},
		{strings.Replace(p.PID, "{", "{test@", 1), &messages.Link{By: "x"}, p.PID + " got *messages.Link"},
		{gone, &messages.Monitor{By: "x"}, "NotFound: pid not found: " + gone},
		{gone, &messages.Link{By: "x"}, "NotFound: pid not found: " + gone},
		{gone, &messages.Cancel{}, "NotFound: pid not found: " + gone},
		{gone, &messages.Terminate{}, "NotFound: pid not found: " + gone},
		{gone, &messages.Monitor{By: "x", Off: true}, "&{}"},
		{gone, &messages.Link{By: "x", Off: true}, "&{}"},
		{"worker", &messages.Terminate{}, "&{}"},
		{p.PID, &messages.Terminate{}, "NotFound: pid not found: " + p.PID},
	} {
		if got := outcome(actorstest.Ask(t, n, "topology", &messages.Signal{To: step.to, Body: step.body})); got != step.want {
			t.Errorf("%s %T: got %s, want %s", step.to, step.body, got, step.want)
		}
	}
	if _, err := actorstest.Ask(t, n, "topology", &messages.Signal{To: "nobody", Body: &messages.Cancel{}}); !messages.IsKind(err, messages.NotFound) || !strings.Contains(err.Error(), "could not resolve") {
		t.Errorf("got %v", err)
	}
	if len(killed) != 1 || killed[0] != p.PID+" process was terminated" || p.Alive() || n.Procs.Named("worker") != "" {
		t.Errorf("killed %v", killed)
	}
}

func TestLocks(t *testing.T) {
	n := node(t)
	a, b := process(t, n, "app:h", nil), process(t, n, "app:h", nil)
	for i, step := range []struct {
		body any
		want string
	}{
		{&messages.LockAcquire{Name: "l", By: a.PID}, "&{}"},
		{&messages.LockAcquire{Name: "l", By: b.PID}, "AlreadyExists: lock held: l"},
		{&messages.LockRelease{Name: "l", By: b.PID}, "false"},
		{&messages.LockRelease{Name: "l", By: a.PID}, "true"},
		{&messages.LockRelease{Name: "l", By: a.PID}, "false"},
		{&messages.LockAcquire{Name: "l", By: b.PID}, "&{}"},
		{&messages.LockAcquire{Name: "l", By: "{app:h|0x00999}"}, "NotFound: process not found: {app:h|0x00999}"},
	} {
		if got := outcome(actorstest.Ask(t, n, "topology", step.body)); got != step.want {
			t.Errorf("%d: got %s, want %s", i, got, step.want)
		}
	}
	n.Procs.Remove(b)
	actorstest.Must[*messages.Done](t, n, "topology", &messages.LockAcquire{Name: "l", By: a.PID})
}

func TestProcesses(t *testing.T) {
	n := node(t)
	a, b := process(t, n, "app:h", nil), process(t, n, "app:other", nil)
	all := actorstest.Must[[]messages.ProcessData](t, n, "topology", &messages.Processes{})
	if len(all) != 2 || all[0].PID != a.PID || all[1].PID != b.PID {
		t.Errorf("got %+v", all)
	}
	if some := actorstest.Must[[]messages.ProcessData](t, n, "topology", &messages.Processes{Host: "app:other"}); len(some) != 1 || some[0].PID != b.PID {
		t.Errorf("got %+v", some)
	}
}
