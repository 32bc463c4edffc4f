package factory

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// spawn starts the actor of an entry and has it load. The actor's config has the
// values of environment variables in their places; its Env.Entry names them.
func (f *factory) spawn(ctx context.Context, e registry.Entry) error {
	id := e.ID.String()
	kind := f.env.Kinds[e.Kind]
	filled, err := f.fill(ctx, e)
	if err != nil {
		return err
	}
	props := f.env.SpawnProps(id, e, false, func(env actors.Env) actor.Actor { return kind.New(env, filled) })
	if _, err := f.env.Cell.Context().SpawnNamed(props, id); err != nil {
		return messages.Errorf(messages.Internal, "starting the actor of %s: %s", id, err)
	}
	if _, err := f.ask(ctx, id, &actors.Load{}); err != nil {
		f.stop(ctx, id)
		return err
	}
	return nil
}

// fill puts the values of environment variables into an entry, and refuses it if
// it does not fit its kind with them.
func (f *factory) fill(ctx context.Context, e registry.Entry) (registry.Entry, error) {
	schema := f.env.Kinds[e.Kind].Schema
	if len(schema.EnvNames(e)) == 0 {
		return e, nil
	}
	filled, err := actors.ResolveEnv(ctx, f.env, e)
	if err != nil {
		return e, err
	}
	_, _, problems := schema.Decode(filled)
	if err := problems.Err(); err != nil {
		return e, messages.Errorf(messages.Invalid, "%s", err)
	}
	return filled, nil
}

// lives reports whether the entry has an actor.
func (f *factory) lives(id string) bool {
	_, there := f.env.Sys.ProcessRegistry.GetLocal(f.env.PID(id).Id)
	return there
}

// stop stops the actor of an entry and waits until its name is free.
func (f *factory) stop(ctx context.Context, id string) {
	if !f.lives(id) {
		return
	}
	_, _ = actors.Until(ctx, func(done func(any)) {
		f.gone[id] = append(f.gone[id], func() { done(nil) })
		f.env.Cell.Context().Stop(f.env.PID(id))
	})
}

// HandleFailure implements actor.SupervisorStrategy: an actor that panicked is
// stopped. What follows for a service is for the supervisor to decide; any other
// entry gets a new actor at once.
func (f *factory) HandleFailure(_ *actor.ActorSystem, by actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	id := f.id(child)
	e, known := f.entries[id]
	service := known && f.env.Kinds[e.Kind].Service
	if service { // it must know before what it waits for is answered by the actor's end
		f.env.Cell.Tell(f.env.PID("supervisor"), &actors.ServiceEnded{
			ID: id, Gone: true, Err: messages.Errorf(messages.Internal, "%s panicked: %v", id, reason),
		})
	}
	by.StopChildren(child)
	if !known || service {
		return
	}
	f.env.Cell.Script(func(ctx context.Context) {
		if err := f.respawn(ctx, id); err != nil {
			f.env.Log.Error("the actor of an entry cannot be made anew after it failed; update the entry", "entry", id, "error", err.Error())
		}
	})
}
