// Package temporal connects a node to a Temporal server: clients, workers, the
// functions and processes that workers run as activities, and workflows in Lua.
package temporal

import (
	"context"
	"strings"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Code gives the code of workflows: a machine that has not started, for the newest
// code of an entry.
type Code interface {
	NewWorkflow(id string, host lua.Host) (*lua.VM, error)
}

// Kinds lists the entry kinds of this package.
func Kinds(code Code) []actors.Kind { return []actors.Kind{clientKind, workerKind(code)} }

// The PID of a workflow is {worker|workflow id}: whoever knows it reaches the
// workflow from any node, as long as the server knows it.
func pidOf(worker, workflow string) string { return "{" + worker + "|" + workflow + "}" }

// splitPID is the opposite. ok is false for what cannot be the PID of a workflow.
func splitPID(pid string) (worker, workflow string, ok bool) {
	if _, _, _, ofNode := actors.ParsePID(pid); ofNode || !strings.HasPrefix(pid, "{") || !strings.HasSuffix(pid, "}") {
		return "", "", false
	}
	return strings.Cut(pid[1:len(pid)-1], "|")
}

// addressable reports whether a workflow of that id can have a PID.
func addressable(workflow string) bool {
	_, _, _, ofNode := actors.ParsePID(pidOf("a", workflow))
	return !ofNode
}

// patience is how long the server, or another actor, may take for an answer.
const patience = 30 * time.Second

// catalog finds what workflows and activities need to know of entries. It looks
// at entries only, not at what runs: a workflow that is run again must find the
// same.
type catalog struct{ env actors.Env }

func (c catalog) entry(id string) (e registry.Entry, ok bool) {
	parsed, err := registry.ParseID(id)
	if err != nil {
		return e, false
	}
	e, err = actors.SnapshotsKey.Get(c.env.App).Now().Get(parsed)
	return e, err == nil
}

// mark is a field of meta.temporal.activity or meta.temporal.workflow of an entry.
func mark(e registry.Entry, what, field string) any {
	m, _ := e.Meta["temporal"].(map[string]any)
	of, _ := m[what].(map[string]any)
	return of[field]
}

// workerOf is the worker that an entry names.
func workerOf(e registry.Entry, what string) string {
	name, _ := mark(e, what, "worker").(string)
	id, err := registry.ResolveID(name, e.ID.NS)
	if name == "" || err != nil {
		return ""
	}
	return id.String()
}

// typeOf is the name by which the server knows a workflow.
func typeOf(e registry.Entry) string {
	if name, _ := mark(e, "workflow", "name").(string); name != "" {
		return name
	}
	return e.ID.String()
}

// workflow finds the entry of a workflow for whoever wants to start it.
func (c catalog) workflow(id string) (registry.Entry, error) {
	e, ok := c.entry(id)
	if !ok || e.Kind != workflowKind {
		return e, messages.Errorf(messages.NotFound, "process not found: %s is no workflow, and a temporal.worker runs nothing else", id)
	}
	return e, nil
}

const workflowKind = "workflow.lua"

// typed finds the workflow that has a type at a worker.
func (c catalog) typed(worker, name string) (id string, ok bool) {
	for _, e := range actors.SnapshotsKey.Get(c.env.App).Now().Kind(workflowKind) {
		if typeOf(e) == name && workerOf(e, "workflow") == worker {
			return e.ID.String(), true
		}
	}
	return "", false
}

// route is where the tasks of a worker go.
type route struct{ client, namespace, queue string }

// route finds that of a worker.
func (c catalog) route(worker string) (route, error) {
	e, ok := c.entry(worker)
	if !ok || e.Kind != "temporal.worker" {
		return route{}, messages.Errorf(messages.NotFound, "host not found: %s is no temporal.worker", worker)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w, err := actors.Configure[WorkerConfig](ctx, c.env, e)
	if err != nil {
		return route{}, err
	}
	e, ok = c.entry(w.Client)
	if !ok {
		return route{}, messages.Errorf(messages.NotFound, "%s: there is no client %s", worker, w.Client)
	}
	to, err := actors.Configure[ClientConfig](ctx, c.env, e)
	if err != nil {
		return route{}, err
	}
	return route{w.Client, to.Namespace, to.Prefix + w.TaskQueue}, nil
}
