package lua

import "github.com/yuin/gopher-lua/ast"

// rewriter makes a program fit gopher-lua.
type rewriter struct{ notes bool } // the program uses noteName

// rewrite returns the statements of a chunk as they are compiled.
func rewrite(chunk []ast.Stmt) []ast.Stmt {
	var r rewriter
	r.block(chunk)
	if r.notes {
		bind := atLine(&ast.LocalAssignStmt{Names: []string{noteName}, Exprs: []ast.Expr{atLine(&ast.IdentExpr{Value: noteName}, 1)}}, 1)
		return append([]ast.Stmt{bind}, chunk...)
	}
	return chunk
}

// block turns every generic for into a while loop around a plain call:
//
//	do local (f),(s),(c) = exprs
//	   while true do local v1, … = (f)((s),(c)); if v1 == nil then break end; (c) = v1; do body end end
//	end
//
// gopher-lua runs an iterator from inside an instruction, where it could not
// wait; a plain call can. The names in brackets cannot be written in Lua.
func (r *rewriter) block(stmts []ast.Stmt) {
	for i, s := range stmts {
		switch x := s.(type) {
		case *ast.GenericForStmt:
			r.block(x.Stmts)
			r.exprs(x.Exprs)
			stmts[i] = expandFor(x)
		case *ast.DoBlockStmt:
			r.block(x.Stmts)
		case *ast.WhileStmt:
			r.block(x.Stmts)
			r.expr(x.Condition)
		case *ast.RepeatStmt:
			r.block(x.Stmts)
			r.expr(x.Condition)
		case *ast.IfStmt:
			r.expr(x.Condition)
			r.block(x.Then)
			r.block(x.Else)
		case *ast.NumberForStmt:
			r.block(x.Stmts)
			r.exprs([]ast.Expr{x.Init, x.Limit, x.Step})
		case *ast.FuncDefStmt:
			r.block(x.Func.Stmts)
		case *ast.LocalAssignStmt:
			r.exprs(x.Exprs)
		case *ast.AssignStmt:
			r.exprs(x.Rhs)
			r.exprs(x.Lhs)
			stmts[i] = firstOfVararg(x)
		case *ast.ReturnStmt:
			r.exprs(x.Exprs)
		case *ast.FuncCallStmt:
			r.expr(x.Expr)
		}
	}
}

func (r *rewriter) exprs(es []ast.Expr) {
	for _, e := range es {
		r.expr(e)
	}
}

func (r *rewriter) expr(e ast.Expr) {
	switch x := e.(type) {
	case *ast.FunctionExpr:
		r.block(x.Stmts)
	case *ast.FuncCallExpr:
		r.expr(x.Func)
		r.expr(x.Receiver)
		r.exprs(x.Args)
	case *ast.TableExpr:
		for _, f := range x.Fields {
			r.expr(f.Key)
			r.expr(f.Value)
		}
	case *ast.LogicalOpExpr:
		r.expr(x.Lhs)
		r.expr(x.Rhs)
	case *ast.RelationalOpExpr:
		r.expr(x.Lhs)
		r.expr(x.Rhs)
	case *ast.StringConcatOpExpr:
		r.expr(x.Lhs)
		r.expr(x.Rhs)
		if grows(x.Lhs) && grows(x.Rhs) {
			r.notes = true
			x.Lhs = atLine(&ast.FuncCallExpr{Func: atLine(&ast.IdentExpr{Value: noteName}, x.Line()), Args: []ast.Expr{x.Lhs}}, x.Line())
		}
	case *ast.ArithmeticOpExpr:
		r.expr(x.Lhs)
		r.expr(x.Rhs)
	case *ast.UnaryMinusOpExpr:
		r.expr(x.Expr)
	case *ast.UnaryNotOpExpr:
		r.expr(x.Expr)
	case *ast.UnaryLenOpExpr:
		r.expr(x.Expr)
	case *ast.AttrGetExpr:
		r.expr(x.Object)
		r.expr(x.Key)
	}
}

// noteName is the function that large texts pass through before they become
// part of larger ones: a text that is put together with itself grows faster than
// anything else, and gopher-lua does not count it.
const noteName = "(note)"

// grows reports whether an operand of a concatenation could be a large text.
func grows(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.StringExpr, *ast.NumberExpr:
		return false
	case *ast.StringConcatOpExpr:
		return grows(x.Lhs) || grows(x.Rhs)
	}
	return true
}

// firstOfVararg takes "(...)" out of an assignment to several targets:
//
//	do local (v) = (...); targets = …, (v), … end
//
// There gopher-lua counts its registers wrong and overwrites what the targets
// need: t and its index in "a, t[i] = (...)".
func firstOfVararg(x *ast.AssignStmt) ast.Stmt {
	if len(x.Lhs) == 1 {
		return x
	}
	var init *ast.LocalAssignStmt
	for i, e := range x.Rhs {
		if v, ok := e.(*ast.Comma3Expr); ok && v.AdjustRet {
			init = atLine(&ast.LocalAssignStmt{Names: []string{"(v)"}, Exprs: []ast.Expr{v}}, x.Line())
			x.Rhs[i] = atLine(&ast.IdentExpr{Value: "(v)"}, v.Line())
		}
	}
	if init == nil {
		return x
	}
	do := atLine(&ast.DoBlockStmt{Stmts: []ast.Stmt{init, x}}, x.Line())
	do.SetLastLine(x.LastLine())
	return do
}

func expandFor(x *ast.GenericForStmt) ast.Stmt {
	line := x.Line()
	name := func(n string) *ast.IdentExpr { return atLine(&ast.IdentExpr{Value: n}, line) }
	call := atLine(&ast.FuncCallExpr{Func: name("(f)"), Args: []ast.Expr{name("(s)"), name("(c)")}}, line)
	next := atLine(&ast.LocalAssignStmt{Names: x.Names, Exprs: []ast.Expr{call}}, line)
	over := atLine(&ast.RelationalOpExpr{Operator: "==", Lhs: name(x.Names[0]), Rhs: atLine(&ast.NilExpr{}, line)}, line)
	leave := atLine(&ast.IfStmt{Condition: over, Then: []ast.Stmt{atLine(&ast.BreakStmt{}, line)}}, line)
	keep := atLine(&ast.AssignStmt{Lhs: []ast.Expr{name("(c)")}, Rhs: []ast.Expr{name(x.Names[0])}}, line)
	body := atLine(&ast.DoBlockStmt{Stmts: x.Stmts}, line)
	body.SetLastLine(x.LastLine())
	loop := atLine(&ast.WhileStmt{Condition: atLine(&ast.TrueExpr{}, line), Stmts: []ast.Stmt{next, leave, keep, body}}, line)
	loop.SetLastLine(x.LastLine())
	init := atLine(&ast.LocalAssignStmt{Names: []string{"(f)", "(s)", "(c)"}, Exprs: x.Exprs}, line)
	do := atLine(&ast.DoBlockStmt{Stmts: []ast.Stmt{init, loop}}, line)
	do.SetLastLine(x.LastLine())
	return do
}

func atLine[N interface{ SetLine(int) }](n N, line int) N {
	n.SetLine(line)
	return n
}

// returnMethod shortens a chunk that ends in return {main = main, …} to return
// only the method that is run. The table is seen by nobody else, so this is the
// same program; it spares every process a table.
func returnMethod(chunk []ast.Stmt, method string) {
	if len(chunk) == 0 || method == "" {
		return
	}
	ret, ok := chunk[len(chunk)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Exprs) != 1 {
		return
	}
	table, ok := ret.Exprs[0].(*ast.TableExpr)
	if !ok {
		return
	}
	var found ast.Expr
	for _, f := range table.Fields {
		key, ok := f.Key.(*ast.StringExpr)
		if !ok {
			return
		}
		switch f.Value.(type) { // nothing whose evaluation could be noticed
		case *ast.FunctionExpr:
		case *ast.IdentExpr, *ast.StringExpr, *ast.NumberExpr, *ast.TrueExpr, *ast.FalseExpr:
		default:
			return
		}
		if key.Value == method {
			found = f.Value
		}
	}
	if found != nil {
		ret.Exprs[0] = found
	}
}
