package modules

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestTokenStoreObject(t *testing.T) {
	const open = `local ts = security.token_store("app:t"); local a, s = security.actor(), security.scope(); `
	get := "security.token_store.get app:t"
	all := may(get, "security.token.create app:t", "security.token.validate app:t", "security.token.revoke app:t", "security.policy.get app:p", "security.policy_group.get app:g")
	answer := func(cmd *lua.Command) any {
		switch b := cmd.Body.(type) {
		case *messages.TokenStoreInfo:
			return &messages.Done{}
		case *messages.TokenCreate:
			return "a token"
		case *messages.TokenValidate:
			if b.Token == "bad" {
				return messages.Errorf(messages.Invalid, "no")
			}
			return may()
		case *messages.TokenRevoke:
			return b.Token != "gone"
		case *messages.PolicyGet:
			return fixed{b.ID, messages.Allow}
		case *messages.ScopeGet:
			return messages.Errorf(messages.NotFound, "policy group not found")
		}
		return unanswered{}
	}
	list := []example{
		{name: "create", ctx: all, source: open + `return show(ts:create(a, s, {expiration = 1500, meta = {n = 1}}))`, want: "a token", check: func(t *testing.T, w *world) {
			b := w.asked[1].Body.(*messages.TokenCreate)
			if w.asked[1].To != "app:t" || b.Expires != 1500*time.Millisecond || b.Meta.Get("n") != 1.0 || b.Actor.ID != "user:1" || len(b.Scope.Policies) != 1 {
				t.Errorf("asked %s", dumpValue(b))
			}
		}},
		{name: "default expiration", ctx: all, source: open + `return show(ts:create(a, s))`, want: "a token", check: func(t *testing.T, w *world) {
			if b := w.asked[1].Body.(*messages.TokenCreate); b.Expires != 0 || b.Meta != nil {
				t.Errorf("asked %s", dumpValue(b))
			}
		}},
		{name: "validate", ctx: all, source: open + `local who, scope, err = ts:validate("good"); return show(who:id(), #scope:policies(), err)`, want: "user:1, 1, nil"},
		{name: "validate fails", ctx: all, source: open + `return show(ts:validate("bad"))`, want: "nil, nil, Internal:validating a token: no"},
		{name: "revoke", ctx: all, source: open + `return show(ts:revoke("x"), ts:revoke("gone"))`, want: "true, false"},
		{name: "create refused", ctx: may(get), source: open + `return show(ts:create(a, s))`, want: "nil, PermissionDenied:permission denied: security.token.create app:t"},
		{name: "validate refused", ctx: may(get), source: open + `return show(ts:validate("x"))`, want: "nil, nil, PermissionDenied:permission denied: security.token.validate app:t"},
		{name: "revoke refused", ctx: may(get), source: open + `return show(ts:revoke("x"))`, want: "nil, PermissionDenied:permission denied: security.token.revoke app:t"},
		{name: "store refused", ctx: may(), source: `return raises(security.token_store, "app:t")`, want: "PermissionDenied:not allowed to get token store: app:t"},
		{name: "policy", ctx: all, source: `local p, err = security.policy("app:p"); return show(p:id(), err)`, want: "app:p, nil"},
		{name: "policy refused", ctx: all, source: `return show(security.policy("app:q"))`, want: "nil, Invalid:permission denied: access policy app:q"},
		{name: "unknown group", ctx: all, source: `return show(security.named_scope("app:g"))`, want: "nil, Internal:finding a policy group: policy group not found"},
		{name: "group refused", ctx: all, source: `return show(security.named_scope("app:h"))`, want: "nil, Invalid:permission denied: access policy group app:h"},
	}
	for i := range list {
		list[i].answer = answer
	}
	examples(t, list)
}
