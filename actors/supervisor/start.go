package supervisor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// within sends a life message to a service and waits for the answer, but no
// longer than d; then timedOut is true. late is called with an answer that comes
// after that.
func (s *supervisor) within(ctx context.Context, d time.Duration, id string, body any, late func(error)) (timedOut bool, err error) {
	_, err = actors.Until(ctx, func(done func(any)) {
		halt := s.env.Cell.After(d, func() {
			timedOut = true
			done(nil)
		})
		s.env.Cell.Ask(s.env.PID(id), body, func(_ any, err error) {
			if timedOut {
				late(err)
				return
			}
			halt()
			if err != nil {
				done(err)
				return
			}
			done(nil)
		})
	})
	return timedOut, err
}

// startOne starts a service that somebody asks for.
func (s *supervisor) startOne(ctx context.Context, id string) error {
	sv, err := s.find(id)
	if err != nil {
		return err
	}
	if s.closing {
		return messages.Errorf(messages.Unavailable, "starting %s: the application is stopping", id)
	}
	sv.desired = running
	return s.start(ctx, sv)
}

// start starts a service, and before it those it needs. Starting one that runs
// does nothing. Of several that want it started at once, one tries and the others
// share the outcome.
func (s *supervisor) start(ctx context.Context, sv *service) error {
	tries := sv.tries
	if err := sv.lock(ctx); err != nil {
		return err
	}
	defer sv.unlock()
	switch {
	case sv.status == running || sv.removed || sv.desired != running || s.closing:
		return nil
	case sv.tries != tries:
		return sv.problem()
	}
	defer func() { sv.tries++ }()
	sv.unplan()
	err := s.startNeeds(ctx, sv)
	if err == nil {
		if sv.removed || sv.desired != running || s.closing { // while it waited for them
			return nil
		}
		s.set(sv, starting, sv.err)
		err = s.begin(ctx, sv)
	}
	if err != nil {
		s.judge(sv, 0, messages.AsError(err))
		return err
	}
	s.set(sv, running, nil)
	s.publish("service.start", sv.id, nil)
	return nil
}

// startNeeds starts what a service needs. What was given up, or failed while the
// application starts, is not tried again on its behalf.
func (s *supervisor) startNeeds(ctx context.Context, sv *service) error {
	for _, id := range sv.needs {
		need := s.services[id]
		if need == nil || need.met() {
			continue
		}
		err := need.problem()
		if need.status != exited && (s.up || need.status != failed) {
			need.desired = running
			err = s.start(ctx, need)
		}
		if err == nil && !need.met() {
			err = messages.Errorf(messages.Unavailable, "service is %s", need.status)
		}
		if err != nil {
			return messages.Because(messages.Unavailable, "it needs "+id, err)
		}
	}
	return nil
}

// begin has the service's actor start it; an actor that failed is made anew.
func (s *supervisor) begin(ctx context.Context, sv *service) error {
	if sv.gone != nil {
		sv.gone = nil
		if _, err := actors.Call(ctx, s.env.Sys, s.env.PID(actors.EntriesName), &actors.Respawn{ID: sv.id}); err != nil {
			sv.gone = messages.AsError(err)
			return err
		}
	}
	timedOut, err := s.within(ctx, sv.lc.StartTimeout, sv.id, &actors.Start{}, func(err error) {
		// It started after all, when nobody believed in it any more.
		if err == nil && sv.status != running && sv.status != starting {
			s.env.Cell.Tell(s.env.PID(sv.id), &actors.Stop{Reason: "start timeout"})
		}
	})
	switch {
	case timedOut:
		return messages.Errorf(messages.Timeout, "start timeout: %s did not start within %s", sv.id, sv.lc.StartTimeout)
	case err != nil && sv.gone != nil: // what failed is the actor, not the start
		return sv.gone
	}
	return err
}

// ended is told that what a service runs has ended by itself.
func (s *supervisor) ended(b *actors.ServiceEnded) {
	sv := s.services[b.ID]
	if sv == nil {
		return
	}
	if b.Gone {
		sv.gone = b.Err
	}
	if sv.status == running {
		s.judge(sv, s.env.Clock.Now().Sub(sv.started), b.Err)
	}
}

// judge notes that a service failed or ended, and plans the next start.
func (s *supervisor) judge(sv *service, ran time.Duration, err *messages.Error) {
	v := judge(sv.lc, sv.failures, ran, err, s.env.Random())
	sv.failures, sv.delay = v.failures, v.delay
	s.set(sv, v.status, err)
	if err != nil {
		s.env.Log.Warn("service failed", "service", sv.id, "error", err.Error(), "retry", v.again, "delay", v.delay.String())
	}
	if v.again && s.up {
		s.plan(sv)
	}
}

// plan starts a failed service again after its delay.
func (s *supervisor) plan(sv *service) {
	if s.closing || sv.removed || sv.desired != running {
		return
	}
	sv.unplan()
	sv.restart = s.env.Cell.After(sv.delay, func() {
		sv.restart = nil
		s.env.Cell.Script(func(ctx context.Context) {
			_ = s.start(ctx, sv) // what is wrong is in its state
		})
	})
}

// startAll starts every service with auto_start, level by level; those of one
// level at once.
func (s *supervisor) startAll(ctx context.Context) error {
	var auto []string
	for _, id := range s.ids() {
		if sv := s.services[id]; sv.lc.AutoStart {
			sv.desired = running
			auto = append(auto, id)
		}
	}
	all := levels(s.ids(), s.needs)
	for _, level := range all {
		level = slices.DeleteFunc(level, func(id string) bool { return !slices.Contains(auto, id) })
		errs, err := s.each(ctx, level, s.start)
		if err != nil {
			return err
		}
		for i, err := range errs {
			switch {
			case err == nil:
			case s.services[level[i]].lc.Startup == "optional":
				s.env.Log.Warn("optional service did not start", "service", level[i], "error", err.Error())
			default:
				return messages.Wrap(err, fmt.Sprintf("required service %s did not start", level[i]))
			}
		}
	}
	s.up = true
	for _, id := range s.ids() {
		if sv := s.services[id]; sv.status == failed {
			s.plan(sv)
		}
	}
	return nil
}

// each runs do for every service at once, waits for all and returns their errors.
func (s *supervisor) each(ctx context.Context, ids []string, do func(ctx context.Context, sv *service) error) ([]error, error) {
	errs := make([]error, len(ids))
	if len(ids) == 0 {
		return errs, nil
	}
	_, err := actors.Until(ctx, func(done func(any)) {
		left := len(ids)
		for i, id := range ids {
			s.env.Cell.Script(func(ctx context.Context) {
				defer func() {
					if left--; left == 0 {
						done(nil)
					}
				}()
				if sv := s.services[id]; sv != nil {
					errs[i] = do(ctx, sv)
				}
			})
		}
	})
	return errs, err
}
