package supervisor

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

func TestJudge(t *testing.T) {
	boom := messages.Errorf(messages.Internal, "boom")
	limited := defaults(actors.Lifecycle{Restart: actors.Restart{MaxAttempts: 3}})
	free := defaults(actors.Lifecycle{})
	for _, tc := range []struct {
		name     string
		lc       actors.Lifecycle
		failures int
		ran      time.Duration
		err      *messages.Error
		want     verdict
	}{
		{"normal end", free, 3, time.Minute, nil, verdict{status: exited}},
		{"first failure", free, 0, 0, boom, verdict{failed, true, time.Second, 1}},
		{"third failure", free, 2, 0, boom, verdict{failed, true, 4 * time.Second, 3}},
		{"the delay has a limit", free, 50, 0, boom, verdict{failed, true, 90 * time.Second, 51}},
		{"for ever", free, 1 << 30, 0, boom, verdict{failed, true, 90 * time.Second, 1<<30 + 1}},
		{"just not stable", free, 2, 5*time.Second - 1, boom, verdict{failed, true, 4 * time.Second, 3}},
		{"stable", free, 2, 5 * time.Second, boom, verdict{failed, true, time.Second, 1}},
		{"cancelled", free, 0, 0, messages.Errorf(messages.Canceled, "enough"), verdict{status: exited, failures: 1}},
		{"terminated", free, 0, 0, messages.Errorf(messages.Canceled, actors.Terminated), verdict{failed, true, time.Second, 1}},
		{"terminated, in other words", free, 0, 0, messages.Wrap(messages.Errorf(messages.Canceled, actors.Terminated), "worker"), verdict{failed, true, time.Second, 1}},
		{"not retryable", free, 0, 0, boom.WithRetry(false), verdict{status: exited, failures: 1}},
		{"retryable", free, 0, 0, boom.WithRetry(true), verdict{failed, true, time.Second, 1}},
		{"last but one attempt", limited, 1, 0, boom, verdict{failed, true, 2 * time.Second, 2}},
		{"last attempt", limited, 2, 0, boom, verdict{status: exited, failures: 3}},
		{"stable in between", limited, 2, time.Minute, boom, verdict{failed, true, time.Second, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := judge(tc.lc, tc.failures, tc.ran, tc.err, 0.5); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestDefaultsStandForZero(t *testing.T) {
	want := actors.Lifecycle{
		StartTimeout: 10 * time.Second, StopTimeout: 10 * time.Second, StableThreshold: 5 * time.Second,
		Restart: actors.Restart{InitialDelay: time.Second, MaxDelay: 90 * time.Second, BackoffFactor: 2, Jitter: 0.1},
	}
	if got := defaults(actors.Lifecycle{}); got.StartTimeout != want.StartTimeout || got.StopTimeout != want.StopTimeout || got.StableThreshold != want.StableThreshold || got.Restart != want.Restart {
		t.Errorf("got %+v, want %+v", got, want)
	}
	own := actors.Lifecycle{StartTimeout: 1, StopTimeout: 2, StableThreshold: 3, Restart: actors.Restart{InitialDelay: 4, MaxDelay: 5, BackoffFactor: 6, Jitter: 7, MaxAttempts: 8}}
	if got := defaults(own); got.StartTimeout != 1 || got.StopTimeout != 2 || got.StableThreshold != 3 || got.Restart != own.Restart {
		t.Errorf("got %+v, want %+v", got, own)
	}
}
