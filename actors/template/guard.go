package template

import (
	"fmt"

	"github.com/CloudyKit/jet/v6"
)

// Jet runs a template to its end and takes what memory and stack it asks for. So
// that a render can be ended and does not take the node with it, every template
// is changed after it was compiled: calls of the functions below, whose names no
// template can write, stand at the start of each list of nodes and around the
// expressions that make values grow.
const (
	fnStep    = " step"    // checks the render: at the start of lists
	fnTry     = " try"     // step, and counts what is buffered: in try
	fnSpend   = " spend"   // counts the size of its argument
	fnCopy    = " copy"    // a copy of its argument, counted: what is put into tables
	fnOrdered = " ordered" // its argument, with the keys of a table in order: of range
	fnData    = " data"    // what data have under the name of a function: "url" as a value
	varRender = " render"  // the *render
)

// maxDepth is how deep the nodes of a template may be nested: Jet's evaluation
// recurses as deep.
const maxDepth = 500

// guardTemplate changes a template in place. It panics with an error for one
// that is nested too deep.
func guardTemplate(t *jet.Template) { (&guard{t.Name, 0}).list(t.Root, fnStep) }

type guard struct {
	name  string
	depth int
}

func (g *guard) enter() func() {
	if g.depth++; g.depth > maxDepth {
		panic(fmt.Errorf("template %s is nested more than %d levels deep", g.name, maxDepth))
	}
	return func() { g.depth-- }
}

func (g *guard) list(l *jet.ListNode, first string, args ...jet.Expression) {
	if l == nil {
		return
	}
	defer g.enter()()
	for _, n := range l.Nodes {
		g.node(n)
	}
	step := &jet.ActionNode{NodeBase: base(l.NodeBase, jet.NodeAction), Pipe: &jet.PipeNode{
		NodeBase: base(l.NodeBase, jet.NodePipe),
		Cmds:     []*jet.CommandNode{{NodeBase: base(l.NodeBase, jet.NodeCommand), CallExprNode: *call(l.NodeBase, first, args...)}},
	}}
	l.Nodes = append([]jet.Node{step}, l.Nodes...)
}

func base(at jet.NodeBase, t jet.NodeType) jet.NodeBase {
	at.NodeType = t
	return at
}

func call(at jet.NodeBase, name string, args ...jet.Expression) *jet.CallExprNode {
	return &jet.CallExprNode{
		NodeBase: base(at, jet.NodeCallExpr),
		BaseExpr: &jet.IdentifierNode{NodeBase: base(at, jet.NodeIdentifier), Ident: name},
		CallArgs: jet.CallArgs{Exprs: append([]jet.Expression{}, args...)}, // not nil: Jet would not call
	}
}

func (g *guard) node(n jet.Node) {
	switch n := n.(type) {
	case *jet.ActionNode:
		g.set(n.Set)
		if n.Pipe != nil {
			for i, cmd := range n.Pipe.Cmds {
				if i > 0 || cmd.Exprs != nil {
					g.called(&cmd.BaseExpr)
				} else {
					g.expr(&cmd.BaseExpr)
				}
				g.exprs(cmd.Exprs)
			}
		}
	case *jet.IfNode:
		g.branch(&n.BranchNode)
	case *jet.RangeNode:
		g.rangeNode(n)
	case *jet.BlockNode:
		g.parameters(n.Parameters)
		g.expr(&n.Expression)
		g.list(n.List, fnStep)
		g.list(n.Content, fnStep)
	case *jet.YieldNode:
		g.parameters(n.Parameters)
		g.expr(&n.Expression)
		g.list(n.Content, fnStep)
	case *jet.IncludeNode:
		g.expr(&n.Name)
		g.expr(&n.Context)
	case *jet.ReturnNode:
		g.expr(&n.Value)
	case *jet.TryNode:
		g.list(n.List, fnTry)
		switch c := n.Catch; {
		case c == nil:
		case c.Err == nil:
			g.list(c.List, fnStep)
		default:
			g.list(c.List, fnSpend, c.Err)
		}
	}
}

func (g *guard) branch(n *jet.BranchNode) {
	g.set(n.Set)
	g.expr(&n.Expression)
	g.list(n.List, fnStep)
	g.list(n.ElseList, fnStep)
}

func (g *guard) rangeNode(n *jet.RangeNode) {
	what := &n.Expression
	if n.Set != nil {
		what = &n.Set.Right[0]
		for _, left := range n.Set.Left {
			if !n.Set.Let && inTable(left) {
				panic(fmt.Errorf("template %s: line %d: range cannot put its values into a table; give it a variable", g.name, n.Line))
			}
		}
	}
	g.branch(&n.BranchNode)
	*what = call(n.NodeBase, fnOrdered, *what)
}

// inTable reports whether an assignment to e puts its value into a table: there
// a table could come to contain itself.
func inTable(e jet.Expression) bool {
	t := e.Type()
	return t == jet.NodeField || t == jet.NodeChain
}

func (g *guard) set(n *jet.SetNode) {
	if n == nil {
		return
	}
	g.exprs(n.Right)
	for i, left := range n.Left {
		if chain, ok := left.(*jet.ChainNode); ok {
			g.chain(chain)
		}
		if inTable(left) && i < len(n.Right) {
			n.Right[i] = call(n.NodeBase, fnCopy, n.Right[i])
		}
	}
}

func (g *guard) parameters(l *jet.BlockParameterList) {
	if l == nil {
		return
	}
	for i := range l.List {
		g.expr(&l.List[i].Expression)
	}
}

func (g *guard) exprs(list []jet.Expression) {
	for i := range list {
		g.expr(&list[i])
	}
}

func (g *guard) expr(e *jet.Expression) {
	if *e == nil {
		return
	}
	defer g.enter()()
	switch n := (*e).(type) {
	case *jet.AdditiveExprNode:
		g.expr(&n.Left)
		g.expr(&n.Right)
		*e = call(n.NodeBase, fnSpend, n)
	case *jet.MultiplicativeExprNode:
		g.expr(&n.Left)
		g.expr(&n.Right)
	case *jet.LogicalExprNode:
		g.expr(&n.Left)
		g.expr(&n.Right)
	case *jet.ComparativeExprNode:
		g.expr(&n.Left)
		g.expr(&n.Right)
	case *jet.NumericComparativeExprNode:
		g.expr(&n.Left)
		g.expr(&n.Right)
	case *jet.NotExprNode:
		g.expr(&n.Expr)
	case *jet.TernaryExprNode:
		g.expr(&n.Boolean)
		g.expr(&n.Left)
		g.expr(&n.Right)
	case *jet.CallExprNode:
		g.called(&n.BaseExpr)
		g.exprs(n.Exprs)
	case *jet.IndexExprNode:
		g.expr(&n.Base)
		g.expr(&n.Index)
	case *jet.SliceExprNode:
		g.expr(&n.Base)
		g.expr(&n.Index)
		g.expr(&n.EndIndex)
	case *jet.ChainNode:
		g.chain(n)
	case *jet.IdentifierNode:
		if isFunction(n.Ident) {
			*e = call(n.NodeBase, fnData, &jet.StringNode{NodeBase: base(n.NodeBase, jet.NodeString), Text: n.Ident}, n)
		}
	}
}

func (g *guard) chain(n *jet.ChainNode) {
	inner := jet.Expression(n.Node)
	g.expr(&inner)
	n.Node = inner
}

// called is the expression of what is called: a name means the function.
func (g *guard) called(e *jet.Expression) {
	if *e != nil && (*e).Type() != jet.NodeIdentifier {
		g.expr(e)
	}
}
