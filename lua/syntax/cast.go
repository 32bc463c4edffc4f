package syntax

// cast erases a cast behind an expression and tells whether there was one.
func (p *parser) cast() bool {
	switch {
	case p.tok.kind == tColonColon:
		if p.closed == 0 && p.isLabel() {
			return false
		}
	case !p.isWord("as") || p.tok.newline || !p.startsType(1):
		return false
	}
	m := p.mark()
	p.advance()
	p.context = typeContext{casting: true}
	p.typ()
	p.context = m.context
	p.erase(m)
	return true
}

// isLabel tells whether the '::' at the current token, which follows an expression that may end a statement, begins a label.
// Only the form ":: Name ::" can, and a type behind the first '::' may itself be followed by a label or by another cast.
func (p *parser) isLabel() bool {
	name, closing := p.peek(1), p.peek(2)
	if !name.kind.isName() || name.newline || closing.kind != tColonColon || closing.newline {
		return false
	}
	if p.tok.newline {
		return true
	}
	next := p.peek(3)
	switch k := next.kind; {
	case next.newline, k == tEOF, k == tSemicolon, k == tColonColon:
		return true
	case k.isName():
		switch after := p.peek(4); after.kind {
		case tAssign, tParenL, tColon, tBraceL, tString:
			return !after.newline
		}
		return k == tGoto
	case k == tFunction:
		return p.peek(4).kind.isName()
	case k == tNil, k == tTrue, k == tFalse:
		return false
	default:
		return k.isWord()
	}
}

// startsType tells whether a type can begin at the token n places after the current one.
func (p *parser) startsType(n int) bool {
	switch k := p.peek(n).kind; k {
	case tName, tGoto, tString, tNumber, tNil, tTrue, tFalse, tFunction, tParenL, tBraceL, tPipe:
		return true
	case tMinus:
		return p.peek(n+1).kind == tNumber
	case tInvalid:
		return true
	}
	return false
}
