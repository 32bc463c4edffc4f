package factory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// service are the fields every supervised kind has.
type service struct {
	Lifecycle actors.Lifecycle `yaml:"lifecycle"`
}

// supervise tells the supervisor of a service, or of what has changed about it.
func (f *factory) supervise(ctx context.Context, e registry.Entry) error {
	if !f.env.Kinds[e.Kind].Service {
		return nil
	}
	e, err := f.fill(ctx, e)
	if err != nil {
		return err
	}
	fields := map[string]any{}
	if lifecycle, ok := e.Fields()["lifecycle"]; ok {
		fields["lifecycle"] = lifecycle
	}
	c, _, problems := registry.Decode[service](registry.Entry{ID: e.ID, Kind: e.Kind, Data: fields})
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	_, err = actors.Call(ctx, f.env.Sys, f.env.PID("supervisor"), &actors.ServiceAdd{ID: e.ID.String(), Lifecycle: c.Lifecycle, Needs: f.needs(e), Front: f.env.Kinds[e.Kind].Front})
	return err
}

// needs are the services an entry refers to, directly or through entries that are
// none, in the order of the references. The supervisor is told of them again when
// one of those between changes, or comes.
func (f *factory) needs(e registry.Entry) []string {
	of := e.ID.String()
	services, between := f.follow(e)
	for _, id := range between {
		if f.behind[id] == nil {
			f.behind[id] = map[string]bool{}
		}
		f.behind[id][of] = true
	}
	return services
}

// follow walks the references of an entry: to services, and to the entries between,
// which are no services or are not there yet.
func (f *factory) follow(e registry.Entry) (services, between []string) {
	seen := map[string]bool{e.ID.String(): true}
	var walk func(registry.Entry)
	walk = func(e registry.Entry) {
		for _, ref := range f.schemas.References(e) {
			id := ref.ID.String()
			if seen[id] {
				continue
			}
			seen[id] = true
			target, known := f.entries[id]
			if known && f.env.Kinds[target.Kind].Service {
				services = append(services, id)
				continue
			}
			between = append(between, id)
			if known {
				walk(target)
			}
		}
	}
	walk(e)
	return services, between
}

// unfollow forgets a service that is removed.
func (f *factory) unfollow(e registry.Entry) {
	_, between := f.follow(e)
	for _, id := range between {
		if delete(f.behind[id], e.ID.String()); len(f.behind[id]) == 0 {
			delete(f.behind, id)
		}
	}
}

// followed tells the supervisor what services need now that an entry they refer to is
// there, or refers to others: it may have been put aside when they were loaded.
func (f *factory) followed(ctx context.Context, id string) {
	services := slices.Sorted(maps.Keys(f.behind[id]))
	delete(f.behind, id)
	for _, of := range services {
		e, there := f.entries[of]
		if !there {
			continue
		}
		if err := f.supervise(ctx, e); err != nil {
			f.env.Log.Warn("the order in which services start may be wrong", "service", of, "error", err.Error())
		}
	}
}

// ran reports whether a service runs, or is about to be started again.
func (f *factory) ran(ctx context.Context, e registry.Entry) bool {
	if !f.env.Kinds[e.Kind].Service {
		return false
	}
	d, err := actors.As[messages.ServiceData](actors.Call(ctx, f.env.Sys, f.env.PID("supervisor"), &messages.ServiceState{ID: e.ID.String()}))
	return err == nil && d.Desired == "running" && d.Status != "exited"
}

// restart starts a service that took the place of one that ran. What is wrong
// with it is seen in its state; the supervisor tries again.
func (f *factory) restart(ctx context.Context, e registry.Entry, ran bool) {
	if !ran || !f.env.Kinds[e.Kind].Service {
		return
	}
	if _, err := actors.Call(ctx, f.env.Sys, f.env.PID("supervisor"), &actors.ServiceStart{ID: e.ID.String()}); err != nil {
		f.env.Log.Warn("service did not start again after its entry changed", "service", e.ID.String(), "error", err.Error())
	}
}

// announce publishes what became of functions and process definitions.
func (f *factory) announce(op registry.OpKind, e registry.Entry, err error) {
	if f.env.Listeners.Load() == 0 {
		return
	}
	system, what := "functions", "function"
	switch {
	case strings.HasPrefix(e.Kind, "function."):
	case strings.HasPrefix(e.Kind, "process.") && !f.env.Kinds[e.Kind].Service:
		system, what = "process", "factory"
	default:
		return
	}
	publish := func(kind string, data messages.Value) {
		f.env.Publish(&messages.Event{System: system, Kind: what + "." + kind, Path: e.ID.String(), Data: data})
	}
	if op == registry.Delete {
		if err == nil {
			publish("delete", nil)
		}
		return
	}
	publish("register", actors.EntryTable(e))
	if err != nil {
		publish("reject", messages.AsError(err))
		return
	}
	publish("accept", nil)
}
