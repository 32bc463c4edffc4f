package actors

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// Retry runs f inside a script as often as the policy says and returns its last
// outcome. Errors that say they are final, cancellation and exceeded deadlines
// are not tried again.
func Retry(ctx context.Context, p *messages.RetryPolicy, random func() float64, f func() (any, error)) (any, error) {
	for attempt := 0; ; attempt++ {
		v, err := f()
		if err == nil || attempt+1 >= p.MaxAttempts || !Again(p, messages.AsError(err)) {
			return v, err
		}
		if e := Sleep(ctx, Delay(p.Initial, p.Max, p.Factor, p.Jitter, attempt, random())); e != nil {
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

// Delay is the wait before try n+1, n counting from 0: min(initial × factor^n,
// max) ± jitter. dice is in [0, 1).
func Delay(initial, most time.Duration, factor, jitter float64, n int, dice float64) time.Duration {
	d := float64(initial)
	if n > 0 && d > 0 {
		d *= math.Pow(factor, float64(n))
	}
	d = min(d, float64(most))
	d *= 1 + jitter*(2*dice-1)
	return time.Duration(max(d, 0))
}
