package actorstest

import (
	"fmt"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Entries is a component that stands in for the factory, for tests of kinds that
// need no services: it only is the parent of the actors of entries.
var Entries = actors.Component{
	Name: actors.EntriesName,
	New:  func(env actors.Env) actor.Actor { return &parent{env: env, gone: map[string]*actors.Request{}} },
}

type parent struct {
	env  actors.Env
	gone map[string]*actors.Request
}

type (
	spawnEntry struct{ entry registry.Entry }
	stopEntry  struct{ id string }
)

// Receive implements actor.Actor.
func (p *parent) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		if req := p.gone[m.Who.Id]; req != nil {
			delete(p.gone, m.Who.Id)
			req.Done()
		}
	case *actors.Request:
		switch b := m.Body.(type) {
		case *spawnEntry:
			kind := p.env.Kinds[b.entry.Kind]
			_, err := ctx.SpawnNamed(p.env.SpawnProps(b.entry.ID.String(), b.entry, false, func(env actors.Env) actor.Actor { return kind.New(env, b.entry) }), b.entry.ID.String())
			if err != nil {
				m.Reply(err)
				return
			}
			m.Done()
		case *stopEntry:
			pid := p.env.PID(b.id)
			p.gone[pid.Id] = m
			ctx.Watch(pid)
			ctx.Stop(pid)
		default:
			actors.Unknown(m, "the parent of the entries")
		}
	}
}

// Read returns the entries of a list in YAML, in the namespace app, and what
// there is to say about them.
func Read(n *actors.Node, list string) ([]registry.Entry, registry.Problems) {
	es, problems := registry.ReadFile("app.yaml", []byte("version: \"1.0\"\nnamespace: app\nentries:\n"+list), nil)
	kinds := registry.Kinds{}
	for name, k := range n.Kinds {
		kinds[name] = registry.KindInfo{Schema: k.Schema, Doc: k.Doc, DataOnly: k.DataOnly}
	}
	problems = append(problems, kinds.Check(es)...)
	levels, err := kinds.Levels(es)
	if err != nil {
		return nil, append(problems, registry.Problem{Text: err.Error()})
	}
	var out []registry.Entry
	for _, level := range levels {
		for _, id := range level {
			out = append(out, es[id])
		}
	}
	return out, problems
}

// Create reads entries, checks them, and loads the actor of each, after those it
// refers to. One that does not find something is tried again after the others. The
// node must have Entries. It stops at the first error.
func Create(t testing.TB, n *actors.Node, list string) error {
	t.Helper()
	es, problems := Read(n, list)
	if err := problems.Err(); err != nil {
		return err
	}
	for {
		var aside []registry.Entry
		var missing error
		for _, e := range es {
			err := create(t, n, e)
			if messages.IsKind(err, messages.NotFound) {
				aside, missing = append(aside, e), err
			} else if err != nil {
				return err
			}
		}
		if len(aside) == 0 || len(aside) == len(es) {
			return missing
		}
		es = aside
	}
}

func create(t testing.TB, n *actors.Node, e registry.Entry) error {
	t.Helper()
	if n.Kinds[e.Kind].DataOnly {
		return nil
	}
	if _, err := Ask(t, n, actors.EntriesName, &spawnEntry{e}); err != nil {
		return fmt.Errorf("spawning %s: %w", e.ID, err)
	}
	_, err := Ask(t, n, e.ID.String(), &actors.Load{})
	if err != nil {
		Must[*messages.Done](t, n, actors.EntriesName, &stopEntry{e.ID.String()})
	}
	return err
}

// Update gives one entry of a list to its actor.
func Update(t testing.TB, n *actors.Node, id, list string) error {
	t.Helper()
	es, problems := Read(n, list)
	if err := problems.Err(); err != nil {
		return err
	}
	for _, e := range es {
		if e.ID.String() == id {
			_, err := Ask(t, n, id, &actors.Update{Entry: e})
			return err
		}
	}
	return fmt.Errorf("updating %s: it is not in the list", id)
}

// Remove unloads and stops the actor of an entry.
func Remove(t testing.TB, n *actors.Node, id string) {
	t.Helper()
	Must[*messages.Done](t, n, id, &actors.Unload{})
	Must[*messages.Done](t, n, actors.EntriesName, &stopEntry{id})
}
