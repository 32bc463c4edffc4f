package syntax

// operand is a parsed part of an expression.
type operand struct {
	height int
	from   uint32 // where it begins
	number bool   // gopher-lua folds operations on it into a constant
	form   form
	// wrapped is set if the plain text of the expression begins with a bracket that the source does not have.
	wrapped bool
}

// operator waits on the operator stack for its right operand.
type operator struct {
	right uint8 // binding strength towards the right
	unary bool
	arith bool
	from  uint32 // where a unary operator begins
}

// unaryStrength is the binding strength of 'not', '#' and '-' before an operand.
const unaryStrength = 8

// binding returns the binding strengths of a binary operator; left is 0 for other tokens.
func binding(k kind) (left, right uint8) {
	switch k {
	case tOr:
		return 1, 1
	case tAnd:
		return 2, 2
	case tLess, tGreater, tLessEq, tGreaterEq, tEqual, tNotEqual:
		return 3, 3
	case tConcat:
		return 5, 4
	case tPlus, tMinus:
		return 6, 6
	case tStar, tSlash, tPercent:
		return 7, 7
	case tCaret:
		return 10, 9
	}
	return 0, 0
}

// expr parses an expression and returns the height of its tree. Chains of operators are kept on a stack of their own, so
// only brackets make the parser recurse.
func (p *parser) expr() int { return p.expression().height }

// expression parses an expression.
func (p *parser) expression() operand {
	p.enter()
	operators := len(p.operators)
	for {
		p.unaryOperators(operators)
		p.operands = append(p.operands, p.operand())
		left, right := binding(p.tok.kind)
		p.rejectOperator()
		if left == 0 {
			break
		}
		for len(p.operators) > operators && p.operators[len(p.operators)-1].right >= left {
			p.reduce()
		}
		p.push(operators, operator{right: right, arith: left >= 6})
	}
	for len(p.operators) > operators {
		p.reduce()
	}
	p.leave()
	result := p.operands[len(p.operands)-1]
	p.operands = p.operands[:len(p.operands)-1]
	return result
}

// unaryOperators puts the operators before an operand on the stack.
func (p *parser) unaryOperators(base int) {
	for {
		switch k := p.tok.kind; k {
		case tNot, tHash, tMinus:
			p.push(base, operator{right: unaryStrength, unary: true, arith: k == tMinus, from: p.tok.off})
		case tTilde:
			p.fail("bitwise operator '~' is not supported, use arithmetic")
		default:
			return
		}
	}
}

// push puts the operator at the current token on the stack and passes over it.
func (p *parser) push(base int, op operator) {
	p.tall(len(p.operators) - base + 1)
	p.operators = append(p.operators, op)
	p.advance()
}

// reduce applies the last operator of the stack to its operands.
func (p *parser) reduce() {
	op := p.operators[len(p.operators)-1]
	p.operators = p.operators[:len(p.operators)-1]
	top := len(p.operands) - 1
	var result operand
	if op.unary {
		x := p.operands[top]
		result = operand{height: x.height + 1, from: op.from, number: x.number && op.arith}
	} else {
		x, y := p.operands[top-1], p.operands[top]
		result = operand{height: max(x.height, y.height) + 1, from: x.from, number: x.number && y.number && op.arith}
		top--
	}
	if result.number {
		p.constant(p.src[result.from:p.end])
	}
	p.tall(result.height)
	p.operands = append(p.operands[:top], result)
}

// rejectOperator fails at an operator of other Lua versions.
func (p *parser) rejectOperator() {
	op, advice := "", "use arithmetic"
	switch t := p.tok; t.kind {
	case tSlashSlash:
		p.fail("operator '//' is not supported, use math.floor(a / b)")
	case tAmp, tPipe, tTilde:
		op = p.text(t)
	case tLess, tGreater:
		if next := p.peek(1); next.kind == t.kind && next.off == t.end {
			op, advice = p.text(t)+p.text(t), "multiply or divide by a power of two"
		}
	}
	if op != "" {
		p.fail("bitwise operator '" + op + "' is not supported, " + advice)
	}
}

// operand parses an expression without operators, with the marks and casts behind it.
func (p *parser) operand() operand {
	result := operand{height: 1, from: p.tok.off}
	switch t := p.tok; t.kind {
	case tNumber:
		p.number()
		result.number = true
	case tString:
		p.constant(p.text(t))
		p.advance()
	case tNil, tTrue, tFalse, tDots:
		p.advance()
	case tBraceL:
		result.height = p.table()
	case tFunction:
		result.height = p.functionExpr()
	default:
		result = p.suffixed()
	}
	for p.nonNil() || p.cast() {
	}
	return result
}

// number parses a numeral.
func (p *parser) number() {
	s := p.text(p.tok)
	p.constant(s)
	if plain := plainNumber(s); plain != s {
		p.replace(p.tok.off, p.tok.end, plain)
	}
	p.advance()
}

// bracketed parses an expression that is followed by a closing bracket.
func (p *parser) bracketed() operand {
	p.closed++
	x := p.expression()
	p.closed--
	return x
}

// exprList parses expressions with commas between them and returns the greatest height.
func (p *parser) exprList() int {
	h := p.expr()
	for p.accept(tComma) {
		h = max(h, p.expr())
	}
	return h
}

// table parses a table constructor and returns its height.
func (p *parser) table() int {
	opened := p.tok
	p.advance()
	h := 0
	for p.tok.kind != tBraceR {
		switch {
		case p.tok.kind.isName() && p.peek(1).kind == tAssign:
			p.constant(p.text(p.tok))
			if p.tok.kind == tGoto {
				p.replace(p.tok.off, p.tok.end, "["+gotoKey+"]")
			}
			p.advance()
			p.advance()
		case p.tok.kind == tBracketL:
			key := p.tok
			p.advance()
			h = max(h, p.bracketed().height)
			p.expectClosing(tBracketR, "'['", key)
			p.expect(tAssign, "after the key")
		}
		h = max(h, p.bracketed().height)
		if !p.accept(tComma) && !p.accept(tSemicolon) {
			break
		}
	}
	p.expectClosing(tBraceR, "'{'", opened)
	return p.tall(h + 1)
}
