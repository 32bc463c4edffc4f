package temporal_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/temporal"
)

// Without workflows in memory every task runs a workflow again from its start.
func TestMain(m *testing.M) {
	sdk.SetStickyWorkflowCacheSize(0)
	os.Exit(m.Run())
}

// The same programs on a server: each is run again from its start with every task,
// and once more over its whole history at the end.
func TestWorkflowsAgain(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_TEMPORAL")
	entries, n := cast, 0
	names := map[string]string{}
	for name, program := range programs {
		n++
		names[name] = fmt.Sprint("main", n)
		entries += flow(names[name], program.modules, program.source)
	}
	w := newWorldAt(t, address, entries)
	if _, err := actorstest.Ask(t, w.node, "supervisor", &actors.ServiceStart{ID: "app:worker"}); err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(client.Options{HostPort: address, DataConverter: temporal.DataConverter, FailureConverter: temporal.FailureConverter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	queue := temporal.Queue(w.node, "app:worker")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	t.Run("programs", func(t *testing.T) {
		for name, id := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue}, "app:"+id)
				if err != nil {
					t.Fatal(err)
				}
				var got any
				if err := run.Get(ctx, &got); err != nil {
					t.Fatal(err)
				}
				if got != "ok" {
					t.Error(got)
				}
				replay(t, w, c, run)
			})
		}
	})
}

// replay runs a workflow again over its history: what it does must be what is
// there.
func replay(t *testing.T, w *world, c client.Client, run client.WorkflowRun) {
	t.Helper()
	history := &historypb.History{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for it := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		history.Events = append(history.Events, e)
	}
	r, err := sdk.NewWorkflowReplayerWithOptions(sdk.WorkflowReplayerOptions{
		DataConverter: temporal.DataConverter, FailureConverter: temporal.FailureConverter,
		ContextPropagators: temporal.Propagators(), Interceptors: temporal.Interceptors(),
	})
	if err != nil {
		t.Fatal(err)
	}
	temporal.Again(w.node, w.code, "app:worker", r)
	if err := r.ReplayWorkflowHistoryWithOptions(nil, history, sdk.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: run.GetID(), RunID: run.GetRunID()},
	}); err != nil {
		t.Error(err)
	}
}
