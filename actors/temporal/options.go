package temporal

import (
	"maps"
	"math"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/messages"
)

// fields reads the options of a call or start whose names begin with prefix. The
// first that is wrong is kept as the error.
type fields struct {
	table  *messages.Table
	prefix string
	err    error
}

func (f *fields) wrong(err error) {
	if f.err == nil && err != nil {
		f.err = err
	}
}

func (f *fields) text(name string) string {
	v := f.table.Get(f.prefix + name)
	s, ok := v.(string)
	if v != nil && !ok {
		f.wrong(messages.Errorf(messages.Invalid, "option %s: a string is expected", f.prefix+name))
	}
	return s
}

func (f *fields) flag(name string) bool {
	v := f.table.Get(f.prefix + name)
	b, ok := v.(bool)
	if v != nil && !ok {
		f.wrong(messages.Errorf(messages.Invalid, "option %s: true or false is expected", f.prefix+name))
	}
	return b
}

func (f *fields) duration(name string, fallback time.Duration) time.Duration {
	d, err := messages.MillisOption(f.table, f.prefix+name, fallback)
	f.wrong(err)
	return d
}

// values are the fields of a table, as the SDK takes them.
func (f *fields) values(name string) map[string]any {
	v := f.table.Get(f.prefix + name)
	t, ok := v.(*messages.Table)
	if !ok {
		if v != nil {
			f.wrong(messages.Errorf(messages.Invalid, "option %s: a table is expected", f.prefix+name))
		}
		return nil
	}
	return valuesOf(t)
}

func valuesOf(t *messages.Table) map[string]any {
	if t.Len() == 0 {
		return nil
	}
	out := make(map[string]any, t.Len())
	for i, k := range t.Keys {
		out[messages.Text(k)] = t.Vals[i]
	}
	return out
}

// choice is one of a few words; zero for none.
func choice[E ~int32](f *fields, name string, words map[string]E) E {
	s := f.text(name)
	e, ok := words[s]
	if s != "" && !ok {
		f.wrong(messages.Errorf(messages.Invalid, "option %s: %q is not one of %v", f.prefix+name, s, slices.Sorted(maps.Keys(words))))
	}
	return e
}

func (f *fields) retry(name string) *temporal.RetryPolicy {
	v := f.table.Get(f.prefix + name)
	t, ok := v.(*messages.Table)
	if !ok {
		if v != nil {
			f.wrong(messages.Errorf(messages.Invalid, "option %s: a table is expected, as in {maximum_attempts = 3}", f.prefix+name))
		}
		return nil
	}
	p := &temporal.RetryPolicy{}
	var err error
	p.InitialInterval, err = messages.MillisOption(t, "initial_interval", time.Second)
	f.wrong(err)
	p.MaximumInterval, err = messages.MillisOption(t, "maximum_interval", 0)
	f.wrong(err)
	p.BackoffCoefficient, err = messages.NumberOption(t, "backoff_coefficient", 2)
	f.wrong(err)
	n, err := messages.NumberOption(t, "maximum_attempts", 0)
	f.wrong(err)
	if !(n >= 0 && n <= math.MaxInt32 && n == math.Trunc(n)) || !(p.BackoffCoefficient >= 1) {
		f.wrong(messages.Errorf(messages.Invalid, "option %s: maximum_attempts is a whole number from 0 and backoff_coefficient one from 1", f.prefix+name))
		return nil
	}
	p.MaximumAttempts = int32(n)
	p.NonRetryableErrorTypes, err = messages.TextsOption(t, "non_retryable_error_types")
	f.wrong(err)
	return p
}

// activityOptions are those of a call in a workflow.
func activityOptions(o *messages.CallOptions) (workflow.ActivityOptions, error) {
	if o == nil {
		o = &messages.CallOptions{}
	}
	f := &fields{table: o.Temporal, prefix: "activity."}
	out := workflow.ActivityOptions{
		TaskQueue:              f.text("task_queue"),
		ActivityID:             f.text("id"),
		StartToCloseTimeout:    f.duration("start_to_close_timeout", 10*time.Minute),
		ScheduleToCloseTimeout: f.duration("schedule_to_close_timeout", o.Timeout),
		ScheduleToStartTimeout: f.duration("schedule_to_start_timeout", 0),
		HeartbeatTimeout:       f.duration("heartbeat_timeout", 0),
		WaitForCancellation:    f.flag("wait_for_cancellation"),
		DisableEagerExecution:  f.flag("disable_eager_execution"),
		RetryPolicy:            f.retry("retry_policy"),
	}
	if r := o.Retry; r != nil && out.RetryPolicy == nil {
		out.RetryPolicy = &temporal.RetryPolicy{
			InitialInterval: r.Initial, MaximumInterval: max(r.Max, r.Initial), BackoffCoefficient: max(1, r.Factor),
			MaximumAttempts: int32(max(1, min(r.MaxAttempts, math.MaxInt32))), NonRetryableErrorTypes: r.Skip, //nolint:gosec // it is bounded
		}
	}
	return out, f.err
}

var conflictPolicies = map[string]enumspb.WorkflowIdConflictPolicy{
	"use_existing":       enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	"fail":               enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
	"terminate_existing": enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
}

var reusePolicies = map[string]enumspb.WorkflowIdReusePolicy{
	"allow_duplicate":             enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	"allow_duplicate_failed_only": enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
	"reject_duplicate":            enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
}

var closePolicies = map[string]enumspb.ParentClosePolicy{
	"terminate":      enumspb.PARENT_CLOSE_POLICY_TERMINATE,
	"abandon":        enumspb.PARENT_CLOSE_POLICY_ABANDON,
	"request_cancel": enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
}

func workflowFields(o *messages.CallOptions) *fields {
	f := &fields{prefix: "temporal.workflow."}
	if o != nil {
		f.table = o.Temporal
	}
	return f
}

// startOptions are those of a workflow that is started from outside.
func startOptions(o *messages.CallOptions, queue string) (client.StartWorkflowOptions, error) {
	f := workflowFields(o)
	out := client.StartWorkflowOptions{
		ID:                       f.text("id"),
		TaskQueue:                f.text("task_queue"),
		WorkflowExecutionTimeout: f.duration("execution_timeout", 0),
		WorkflowRunTimeout:       f.duration("run_timeout", 0),
		WorkflowTaskTimeout:      f.duration("task_timeout", 0),
		WorkflowIDConflictPolicy: choice(f, "id_conflict_policy", conflictPolicies),
		WorkflowIDReusePolicy:    choice(f, "id_reuse_policy", reusePolicies),
		RetryPolicy:              f.retry("retry_policy"),
		CronSchedule:             f.text("cron_schedule"),
		Memo:                     f.values("memo"),
		//lint:ignore SA1019 programs do not say of what type they are
		SearchAttributes: f.values("search_attributes"),
		EnableEagerStart: f.flag("enable_eager_start"),
		StartDelay:       f.duration("start_delay", 0),

		WorkflowExecutionErrorWhenAlreadyStarted: f.flag("execution_error_when_already_started"),
	}
	if out.TaskQueue == "" {
		out.TaskQueue = queue
	}
	if f.err == nil && !addressable(out.ID) {
		f.err = messages.Errorf(messages.Invalid, "option temporal.workflow.id: %q looks like the number of a process; choose another id", out.ID)
	}
	return out, f.err
}

// childOptions are those of a workflow that another one starts.
func childOptions(o *messages.CallOptions, queue string) (workflow.ChildWorkflowOptions, error) {
	f := workflowFields(o)
	out := workflow.ChildWorkflowOptions{
		//lint:ignore SA1019 servers can allow it
		Namespace:                f.text("namespace"),
		WorkflowID:               f.text("id"),
		TaskQueue:                f.text("task_queue"),
		WorkflowExecutionTimeout: f.duration("execution_timeout", 0),
		WorkflowRunTimeout:       f.duration("run_timeout", 0),
		WorkflowTaskTimeout:      f.duration("task_timeout", 0),
		WaitForCancellation:      f.flag("wait_for_cancellation"),
		WorkflowIDReusePolicy:    choice(f, "id_reuse_policy", reusePolicies),
		RetryPolicy:              f.retry("retry_policy"),
		CronSchedule:             f.text("cron_schedule"),
		Memo:                     f.values("memo"),
		//lint:ignore SA1019 programs do not say of what type they are
		SearchAttributes:  f.values("search_attributes"),
		ParentClosePolicy: choice(f, "parent_close_policy", closePolicies),
	}
	if out.TaskQueue == "" {
		out.TaskQueue = queue
	}
	if f.err == nil && !addressable(out.WorkflowID) {
		f.err = messages.Errorf(messages.Invalid, "option temporal.workflow.id: %q looks like the number of a process; choose another id", out.WorkflowID)
	}
	return out, f.err
}
