// Package security has the access policies and the component that finds them by
// id and by group.
package security

import (
	"context"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component finds policies and makes scopes of them.
var Component = actors.Component{
	Name:      "security",
	Doc:       "Finds access policies by id and by group.",
	DependsOn: []string{"registry"},
	Handles:   []any{(*messages.PolicyGet)(nil), (*messages.ScopeGet)(nil), (*messages.ScopeOf)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &component{env: env, policies: map[string]*grouped{}}
	},
}

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{PolicyKind, ExprPolicyKind, TokenStore} }

// PolicyKind is the kind security.policy.
var PolicyKind = actors.Define(actors.Spec[PolicyConfig]{
	Name: "security.policy",
	Doc:  "Allows or denies actions on resources, under conditions.",
	Serve: policyServer(func(id string, c PolicyConfig) (*Policy, []string, error) {
		p, err := NewPolicy(id, c.Policy)
		return p, c.Groups, err
	}),
})

// grouped is a policy with the ids of its groups.
type grouped struct {
	policy *Policy
	groups []string
}

// put makes a policy known or takes its new version over. Answered with Done.
type put struct{ grouped }

// drop takes a policy back. Answered with Done.
type drop struct{ id string }

type component struct {
	env      actors.Env
	policies map[string]*grouped
	groups   map[string][]messages.Policy // made when first asked for; nil after a change
}

// Receive implements actor.Actor.
func (c *component) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *put:
		c.policies[b.policy.id] = &b.grouped
		c.groups = nil
		req.Done()
	case *drop:
		delete(c.policies, b.id)
		c.groups = nil
		req.Done()
	case *messages.PolicyGet:
		p, err := c.policy(b.ID)
		reply(req, p, err)
	case *messages.ScopeGet:
		s, err := c.scope([]string{b.Group}, nil)
		reply(req, s, err)
	case *messages.ScopeOf:
		s, err := c.scope(b.Groups, b.Policies)
		reply(req, s, err)
	default:
		actors.Unknown(req, "the security component")
	}
}

func reply(req *actors.Request, v any, err error) {
	if err != nil {
		v = err
	}
	req.Reply(v)
}

func (c *component) policy(id string) (messages.Policy, error) {
	if g := c.policies[id]; g != nil {
		return g.policy, nil
	}
	return nil, notFound("policy", id, slices.Collect(maps.Keys(c.policies)))
}

// scope puts the policies of groups and single ones together, each once, in the
// order of their ids.
func (c *component) scope(groups, policies []string) (*messages.Scope, error) {
	found := map[string]messages.Policy{}
	for _, group := range groups {
		list := c.members()[group]
		if len(list) == 0 {
			return nil, notFound("policy group", group, slices.Collect(maps.Keys(c.groups)))
		}
		for _, p := range list {
			found[p.ID()] = p
		}
	}
	for _, id := range policies {
		p, err := c.policy(id)
		if err != nil {
			return nil, err
		}
		found[id] = p
	}
	out := &messages.Scope{}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		out.Policies = append(out.Policies, found[id])
	}
	return out, nil
}

// members is the policies of every group.
func (c *component) members() map[string][]messages.Policy {
	if c.groups == nil {
		c.groups = map[string][]messages.Policy{}
		for _, g := range c.policies {
			for _, group := range g.groups {
				c.groups[group] = append(c.groups[group], g.policy)
			}
		}
	}
	return c.groups
}

func notFound(what, id string, known []string) error {
	text := what + " not found: " + id
	if hint := registry.DidYouMean(id, known); hint != "" {
		text += "; " + hint
	}
	return messages.Errorf(messages.NotFound, "%s", text)
}

// policyServer makes the actor of a kind of policy; create makes a policy and
// gives the names of its groups.
func policyServer[C any](create func(id string, c C) (*Policy, []string, error)) func(actors.Env, C) actor.Actor {
	return func(env actors.Env, _ C) actor.Actor {
		return &policyActor{env: env, read: func(ctx context.Context, e registry.Entry) (*Policy, []string, error) {
			c, err := actors.Configure[C](ctx, env, e)
			if err != nil {
				return nil, nil, err
			}
			p, groups, err := create(env.ID, c)
			if err != nil {
				return nil, nil, messages.Because(messages.Invalid, "policy "+env.ID, err)
			}
			return p, groups, nil
		}}
	}
}

type policyActor struct {
	env  actors.Env
	read func(context.Context, registry.Entry) (*Policy, []string, error)
}

// Load implements actors.Loader.
func (p *policyActor) Load(ctx context.Context) (context.Context, error) {
	return ctx, p.put(ctx, p.env.Entry)
}

// Update implements actors.Updater: what is asked meanwhile gets the old policy.
func (p *policyActor) Update(ctx context.Context, e registry.Entry) error { return p.put(ctx, e) }

// Unload implements actors.Unloader.
func (p *policyActor) Unload(ctx context.Context) error {
	_, err := actors.Call(ctx, p.env.Sys, p.env.PID("security"), &drop{p.env.ID})
	return err
}

func (p *policyActor) put(ctx context.Context, e registry.Entry) error {
	made, groups, err := p.read(ctx, e)
	if err != nil {
		return err
	}
	g := grouped{policy: made}
	for _, name := range groups {
		id, err := registry.ResolveID(name, e.ID.NS)
		if err != nil {
			return messages.Errorf(messages.Invalid, "policy %s: group %q: %s", p.env.ID, name, err)
		}
		if s := id.String(); !slices.Contains(g.groups, s) {
			g.groups = append(g.groups, s)
		}
	}
	_, err = actors.Call(ctx, p.env.Sys, p.env.PID("security"), &put{g})
	return err
}

// Receive implements actor.Actor.
func (p *policyActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, p.env.ID)
	}
}
