package temporal

import (
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
)

// runner is what a worker gives the SDK: it runs workflows and activities, on
// goroutines of the SDK, and never changes.
type runner struct {
	env     actors.Env
	code    Code
	catalog catalog
	traced  bool
	options WorkerOptions
	queue   string
	client  string // entry id
}

// register makes the worker run everything that is named to it: entries come and
// go while it works.
func (w *runner) register(r interface {
	RegisterDynamicWorkflow(w any, options workflow.DynamicRegisterOptions)
	RegisterDynamicActivity(a any, options activity.DynamicRegisterOptions)
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
},
) {
	if !w.options.NoWorkflows {
		r.RegisterDynamicWorkflow(w.workflow, workflow.DynamicRegisterOptions{})
	}
	r.RegisterDynamicActivity(w.activity, activity.DynamicRegisterOptions{})
	// Local activities too are looked for by name, and would be taken for the dynamic
	// one.
	r.RegisterActivityWithOptions(w.relay, activity.RegisterOptions{Name: "relay"})
	r.RegisterActivityWithOptions(w.callLocal, activity.RegisterOptions{Name: "callLocal"})
}

// computes is how long a workflow may compute: less than what the SDK waits for, as
// it cannot end one.
func (w *runner) computes() time.Duration {
	limit := w.options.Deadlock
	if limit == 0 {
		limit = time.Second
	}
	return limit / 10 * 9
}
