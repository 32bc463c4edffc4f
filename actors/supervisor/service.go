package supervisor

import (
	"context"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// service is what is known about one.
type service struct {
	id       string
	lc       actors.Lifecycle
	front    bool
	needs    []string
	status   string
	desired  string
	failures int // since the last stable run
	err      *messages.Error
	updated  time.Time
	started  time.Time
	removed  bool
	gone     *messages.Error // what its actor failed with; it must be made anew

	locked  bool // a start or stop is under way …
	queue   []func()
	tries   int           // starts that are over, however they went
	delay   time.Duration // before the next start, once it failed
	restart func()        // gives up the wait for the next start
}

func (sv *service) data() messages.ServiceData {
	d := messages.ServiceData{ID: sv.id, Status: sv.status, Desired: sv.desired, Retries: sv.failures, Updated: sv.updated, Started: sv.started}
	if sv.err != nil {
		d.Details = sv.err.Error()
	}
	return d
}

// met reports whether those who need the service may run: also once it has done
// its work and ended normally.
func (sv *service) met() bool {
	return sv.status == running || sv.status == exited && sv.err == nil
}

// problem is why the service does not run, as an error value.
func (sv *service) problem() error {
	if sv.err == nil {
		return nil
	}
	return sv.err
}

// unplan gives up a planned restart.
func (sv *service) unplan() {
	if f := sv.restart; f != nil {
		sv.restart = nil
		f()
	}
}

// lock lets one start or stop of a service happen at a time; the others wait in
// the order they came.
func (sv *service) lock(ctx context.Context) error {
	if sv.locked {
		_, err := actors.Until(ctx, func(done func(any)) {
			sv.queue = append(sv.queue, func() { done(nil) })
		})
		return err // the lock was handed over, or the supervisor ends
	}
	sv.locked = true
	return nil
}

func (sv *service) unlock() {
	if len(sv.queue) == 0 {
		sv.locked = false
		return
	}
	next := sv.queue[0]
	sv.queue = sv.queue[1:]
	next()
}
