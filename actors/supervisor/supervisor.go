// Package supervisor starts and stops services in the order of what they need,
// and starts those again that fail.
package supervisor

import (
	"context"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component looks after the services.
var Component = actors.Component{
	Name: "supervisor", DependsOn: []string{"registry"},
	Doc:     "Starts and stops services in the order of what they need, and starts those again that fail.",
	Handles: []any{(*messages.ServiceState)(nil), (*messages.ServiceStates)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &supervisor{env: env, services: map[string]*service{}}
	},
}

// supervisor is the actor. Everything that waits runs as a script; what two
// scripts could do to one service at once is kept apart by its lock.
type supervisor struct {
	env      actors.Env
	services map[string]*service
	up       bool // StartAll is over: what is added starts, what fails is retried
	closing  bool
}

// Receive implements actor.Actor.
func (s *supervisor) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *actors.ServiceAdd:
		s.serve(req, func(ctx context.Context) error { return s.add(ctx, b) })
	case *actors.ServiceRemove:
		s.serve(req, func(ctx context.Context) error { return s.remove(ctx, b.ID) })
	case *actors.ServiceStart:
		s.serve(req, func(ctx context.Context) error { return s.startOne(ctx, b.ID) })
	case *actors.ServiceStop:
		s.serve(req, func(ctx context.Context) error { return s.stopOne(ctx, b.ID, b.Reason) })
	case *actors.StartAll:
		s.serve(req, s.startAll)
	case *actors.StopAll:
		s.serve(req, func(ctx context.Context) error { return s.stopAll(ctx, b.Reason) })
	case *actors.ServiceEnded:
		s.ended(b)
		req.Done()
	case *messages.ServiceState:
		sv, err := s.find(b.ID)
		if err != nil {
			req.Reply(err)
			return
		}
		req.Reply(sv.data())
	case *messages.ServiceStates:
		out := []messages.ServiceData{}
		for _, id := range s.ids() {
			out = append(out, s.services[id].data())
		}
		req.Reply(out)
	default:
		actors.Unknown(req, s.env.ID)
	}
}

func (s *supervisor) serve(req *actors.Request, do func(ctx context.Context) error) {
	s.env.Cell.Serve(req, func(ctx context.Context) (any, error) { return nil, do(ctx) })
}

func (s *supervisor) ids() []string { return slices.Sorted(maps.Keys(s.services)) }

func (s *supervisor) find(id string) (*service, error) {
	if sv := s.services[id]; sv != nil {
		return sv, nil
	}
	return nil, messages.Errorf(messages.NotFound, "service not found: %s", id)
}

func (s *supervisor) needs(id string) []string {
	if sv := s.services[id]; sv != nil {
		return sv.needs
	}
	return nil
}

func (s *supervisor) isFront(id string) bool {
	sv := s.services[id]
	return sv != nil && sv.front
}

// add takes a service on, or takes over what has changed about one. Once the
// application runs, a new one with auto_start starts at once.
func (s *supervisor) add(ctx context.Context, b *actors.ServiceAdd) error {
	lc := defaults(b.Lifecycle)
	needs := acyclic(b.ID, slices.Concat(lc.Requires, lc.DependsOn, b.Needs), s.needs)
	if sv := s.services[b.ID]; sv != nil {
		sv.lc, sv.needs, sv.front = lc, needs, b.Front
		s.publish("service.update", b.ID, nil)
		return nil
	}
	sv := &service{id: b.ID, lc: lc, needs: needs, front: b.Front, status: unknown, desired: stopped, updated: s.env.Clock.Now()}
	s.services[b.ID] = sv
	s.publish("service.register", b.ID, nil)
	if !s.up || !lc.AutoStart || s.closing {
		return nil
	}
	sv.desired = running
	if err := s.start(ctx, sv); err != nil {
		s.env.Log.Error("service did not start", "service", sv.id, "error", err.Error())
	}
	return nil
}

// remove stops a service and forgets it.
func (s *supervisor) remove(ctx context.Context, id string) error {
	sv := s.services[id]
	if sv == nil {
		return nil
	}
	sv.removed = true
	if err := s.stop(ctx, sv, "service removed"); err != nil {
		sv.removed = false
		return err
	}
	if s.services[id] == sv {
		delete(s.services, id)
		s.env.Cell.Tell(s.env.PID("lifecycle"), &actors.StateChanged{State: sv.data(), Removed: true})
	}
	s.publish("service.remove", id, nil)
	return nil
}

// set changes the state of a service and tells everybody.
func (s *supervisor) set(sv *service, status string, err *messages.Error) {
	sv.status, sv.err, sv.updated = status, err, s.env.Clock.Now()
	if status == running {
		sv.started = sv.updated
	}
	d := sv.data()
	s.env.Cell.Tell(s.env.PID("lifecycle"), &actors.StateChanged{State: d})
	if s.env.Listeners.Load() > 0 {
		s.publish("state."+status, sv.id, messages.ValueOf(map[string]any{
			"id": d.ID, "status": d.Status, "desired": d.Desired, "retry_count": d.Retries, "details": d.Details,
		}))
	}
}

func (s *supervisor) publish(kind, id string, data messages.Value) {
	if s.env.Listeners.Load() > 0 {
		s.env.Publish(&messages.Event{System: "supervisor", Kind: kind, Path: id, Data: data})
	}
}
