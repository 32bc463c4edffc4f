package actors

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

func TestDelay(t *testing.T) {
	const s = time.Second
	for _, tc := range []struct {
		initial, most  time.Duration
		factor, jitter float64
		n              int
		dice           float64
		want           time.Duration
	}{
		{s, 90 * s, 2, 0, 0, 0.3, s},
		{s, 90 * s, 2, 0, 3, 0.3, 8 * s},
		{s, 90 * s, 2, 0, 7, 0.3, 90 * s},
		{s, 90 * s, 2, 0, 1 << 40, 0.3, 90 * s},
		{s, 90 * s, 1, 0, 1 << 40, 0.3, s},
		{s, 90 * s, 2, 0.1, 0, 0, 900 * time.Millisecond},
		{s, 90 * s, 2, 0.1, 0, 0.5, s},
		{10 * s, 90 * s, 0.5, 0, 1, 0, 5 * s},
		{0, 90 * s, 2, 0, 2000, 0, 0},
		{s, 90 * s, 2, 3, 0, 0, 0},
	} {
		if got := messages.Backoff(tc.initial, tc.most, tc.factor, tc.jitter, tc.n, tc.dice); got != tc.want {
			t.Errorf("%+v: got %s", tc, got)
		}
	}
}

func TestAgain(t *testing.T) {
	e := func(kind string) *messages.Error { return messages.Errorf(kind, "x") }
	any := &messages.RetryPolicy{MaxAttempts: 3}
	some := &messages.RetryPolicy{MaxAttempts: 3, Kinds: []string{messages.Unavailable, messages.Timeout}}
	skip := &messages.RetryPolicy{MaxAttempts: 3, Skip: []string{messages.Invalid}}
	for _, tc := range []struct {
		name string
		p    *messages.RetryPolicy
		err  *messages.Error
		want bool
	}{
		{"any kind", any, e(messages.Internal), true},
		{"no kind", any, e(messages.Unknown), true},
		{"final", any, e(messages.Internal).WithRetry(false), false},
		{"cancelled", any, e(messages.Canceled), false},
		{"deadline", any, e(messages.Timeout), false},
		{"of the kinds", some, e(messages.Unavailable), true},
		{"a timeout that is asked for", some, e(messages.Timeout), true},
		{"not of the kinds", some, e(messages.Internal), false},
		{"skipped", skip, e(messages.Invalid), false},
		{"not skipped", skip, e(messages.Internal), true},
	} {
		if got := Again(tc.p, tc.err); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}
