package temporal

import (
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/troupe-go/troupe/messages"
)

// toTemporal makes an application error of each link of an error: the type is the
// kind, the first detail what programs put there, the second what Temporal has no
// place for.
func toTemporal(err *messages.Error) error {
	opt := temporal.ApplicationErrorOptions{NonRetryable: err.Final()}
	if err.Cause != nil {
		opt.Cause = toTemporal(err.Cause)
	}
	more := &messages.Table{Object: true}
	if err.Retry == messages.RetryYes {
		more.Set("retryable", true)
	}
	if err.Context {
		more.Set("context", true)
	}
	if len(err.Stack) > 0 {
		stack := &messages.Table{}
		for _, f := range err.Stack {
			stack.Array = append(stack.Array, (&messages.Table{}).Set("source", f.Source).Set("line", float64(f.Line)).Set("name", f.Name))
		}
		more.Set("stack", stack)
	}
	switch {
	case more.Len() > 0 && err.Details == nil:
		opt.Details = []any{nil, more}
	case more.Len() > 0:
		opt.Details = []any{err.Details, more}
	case err.Details != nil:
		opt.Details = []any{err.Details}
	}
	return temporal.NewApplicationErrorWithOptions(err.Message, err.Kind, opt)
}

// fromTemporal is the opposite. The errors that Temporal puts around those of
// programs, to say which activity or child it was, go.
func fromTemporal(err error) *messages.Error {
	if err == nil {
		return nil
	}
	if own, ok := err.(*messages.Error); ok {
		return own
	}
	var (
		activity *temporal.ActivityError
		child    *temporal.ChildWorkflowExecutionError
		run      *temporal.WorkflowExecutionError
	)
	switch {
	case errors.As(err, &activity) && activity.Unwrap() != nil:
		return fromTemporal(activity.Unwrap())
	case errors.As(err, &child) && child.Unwrap() != nil:
		return fromTemporal(child.Unwrap())
	case errors.As(err, &run) && run.Unwrap() != nil:
		return fromTemporal(run.Unwrap())
	}
	switch e := err.(type) {
	case *temporal.ApplicationError:
		return fromApplication(e)
	case *temporal.TimeoutError:
		out := messages.Errorf(messages.Timeout, "%s", e.Message())
		if out.Message == "" {
			out.Message = e.Error()
		}
		if cause := e.Unwrap(); cause != nil { // of the last attempt
			out.Cause = fromTemporal(cause)
		}
		return out
	case *temporal.CanceledError:
		return messages.Errorf(messages.Canceled, "canceled")
	case *temporal.TerminatedError:
		return messages.Errorf(messages.Canceled, "process was terminated")
	case *temporal.PanicError:
		return messages.Errorf(messages.Internal, "%s", e.Error())
	case *serviceerror.WorkflowExecutionAlreadyStarted, *temporal.ChildWorkflowExecutionAlreadyStartedError, *serviceerror.AlreadyExists:
		return messages.Errorf(messages.AlreadyExists, "%s", err)
	case *serviceerror.NotFound, *serviceerror.NamespaceNotFound, *temporal.UnknownExternalWorkflowExecutionError:
		return messages.Errorf(messages.NotFound, "%s", err)
	case *serviceerror.InvalidArgument:
		return messages.Errorf(messages.Invalid, "%s", err)
	case *serviceerror.PermissionDenied:
		return messages.Errorf(messages.PermissionDenied, "%s", err)
	case *serviceerror.ResourceExhausted:
		return messages.Errorf(messages.RateLimited, "%s", err).WithRetry(true)
	case *serviceerror.Unavailable:
		return messages.Errorf(messages.Unavailable, "%s", err).WithRetry(true)
	case *serviceerror.DeadlineExceeded:
		return messages.Errorf(messages.Timeout, "%s", err)
	}
	return messages.AsError(err)
}

func fromApplication(e *temporal.ApplicationError) *messages.Error {
	out := &messages.Error{Message: e.Message(), Kind: e.Type()}
	switch out.Kind {
	case messages.NotFound, messages.AlreadyExists, messages.Invalid, messages.PermissionDenied, messages.Unavailable, messages.Internal,
		messages.Canceled, messages.Conflict, messages.Timeout, messages.RateLimited:
	default: // of a worker in another language
		out.Kind = messages.Unknown
	}
	if e.NonRetryable() {
		out.Retry = messages.RetryNo
	}
	if cause := e.Unwrap(); cause != nil {
		out.Cause = fromTemporal(cause)
	}
	var details, more any
	if !e.HasDetails() || e.Details(&details, &more) != nil {
		return out
	}
	out.Details, _ = messages.ValueOf(details).(*messages.Table)
	t, _ := more.(*messages.Table)
	if t.Get("retryable") == true {
		out.Retry = messages.RetryYes
	}
	out.Context = t.Get("context") == true
	stack, _ := t.Get("stack").(*messages.Table)
	if stack == nil {
		return out
	}
	for _, v := range stack.Array {
		f, _ := v.(*messages.Table)
		source, _ := f.Get("source").(string)
		line, _ := f.Get("line").(float64)
		name, _ := f.Get("name").(string)
		out.Stack = append(out.Stack, messages.Frame{Source: source, Line: int(line), Name: name})
	}
	return out
}
