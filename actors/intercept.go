package actors

import (
	"context"
	"slices"

	"github.com/troupe-go/troupe/messages"
)

// Interceptor stands around every call of a function on this node: it may look
// at the call and its outcome, change them, answer without next, or call next
// more than once. It runs inside an actor: it must not block but with Call,
// Sleep, Await and Until, which let other calls go on. The result of next is the
// first value the function returned and what else it returned.
type Interceptor func(ctx context.Context, function string, call *messages.FunctionCall, next Next) (*messages.FunctionResult, error)

// Next carries on with a call.
type Next func(ctx context.Context, call *messages.FunctionCall) (*messages.FunctionResult, error)

// Retrying is the interceptor that follows the retry policy of a call.
func Retrying(random func() float64) Interceptor {
	return func(ctx context.Context, _ string, call *messages.FunctionCall, next Next) (*messages.FunctionResult, error) {
		o := call.Options
		if o == nil || o.Retry == nil || o.Retry.MaxAttempts < 2 {
			return next(ctx, call)
		}
		return As[*messages.FunctionResult](Retry(ctx, o.Retry, random, func() (any, error) { return next(ctx, call) }))
	}
}

// Retry runs f inside a script as often as the policy says and returns its last
// outcome. Errors that say they are final, cancellation and exceeded deadlines
// are not tried again.
func Retry(ctx context.Context, p *messages.RetryPolicy, random func() float64, f func() (any, error)) (any, error) {
	for attempt := 0; ; attempt++ {
		v, err := f()
		if err == nil || attempt+1 >= p.MaxAttempts || !Again(p, messages.AsError(err)) {
			return v, err
		}
		if e := Sleep(ctx, p.Delay(attempt, random())); e != nil {
			return nil, err
		}
	}
}

// Again reports whether the policy tries again after err.
func Again(p *messages.RetryPolicy, err *messages.Error) bool {
	switch {
	case err.Final(), err.Kind == messages.Canceled, err.Kind == messages.Timeout && !slices.Contains(p.Kinds, messages.Timeout):
		return false
	case len(p.Kinds) > 0 && !slices.Contains(p.Kinds, err.Kind):
		return false
	}
	return !slices.Contains(p.Skip, err.Kind)
}
