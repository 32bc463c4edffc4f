package supervisor

import (
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// The states of a service.
const (
	unknown  = "unknown"
	starting = "starting"
	running  = "running"
	stopping = "stopping"
	stopped  = "stopped"
	failed   = "failed"
	exited   = "exited"
)

// verdict is what follows from the end of a service.
type verdict struct {
	status   string
	again    bool
	delay    time.Duration
	failures int // in a row, with this one
}

// judge decides what follows when a service that ran for so long ended with err,
// or did not start at all (ran is 0). failures counts those since the last
// stable run, dice is in [0, 1).
func judge(lc actors.Lifecycle, failures int, ran time.Duration, err *messages.Error, dice float64) verdict {
	if err == nil {
		return verdict{status: exited}
	}
	if ran >= lc.StableThreshold {
		failures = 0
	}
	failures++
	if err.Final() || err.Kind == messages.Canceled && err.Root().Message != actors.Terminated {
		return verdict{status: exited, failures: failures}
	}
	r := lc.Restart
	if r.MaxAttempts > 0 && failures >= r.MaxAttempts {
		return verdict{status: exited, failures: failures}
	}
	return verdict{
		status: failed, again: true, failures: failures,
		delay: messages.Backoff(r.InitialDelay, r.MaxDelay, r.BackoffFactor, r.Jitter, failures-1, dice),
	}
}

// defaults fills what is 0, which stands for the default.
func defaults(lc actors.Lifecycle) actors.Lifecycle {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&lc.StartTimeout, 10*time.Second)
	set(&lc.StopTimeout, 10*time.Second)
	set(&lc.StableThreshold, 5*time.Second)
	set(&lc.Restart.InitialDelay, time.Second)
	set(&lc.Restart.MaxDelay, 90*time.Second)
	if lc.Restart.BackoffFactor <= 0 {
		lc.Restart.BackoffFactor = 2
	}
	if lc.Restart.Jitter <= 0 {
		lc.Restart.Jitter = 0.1
	}
	return lc
}
