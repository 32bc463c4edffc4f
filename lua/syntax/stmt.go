package syntax

// block parses statements up to a token that ends a block, and returns the height of its tree.
func (p *parser) block() int {
	p.enter()
	h := 0
	for !p.blockEnds() {
		switch p.tok.kind {
		case tSemicolon:
			p.advance()
		case tReturn, tBreak:
			h = max(h, p.lastStatement())
		default:
			h = max(h, p.statement())
		}
	}
	p.leave()
	return p.tall(h + 1)
}

// blockEnds tells whether the current token ends a block.
func (p *parser) blockEnds() bool {
	switch p.tok.kind {
	case tEOF, tEnd, tElse, tElseif, tUntil:
		return true
	}
	return false
}

// lastStatement parses 'return' or 'break', behind which the block must end.
func (p *parser) lastStatement() int {
	word := p.text(p.tok)
	h := 0
	if p.accept(tReturn) {
		if !p.blockEnds() && p.tok.kind != tSemicolon {
			p.closed++
			h = p.exprList()
			p.closed--
		}
	} else {
		p.advance()
	}
	p.accept(tSemicolon)
	if !p.blockEnds() {
		p.fail("unexpected " + p.describe() + ", '" + word + "' must be the last statement of its block")
	}
	return h + 1
}

// statement parses one statement.
func (p *parser) statement() int {
	t := p.tok
	switch t.kind {
	case tIf:
		return p.ifStatement()
	case tFor:
		return p.forStatement()
	case tFunction:
		p.advance()
		self := p.functionName(t)
		return p.functionBody(t, self) + 1
	case tLocal:
		return p.localStatement()
	case tWhile:
		p.advance()
		h := p.bracketed().height
		return max(h, p.doBlock(t, "'while'")) + 1
	case tDo:
		return p.doBlock(t, "'do'") + 1
	case tRepeat:
		p.advance()
		h := p.block()
		p.expectClosing(tUntil, "'repeat'", t)
		return max(h, p.expr()) + 1
	case tColonColon:
		p.advance()
		p.declare(p.expectName("a label name"))
		p.expect(tColonColon, "after the label name")
		return 1
	case tGoto:
		if p.peek(1).kind.isName() {
			p.advance()
			p.declare(p.tok)
			p.advance()
			return 1
		}
	case tName:
		if p.declaration() {
			return 1
		}
	}
	return p.exprStatement()
}

// doBlock parses 'do', a block and 'end'; opened and what name the statement in errors.
func (p *parser) doBlock(opened token, what string) int {
	p.expect(tDo, "before the block")
	h := p.block()
	p.expectClosing(tEnd, what, opened)
	return h
}

// ifStatement parses an 'if' with its branches. Each 'elseif' is nested in the one before.
func (p *parser) ifStatement() int {
	opened := p.tok
	h := 0
	for level := 1; ; level++ {
		p.advance()
		h = max(h, p.bracketed().height+level)
		p.expect(tThen, "after the condition")
		h = p.tall(max(h, p.block()+level))
		if p.tok.kind == tElseif {
			continue
		}
		if p.accept(tElse) {
			h = max(h, p.block()+level)
		}
		p.expectClosing(tEnd, "'if'", opened)
		return p.tall(h + 1)
	}
}

// forStatement parses both forms of 'for'.
func (p *parser) forStatement() int {
	opened := p.tok
	p.advance()
	p.declare(p.expectName("a loop variable"))
	p.annotation()
	numeric := p.tok.kind == tAssign
	for !numeric && p.accept(tComma) {
		p.declare(p.expectName("a loop variable"))
		p.annotation()
	}
	p.closed++
	h := 0
	if numeric {
		p.advance()
		h = p.expr()
		p.expect(tComma, "between the bounds of the loop")
		h = max(h, p.expr())
		if p.accept(tComma) {
			h = max(h, p.expr())
		}
	} else {
		p.expect(tIn, "or '=' after the loop variables")
		h = p.exprList()
	}
	p.closed--
	return max(h, p.doBlock(opened, "'for'")) + 1
}

// localStatement parses a local function or local variables.
func (p *parser) localStatement() int {
	p.advance()
	if opened := p.tok; p.accept(tFunction) {
		p.declare(p.expectName("a function name"))
		return p.functionBody(opened, "") + 1
	}
	for {
		p.declare(p.expectName("a variable name after 'local'"))
		if p.tok.kind == tLess {
			p.fail("attributes of variables are not supported, remove it")
		}
		p.annotation()
		if !p.accept(tComma) {
			break
		}
	}
	if p.accept(tAssign) {
		return p.exprList() + 1
	}
	return 1
}

// exprStatement parses a call or an assignment.
func (p *parser) exprStatement() int {
	t := p.tok
	if t.kind == tParenL {
		p.separate()
	} else if !t.kind.isName() {
		p.fail("unexpected " + p.describe() + ", expected a statement")
	}
	x := p.suffixed()
	if x.wrapped {
		p.replace(t.off, t.off, ";")
	}
	h := x.height
	if x.form == formCall && p.tok.kind != tAssign && p.tok.kind != tComma {
		return h + 1
	}
	for {
		switch {
		case p.tok.kind != tAssign && p.tok.kind != tComma:
			p.failStatement(t)
		case x.form != formVariable:
			p.fail("cannot assign to this expression, only to a variable or a field")
		}
		if p.accept(tAssign) {
			return max(h, p.exprList()) + 1
		}
		p.advance()
		x = p.suffixed()
		h = max(h, x.height)
	}
}

// failStatement explains why the expression that begins at t is not a statement.
func (p *parser) failStatement(t token) {
	p.rejectOperator()
	if t.end == p.end && p.text(t) == "continue" {
		p.failAt(t, "there is no 'continue' statement, use 'goto continue' and a label at the end of the loop")
	}
	p.fail("unexpected " + p.describe() + ", expected '=' or the arguments of a call")
}
