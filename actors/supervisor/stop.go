package supervisor

import (
	"context"
	"errors"
	"slices"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// stopOne stops a service that somebody asks for, after all that depend on it.
func (s *supervisor) stopOne(ctx context.Context, id, reason string) error {
	sv, err := s.find(id)
	if err != nil {
		return err
	}
	tree := dependants(id, s.ids(), s.needs)
	for _, id := range tree {
		s.services[id].desired = stopped // none of them may start another one again
	}
	for _, level := range slices.Backward(levels(tree, s.needs)) {
		errs, err := s.each(ctx, level, func(ctx context.Context, sv *service) error { return s.stop(ctx, sv, reason) })
		if err := errors.Join(append(errs, err)...); err != nil {
			return messages.Wrap(err, "stopping what needs "+id)
		}
	}
	return s.stop(ctx, sv, reason)
}

// stop stops one service. Stopping one that does not run does nothing; a start
// that is under way is waited for.
func (s *supervisor) stop(ctx context.Context, sv *service, reason string) error {
	sv.desired = stopped
	sv.unplan()
	if err := sv.lock(ctx); err != nil {
		return err
	}
	defer sv.unlock()
	switch sv.status {
	case running:
	case failed:
		s.set(sv, stopped, sv.err)
		return nil
	default:
		return nil
	}
	s.set(sv, stopping, nil)
	timedOut, err := s.within(ctx, sv.lc.StopTimeout, sv.id, &actors.Stop{Reason: reason}, func(error) {
		if sv.status == failed && sv.desired == stopped {
			s.set(sv, stopped, sv.err)
		}
	})
	if timedOut {
		err = messages.Errorf(messages.Timeout, "stop timeout after %s: %s", sv.lc.StopTimeout, sv.id)
	}
	if err != nil && sv.gone == nil { // an actor that failed does not run either
		s.set(sv, failed, messages.AsError(err))
		return err
	}
	s.set(sv, stopped, nil)
	s.publish("service.stop", sv.id, nil)
	return nil
}

// stopAll stops every service, dependants first, and starts none again: what work
// comes in through is stopped before what that work may still use. What does not stop
// does not keep the others from it.
func (s *supervisor) stopAll(ctx context.Context, reason string) error {
	s.closing = true
	var problems []error
	for _, level := range slices.Backward(levels(s.ids(), fronted(s.ids(), s.isFront, s.needs))) {
		errs, err := s.each(ctx, level, func(ctx context.Context, sv *service) error { return s.stop(ctx, sv, reason) })
		problems = append(append(problems, errs...), err)
	}
	if err := errors.Join(problems...); err != nil {
		return messages.Errorf(messages.Timeout, "%s", err)
	}
	return nil
}
