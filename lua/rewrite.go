package lua

import "github.com/yuin/gopher-lua/ast"

// rewriteFor turns every generic for into a while loop around a plain call:
//
//	do local (f),(s),(c) = exprs
//	   while true do local v1, … = (f)((s),(c)); if v1 == nil then break end; (c) = v1; do body end end
//	end
//
// gopher-lua runs an iterator from inside an instruction, where it could not
// wait; a plain call can. The names in brackets cannot be written in Lua.
func rewriteFor(stmts []ast.Stmt) {
	for i, s := range stmts {
		switch x := s.(type) {
		case *ast.GenericForStmt:
			rewriteFor(x.Stmts)
			rewriteExprs(x.Exprs)
			stmts[i] = expandFor(x)
		case *ast.DoBlockStmt:
			rewriteFor(x.Stmts)
		case *ast.WhileStmt:
			rewriteFor(x.Stmts)
			rewriteExpr(x.Condition)
		case *ast.RepeatStmt:
			rewriteFor(x.Stmts)
			rewriteExpr(x.Condition)
		case *ast.IfStmt:
			rewriteExpr(x.Condition)
			rewriteFor(x.Then)
			rewriteFor(x.Else)
		case *ast.NumberForStmt:
			rewriteFor(x.Stmts)
			rewriteExprs([]ast.Expr{x.Init, x.Limit, x.Step})
		case *ast.FuncDefStmt:
			rewriteFor(x.Func.Stmts)
		case *ast.LocalAssignStmt:
			rewriteExprs(x.Exprs)
		case *ast.AssignStmt:
			rewriteExprs(x.Rhs)
			rewriteExprs(x.Lhs)
		case *ast.ReturnStmt:
			rewriteExprs(x.Exprs)
		case *ast.FuncCallStmt:
			rewriteExpr(x.Expr)
		}
	}
}

func rewriteExprs(es []ast.Expr) {
	for _, e := range es {
		rewriteExpr(e)
	}
}

func rewriteExpr(e ast.Expr) {
	switch x := e.(type) {
	case *ast.FunctionExpr:
		rewriteFor(x.Stmts)
	case *ast.FuncCallExpr:
		rewriteExpr(x.Func)
		rewriteExpr(x.Receiver)
		rewriteExprs(x.Args)
	case *ast.TableExpr:
		for _, f := range x.Fields {
			rewriteExpr(f.Key)
			rewriteExpr(f.Value)
		}
	case *ast.LogicalOpExpr:
		rewriteExpr(x.Lhs)
		rewriteExpr(x.Rhs)
	case *ast.RelationalOpExpr:
		rewriteExpr(x.Lhs)
		rewriteExpr(x.Rhs)
	case *ast.StringConcatOpExpr:
		rewriteExpr(x.Lhs)
		rewriteExpr(x.Rhs)
	case *ast.ArithmeticOpExpr:
		rewriteExpr(x.Lhs)
		rewriteExpr(x.Rhs)
	case *ast.UnaryMinusOpExpr:
		rewriteExpr(x.Expr)
	case *ast.UnaryNotOpExpr:
		rewriteExpr(x.Expr)
	case *ast.UnaryLenOpExpr:
		rewriteExpr(x.Expr)
	case *ast.AttrGetExpr:
		rewriteExpr(x.Object)
		rewriteExpr(x.Key)
	}
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
