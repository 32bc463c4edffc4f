package syntax

// function counts what becomes a constant of one function. gopher-lua looks constants up one by one, so their number bounds
// the time it takes to compile.
type function struct {
	count    int
	distinct map[string]int // place of each constant; only in an exact count
}

// constant counts a name, a literal or a folded operation; text is how it is written.
func (p *parser) constant(text string) {
	f := p.fn
	if !p.exact {
		f.count++
		if p.steps += f.count; f.count > p.limits.MaxConstants || p.steps > p.limits.maxSteps() {
			p.crowded = true
		}
		return
	}
	place, known := f.distinct[text]
	if !known {
		if f.distinct == nil {
			f.distinct = make(map[string]int)
		}
		f.count++
		place = f.count
		f.distinct[text] = place
		if place > p.limits.MaxConstants {
			p.fail("function with more than " + itoa(p.limits.MaxConstants) + " constants and names, split it")
		}
	}
	if p.steps += place; p.steps > p.limits.maxSteps() {
		p.fail("too many constants and names used too often, split the text into libraries")
	}
}

// functionExpr parses an anonymous function.
func (p *parser) functionExpr() int {
	opened := p.tok
	p.advance()
	return p.functionBody(opened, "")
}

// functionBody parses generic parameters, parameters, result and block of a function, up to its 'end'. self is a parameter
// that is added in front of the others if it is not empty.
func (p *parser) functionBody(opened token, self string) int {
	fn, closed := p.fn, p.closed
	p.fn, p.closed = &function{}, 0
	p.genericParams()
	p.parameters(self)
	p.resultType()
	h := p.block()
	p.expectClosing(tEnd, "'function'", opened)
	p.fn, p.closed = fn, closed
	return p.tall(h + 1)
}

// parameters parses a parameter list.
func (p *parser) parameters(self string) {
	opened := p.tok
	p.expect(tParenL, "before the parameters")
	if self != "" {
		if p.tok.kind != tParenR {
			self += ", "
		}
		p.replace(opened.off, opened.end, "("+self)
	}
	for p.tok.kind != tParenR {
		if p.accept(tDots) {
			p.annotation()
			break
		}
		p.declare(p.expectName("a parameter name"))
		m := p.mark()
		if p.accept(tQuestion) {
			p.erase(m)
		}
		p.annotation()
		if !p.accept(tComma) {
			break
		}
		if p.tok.kind == tParenR {
			p.fail("expected a parameter name")
		}
	}
	p.expectClosing(tParenR, "'('", opened)
}

// genericParams erases generic parameters, if there are any: <T, U: Bound>.
func (p *parser) genericParams() {
	if p.tok.kind != tLess {
		return
	}
	m := p.mark()
	p.typeParams()
	p.erase(m)
}

// annotation erases a type behind a name, if there is one: ": T".
func (p *parser) annotation() {
	if p.tok.kind != tColon {
		return
	}
	m := p.mark()
	p.advance()
	p.typ()
	p.erase(m)
}

// resultType erases the type of the results behind a parameter list, if there is one.
func (p *parser) resultType() {
	if p.tok.kind != tColon {
		return
	}
	m := p.mark()
	p.advance()
	p.results()
	for p.accept(tComma) {
		p.results()
	}
	p.erase(m)
}
