package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// tokenStore is a TokenStore object: the id of its entry.
type tokenStore struct {
	id     string
	closed bool
}

// tokenError is the error of whatever goes wrong in a token store.
func tokenError(doing string, cause error) error {
	return messages.Because(messages.Internal, doing, cause)
}

// allowed checks what every method checks.
func (s *tokenStore) allowed(c *lua.Call, action string) error {
	switch {
	case s.closed:
		return messages.Errorf(messages.Internal, "token store is closed")
	case !c.Allowed(action, s.id):
		return denied("permission denied: %s %s", action, s.id)
	}
	return nil
}

// securityLookups find what entries have declared.
var securityLookups = []lua.Func{
	{
		Sig: "policy(id: string): Policy, error?", Doc: "The policy with that entry id.", Permission: "security.policy.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if !c.Allowed("security.policy.get", id) {
				return nil, messages.Errorf(messages.Invalid, "permission denied: access policy %s", id)
			}
			cmd := lua.Ask("", &messages.PolicyGet{ID: id}, func(c *lua.Call, p messages.Policy) error { return c.Return(policy{p}) })
			cmd.Catch = func(_ *lua.Call, err *messages.Error) error { return tokenError("finding a policy", err) }
			return cmd, nil
		},
	},
	{
		Sig: "named_scope(group: string): Scope, error?", Doc: "A scope of all policies of a group.", Permission: "security.policy_group.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			group := c.String(0)
			if !c.Allowed("security.policy_group.get", group) {
				return nil, messages.Errorf(messages.Invalid, "permission denied: access policy group %s", group)
			}
			cmd := lua.Ask("", &messages.ScopeGet{Group: group}, func(c *lua.Call, s *messages.Scope) error { return c.Return(s) })
			cmd.Catch = func(_ *lua.Call, err *messages.Error) error { return tokenError("finding a policy group", err) }
			return cmd, nil
		},
	},
	{
		Sig: "token_store(id: string): TokenStore, error?", Doc: "The token store with that entry id. Raises when it is not allowed.", Permission: "security.token_store.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if id == "" {
				return nil, messages.Errorf(messages.Invalid, "token store ID required")
			}
			if !c.Allowed("security.token_store.get", id) {
				return nil, lua.Raise(denied("not allowed to get token store: %s", id))
			}
			missing := messages.Errorf(messages.Internal, "token store not found: %s", id)
			if _, _, ok := splitID(id); !ok {
				return nil, missing
			}
			return &lua.Command{
				To: id, Body: &messages.TokenStoreInfo{},
				Then:  func(c *lua.Call, _ any) error { return c.Return(&tokenStore{id: id}) },
				Catch: func(*lua.Call, *messages.Error) error { return missing },
			}, nil
		},
	},
}

var tokenStoreType = lua.Type{
	Name: "TokenStore", Doc: "Makes and checks tokens that stand for an actor with a scope.", Of: (*tokenStore)(nil),
	Methods: []lua.Func{
		{
			Sig:        "create(actor: Actor, scope: Scope, options?: table): string, error?",
			Doc:        "Makes a token. Options: expiration, a duration string or a number of milliseconds, and meta, a table that is kept with the token.",
			Permission: "security.token.create",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				s := c.Self().(*tokenStore)
				if err := s.allowed(c, "security.token.create"); err != nil {
					return nil, err
				}
				b := &messages.TokenCreate{Actor: c.Object(0).(*messages.Actor), Scope: c.Object(1).(*messages.Scope)}
				if t := c.Table(2); t != nil {
					b.Meta, _ = t.Get("meta").(*messages.Table)
				}
				var err error
				if b.Expires, err = expiration(c.Field(2, "expiration")); err != nil {
					return nil, err
				}
				return s.ask("making a token", b), nil
			},
		},
		{
			Sig:        "validate(token: string): Actor, Scope, error?",
			Doc:        "The actor and the scope of a token. Of a token that is not valid nil, nil and an Internal error; so too where one of its policies does not exist any more.",
			Permission: "security.token.validate",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				s := c.Self().(*tokenStore)
				if err := s.allowed(c, "security.token.validate"); err != nil {
					return nil, c.Return(nil, nil, err)
				}
				cmd := lua.Ask(s.id, &messages.TokenValidate{Token: c.String(0)}, func(c *lua.Call, as *messages.Context) error {
					return c.Return(as.Actor, as.Scope, nil)
				})
				cmd.Catch = func(c *lua.Call, err *messages.Error) error {
					return c.Return(nil, nil, tokenError("validating a token", err))
				}
				return cmd, nil
			},
		},
		{
			Sig:        "revoke(token: string): boolean, error?",
			Doc:        "Makes a token invalid; false if there was no such token.",
			Permission: "security.token.revoke",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				s := c.Self().(*tokenStore)
				if err := s.allowed(c, "security.token.revoke"); err != nil {
					return nil, err
				}
				return s.ask("revoking a token", &messages.TokenRevoke{Token: c.String(0)}), nil
			},
		},
		{
			Sig: "close(): boolean", Doc: "Lets go of the store; calling it again is harmless.",
			Do: func(c *lua.Call) error {
				c.Self().(*tokenStore).closed = true
				return c.Return(true)
			},
		},
	},
}

func (s *tokenStore) ask(doing string, body any) *lua.Command {
	return &lua.Command{To: s.id, Body: body, Catch: func(_ *lua.Call, err *messages.Error) error { return tokenError(doing, err) }}
}

// expiration reads how long a token is to live: 0 stands for the default of its
// store.
func expiration(v any) (time.Duration, error) {
	var d time.Duration
	switch v := v.(type) {
	case nil:
		return 0, nil
	case time.Duration:
		d = v
	case float64:
		if v > 0 {
			d = time.Duration(min(v*float64(time.Millisecond), longest))
		}
	case string:
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			return 0, messages.Errorf(messages.Invalid, "expiration %q is no duration; write it as in \"90m\", or as a number of milliseconds", v)
		}
	}
	if d <= 0 {
		return 0, messages.Errorf(messages.Invalid, "expiration must be a duration above 0: a string as in \"90m\", or a number of milliseconds")
	}
	return d, nil
}
