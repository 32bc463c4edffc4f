package temporal

import (
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// DataConverter is that of all clients.
var DataConverter, FailureConverter = dataConverter, failureConverter

// Propagators are those of all clients.
func Propagators() []workflow.ContextPropagator { return []workflow.ContextPropagator{propagator{}} }

// Registry is what a worker of the SDK, or its test environment, can be told.
type Registry interface {
	RegisterDynamicWorkflow(w any, options workflow.DynamicRegisterOptions)
	RegisterDynamicActivity(a any, options activity.DynamicRegisterOptions)
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// limit is how long workflows may compute; machines of tests are slow.
var limit = time.Minute

// Limit sets how long workflows may compute.
func Limit(d time.Duration) { limit = d }

func newTestRunner(n *actors.Node, code Code, id string) *runner {
	env := actors.Env{Node: n, ID: id}
	r := &runner{env: env, code: code, catalog: catalog{env}, options: WorkerOptions{Deadlock: limit}}
	to, _ := r.catalog.route(id)
	r.queue, r.client = to.queue, to.client
	return r
}

// Queue is the task queue of a worker.
func Queue(n *actors.Node, id string) string { return newTestRunner(n, nil, id).queue }

// Interceptors are those of all workers.
func Interceptors() []interceptor.WorkerInterceptor { return (&WorkerOptions{}).sdk().Interceptors }

// Register makes a registry run what an entry of the kind temporal.worker would.
func Register(n *actors.Node, code Code, id string, r Registry) sdk.Options {
	w := newTestRunner(n, code, id)
	w.register(r)
	return w.options.sdk()
}

// Again makes a replayer run workflows again.
func Again(n *actors.Node, code Code, id string, r sdk.WorkflowReplayer) {
	r.RegisterDynamicWorkflow(newTestRunner(n, code, id).workflow, workflow.DynamicRegisterOptions{})
}

// Header is what goes with a call in a context.
func Header(t *testing.T, from string, c *messages.Context) *commonpb.Header {
	p, err := dataConverter.ToPayload(headerOf(from, c, false).table())
	if err != nil {
		t.Fatal(err)
	}
	return &commonpb.Header{Fields: map[string]*commonpb.Payload{headerName: p}}
}
