// Package topology knows the processes of a node: their tree, their names, the
// locks they hold.
package topology

import (
	"cmp"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component gives names to processes and reaches them by PID or name.
var Component = actors.Component{
	Name: "topology", DependsOn: []string{"supervisor"},
	Doc: "Knows the processes of the node: names, signals, locks, who started whom.",
	Handles: []any{
		(*messages.Register)(nil), (*messages.Unregister)(nil), (*messages.Lookup)(nil), (*messages.Signal)(nil),
		(*messages.Processes)(nil), (*messages.LockAcquire)(nil), (*messages.LockRelease)(nil),
	},
	New: func(env actors.Env) actor.Actor { return &topology{env} },
}

type topology struct{ env actors.Env }

// Receive implements actor.Actor.
func (t *topology) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.Register:
		t.register(req, b)
	case *messages.Unregister:
		if t.wide(req, b.Scope) {
			return
		}
		req.Reply(t.env.Procs.Unname(b.Name, ""))
	case *messages.Lookup:
		if pid := t.env.Procs.Named(b.Name); pid != "" {
			req.Reply(pid)
			return
		}
		req.Reply(messages.Errorf(messages.NotFound, "name not registered"))
	case *messages.Signal:
		t.env.Signal(req, b)
	case *messages.Processes:
		req.Reply(t.processes(b.Host))
	case *messages.LockAcquire:
		p := t.env.Procs.Find(b.By)
		switch {
		case p == nil:
			req.Reply(messages.Errorf(messages.NotFound, "process not found: %s", b.By))
		case t.env.Procs.Lock(b.Name, p):
			req.Done()
		default:
			req.Reply(messages.Errorf(messages.AlreadyExists, "lock held: %s", b.Name))
		}
	case *messages.LockRelease:
		req.Reply(t.env.Procs.Unlock(b.Name, b.By))
	default:
		actors.Unknown(req, t.env.ID)
	}
}

// wide answers requests for names that count in a cluster: those that are spread by
// gossip are the cluster's affair, the others need a consensus that there is not.
func (t *topology) wide(req *actors.Request, scope messages.NameScope) bool {
	switch {
	case scope == messages.ScopeLocal:
		return false
	case scope != messages.ScopeEventual:
		req.Reply(messages.Errorf(messages.Internal, "global registry not available"))
	case !t.env.Procs.Joined():
		req.Reply(messages.Errorf(messages.Internal, "eventual registry not available"))
	default:
		t.env.Sys.Root.Send(t.env.PID("cluster"), req)
	}
	return true
}

func (t *topology) register(req *actors.Request, b *messages.Register) {
	if t.wide(req, b.Scope) {
		return
	}
	switch owner, ok := t.env.Procs.Name(b.Name, b.PID); {
	case ok:
		req.Done()
	case owner == "":
		req.Reply(messages.Errorf(messages.NotFound, "process not found: %s", b.PID))
	default:
		req.Reply(messages.Errorf(messages.AlreadyExists, "name already registered").WithDetails(map[string]any{"existing_pid": owner}))
	}
}

// processes lists the processes of a host, or all, by PID.
func (t *topology) processes(host string) []messages.ProcessData {
	var out []messages.ProcessData
	for _, p := range t.env.Procs.All() {
		if p.Life == nil {
			continue
		}
		if d := p.Info(); host == "" || d.Host == host {
			d.Names = p.Names()
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b messages.ProcessData) int { return cmp.Compare(a.PID, b.PID) })
	return out
}
