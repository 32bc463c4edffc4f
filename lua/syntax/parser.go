package syntax

// parser walks over the tokens of one source text, checks the grammar, and notes what has to be changed in the text.
// Expressions and statements yield only the height of their syntax tree: nothing else of the tree is needed.
type parser struct {
	chunk  string
	src    string
	limits Limits

	tokens []token
	pos    int    // index of tok in tokens
	tok    token  // the current token; differs from tokens[pos] while a '>=' is being split
	end    uint32 // end of the token before the current one
	lexMsg string // explains a token of kind tInvalid

	depth int // nesting of blocks, expressions and types, bounded by limits.MaxDepth
	// closed is above zero where an expression cannot be the end of a statement, so that no label can follow it.
	closed int
	// trying is set while type arguments are tried that may turn out to be a comparison.
	trying  bool
	wasted  int // tokens read in vain by such attempts
	context typeContext

	operands  []operand // operand stack of the expressions being parsed
	operators []operator

	fn      *function // the function being parsed
	exact   bool      // count distinct constants, not all of them
	steps   int       // what it takes to look up all constants
	crowded bool      // a function may have too many constants

	renamed string // what replaces the variable goto
	changes changes
}

// bailout carries the first error up to run.
type bailout struct{ err *Error }

// newParser returns a parser at the first token of src.
func newParser(chunk, src string, limits Limits) *parser {
	return &parser{chunk: chunk, src: src, limits: limits}
}

// run parses the whole text.
func (p *parser) run() (err error) {
	if len(p.src) > p.limits.MaxSource {
		return &Error{Chunk: p.chunk, Line: 1, Column: 1, Msg: sizeMessage(len(p.src), p.limits.MaxSource)}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case bailout:
			err = r.err
		default:
			panic(r)
		}
	}()
	lx := lexAll(p.src)
	p.tokens, p.lexMsg, p.changes.blanks = lx.tokens, lx.msg, lx.blanks
	p.tok = p.tokens[0]
	p.fn = &function{}
	p.block()
	if p.tok.kind != tEOF {
		p.fail("unexpected " + p.describe() + ", which closes nothing here")
	}
	return nil
}

// advance moves to the next token.
func (p *parser) advance() {
	p.end = p.tok.end
	if p.pos+1 < len(p.tokens) {
		p.pos++
	}
	p.tok = p.tokens[p.pos]
}

// peek returns the token n places after the current one; behind the last token, the last one.
func (p *parser) peek(n int) token {
	return p.tokens[min(p.pos+n, len(p.tokens)-1)]
}

// text returns how a token is written.
func (p *parser) text(t token) string { return p.src[t.off:t.end] }

// isWord tells whether the current token is a name with this spelling.
func (p *parser) isWord(word string) bool {
	return p.tok.kind == tName && p.text(p.tok) == word
}

// accept passes over a token of a kind, if the current one is that.
func (p *parser) accept(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.advance()
	return true
}

// expect passes over a token of a kind or fails; where says what the token is needed for.
func (p *parser) expect(k kind, where string) {
	if !p.accept(k) {
		p.fail("expected " + k.spelling() + " " + where)
	}
}

// expectClosing passes over the token that closes a construct, or fails and names the place where it was opened.
func (p *parser) expectClosing(k kind, what string, opened token) {
	if p.accept(k) {
		return
	}
	line, _ := position(p.src, int(opened.off))
	if here, _ := position(p.src, int(p.tok.off)); here == line {
		p.fail("expected " + k.spelling() + " to close " + what)
	}
	p.fail("expected " + k.spelling() + " to close " + what + " of line " + itoa(line))
}

// expectName passes over a name and returns it, or fails.
func (p *parser) expectName(what string) token {
	t := p.tok
	if !t.kind.isName() {
		p.fail("expected " + what)
	}
	p.advance()
	return t
}

// enter begins a nested construct. Every enter has its leave, unless parsing ends with an error.
func (p *parser) enter() {
	p.depth++
	if p.depth > p.limits.MaxDepth {
		p.fail("too deeply nested: more than " + itoa(p.limits.MaxDepth) + " levels, split the code into functions")
	}
}

// leave ends a nested construct.
func (p *parser) leave() { p.depth-- }

// tall checks the height of a part of the syntax tree and returns it.
func (p *parser) tall(h int) int {
	if h > p.limits.MaxHeight {
		p.fail("expression or chain too long: more than " + itoa(p.limits.MaxHeight) + " levels, split it")
	}
	return h
}

// fail ends parsing with an error at the current token.
func (p *parser) fail(msg string) {
	p.failAt(p.tok, msg)
}

// failAt ends parsing with an error at a token. A token that is none has its own explanation.
func (p *parser) failAt(t token, msg string) {
	if t.kind == tInvalid {
		msg = p.lexMsg
	}
	near := "<eof>"
	if t.kind != tEOF {
		near = nearText(p.text(t))
	}
	if p.trying {
		panic(bailout{}) // nobody reads the error of an attempt
	}
	line, column := position(p.src, int(t.off))
	panic(bailout{&Error{Chunk: p.chunk, Line: line, Column: column, Near: near, Msg: msg}})
}

// describe names the current token in an error message.
func (p *parser) describe() string {
	switch k := p.tok.kind; {
	case k == tEOF:
		return "end of the text"
	case k == tString:
		return "string"
	case k == tNumber:
		return "number"
	default:
		return "'" + nearText(p.text(p.tok)) + "'"
	}
}
