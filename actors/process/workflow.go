package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// WorkflowConfig are the fields of workflow.lua.
type WorkflowConfig struct {
	Source   `yaml:",inline"`
	Method   string `yaml:"method" default:"main" doc:"The function to run."`
	Limits   Limits `yaml:"limits" doc:"What a workflow may use; one that uses more ends."`
	Workflow struct {
		Worker string `yaml:"worker" ref:"temporal.worker" doc:"The worker that runs it; required."`
		Name   string `yaml:"name" doc:"The type of the workflow; the entry id without it."`
	} `yaml:"meta.temporal.workflow" doc:"How Temporal knows it."`
}

// Validate implements registry.Validator.
func (c *WorkflowConfig) Validate() error {
	if c.Workflow.Worker == "" {
		return &registry.FieldError{Path: []string{"meta", "temporal", "workflow", "worker"}, Text: "the worker is missing", Hint: "write the id of a temporal.worker"}
	}
	return nil
}

// Activity makes a function or process an activity.
type Activity struct {
	Worker string `yaml:"worker" required:"true" ref:"temporal.worker" doc:"The worker that runs it."`
	Local  bool   `yaml:"local" doc:"Run it in the worker of the workflow that calls it, as a local activity: for short work, without a way over the server."`
}

func (rt *Runtime) workflowKind() actors.Kind {
	return actors.Define(actors.Spec[WorkflowConfig]{
		Name: "workflow.lua", Doc: "A deterministic workflow that a Temporal server drives.",
		Serve: func(env actors.Env, c WorkflowConfig) actor.Actor {
			return &workflowDef{code{rt: rt, env: env, entry: env.Entry, source: c.Source, method: c.Method, limits: c.Limits.lua()}}
		},
	})
}

// NewWorkflow makes the machine of a workflow that has not started, with the
// newest code of an entry.
func (rt *Runtime) NewWorkflow(id string, host lua.Host) (*lua.VM, error) {
	d := rt.lookup(id)
	if d == nil || !d.is("workflow.lua") {
		return nil, messages.Errorf(messages.NotFound, "workflow not found: %s", id)
	}
	return rt.Engine.NewVM(d.program, host), nil
}

// workflowDef is the actor of a workflow.lua.
type workflowDef struct{ code }

// Load implements actors.Loader.
func (w *workflowDef) Load(ctx context.Context) (context.Context, error) {
	if err := w.rt.checkWorkflow(w.entry, w.source); err != nil {
		return ctx, err
	}
	return w.code.Load(ctx)
}

// Update implements actors.Updater.
func (w *workflowDef) Update(ctx context.Context, e registry.Entry) error {
	c, _, _ := registry.Decode[WorkflowConfig](e)
	if err := w.rt.checkWorkflow(e, c.Source); err != nil {
		return err
	}
	return w.rt.update(ctx, &w.code, e, c.Source, c.Method, c.Limits.lua())
}

// Receive implements actor.Actor.
func (w *workflowDef) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, again := req.Body.(*rebuild); !again {
		w.answer(req)
		return
	}
	if err := w.rt.checkWorkflow(w.entry, w.source); err != nil { // of a library below it
		req.Reply(err)
		return
	}
	w.answer(req)
}

// checkWorkflow refuses modules that give another result when the workflow is run
// again, also those of the libraries it imports.
func (rt *Runtime) checkWorkflow(e registry.Entry, s Source) error {
	bad := map[string]bool{}
	for _, m := range rt.Engine.Modules() {
		bad[m.Name] = !m.InWorkflows()
	}
	seen := map[string]bool{}
	var check func(e registry.Entry, s Source, through string) error
	check = func(e registry.Entry, s Source, through string) error {
		refuse := func(name string, path ...string) error {
			if !bad[name] {
				return nil
			}
			return messages.Errorf(messages.Invalid, "%s: module %q cannot be used in workflows%s: it would not do the same when the workflow is run again; call a function that uses it as an activity", at(e, path...), name, through)
		}
		for i, name := range s.Modules {
			if err := refuse(name, "modules", strconv.Itoa(i)); err != nil {
				return err
			}
		}
		for _, alias := range slices.Sorted(maps.Keys(s.Imports)) {
			ref, err := registry.ResolveID(s.Imports[alias], e.ID.NS)
			if err != nil {
				continue // the compiler says so
			}
			if ref.NS == "" {
				if err := refuse(ref.Name, "imports", alias); err != nil {
					return err
				}
				continue
			}
			lib := rt.lookup(ref.String())
			if lib == nil || seen[ref.String()] {
				continue
			}
			seen[ref.String()] = true
			if err := check(lib.entry, lib.source, fmt.Sprintf(" (%s is imported by %s)", ref, e.ID)); err != nil {
				return err
			}
		}
		return nil
	}
	return check(e, s, "")
}
