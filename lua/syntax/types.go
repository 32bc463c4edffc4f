package syntax

// typeContext is what the surroundings of a type change in it, outside of brackets.
type typeContext struct {
	casting   bool // in a cast, where '<' may be a comparison
	condition bool // in the condition of a conditional type, which a '?' before another type ends
}

// typ parses a type. Types leave no trace, so the functions of this file return nothing; the callers erase the text.
func (p *parser) typ() { p.typeOrList(false) }

// typeOrList parses a type or, if lists are allowed, a list of types in brackets.
func (p *parser) typeOrList(lists bool) {
	p.enter()
	if p.tok.kind == tPipe || p.tok.kind == tAmp {
		p.advance()
	}
	list := p.union()
	if p.isWord("extends") && !p.tok.newline && p.startsType(1) {
		p.conditional()
	}
	if p.accept(tArrow) {
		p.results()
	} else if list && !lists {
		p.fail("expected '->' after the parameters of a function type")
	}
	p.leave()
}

// results parses the type of the results of a function: a type, a list in brackets, or "...T".
func (p *parser) results() {
	if p.accept(tDots) {
		p.typ()
		return
	}
	p.typeOrList(true)
}

// conditional parses the rest of "T extends U ? A : B".
func (p *parser) conditional() {
	p.advance()
	saved := p.context
	p.context.condition = true
	p.union()
	for p.accept(tArrow) {
		p.accept(tDots)
		p.union()
	}
	p.context = saved
	p.expect(tQuestion, "after the condition of a type")
	p.typ()
	p.expect(tColon, "between the branches of a conditional type")
	p.typ()
}

// union parses types with '|' and '&' between them, and tells whether a list of types in brackets is among them.
func (p *parser) union() (list bool) {
	list = p.postfix()
	for p.tok.kind == tPipe || p.tok.kind == tAmp {
		p.advance()
		if p.postfix() {
			list = true
		}
	}
	return list
}

// postfix parses a type with the suffixes '?', '[]' and validators, and tells whether it begins with a list of types
// in brackets.
func (p *parser) postfix() (list bool) {
	list = p.primaryType()
	for {
		switch {
		case p.tok.kind == tQuestion && !(p.context.condition && p.startsType(1) && p.peek(1).kind != tPipe):
			p.advance()
		case p.tok.kind == tBracketL && !p.tok.newline && p.peek(1).kind == tBracketR:
			p.advance()
			p.advance()
		case p.tok.kind == tAt:
			p.validator()
		default:
			return list
		}
	}
}

// validator parses "@name" with its arguments.
func (p *parser) validator() {
	p.advance()
	if !p.tok.kind.isName() && !p.tok.kind.isWord() {
		p.fail("expected the name of a validator after '@'")
	}
	p.advance()
	if p.tok.kind == tParenL && !p.tok.newline {
		p.arguments()
	}
}

// primaryType parses a type without suffixes, and tells whether it is a list of types in brackets.
func (p *parser) primaryType() (list bool) {
	for p.isPrefixWord() {
		p.advance()
	}
	switch p.tok.kind {
	case tName, tGoto:
		p.nameType()
	case tString, tNumber, tNil, tTrue, tFalse:
		p.advance()
	case tMinus:
		p.advance()
		p.expect(tNumber, "after '-' in a type")
	case tFunction:
		p.functionType()
	case tLess:
		p.typeParams()
		p.typeList()
		if p.tok.kind != tArrow {
			p.fail("expected '->' after the parameters of a function type")
		}
	case tParenL:
		return p.typeList()
	case tBraceL:
		p.record()
	default:
		p.fail("unexpected " + p.describe() + ", expected a type")
	}
	return false
}

// isPrefixWord tells whether the current token is a word that modifies the type behind it.
func (p *parser) isPrefixWord() bool {
	if !p.isWord("readonly") && !p.isWord("keyof") {
		return false
	}
	return !p.peek(1).newline && p.startsType(1)
}

// nameType parses a type that begins with a name.
func (p *parser) nameType() {
	word := p.text(p.tok)
	next := p.peek(1)
	switch {
	case next.newline:
	case word == "typeof" && next.kind == tParenL:
		p.advance()
		p.typeOf()
		return
	case word == "fun" && (next.kind == tParenL || next.kind == tLess):
		p.functionType()
		return
	case word == "asserts" && next.kind.isName():
		p.advance()
		p.advance()
		if p.isWord("is") {
			p.advance()
			p.typ()
		}
		return
	}
	p.advance()
	if word == "interface" && p.tok.kind == tBraceL {
		p.record()
		return
	}
	for p.tok.kind == tDot {
		p.advance()
		p.expectName("a type name after '.'")
		word = ""
	}
	if p.tok.kind == tLess {
		p.typeArguments(word)
	}
}

// typeOf parses the expression of "typeof(x)".
func (p *parser) typeOf() {
	opened := p.tok
	saved := p.context
	p.context = typeContext{}
	p.advance()
	p.bracketed()
	p.expectClosing(tParenR, "'('", opened)
	p.context = saved
}

// functionType parses "fun(T): U" and "function(T): U"; the word alone is a type too.
func (p *parser) functionType() {
	p.advance()
	if p.tok.newline || p.tok.kind != tParenL && p.tok.kind != tLess {
		return
	}
	if p.tok.kind == tLess {
		p.typeParams()
	}
	p.typeList()
	if p.accept(tColon) {
		p.results()
	}
}

// typeList parses types in brackets, with names or without, and tells whether they can only be a list: a single type without
// a name is a group.
func (p *parser) typeList() (list bool) {
	opened := p.tok
	saved := p.context
	p.context = typeContext{}
	p.expect(tParenL, "before the parameters of a function type")
	n := 0
	for p.tok.kind != tParenR {
		n++
		switch {
		case p.accept(tDots):
			list = true
			p.accept(tColon)
			if p.tok.kind != tParenR {
				p.typ()
			}
		case p.tok.kind.isName() && p.isFieldMark(1):
			list = true
			p.advance()
			p.fieldMark()
			p.typ()
		default:
			p.typ()
		}
		if !p.accept(tComma) {
			break
		}
		if p.tok.kind == tParenR {
			p.fail("expected a type")
		}
	}
	p.expectClosing(tParenR, "'('", opened)
	p.context = saved
	return list || n != 1
}

// isFieldMark tells whether ':' or '?:' stands n places after the current token.
func (p *parser) isFieldMark(n int) bool {
	k := p.peek(n).kind
	return k == tColon || k == tQuestion && p.peek(n+1).kind == tColon
}

// fieldMark passes over ':' or '?:'.
func (p *parser) fieldMark() {
	p.accept(tQuestion)
	p.expect(tColon, "before the type of a field")
}
