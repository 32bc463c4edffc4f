package security

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Condition is a test of one field.
type Condition struct {
	Field     string `yaml:"field" required:"true" doc:"What is tested: actor.id, actor.meta.x, action, resource, meta.x."`
	Operator  string `yaml:"operator" required:"true" oneof:"eq|ne|lt|gt|lte|gte|in|nin|exists|nexists|contains|ncontains|matches|nmatches" doc:"How it is tested."`
	Value     any    `yaml:"value" doc:"What it is compared with."`
	ValueFrom string `yaml:"value_from" doc:"The field it is compared with, in place of value."`
}

// Validate implements registry.Validator.
func (c *Condition) Validate() error {
	_, err := c.compile()
	return err
}

// condition is a Condition that is ready to use.
type condition struct {
	field, from string // from is "" where value counts
	value       messages.Value
	test        test // nil for one that asks whether the field is there …
	want        bool // … and what it must be: the value true wants this
}

// test compares a field that exists with a value. It is false where that cannot be.
type test func(field, value messages.Value) bool

func (c *Condition) compile() (condition, error) {
	out := condition{field: c.Field, from: c.ValueFrom, value: messages.ValueOf(c.Value)}
	op, ok := operators[c.Operator]
	switch {
	case !ok:
		hint := registry.DidYouMean(c.Operator, slices.Collect(maps.Keys(operators)))
		return out, &registry.FieldError{Path: []string{"operator"}, Text: fmt.Sprintf("unknown operator %q", c.Operator), Hint: hint}
	case c.Value == nil && c.ValueFrom == "":
		return out, &registry.FieldError{Path: []string{"value"}, Text: "one of value and value_from must be given", Hint: "add what the field is compared with"}
	case c.Value != nil && c.ValueFrom != "":
		return out, &registry.FieldError{Path: []string{"value_from"}, Text: "value is given too", Hint: "leave one of them out"}
	}
	out.test, out.want = op.test, op.want
	switch {
	case op.test == nil && op.prepare == nil:
		if _, isBool := truth(out.value); !isBool && c.ValueFrom == "" {
			return out, &registry.FieldError{Path: []string{"value"}, Text: fmt.Sprintf("operator %s needs true or false", c.Operator)}
		}
	case op.prepare != nil && c.ValueFrom == "":
		made, err := op.prepare(out.value)
		if err != nil {
			return out, &registry.FieldError{Path: []string{"value"}, Text: err.Error()}
		}
		out.test = made
	case op.prepare != nil:
		out.test = func(field, value messages.Value) bool {
			made, err := op.prepare(value)
			return err == nil && made(field, value)
		}
	}
	return out, nil
}

// holds evaluates the condition. What cannot be evaluated does not hold.
func (c *condition) holds(in *input) bool {
	value := c.value
	if c.from != "" {
		if value = in.field(c.from); value == nil {
			return false
		}
	}
	field := in.field(c.field)
	if c.test == nil {
		yes, ok := truth(value)
		return ok && (field != nil) == (yes == c.want)
	}
	return field != nil && c.test(field, value)
}

// operator has a test, or makes one of the value, or has neither: then it asks
// whether the field exists.
type operator struct {
	want    bool
	test    test
	prepare func(value messages.Value) (test, error)
}

var operators = map[string]operator{
	"eq":        {test: func(a, b messages.Value) bool { is, ok := equal(a, b); return ok && is }},
	"ne":        {test: func(a, b messages.Value) bool { is, ok := equal(a, b); return ok && !is }},
	"lt":        {test: compared(func(a, b float64) bool { return a < b })},
	"gt":        {test: compared(func(a, b float64) bool { return a > b })},
	"lte":       {test: compared(func(a, b float64) bool { return a <= b })},
	"gte":       {test: compared(func(a, b float64) bool { return a >= b })},
	"in":        {test: func(a, b messages.Value) bool { is, ok := member(a, b); return ok && is }},
	"nin":       {test: func(a, b messages.Value) bool { is, ok := member(a, b); return ok && !is }},
	"exists":    {want: true},
	"nexists":   {want: false},
	"contains":  {test: func(a, b messages.Value) bool { is, ok := contains(a, b); return ok && is }},
	"ncontains": {test: func(a, b messages.Value) bool { is, ok := contains(a, b); return ok && !is }},
	"matches":   {prepare: func(v messages.Value) (test, error) { return expression(v, true) }},
	"nmatches":  {prepare: func(v messages.Value) (test, error) { return expression(v, false) }},
}

func compared(f func(a, b float64) bool) test {
	return func(a, b messages.Value) bool {
		x, ok1 := number(a)
		y, ok2 := number(b)
		return ok1 && ok2 && f(x, y)
	}
}

// member reports whether a is an element of the list b, or equal to it where b
// is no list.
func member(a, b messages.Value) (is, ok bool) {
	list, isList := b.(*messages.Table)
	if !isList {
		return equal(a, b)
	}
	if len(list.Keys) > 0 {
		return false, false
	}
	if _, scalar := text(a); !scalar {
		return false, false
	}
	for _, item := range list.Array {
		if is, ok := equal(a, item); ok && is {
			return true, true
		}
	}
	return false, true
}

// contains reports whether b is a part of the text a, or an element of the list a.
func contains(a, b messages.Value) (is, ok bool) {
	if list, isList := a.(*messages.Table); isList {
		if len(list.Keys) > 0 {
			return false, false
		}
		return member(b, list)
	}
	x, ok1 := text(a)
	y, ok2 := text(b)
	return strings.Contains(x, y), ok1 && ok2
}

// maxExpression bounds regular expressions that come from what is being checked.
const maxExpression = 1024

func expression(v messages.Value, want bool) (test, error) {
	s, ok := v.(string)
	if !ok || len(s) > maxExpression {
		return nil, fmt.Errorf("a regular expression of at most %d characters is needed", maxExpression)
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("invalid regular expression: %w", err)
	}
	return func(field, _ messages.Value) bool {
		x, ok := text(field)
		return ok && re.MatchString(x) == want
	}, nil
}

// truth reads true and false, also as text.
func truth(v any) (b, ok bool) {
	switch v {
	case true, "true":
		return true, true
	case false, "false":
		return false, true
	}
	return false, false
}
