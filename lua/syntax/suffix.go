package syntax

// form tells what an expression can be used for.
type form uint8

const (
	formValue form = iota // only its value
	formVariable
	formCall
)

// suffixed parses a name or an expression in brackets, with the fields, indexes, calls and marks behind it.
func (p *parser) suffixed() operand {
	x := p.primary()
	for {
		switch p.tok.kind {
		case tDot:
			p.field()
			x.form = formVariable
		case tBracketL:
			opened := p.tok
			p.advance()
			x.height = max(x.height, p.bracketed().height)
			p.expectClosing(tBracketR, "'['", opened)
			x.form = formVariable
		case tColon:
			if !p.isMethod() {
				return x
			}
			x.wrapped = x.wrapped || p.peek(1).kind == tGoto
			x.height = max(x.height, p.method(x.from))
			x.form = formCall
		case tParenL, tBraceL, tString:
			x.height = max(x.height, p.arguments())
			x.form = formCall
		case tBang:
			p.nonNil()
			continue
		default:
			return x
		}
		x.number = false
		x.height = p.tall(x.height + 1)
	}
}

// primary parses a name or an expression in brackets.
func (p *parser) primary() operand {
	t := p.tok
	switch {
	case t.kind.isName():
		p.constant(p.text(t))
		p.declare(t)
		p.advance()
		return operand{height: 1, from: t.off, form: formVariable}
	case t.kind != tParenL:
		p.fail("unexpected " + p.describe() + ", expected an expression")
	}
	p.advance()
	x := p.bracketed()
	p.expectClosing(tParenR, "'('", t)
	x.from = t.off
	if x.form == formVariable {
		x.form = formValue // while a call in brackets is a statement for gopher-lua
	}
	return x
}

// field parses a '.' and a field name.
func (p *parser) field() {
	dot := p.tok
	p.advance()
	name := p.expectName("a field name after '.'")
	p.constant(p.text(name))
	if name.kind == tGoto {
		p.gotoField(dot, name, "")
	}
}

// isMethod tells whether the ':' at the current token calls a method.
func (p *parser) isMethod() bool {
	if !p.peek(1).kind.isName() {
		return false
	}
	switch p.peek(2).kind {
	case tParenL, tBraceL, tString, tInvalid:
		return true
	}
	return false
}

// method parses a method call on the expression that begins at from, and returns the height of the arguments.
func (p *parser) method(from uint32) int {
	colon := p.tok
	p.advance()
	name := p.tok
	p.constant(p.text(name))
	p.advance()
	if name.kind == tGoto {
		return p.gotoMethod(from, colon, name)
	}
	return p.arguments()
}

// arguments parses the arguments of a call and returns their height.
func (p *parser) arguments() int {
	opened := p.tok
	switch opened.kind {
	case tString:
		p.constant(p.text(opened))
		p.advance()
		return 1
	case tBraceL:
		return p.table()
	}
	p.expect(tParenL, "before the arguments")
	h := 0
	if p.tok.kind != tParenR {
		p.closed++
		h = p.exprList()
		p.closed--
	}
	p.expectClosing(tParenR, "'('", opened)
	return h
}

// nonNil erases a '!' behind an expression and tells whether there was one.
func (p *parser) nonNil() bool {
	if p.tok.kind != tBang {
		return false
	}
	m := p.mark()
	p.advance()
	p.erase(m)
	return true
}
