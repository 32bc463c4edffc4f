package syntax

// record parses a record, map or array type.
func (p *parser) record() {
	opened := p.tok
	saved := p.context
	p.context = typeContext{}
	p.advance()
	for p.tok.kind != tBraceR {
		p.recordItem()
		if !p.accept(tComma) && !p.accept(tSemicolon) {
			break
		}
	}
	p.expectClosing(tBraceR, "'{'", opened)
	p.context = saved
}

// recordItem parses a field, an index or the type of the elements.
func (p *parser) recordItem() {
	if p.isWord("readonly") && p.peek(1).kind.isName() && p.isFieldMark(2) {
		p.advance()
	}
	switch k := p.tok.kind; {
	case k == tBracketL:
		p.index()
	case (k.isName() || k.isWord() || k == tString) && p.isFieldMark(1):
		p.advance()
		p.fieldMark()
		p.typ()
	default:
		p.typ()
	}
}

// index parses "[K]: V".
func (p *parser) index() {
	opened := p.tok
	p.advance()
	p.typ()
	p.expectClosing(tBracketR, "'['", opened)
	p.fieldMark()
	p.typ()
}

// declaration erases the declaration of a type at the beginning of a statement and tells whether there was one.
func (p *parser) declaration() bool {
	m := p.mark()
	switch word := p.text(p.tok); {
	case word == "type" && p.declaresType(0):
	case word == "export" && p.declaresType(1):
		p.advance()
	case word == "interface" && p.peek(1).kind.isName() && !p.peek(1).newline:
		p.interfaceDeclaration()
		p.erase(m)
		return true
	default:
		return false
	}
	p.advance()
	p.advance()
	if p.tok.kind == tLess {
		p.typeParams()
	}
	p.expect(tAssign, "in the declaration of a type")
	p.typ()
	p.erase(m)
	return true
}

// declaresType tells whether the tokens from n on have the form "type Name =" or "type Name <".
func (p *parser) declaresType(n int) bool {
	word, name, next := p.peek(n), p.peek(n+1), p.peek(n+2)
	if word.kind != tName || p.text(word) != "type" || n > 0 && word.newline {
		return false
	}
	return name.kind.isName() && !name.newline && (next.kind == tAssign || next.kind == tLess)
}

// interfaceDeclaration parses "interface Name ... end". The members are fields, indexes and methods without a body; line
// breaks separate them as well as ',' and ';'.
func (p *parser) interfaceDeclaration() {
	opened := p.tok
	p.advance()
	p.advance()
	if p.tok.kind == tLess {
		p.typeParams()
	}
	if p.tok.kind == tColon || p.isWord("extends") && p.peek(1).kind.isName() && !p.isFieldMark(1) {
		p.advance()
		p.typ()
		for p.accept(tComma) {
			p.typ()
		}
	}
	for p.tok.kind != tEnd {
		p.member()
		if !p.accept(tComma) {
			p.accept(tSemicolon)
		}
	}
	p.expectClosing(tEnd, "'interface'", opened)
}

// member parses one member of an interface.
func (p *parser) member() {
	if p.isWord("readonly") && p.peek(1).kind.isName() {
		p.advance()
	}
	if p.tok.kind == tBracketL {
		p.index()
		return
	}
	p.accept(tFunction)
	p.expectName("a member or 'end' of the interface")
	switch p.tok.kind {
	case tLess, tParenL:
		if p.tok.kind == tLess {
			p.typeParams()
		}
		p.typeList()
		if p.accept(tColon) || p.accept(tArrow) {
			p.results()
		}
	default:
		p.fieldMark()
		p.typ()
	}
}
