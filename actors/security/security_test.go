package security

import (
	"context"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

const policies = `
  - {name: read, kind: security.policy, policy: {actions: read, resources: "*", effect: allow}, groups: [staff, "other:all", staff]}
  - {name: write, kind: security.policy, policy: {actions: [write], resources: ["doc:*"], effect: allow}, groups: [staff]}
  - {name: never, kind: security.policy, policy: {actions: "*", resources: "doc:secret", effect: deny}}
`

func node(t *testing.T) *actors.Node {
	t.Helper()
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component, actorstest.Entries}, Kinds: Kinds()})
	if err := actorstest.Create(t, n, policies); err != nil {
		t.Fatal(err)
	}
	return n
}

// ids lists the policies of a scope.
func ids(v any, err error) string {
	if err != nil {
		e := messages.AsError(err)
		return e.Kind + ": " + e.Error()
	}
	var out []string
	for _, p := range v.(*messages.Scope).Policies {
		out = append(out, p.ID())
	}
	return strings.Join(out, " ")
}

func TestScopes(t *testing.T) {
	n := node(t)
	group := func(id string) string { return ids(actorstest.Ask(t, n, "security", &messages.ScopeGet{Group: id})) }
	scope := func(groups, policies []string) string {
		return ids(actorstest.Ask(t, n, "security", &messages.ScopeOf{Groups: groups, Policies: policies}))
	}
	for _, c := range []struct{ got, want string }{
		{group("app:staff"), "app:read app:write"},
		{group("other:all"), "app:read"},
		{group("app:stuff"), `NotFound: policy group not found: app:stuff; did you mean "app:staff"?`},
		{group(""), "NotFound: policy group not found: "},
		{scope(nil, nil), ""},
		{scope([]string{"app:staff", "other:all"}, []string{"app:never", "app:read"}), "app:never app:read app:write"},
		{scope(nil, []string{"app:nevr"}), `NotFound: policy not found: app:nevr; did you mean "app:never"?`},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	p := actorstest.Must[messages.Policy](t, n, "security", &messages.PolicyGet{ID: "app:never"})
	if p.ID() != "app:never" || p.Evaluate(nil, "read", "doc:secret", nil) != messages.Deny {
		t.Errorf("another policy: %s", p.ID())
	}
	changed := strings.Replace(policies, "groups: [staff]}", "groups: [writers]}", 1)
	if err := actorstest.Update(t, n, "app:write", changed); err != nil {
		t.Fatal(err)
	}
	if got := group("app:staff") + " / " + group("app:writers"); got != "app:read / app:write" {
		t.Errorf("after the update: %s", got)
	}
	actorstest.Remove(t, n, "app:write")
	if got := group("app:writers"); !strings.HasPrefix(got, "NotFound: ") {
		t.Errorf("after the removal: %s", got)
	}
}

func TestMistakes(t *testing.T) {
	n := node(t)
	const good = "actions: a, resources: b, effect: allow"
	for fields, want := range map[string]string{
		"groups: []":                                                                                                       `missing field "policy"`,
		"policy: {actions: a, effect: deny}":                                                                               `missing field "policy.resources"`,
		"policy: {actions: a, resources: [], effect: deny}":                                                                `field "policy.resources": an empty list matches nothing; write "*" or a list of patterns`,
		"policy: {actions: a, resources: b, effect: alow}":                                                                 `field "policy.effect" is "alow"; expected one of allow, deny; did you mean "allow"?`,
		"policy: {" + good + ", conditions: [{operator: eq, value: 1}]}":                                                   `missing field "policy.conditions[0].field"`,
		"policy: {" + good + ", conditions: [{field: a, operator: equals, value: 1}]}":                                     `field "policy.conditions[0].operator" is "equals"; expected one of eq, ne`,
		"policy: {" + good + ", conditions: [{field: a, operator: eq}]}":                                                   `field "policy.conditions[0].value": one of value and value_from must be given`,
		"policy: {" + good + ", conditions: [{field: a, operator: matches, value: \"(\"}]}":                                `field "policy.conditions[0].value": invalid regular expression`,
		"policy: {" + good + ", conditions: [{field: a, operator: eq, value: 1}, {field: b, operator: exists, value: 3}]}": `field "policy.conditions[1].value": operator exists needs true or false`,
	} {
		_, problems := actorstest.Read(n, "  - {name: p, kind: security.policy, "+fields+"}\n")
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: got %v, want %s", fields, problems, want)
		}
	}
}

func TestRunAs(t *testing.T) {
	n := node(t)
	env := actors.Env{Node: n, ID: "app:svc", Entry: registry.Entry{ID: registry.ID{NS: "app", Name: "svc"}}}
	ctx := context.Background()
	resolve := func(r *actors.RunAs) *messages.Context {
		t.Helper()
		c, err := actors.ResolveRunAs(ctx, env, r)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := resolve(nil); c != nil {
		t.Errorf("nothing gave %v", c)
	}
	c := resolve(&actors.RunAs{Actor: &actors.RunAsActor{ID: "svc", Meta: map[string]any{"role": "x"}}, Groups: []string{"staff"}, Policies: []string{"app:never"}})
	if c.Actor.ID != "svc" || c.Actor.Meta.Get("role") != "x" || ids(c.Scope, nil) != "app:never app:read app:write" {
		t.Errorf("got %v %v", c.Actor, ids(c.Scope, nil))
	}
	if !c.May(true, "write", "doc:1", nil) || c.May(false, "write", "doc:secret", nil) || c.May(false, "delete", "doc:1", nil) {
		t.Error("the context decides otherwise")
	}
	if c := resolve(&actors.RunAs{Actor: &actors.RunAsActor{ID: "svc"}}); c.Actor == nil || c.Scope != nil || c.May(true, "a", "b", nil) || !c.May(false, "a", "b", nil) {
		t.Errorf("an actor alone gave %v", c)
	}
	if c := resolve(&actors.RunAs{Groups: []string{"staff"}}); c.Actor != nil || c.Scope == nil {
		t.Errorf("a scope alone gave %v", c)
	}
	for want, r := range map[string]*actors.RunAs{
		`security of app:svc: policy group not found: app:stuff; did you mean "app:staff"?`: {Groups: []string{"stuff"}},
		`security of app:svc: policy not found: app:none`:                                   {Policies: []string{"none"}},
		`security of app:svc: group "a:b:c": `:                                              {Groups: []string{"a:b:c"}},
	} {
		if _, err := actors.ResolveRunAs(ctx, env, r); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
