package security

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ExprPolicyConfig are the fields of security.policy.expr.
type ExprPolicyConfig struct {
	Policy Expression `yaml:"policy" required:"true" doc:"What the policy says."`
	Groups []string   `yaml:"groups" doc:"Groups the policy belongs to; a bare name is in the policy's namespace."`
}

// ExprPolicyKind is the kind security.policy.expr.
var ExprPolicyKind = actors.Define(actors.Spec[ExprPolicyConfig]{
	Name: "security.policy.expr",
	Doc:  "Allows or denies actions on resources where an expression is true.",
	Serve: policyServer(func(id string, c ExprPolicyConfig) (*Policy, []string, error) {
		p, err := NewExprPolicy(id, c.Policy)
		return p, c.Groups, err
	}),
})

// Expression is what a policy with an expression says.
type Expression struct {
	Target
	Expression string `yaml:"expression" required:"true" doc:"Expression in the language expr over actor (id, meta), action, resource and meta. The policy applies where it is true; not where it fails, or looks at more than 10,000 elements of lists."`
}

// Validate implements registry.Validator.
func (e *Expression) Validate() error {
	if err := e.Target.Validate(); err != nil {
		return err
	}
	if _, err := compileExpression(e.Expression); err != nil {
		return &registry.FieldError{Path: []string{"expression"}, Text: err.Error()}
	}
	return nil
}

// NewExprPolicy makes a policy of its expression. It returns the error that
// Validate of the expression would.
func NewExprPolicy(id string, e Expression) (*Policy, error) {
	program, err := compileExpression(e.Expression)
	if err != nil {
		return nil, fmt.Errorf("expression: %w", err)
	}
	return newPolicy(id, &e.Target, func(in *input) bool { return isTrue(program, in) })
}

// exprInput is what an expression sees.
type exprInput struct {
	Actor    exprActor      `expr:"actor"`
	Action   string         `expr:"action"`
	Resource string         `expr:"resource"`
	Meta     map[string]any `expr:"meta"`

	// Count is called for each element that a function such as all or filter looks
	// at. Its name cannot be written in an expression.
	Count func(...any) any `expr:"(count)"`
}

type exprActor struct {
	ID   string         `expr:"id"`
	Meta map[string]any `expr:"meta"`
}

const (
	maxExpressionText  = 4096
	maxExpressionNodes = 500
	maxElements        = 10_000
)

// Functions whose cost follows from the size of what is checked. The others can
// make texts and lists that are far larger.
var exprFunctions = []string{
	"all", "none", "any", "one", "filter", "map", "find", "count", "sum",
	"len", "first", "last", "get", "keys", "values", "min", "max",
	"abs", "ceil", "floor", "round", "int", "float", "string", "type",
	"trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
	"now", "date", "duration",
}

func compileExpression(text string) (*vm.Program, error) {
	if len(text) > maxExpressionText {
		return nil, fmt.Errorf("the expression has more than %d characters; make several policies of it", maxExpressionText)
	}
	bounds := &bounder{}
	// Without the optimizer ranges count against the memory of each evaluation.
	opts := []expr.Option{expr.Env(exprInput{}), expr.AsBool(), expr.MaxNodes(maxExpressionNodes), expr.Optimize(false), expr.Patch(bounds), expr.DisableAllBuiltins()}
	for _, name := range exprFunctions {
		opts = append(opts, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, opts...)
	if bounds.err != nil {
		return nil, bounds.err
	}
	return program, err
}

// bounder makes the cost of an expression countable.
type bounder struct {
	done []ast.Node
	err  error
}

// Visit implements ast.Visitor.
func (b *bounder) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BuiltinNode: // expr does not disable those with a predicate
		if !slices.Contains(exprFunctions, n.Name) {
			b.err = fmt.Errorf("function %s cannot be used in a policy; there are %s", n.Name, strings.Join(exprFunctions, ", "))
		}
	case *ast.VariableDeclaratorNode: // one that is used twice doubles a text, again and again
		b.err = errors.New("let cannot be used in a policy; write the value where it is used")
	case *ast.PredicateNode:
		if slices.Contains(b.done, n.Node) {
			return // the tree is visited more than once
		}
		n.Node = &ast.ConditionalNode{Ternary: true, Cond: &ast.CallNode{Callee: &ast.IdentifierNode{Value: "(count)"}}, Exp1: n.Node, Exp2: &ast.NilNode{}}
		b.done = append(b.done, n.Node)
	}
}

var errElements = fmt.Errorf("more than %d elements were looked at", maxElements)

// isTrue evaluates an expression. One that fails is not true.
func isTrue(program *vm.Program, in *input) bool {
	elements := 0
	env := exprInput{Action: in.action, Resource: in.resource, Meta: native(in.meta), Count: func(...any) any {
		if elements++; elements > maxElements {
			panic(errElements)
		}
		return true
	}}
	if in.actor != nil {
		env.Actor.ID, env.Actor.Meta = in.actor.ID, native(in.actor.Meta)
	}
	out, err := vm.Run(program, env)
	return err == nil && out == true
}

func native(t *messages.Table) map[string]any {
	m, _ := messages.Native(t).(map[string]any)
	return m
}
