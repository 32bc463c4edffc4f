package security

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func readsIf(text string) Expression {
	return Expression{Target: Target{Actions: "read", Resources: "doc:*", Effect: "allow"}, Expression: text}
}

func TestExpressions(t *testing.T) {
	many := make([]any, maxElements+1)
	for i := range many {
		many[i] = i
	}
	meta := table(map[string]any{"owner": "alice", "n": 3, "tags": []any{"x", "y"}, "deep": map[string]any{"v": 1.5}, "few": many[:90], "most": many[:maxElements], "many": many})
	for text, want := range map[string]messages.Effect{
		`true`:                               messages.Allow,
		`false`:                              messages.Undefined,
		`actor.id == "alice"`:                messages.Allow,
		`actor.id == meta.owner`:             messages.Allow,
		`actor.meta.role == "admin"`:         messages.Allow,
		`actor.meta.dept.name == "sales"`:    messages.Allow,
		`actor.meta.age >= 30 && meta.n < 4`: messages.Allow,
		`action == "read" and resource startsWith "doc:"`: messages.Allow,
		`meta.n in 1..3`:                               messages.Allow,
		`meta.n in [1, 2]`:                             messages.Undefined,
		`"x" in meta.tags`:                             messages.Allow,
		`any(meta.tags, # == "y")`:                     messages.Allow,
		`all(meta.tags, # matches "^[a-x]$")`:          messages.Undefined,
		`len(filter(actor.meta.roles, # != "a")) == 1`: messages.Allow,
		`count(meta.tags, # in actor.meta.roles) == 0`: messages.Allow,
		`sum(map(meta.tags, len(#))) == 2`:             messages.Allow,
		`meta.absent == nil`:                           messages.Allow,
		`meta.absent`:                                  messages.Undefined, // no boolean
		`meta.deep.v == 1.5`:                           messages.Allow,
		`meta.absent.v == 1`:                           messages.Undefined, // fails
		`meta.absent?.v == nil`:                        messages.Allow,
		`meta.owner > 5`:                               messages.Undefined,
		`meta.owner matches meta.deep`:                 messages.Undefined,
		`all(meta.most, true)`:                         messages.Allow,
		`all(meta.many, true)`:                         messages.Undefined,
		`all(meta.few, all(meta.few, # >= 0))`:         messages.Allow,
		`all(1..200, all(1..200, true))`:               messages.Undefined,
		`len(1..900000) > 0`:                           messages.Allow,
		`len(1..90000000) > 0`:                         messages.Undefined,
	} {
		p, err := NewExprPolicy("app:p", readsIf(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.Evaluate(alice, "read", "doc:1", meta); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if p.Evaluate(alice, "write", "doc:1", meta) != messages.Undefined || p.Evaluate(alice, "read", "pic:1", meta) != messages.Undefined {
			t.Errorf("%s: it applies to something else", text)
		}
	}
	p, err := NewExprPolicy("app:p", readsIf(`actor.id == "" && actor.meta.x == nil && meta.x == nil`))
	if err != nil || p.Evaluate(nil, "read", "doc:", nil) != messages.Allow {
		t.Errorf("without anything: %v", err)
	}
}

func TestExpressionMistakes(t *testing.T) {
	n := node(t)
	const good = "actions: a, resources: b, effect: deny"
	for fields, want := range map[string]string{
		"policy: {" + good + "}":                                                            `missing field "policy.expression"`,
		"policy: {actions: a, effect: deny, expression: \"true\"}":                          `missing field "policy.resources"`,
		"policy: {" + good + ", expression: \"1 +\"}":                                       `field "policy.expression": unexpected token EOF`,
		"policy: {" + good + ", expression: 'actr.id == 1'}":                                `field "policy.expression": unknown name actr`,
		"policy: {" + good + ", expression: 'actor.name == 1'}":                             `field "policy.expression": type security.exprActor has no field name`,
		"policy: {" + good + ", expression: 'actor.id'}":                                    `field "policy.expression": expected bool, but got string`,
		"policy: {" + good + ", expression: 'let a = 1; a == 1'}":                           `field "policy.expression": let cannot be used in a policy`,
		"policy: {" + good + ", expression: 'repeat(\"a\", 9) == \"\"'}":                    `field "policy.expression": unknown name repeat`,
		"policy: {" + good + ", expression: 'reduce([1], #acc) == 1'}":                      `field "policy.expression": function reduce cannot be used in a policy; there are all, none,`,
		"policy: {" + good + ", expression: 'true" + strings.Repeat(" or true", 300) + "'}": `field "policy.expression": compilation failed: expression exceeds maximum allowed nodes`,
		"policy: {" + good + ", expression: '" + strings.Repeat(" ", 5000) + "true'}":       `field "policy.expression": the expression has more than 4096 characters`,
	} {
		_, problems := actorstest.Read(n, "  - {name: p, kind: security.policy.expr, "+fields+"}\n")
		if got := problems.Error(); !strings.Contains(got, want) || !strings.Contains(got, "app:p") {
			t.Errorf("%s: got %v, want %s", fields, problems, want)
		}
	}
}

// Policies with expressions are found, changed and removed as the others are.
func TestExpressionEntries(t *testing.T) {
	n := node(t)
	list := "  - {name: own, kind: security.policy.expr, groups: [staff], policy: {actions: write, resources: \"*\", effect: deny, expression: 'meta.owner != actor.id'}}\n"
	if err := actorstest.Create(t, n, list); err != nil {
		t.Fatal(err)
	}
	scope := actorstest.Must[*messages.Scope](t, n, "security", &messages.ScopeGet{Group: "app:staff"})
	if got := ids(scope, nil); got != "app:own app:read app:write" {
		t.Errorf("the group has %s", got)
	}
	may := func() bool {
		p := actorstest.Must[messages.Policy](t, n, "security", &messages.PolicyGet{ID: "app:own"})
		return p.Evaluate(&messages.Actor{ID: "ann"}, "write", "x", table(map[string]any{"owner": "bob"})) != messages.Deny
	}
	if may() {
		t.Error("the policy does not deny")
	}
	if err := actorstest.Update(t, n, "app:own", strings.Replace(list, "!=", "==", 1)); err != nil {
		t.Fatal(err)
	}
	if !may() {
		t.Error("the old expression still counts")
	}
}

// No expression panics or grows without bound, at load or later.
func FuzzExpression(f *testing.F) {
	f.Add(`all(meta.l, # in actor.meta.roles) or meta.s + meta.s matches "a*"`)
	f.Add(`any(1..9, any(1..9, #index > 2))`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := NewExprPolicy("app:p", readsIf(text))
		if err != nil {
			return
		}
		p.Evaluate(alice, "read", "doc:1", table(map[string]any{"s": "text", "l": []any{1, "x"}}))
	})
}
