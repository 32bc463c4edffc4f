package temporal

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// activityRoute is where a function runs for a workflow of this worker. A queue
// that the caller names may belong to anybody.
func (w *runner) activityRoute(id, queue string) (_ string, local bool, _ error) {
	if queue != "" {
		return queue, false, nil
	}
	e, ok := w.catalog.entry(id)
	if !ok {
		return "", false, messages.Errorf(messages.NotFound, "function not found: %s", id)
	}
	switch host := workerOf(e, "activity"); host {
	case "":
		return "", false, messages.Errorf(messages.Invalid, "%s is no activity: a workflow calls functions with meta.temporal.activity.worker, or names the queue of another worker with the option activity.task_queue", id)
	case w.env.ID:
		return w.queue, mark(e, "activity", "local") == true, nil
	default:
		to, err := w.catalog.route(host)
		return to.queue, false, err
	}
}

// activity runs every activity of the worker: a function, or a process that can be
// called like one, through the actor of its entry.
func (w *runner) activity(ctx context.Context, args converter.EncodedValues) (any, error) {
	var list arguments
	id := activity.GetInfo(ctx).ActivityType.Name
	if args.HasValues() {
		if err := args.Get(&list); err != nil {
			return nil, toTemporal(messages.Because(messages.Invalid, "reading the arguments of activity "+id, err).WithRetry(false))
		}
	}
	e, ok := w.catalog.entry(id)
	if !ok || workerOf(e, "activity") != w.env.ID {
		return nil, toTemporal(messages.Errorf(messages.NotFound, "function not found: %s is no activity of worker %s", id, w.env.ID))
	}
	return w.call(ctx, id, list)
}

// callLocal runs a function in the worker of the workflow that calls it. The first
// value is its id.
func (w *runner) callLocal(ctx context.Context, list arguments) (any, error) {
	if !activity.GetInfo(ctx).IsLocalActivity {
		return nil, errOnlyLocal
	}
	id, _ := list[0].(string)
	return w.call(ctx, id, list[1:])
}

func (w *runner) call(ctx context.Context, id string, args arguments) (any, error) {
	h, _ := ctx.Value(headerKey{}).(*header)
	of, err := h.context(ctx, w.env.Node)
	if err != nil {
		return nil, toTemporal(messages.AsError(err))
	}
	if d := activity.GetInfo(ctx).HeartbeatTimeout; d > 0 {
		over := make(chan struct{})
		defer close(over)
		w.env.Go(func() { beat(ctx, d/3, over) })
	}
	r, err := actors.As[*messages.FunctionResult](w.env.AskEntry(ctx, id, &messages.FunctionCall{Function: id, Args: args, Context: of}))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, w.givenUp(ctx, id)
	case err != nil:
		return nil, toTemporal(messages.AsError(err))
	case len(r.Values) == 0:
		return nil, nil
	}
	return r.Values[0], nil
}

// givenUp is the error of an activity that nobody waits for, or whose worker
// stops: then another one tries again.
func (w *runner) givenUp(ctx context.Context, id string) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return toTemporal(messages.Errorf(messages.Unavailable, "worker %s stopped while it ran %s", w.env.ID, id).WithRetry(true))
	default:
		return temporal.NewCanceledError("canceled")
	}
}

// beat tells the server that an activity is at work, and hears from it whether it
// is still wanted.
func beat(ctx context.Context, every time.Duration, over <-chan struct{}) {
	tick := time.NewTicker(max(every, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			activity.RecordHeartbeat(ctx)
		}
	}
}

// Activities for the workflows of this worker alone are no way in for others.
var errOnlyLocal = toTemporal(messages.Errorf(messages.PermissionDenied, "this activity is for the worker itself").WithRetry(false))

// What relay does.
const (
	relaySend      = "send"
	relayCancel    = "cancel"
	relayTerminate = "terminate"
)

// relay does for a workflow what the server cannot: it brings a message to a
// process of this node, or ends one. The values are what to do, to whom, the PID of
// the workflow, and the topic with the values or the reason.
func (w *runner) relay(ctx context.Context, list arguments) error {
	if !activity.GetInfo(ctx).IsLocalActivity {
		return errOnlyLocal
	}
	text := func(i int) string { s, _ := list[i].(string); return s }
	do, to, from := text(0), text(1), text(2)
	if do == relaySend {
		p, bad := w.env.Procs.Resolve(to)
		if bad == nil {
			bad = p.Send(w.env.Sys, messages.NewMail(from, text(3), list[4:]...))
		}
		if bad != nil {
			return toTemporal(bad.WithRetry(bad.Kind != messages.NotFound))
		}
		return nil
	}
	var body any = &messages.Cancel{From: from, Reason: text(3)}
	if do == relayTerminate {
		body = &messages.Terminate{From: from}
	}
	if _, err := w.env.AskEntry(ctx, w.env.ID, &messages.Signal{To: to, Body: body}); err != nil {
		return toTemporal(messages.AsError(err))
	}
	return nil
}
