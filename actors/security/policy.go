package security

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// PolicyConfig are the fields of security.policy.
type PolicyConfig struct {
	Policy Rules    `yaml:"policy" required:"true" doc:"What the policy says."`
	Groups []string `yaml:"groups" doc:"Groups the policy belongs to; a bare name is in the policy's namespace."`
}

// Target is what every policy says: to what it applies, and what it decides.
type Target struct {
	Actions   any    `yaml:"actions" required:"true" doc:"Pattern or list of patterns: * is all, prefix* everything with that prefix, anything else itself."`
	Resources any    `yaml:"resources" required:"true" doc:"Pattern or list of patterns, as for actions."`
	Effect    string `yaml:"effect" required:"true" oneof:"allow|deny" doc:"What the policy decides where it applies."`
}

// Rules are what a policy with conditions says.
type Rules struct {
	Target
	Conditions []Condition `yaml:"conditions" doc:"All must hold for the policy to apply."`
}

// Validate implements registry.Validator.
func (r *Target) Validate() error {
	for _, f := range []struct {
		name  string
		value any
	}{{"actions", r.Actions}, {"resources", r.Resources}} {
		if _, err := patterns(f.value); err != nil {
			return &registry.FieldError{Path: []string{f.name}, Text: err.Error(), Hint: `write "*" or a list of patterns`}
		}
	}
	return nil
}

// patterns reads a string or a list of strings.
func patterns(v any) ([]string, error) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var out []string
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("expected a string or a list of strings")
		}
		if s == "" {
			return nil, fmt.Errorf("an empty pattern matches nothing")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("an empty list matches nothing")
	}
	return out, nil
}

// Policy is a policy that is ready to decide. It is never changed and may be used
// by many goroutines at once.
type Policy struct {
	id                 string
	actions, resources []pattern
	effect             messages.Effect
	applies            func(*input) bool
}

// NewPolicy makes a policy of its rules. It returns the error that Validate of
// the rules and their conditions would.
func NewPolicy(id string, r Rules) (*Policy, error) {
	var conditions []condition
	for i, c := range r.Conditions {
		made, err := c.compile()
		if err != nil {
			return nil, fmt.Errorf("condition %d: %w", i+1, err)
		}
		conditions = append(conditions, made)
	}
	return newPolicy(id, &r.Target, func(in *input) bool {
		for i := range conditions {
			if !conditions[i].holds(in) {
				return false
			}
		}
		return true
	})
}

func newPolicy(id string, r *Target, applies func(*input) bool) (*Policy, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	p := &Policy{id: id, effect: messages.Effect(r.Effect), applies: applies}
	for _, f := range []struct {
		from any
		to   *[]pattern
	}{{r.Actions, &p.actions}, {r.Resources, &p.resources}} {
		texts, _ := patterns(f.from)
		for _, text := range texts {
			*f.to = append(*f.to, parsePattern(text))
		}
	}
	return p, nil
}

// ID implements messages.Policy.
func (p *Policy) ID() string { return p.id }

// Evaluate implements messages.Policy. Where the policy does not apply, or that
// cannot be evaluated, the result is Undefined.
func (p *Policy) Evaluate(a *messages.Actor, action, resource string, meta *messages.Table) messages.Effect {
	if !matchAny(p.actions, action) || !matchAny(p.resources, resource) || !p.applies(&input{a, action, resource, meta}) {
		return messages.Undefined
	}
	return p.effect
}

// pattern is "*", a prefix, or an exact text.
type pattern struct {
	text   string
	prefix bool
}

// parsePattern reads "x*" and, meaning the same, "x.*"; a "*" anywhere else stands
// for itself.
func parsePattern(s string) pattern {
	rest, ok := strings.CutSuffix(s, "*")
	if !ok {
		return pattern{text: s}
	}
	return pattern{text: strings.TrimSuffix(rest, "."), prefix: true}
}

func (p pattern) match(s string) bool {
	return s == p.text || p.prefix && strings.HasPrefix(s, p.text)
}

func matchAny(ps []pattern, s string) bool {
	return slices.ContainsFunc(ps, func(p pattern) bool { return p.match(s) })
}

// input is what a policy is asked about.
type input struct {
	actor            *messages.Actor
	action, resource string
	meta             *messages.Table
}

// field returns what a path names; nil stands for a field that does not exist.
func (in *input) field(path string) messages.Value {
	switch path {
	case "action":
		return in.action
	case "resource":
		return in.resource
	case "actor.id":
		if in.actor == nil {
			return nil
		}
		return in.actor.ID
	}
	if rest, ok := strings.CutPrefix(path, "actor.meta."); ok {
		if in.actor == nil {
			return nil
		}
		return lookup(in.actor.Meta, rest)
	}
	if rest, ok := strings.CutPrefix(path, "meta."); ok {
		if v := lookup(in.meta, rest); v != nil {
			return v
		}
	}
	return lookup(in.meta, path)
}

// lookup follows a path through nested tables. A key with dots in it is as good as
// nested tables.
func lookup(t *messages.Table, path string) messages.Value {
	if t == nil {
		return nil
	}
	if v := t.Get(path); v != nil {
		return v
	}
	for i := 0; i < len(path); i++ {
		if path[i] != '.' {
			continue
		}
		if next, ok := t.Get(path[:i]).(*messages.Table); ok {
			if v := lookup(next, path[i+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

// number reads numbers and strings that are written as a decimal number.
func number(v messages.Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, v == v
	case string:
		if strings.Trim(v, "0123456789.eE+-") != "" {
			return 0, false
		}
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// exactDigits is how many digits float64 always keeps.
const exactDigits = 15

// long reports whether v is text with more digits than a number keeps. Two such
// texts are compared as text: different ids must never be equal.
func long(v messages.Value) bool {
	s, ok := v.(string)
	return ok && len(s) > exactDigits
}

// text is the text of a scalar.
func text(v messages.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, float64:
		return messages.Text(v), true
	}
	return "", false
}

// equal compares as numbers if both sides are, else as text. It reports false for
// ok if that cannot be: a table on one side.
func equal(a, b messages.Value) (is, ok bool) {
	if x, isNumber := number(a); isNumber && !(long(a) && long(b)) {
		if y, isNumber := number(b); isNumber {
			return x == y, true
		}
	}
	x, ok1 := text(a)
	y, ok2 := text(b)
	return x == y, ok1 && ok2
}
