package syntax

import "strings"

// The word goto is an ordinary name of the language, but a reserved word of gopher-lua. Where a program uses it as a name it
// is written differently: variables and labels are renamed, fields become string keys, and methods are called through a
// function that takes the receiver as an argument, because the receiver must be evaluated only once.

const (
	gotoKey = `"goto"`
	// callGoto is a function that calls the method "goto" of its first argument.
	callGoto = `(function(self, ...) return self["goto"](self, ...) end)`
)

// gotoName returns the name that replaces the variable goto: one that the source does not contain.
func (p *parser) gotoName() string {
	if p.renamed == "" {
		longest := 0
		rest := p.src
		for {
			n := strings.Index(rest, "goto")
			if n < 0 {
				break
			}
			rest = rest[n+len("goto"):]
			longest = max(longest, len(rest)-len(strings.TrimLeft(rest, "_")))
		}
		p.renamed = "goto_" + strings.Repeat("_", longest)
	}
	return p.renamed
}

// declare renames a variable, parameter or label if it is called goto.
func (p *parser) declare(name token) {
	if name.kind == tGoto {
		p.replace(name.off, name.end, p.gotoName())
	}
}

// gotoField turns ".goto" into an index; tail is added behind it.
func (p *parser) gotoField(dot, name token, tail string) {
	p.replace(dot.off, dot.end, "[")
	p.replace(name.off, name.end, gotoKey+"]"+tail)
}

// gotoMethod parses the arguments behind "x:goto", where x begins at from, and rewrites the call.
func (p *parser) gotoMethod(from uint32, colon, name token) int {
	p.replace(from, from, callGoto+"((")
	opened := p.tok
	if opened.kind == tParenL && p.peek(1).kind == tParenR {
		p.replace(colon.off, colon.end, ")")
	} else {
		p.replace(colon.off, colon.end, "),")
	}
	p.replace(name.off, name.end, "")
	h := p.arguments()
	if opened.kind == tParenL {
		p.replace(opened.off, opened.end, "")
	} else {
		p.replace(p.end-1, p.end, p.src[p.end-1:p.end]+")")
	}
	return h + 2
}

// functionName parses the name of a function statement that begins at word, and returns the parameter that has to be added.
// A name with a field goto turns the statement into an assignment.
func (p *parser) functionName(word token) (self string) {
	first := p.expectName("a function name")
	p.constant(p.text(first))
	p.declare(first)
	assign := false
	last, sep := first, token{}
	for p.tok.kind == tDot || p.tok.kind == tColon {
		if sep.kind == tDot && last.kind == tGoto {
			p.gotoField(sep, last, "")
		}
		sep = p.tok
		p.advance()
		last = p.expectName("a name after '" + p.text(sep) + "'")
		p.constant(p.text(last))
		assign = assign || last.kind == tGoto
		if sep.kind == tColon {
			break
		}
	}
	if !assign {
		return ""
	}
	p.changes.blanks = append(p.changes.blanks, span{word.off, word.end})
	switch {
	case last.kind == tGoto:
		p.gotoField(sep, last, "=function")
	default:
		p.replace(sep.off, sep.end, ".")
		p.replace(last.off, last.end, p.text(last)+"=function")
	}
	if sep.kind == tColon {
		return "self"
	}
	return ""
}
