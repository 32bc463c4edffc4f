package security

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func table(m map[string]any) *messages.Table { return messages.ValueOf(m).(*messages.Table) }

var (
	alice = &messages.Actor{ID: "alice", Meta: table(map[string]any{
		"role": "admin", "age": 30, "roles": []any{"a", "b"}, "active": true, "dept": map[string]any{"name": "sales", "no": "7"}, "flat.key": "f", "off": false,
	})}
	request = table(map[string]any{
		"owner": "alice", "age": "30", "size": 1.5, "tags": []any{"x", 3}, "nested": map[string]any{"deep": map[string]any{"v": "1"}}, "pattern": "^al", "broken": "(", "yes": true,
		"long": "9007199254740993", "max": "9007199254740992", "object": map[string]any{"k": 1},
	})
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true},
		{"*", "anything", true},
		{"read", "read", true},
		{"read", "reads", false},
		{"read", "rea", false},
		{"read*", "reader", true},
		{"read*", "read", true},
		{"read*", "rea", false},
		{"x.*", "x.y", true},
		{"x.*", "xy", true},
		{"x.*", "x", true},
		{"x.*", "y", false},
		{"*.read", "a.read", false},
		{"*.read", "*.read", true},
		{"a*b", "axb", false},
		{"a*b", "a*b", true},
		{"a**", "a*c", true},
		{"a**", "ab", false},
	} {
		if got := parsePattern(c.pattern).match(c.text); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.text, got)
		}
	}
}

func TestConditions(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct {
		field, operator string
		value           any
		from            string
		want            bool
	}{
		{"actor.id", "eq", "alice", "", true},
		{"actor.id", "eq", "bob", "", false},
		{"actor.id", "eq", nil, "meta.owner", true},
		{"actor.id", "eq", nil, "meta.none", false},
		{"actor.id", "ne", nil, "meta.none", false},
		{"action", "eq", "read", "", true},
		{"resource", "eq", "doc:1", "", true},
		{"owner", "eq", "alice", "", true}, // any other path is a key of the metadata
		{"actor.meta.age", "eq", 30, "", true},
		{"actor.meta.age", "eq", "30.0", "", true},
		{"actor.meta.age", "eq", nil, "meta.age", true},
		{"actor.meta.role", "ne", "user", "", true},
		{"actor.meta.role", "ne", "admin", "", false},
		{"actor.meta.none", "ne", "user", "", false},
		{"actor.meta.active", "eq", true, "", true},
		{"actor.meta.active", "eq", "true", "", true},
		{"actor.meta.dept.name", "eq", "sales", "", true},
		{"actor.meta.dept.no", "eq", 7, "", true},
		{"actor.meta.flat.key", "eq", "f", "", true},
		{"meta.nested.deep.v", "eq", 1, "", true},
		{"meta.nested.deep.w", "eq", 1, "", false},
		{"meta.object", "eq", "table", "", false},
		{"meta.object", "ne", "table", "", false}, // cannot be evaluated
		{"meta.long", "eq", nil, "meta.max", false},
		{"meta.long", "ne", nil, "meta.max", true},
		{"meta.long", "eq", "9007199254740993", "", true},
		{"meta.size", "lt", 2, "", true},
		{"meta.size", "lt", 1.5, "", false},
		{"meta.size", "lte", 1.5, "", true},
		{"meta.size", "gt", "1.4", "", true},
		{"meta.size", "gt", "1.5", "", false},
		{"meta.size", "gte", "1.5", "", true},
		{"meta.owner", "gt", 1, "", false},
		{"meta.owner", "lt", "zzz", "", false},
		{"meta.none", "lt", 1, "", false},
		{"meta.long", "gt", "9007199254740000", "", true},
		{"meta.owner", "in", []any{"bob", "alice"}, "", true},
		{"meta.owner", "in", []any{"bob"}, "", false},
		{"meta.owner", "in", "alice", "", true},
		{"meta.age", "in", []any{30}, "", true},
		{"meta.owner", "in", []any{}, "", false},
		{"meta.owner", "nin", []any{"bob"}, "", true},
		{"meta.owner", "nin", []any{"alice"}, "", false},
		{"meta.none", "nin", []any{"alice"}, "", false},
		{"meta.tags", "nin", []any{"alice"}, "", false},
		{"actor.meta.role", "in", nil, "actor.meta.roles", false},
		{"meta.owner", "nin", map[string]any{"alice": 1}, "", false},
		{"meta.owner", "exists", true, "", true},
		{"meta.owner", "exists", false, "", false},
		{"meta.none", "exists", true, "", false},
		{"meta.none", "exists", false, "", true},
		{"meta.owner", "nexists", true, "", false},
		{"meta.owner", "nexists", false, "", true},
		{"meta.none", "nexists", true, "", true},
		{"meta.none", "nexists", false, "", false},
		{"actor.meta.off", "exists", "true", "", true},
		{"meta.none", "nexists", nil, "meta.yes", true},
		{"meta.none", "nexists", nil, "meta.owner", false},
		{"meta.owner", "contains", "lic", "", true},
		{"meta.owner", "contains", "bob", "", false},
		{"meta.owner", "ncontains", "bob", "", true},
		{"meta.owner", "ncontains", "ali", "", false},
		{"meta.tags", "contains", "x", "", true},
		{"meta.tags", "contains", "3", "", true},
		{"meta.tags", "contains", "y", "", false},
		{"meta.tags", "ncontains", "y", "", true},
		{"meta.none", "ncontains", "y", "", false},
		{"meta.object", "ncontains", "y", "", false},
		{"meta.owner", "matches", "^a.*e$", "", true},
		{"meta.owner", "matches", "^b", "", false},
		{"meta.owner", "nmatches", "^b", "", true},
		{"meta.none", "nmatches", "^b", "", false},
		{"meta.tags", "nmatches", "^b", "", false},
		{"meta.size", "matches", `^1\.5$`, "", true},
		{"meta.owner", "matches", nil, "meta.pattern", true},
		{"meta.owner", "matches", nil, "meta.broken", false},
		{"meta.owner", "nmatches", nil, "meta.broken", false},
		{"meta.owner", "matches", nil, "meta.size", false},
	} {
		tested[c.operator] = true
		p, err := NewPolicy("app:p", Rules{Target: Target{Actions: "*", Resources: "*", Effect: "allow"}, Conditions: []Condition{{c.field, c.operator, c.value, c.from}}})
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		want := messages.Undefined
		if c.want {
			want = messages.Allow
		}
		if got := p.Evaluate(alice, "read", "doc:1", request); got != want {
			t.Errorf("%v: got %s", c, got)
		}
	}
	for op := range operators {
		if !tested[op] {
			t.Errorf("operator %s has no test", op)
		}
	}
}

func TestEvaluate(t *testing.T) {
	rules := func(effect string, actions, resources any, conditions ...Condition) *Policy {
		p, err := NewPolicy("app:"+effect, Rules{Target: Target{Actions: actions, Resources: resources, Effect: effect}, Conditions: conditions})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	allow := rules("allow", []any{"read", "list"}, "doc:*")
	deny := rules("deny", "*", []any{"doc:secret"})
	both := rules("allow", "*", "*", Condition{Field: "actor.id", Operator: "eq", Value: "alice"}, Condition{Field: "meta.owner", Operator: "eq", Value: "bob"})
	for _, c := range []struct {
		policies         []messages.Policy
		action, resource string
		want             messages.Effect
	}{
		{nil, "read", "doc:1", messages.Undefined},
		{[]messages.Policy{allow}, "read", "doc:1", messages.Allow},
		{[]messages.Policy{allow}, "write", "doc:1", messages.Undefined},
		{[]messages.Policy{allow}, "read", "other", messages.Undefined},
		{[]messages.Policy{allow, deny}, "read", "doc:secret", messages.Deny},
		{[]messages.Policy{deny, allow}, "read", "doc:secret", messages.Deny},
		{[]messages.Policy{deny, allow}, "read", "doc:1", messages.Allow},
		{[]messages.Policy{both}, "read", "doc:1", messages.Undefined},
	} {
		s := &messages.Scope{Policies: c.policies}
		if got := s.Evaluate(alice, c.action, c.resource, request); got != c.want {
			t.Errorf("%v %s %s: got %s", c.policies, c.action, c.resource, got)
		}
	}
	nobody := rules("allow", "*", "*", Condition{Field: "actor.id", Operator: "exists", Value: false}, Condition{Field: "actor.meta.x", Operator: "nexists", Value: true}, Condition{Field: "meta.x", Operator: "nexists", Value: true})
	if got := nobody.Evaluate(nil, "a", "b", nil); got != messages.Allow {
		t.Errorf("without actor and metadata: %s", got)
	}
	if allow.ID() != "app:allow" {
		t.Error(allow.ID())
	}
}

func TestNewPolicyMistakes(t *testing.T) {
	good := func() Rules { return Rules{Target: Target{Actions: "*", Resources: "*", Effect: "allow"}} }
	for want, change := range map[string]func(*Rules){
		"actions: an empty list matches nothing":                  func(r *Rules) { r.Actions = []any{} },
		"resources: expected a string or a list of strings":       func(r *Rules) { r.Resources = []any{1} },
		"actions: an empty pattern matches nothing":               func(r *Rules) { r.Actions = "" },
		`condition 1: operator: unknown operator "equal"`:         func(r *Rules) { r.Conditions = []Condition{{"action", "equal", 1, ""}} },
		"condition 1: value: one of value and value_from must be": func(r *Rules) { r.Conditions = []Condition{{"action", "eq", nil, ""}} },
		"condition 1: value_from: value is given too":             func(r *Rules) { r.Conditions = []Condition{{"action", "eq", 1, "resource"}} },
		"condition 1: value: operator exists needs true or false": func(r *Rules) { r.Conditions = []Condition{{"action", "exists", "maybe", ""}} },
		"condition 1: value: invalid regular expression: ":        func(r *Rules) { r.Conditions = []Condition{{"action", "matches", "(", ""}} },
	} {
		r := good()
		change(&r)
		if _, err := NewPolicy("app:p", r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	p, err := NewPolicy("app:p", Rules{Target: Target{Actions: []any{"write", "read"}, Resources: "doc:*", Effect: "allow"}, Conditions: []Condition{{"actor.id", "eq", nil, "meta.owner"}, {"actor.meta.dept.name", "in", []any{"sales"}, ""}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Evaluate(alice, "read", "doc:1", request)
	}
}

// Whatever is asked, a policy answers.
func FuzzEvaluate(f *testing.F) {
	f.Add("meta.owner", "eq", "alice", "", "read*")
	f.Add("actor.meta.dept.name", "matches", "", "meta.pattern", "*")
	f.Fuzz(func(t *testing.T, field, operator, value, from, pattern string) {
		var v any = value
		if value == "" {
			v = nil
		}
		p, err := NewPolicy("app:p", Rules{Target: Target{Actions: pattern, Resources: "*", Effect: "deny"}, Conditions: []Condition{{field, operator, v, from}}})
		if err != nil {
			return
		}
		if got := p.Evaluate(alice, "read", "doc:1", request); got != messages.Deny && got != messages.Undefined {
			t.Errorf("got %s", got)
		}
	})
}
