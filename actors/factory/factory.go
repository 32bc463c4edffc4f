// Package factory makes the actors of entries: it chooses the kind, starts the
// actor, and replaces or stops it when the entry changes.
package factory

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component is the parent of the actors of all entries.
var Component = actors.Component{
	Name: actors.EntriesName, DependsOn: []string{"lifecycle"},
	Doc: "Makes the actors of entries.",
	New: func(env actors.Env) actor.Actor {
		return &factory{env: env, entries: map[string]registry.Entry{}, gone: map[string][]func(){}, behind: map[string]map[string]bool{}, schemas: schemas(env.Kinds)}
	},
}

type factory struct {
	env     actors.Env
	entries map[string]registry.Entry // those in use, without those that only carry data
	gone    map[string][]func()       // called when the actor of an id has stopped
	schemas registry.Kinds

	behind map[string]map[string]bool // services by the ids between them and what they need
}

func schemas(kinds map[string]actors.Kind) registry.Kinds {
	out := registry.Kinds{}
	for name, k := range kinds {
		out[name] = registry.KindInfo{Schema: k.Schema, Doc: k.Doc, DataOnly: k.DataOnly}
	}
	return out
}

// Receive implements actor.Actor.
func (f *factory) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		id := f.id(m.Who)
		waiting := f.gone[id]
		delete(f.gone, id)
		for _, then := range waiting {
			then()
		}
	case *actors.Request:
		switch b := m.Body.(type) {
		case *actors.Offer:
			f.env.Cell.Serve(m, func(ctx context.Context) (any, error) { return nil, f.offer(ctx, b) })
		case *actors.Respawn:
			f.env.Cell.Serve(m, func(ctx context.Context) (any, error) { return nil, f.respawn(ctx, b.ID) })
		default:
			actors.Unknown(m, f.env.ID)
		}
	}
}

// id is the entry that a child serves.
func (f *factory) id(child *actor.PID) string { return child.Id[len(f.env.Cell.Self().Id)+1:] }

// offer carries one change out and tells the bus how that went.
func (f *factory) offer(ctx context.Context, b *actors.Offer) error {
	e := b.Op.Entry
	kind, ok := f.env.Kinds[e.Kind]
	var err error
	switch {
	case b.Op.Kind == registry.Delete:
		e = b.Old
		err = f.remove(ctx, e)
	case !ok:
		err = messages.Errorf(messages.Invalid, "%s: unknown kind %q", e.ID, e.Kind)
	case kind.DataOnly && f.env.Kinds[b.Old.Kind].DataOnly, kind.DataOnly && b.Op.Kind == registry.Create:
	case b.Op.Kind == registry.Create:
		err = f.create(ctx, e)
	default:
		err = f.update(ctx, b.Old, e)
	}
	f.announce(b.Op.Kind, e, err)
	return err
}

func (f *factory) ask(ctx context.Context, id string, body any) (any, error) {
	return actors.Call(ctx, f.env.Sys, f.env.PID(id), body)
}

// create starts the actor of an entry and has it load; a service is made known to
// the supervisor. After an error nothing of it is left.
func (f *factory) create(ctx context.Context, e registry.Entry) error {
	if f.env.Kinds[e.Kind].DataOnly {
		return nil
	}
	if err := f.spawn(ctx, e); err != nil {
		return err
	}
	id := e.ID.String()
	f.entries[id] = e
	if err := f.supervise(ctx, e); err != nil {
		delete(f.entries, id)
		f.stop(ctx, id)
		return err
	}
	f.followed(ctx, id)
	return nil
}

// remove takes an entry out of use; its name is free afterwards.
func (f *factory) remove(ctx context.Context, e registry.Entry) error {
	id := e.ID.String()
	if _, there := f.entries[id]; !there {
		return nil
	}
	if f.env.Kinds[e.Kind].Service {
		if _, err := actors.Call(ctx, f.env.Sys, f.env.PID("supervisor"), &actors.ServiceRemove{ID: id}); err != nil {
			return err
		}
	}
	if _, err := f.ask(ctx, id, &actors.Unload{}); err != nil && f.lives(id) {
		if back := f.supervise(ctx, e); back != nil {
			f.env.Log.Error("going on with an entry that could not be removed", "entry", id, "error", back.Error())
		}
		return err
	}
	delete(f.entries, id)
	f.unfollow(e)
	f.stop(ctx, id)
	return nil
}

// update lets the actor take the new entry over, or replaces it; a service that
// ran is started again. After an error the old entry is in use as before.
func (f *factory) update(ctx context.Context, old, e registry.Entry) error {
	id := e.ID.String()
	if old.Kind == e.Kind && f.lives(id) {
		filled, err := f.fill(ctx, e)
		if err == nil {
			_, err = f.ask(ctx, id, &actors.Update{Entry: filled})
		}
		switch {
		case err == nil:
			f.entries[id] = e
			if err := f.supervise(ctx, e); err != nil {
				return err
			}
			f.followed(ctx, id)
			return nil
		case !replace(err):
			return err
		}
	}
	ran := f.ran(ctx, old)
	if err := f.remove(ctx, old); err != nil {
		f.restart(ctx, old, ran)
		return err
	}
	err := f.create(ctx, e)
	if err == nil {
		f.restart(ctx, e, ran)
		return nil
	}
	if back := f.create(ctx, old); back != nil {
		f.env.Log.Error("going back to the entry before", "entry", id, "error", back.Error())
		return err
	}
	f.restart(ctx, old, ran)
	return err
}

// replace reports whether an Updater asked to be replaced.
func replace(err error) bool {
	e := messages.AsError(err)
	return e.Kind == actors.ErrReplace.Kind && e.Message == actors.ErrReplace.Message
}

// respawn makes the actor of an entry anew after it has failed.
func (f *factory) respawn(ctx context.Context, id string) error {
	e, ok := f.entries[id]
	if !ok {
		return messages.Errorf(messages.NotFound, "%s not found", id)
	}
	f.stop(ctx, id)
	return f.spawn(ctx, e)
}
