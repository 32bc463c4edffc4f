package syntax

// typeParams parses generic parameters: <T, U: Bound, V = Default>.
func (p *parser) typeParams() {
	opened := p.tok
	p.advance()
	for {
		p.expectName("the name of a type parameter")
		if p.tok.kind == tColon || p.isWord("extends") {
			p.advance()
			p.typ()
		}
		if p.accept(tAssign) {
			p.typ()
		}
		if !p.accept(tComma) {
			break
		}
	}
	p.closeAngle(opened)
}

// typeArguments parses the arguments of a generic type. Behind a cast the '<' may be a comparison as well: it is one if no
// type arguments can be read, or if the type is a primitive one. Attempts that fail far behind their beginning are bounded, since each of them is read twice.
// word is the name of the type, empty if it is qualified.
func (p *parser) typeArguments(word string) {
	if !p.context.casting || p.trying {
		p.angled()
		return
	}
	if isPrimitive(word) {
		return
	}
	if p.wasted > 2*len(p.tokens) {
		p.angled()
		return
	}
	m := p.mark()
	if !p.attempt() {
		p.wasted += p.pos - m.pos
		p.reset(m)
	}
}

// attempt tries to read type arguments and reports whether there are any. The state is undefined if not.
func (p *parser) attempt() (ok bool) {
	p.trying = true
	defer func() {
		p.trying = false
		if r := recover(); r != nil {
			if _, failed := r.(bailout); !failed {
				panic(r)
			}
		}
	}()
	p.angled()
	return true
}

// angled parses type arguments: <T, U>.
func (p *parser) angled() {
	opened := p.tok
	saved := p.context
	p.context = typeContext{}
	p.advance()
	p.typ()
	for p.accept(tComma) {
		p.typ()
	}
	p.closeAngle(opened)
	p.context = saved
}

// closeAngle passes over a '>', also one that was read together with an '=' behind it.
func (p *parser) closeAngle(opened token) {
	if p.tok.kind != tGreaterEq {
		p.expectClosing(tGreater, "'<'", opened)
		return
	}
	t := p.tok
	p.end = t.off + 1
	p.tok = token{off: t.off + 1, end: t.end, kind: tAssign}
	if next := p.peek(1); next.kind == tAssign && next.off == t.end {
		p.pos++
		p.tok.end, p.tok.kind = next.end, tEqual
	}
}

// isPrimitive tells whether a type name is built in and takes no arguments.
func isPrimitive(word string) bool {
	switch word {
	case "number", "integer", "string", "boolean", "any", "unknown", "never", "thread", "userdata", "error":
		return true
	}
	return false
}
