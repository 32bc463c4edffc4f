package actors

import (
	"context"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ResolveRunAs makes the Context that a service or command runs in. A nil r gives
// a nil Context; without an id there is no actor, and without groups and policies
// no scope, so that only strict mode refuses. Bare names mean the namespace of
// env's entry. It waits for the security component; a group or policy that does
// not exist is a NotFound.
func ResolveRunAs(ctx context.Context, env Env, r *RunAs) (*messages.Context, error) {
	if r == nil {
		return nil, nil
	}
	out := &messages.Context{}
	if r.Actor != nil && r.Actor.ID != "" {
		out.Actor = &messages.Actor{ID: r.Actor.ID}
		if len(r.Actor.Meta) > 0 {
			out.Actor.Meta, _ = messages.ValueOf(r.Actor.Meta).(*messages.Table)
		}
	}
	if len(r.Groups)+len(r.Policies) == 0 {
		return out, nil
	}
	ask := &messages.ScopeOf{}
	for _, list := range []struct {
		what string
		from []string
		to   *[]string
	}{{"group", r.Groups, &ask.Groups}, {"policy", r.Policies, &ask.Policies}} {
		for _, name := range list.from {
			id, err := registry.ResolveID(name, env.Entry.ID.NS)
			if err != nil {
				return nil, messages.Errorf(messages.Invalid, "security of %s: %s %q: %s", env.ID, list.what, name, err)
			}
			*list.to = append(*list.to, id.String())
		}
	}
	scope, err := As[*messages.Scope](Call(ctx, env.Sys, env.PID("security"), ask))
	if err != nil {
		return nil, messages.Wrap(err, "security of "+env.ID)
	}
	out.Scope = scope
	return out, nil
}
