package actors

import "context"

type pumpKey struct{}

// WithPump returns a context in which Call does not wait for others to run, but
// calls step again and again until the answer is there: a simulation drives its
// actors with it. When step reports false nothing can happen any more, and the
// call fails.
func WithPump(ctx context.Context, step func() bool) context.Context {
	return context.WithValue(ctx, pumpKey{}, step)
}

// Pump returns the step of a simulated context, nil for any other.
func Pump(ctx context.Context) func() bool {
	step, _ := ctx.Value(pumpKey{}).(func() bool)
	return step
}
