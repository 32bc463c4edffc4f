package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// policy is a Policy as Lua has it, whatever its Go type is.
type policy struct{ messages.Policy }

// scopePermission raises when the caller may not make scopes.
func scopePermission(c *lua.Call, how string) error {
	if !c.Allowed("security.scope.create", how) {
		return lua.Raise(denied("not allowed to create scope: %s", how))
	}
	return nil
}

// policyID reads an argument that names a policy: an object, an id, or {ns, name}.
func policyID(c *lua.Call, i int) (string, error) {
	if p, ok := c.Object(i).(policy); ok {
		return p.ID(), nil
	}
	if id, ok := asID(c.Value(i)); ok {
		return id, nil
	}
	return "", lua.ArgError(i+1, "policy: a Policy, an id or {ns = …, name = …} expected, got "+c.TypeOf(i))
}

// effect is the outcome as text; what does not apply is undefined.
func effect(e messages.Effect) string {
	if e == "" {
		e = messages.Undefined
	}
	return string(e)
}

var securityModule = lua.Module{
	Name:  "security",
	Doc:   "Actors, scopes and policies. Arguments are always action, then resource.",
	Class: []lua.Class{lua.Security, lua.Nondeterministic},
	Funcs: append([]lua.Func{
		{
			Sig: "actor(): Actor?", Doc: "The actor of the process, nil if it has none.",
			Do: func(c *lua.Call) error {
				if ctx := c.Process().Context; ctx != nil && ctx.Actor != nil {
					return c.Return(ctx.Actor)
				}
				return c.Return(nil)
			},
			Try: `return security.actor()`, Gives: "nil",
		},
		{
			Sig: "scope(): Scope?", Doc: "The scope of the process, nil if it has none.",
			Do: func(c *lua.Call) error {
				if ctx := c.Process().Context; ctx != nil && ctx.Scope != nil {
					return c.Return(ctx.Scope)
				}
				return c.Return(nil)
			},
			Try: `return security.scope()`, Gives: "nil",
		},
		{
			Sig: "can(action: string, resource: string, meta?: table): boolean", Doc: "Whether the process may do action with resource; false where actor or scope is missing, even without strict mode.",
			Do: func(c *lua.Call) error {
				return c.Return(c.Process().Context.May(true, c.String(0), c.String(1), c.Table(2)))
			},
			Try: `return security.can("read", "orders")`, Gives: "false",
		},
		{
			Sig: "new_actor(id: string, meta?: table): Actor", Doc: "Makes an actor. Raises when it is not allowed.", Permission: "security.actor.create",
			Do: func(c *lua.Call) error {
				id := c.String(0)
				if !c.Allowed("security.actor.create", id) {
					return lua.Raise(denied("not allowed to create actor: %s", id))
				}
				return c.Return(&messages.Actor{ID: id, Meta: c.Table(1)})
			},
			Try: `local a = security.new_actor("user:7", {role = "admin"}); return a:id(), a:meta().role`, Gives: "user:7, admin",
		},
		{
			Sig: "new_scope(policies?: table): Scope", Doc: "Makes a scope of a list of policies. Raises when it is not allowed.", Permission: "security.scope.create",
			Do: func(c *lua.Call) error {
				if err := scopePermission(c, "custom"); err != nil {
					return err
				}
				s := &messages.Scope{}
				for _, item := range c.Items(0) {
					p, ok := item.(policy)
					if !ok {
						return lua.ArgError(1, "policies: a list of Policy objects expected")
					}
					s.Policies = append(s.Policies, p.Policy)
				}
				return c.Return(s)
			},
			Try: `return #security.new_scope():policies()`, Gives: "0",
		},
	}, securityLookups...),
	Types: []lua.Type{actorType, policyType, scopeType, tokenStoreType},
}

var actorType = lua.Type{
	Name: "Actor", Doc: "On whose behalf something is done.", Of: (*messages.Actor)(nil),
	Methods: []lua.Func{
		{Sig: "id(): string", Doc: "The id.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Actor).ID) }},
		{Sig: "meta(): table", Doc: "The metadata, as a copy.", Do: func(c *lua.Call) error {
			if m := c.Self().(*messages.Actor).Meta; m != nil {
				return c.Return(m)
			}
			return c.Return(&messages.Table{Object: true})
		}},
	},
}

var policyType = lua.Type{
	Name: "Policy", Doc: "Decides on one action.", Of: policy{},
	Equal: func(a, b any) bool { return a.(policy).ID() == b.(policy).ID() },
	Methods: []lua.Func{
		{Sig: "id(): string", Doc: "The id of its entry.", Do: func(c *lua.Call) error { return c.Return(c.Self().(policy).ID()) }},
		{
			Sig: "evaluate(actor: Actor, action: string, resource: string, meta?: table): string", Doc: "allow, deny, or undefined where it does not apply.",
			Do: func(c *lua.Call) error {
				return c.Return(effect(c.Self().(policy).Evaluate(c.Object(0).(*messages.Actor), c.String(1), c.String(2), c.Table(3))))
			},
		},
	},
}

var scopeType = lua.Type{
	Name: "Scope", Doc: "A set of policies: any deny wins, else one allow is enough, else undefined.", Of: (*messages.Scope)(nil),
	Methods: []lua.Func{
		{
			Sig: "with(policy: Policy): Scope", Doc: "A new scope with one policy more. Raises when it is not allowed.", Permission: "security.scope.create",
			Do: func(c *lua.Call) error {
				if err := scopePermission(c, "with"); err != nil {
					return err
				}
				p := c.Object(0).(policy)
				out := without(c.Self().(*messages.Scope), p.ID())
				out.Policies = append(out.Policies, p.Policy)
				return c.Return(out)
			},
		},
		{
			Sig: "without(policy: any): Scope", Doc: "A new scope without a policy, given as object, id or {ns, name}. Raises when it is not allowed.", Permission: "security.scope.create",
			Do: func(c *lua.Call) error {
				if err := scopePermission(c, "without"); err != nil {
					return err
				}
				id, err := policyID(c, 0)
				if err != nil {
					return err
				}
				return c.Return(without(c.Self().(*messages.Scope), id))
			},
		},
		{
			Sig: "evaluate(actor: Actor, action: string, resource: string, meta?: table): string", Doc: "allow, deny or undefined.",
			Do: func(c *lua.Call) error {
				return c.Return(effect(c.Self().(*messages.Scope).Evaluate(c.Object(0).(*messages.Actor), c.String(1), c.String(2), c.Table(3))))
			},
		},
		{
			Sig: "contains(policy: any): boolean", Doc: "Whether the scope has a policy, given as object, id or {ns, name}.",
			Do: func(c *lua.Call) error {
				id, err := policyID(c, 0)
				if err != nil {
					return err
				}
				for _, p := range c.Self().(*messages.Scope).Policies {
					if p.ID() == id {
						return c.Return(true)
					}
				}
				return c.Return(false)
			},
		},
		{
			Sig: "policies(): table", Doc: "The list of its policies.",
			Do: func(c *lua.Call) error {
				list := []policy{}
				for _, p := range c.Self().(*messages.Scope).Policies {
					list = append(list, policy{p})
				}
				return c.Return(list)
			},
		},
	},
}

// without is a copy of s that lacks the policy with that id.
func without(s *messages.Scope, id string) *messages.Scope {
	out := &messages.Scope{}
	for _, p := range s.Policies {
		if p.ID() != id {
			out.Policies = append(out.Policies, p)
		}
	}
	return out
}
