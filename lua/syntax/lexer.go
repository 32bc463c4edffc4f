package syntax

import "strings"

// span is a range of bytes of the source.
type span struct{ from, to uint32 }

// lexer cuts a source text into tokens.
type lexer struct {
	src    string
	pos    int
	tokens []token
	// blanks are characters that gopher-lua does not accept although they mean nothing.
	blanks []span
	// msg explains the last token when it is tInvalid.
	msg string
}

// lexAll returns the tokens of src. The last one is tEOF, or tInvalid at the first place that is not a token; the parser
// reports it when it gets there, so that an earlier error comes first.
func lexAll(src string) *lexer {
	lx := &lexer{src: src, tokens: make([]token, 0, len(src)/4+8)}
	lx.skipHead()
	for {
		newline := lx.skipSpace()
		if lx.msg != "" {
			break
		}
		start := lx.pos
		k := lx.scan()
		lx.tokens = append(lx.tokens, token{off: uint32(start), end: uint32(lx.pos), kind: k, newline: newline})
		if k == tEOF || k == tInvalid {
			break
		}
	}
	return lx
}

// skipHead passes over a byte order mark and a first line that begins with '#'.
func (lx *lexer) skipHead() {
	if strings.HasPrefix(lx.src, "\ufeff") {
		lx.pos = len("\ufeff")
	}
	if strings.HasPrefix(lx.src[lx.pos:], "#") {
		lx.skipLine()
	}
	if lx.pos > 0 {
		lx.blank(0, lx.pos)
	}
}

// blank marks bytes as meaningless.
func (lx *lexer) blank(from, to int) {
	lx.blanks = append(lx.blanks, span{uint32(from), uint32(to)})
}

// fail records why the bytes from start to the current position are no token.
func (lx *lexer) fail(msg string) kind {
	lx.msg = msg
	return tInvalid
}

// skipSpace passes over white space and comments, and tells whether it met a line break.
func (lx *lexer) skipSpace() (newline bool) {
	for lx.pos < len(lx.src) {
		switch c := lx.src[lx.pos]; {
		case c == ' ' || c == '\t':
			lx.pos++
		case isBreak(c):
			newline = true
			lx.pos++
		case c == '\v' || c == '\f':
			lx.blank(lx.pos, lx.pos+1)
			lx.pos++
		case c == '-' && lx.at(1) == '-':
			if lx.skipComment() {
				newline = true
			}
			if lx.msg != "" {
				return newline
			}
		default:
			return newline
		}
	}
	return newline
}

// skipComment passes over a comment and tells whether it contains a line break.
func (lx *lexer) skipComment() (newline bool) {
	start := lx.pos
	lx.pos += 2
	if lx.at(0) == '[' {
		level, ok := lx.longBracket()
		if ok {
			if !lx.skipLong(level) {
				lx.fail("unfinished long comment, expected ']" + levelText(level) + "]'")
				lx.tokens = append(lx.tokens, token{off: uint32(start), end: uint32(min(lx.pos, start+4)), kind: tInvalid})
			}
			return strings.ContainsAny(lx.src[start:lx.pos], "\r\n")
		}
		if level > 0 {
			// gopher-lua takes "--[=" for the beginning of a long comment even if no second bracket follows.
			lx.blank(lx.pos, lx.pos+1)
		}
	}
	lx.skipLine()
	return false
}

// skipLine moves to the end of the line.
func (lx *lexer) skipLine() {
	for lx.pos < len(lx.src) && !isBreak(lx.src[lx.pos]) {
		lx.pos++
	}
}

// at returns the byte n places after the current one, or 0 behind the end.
func (lx *lexer) at(n int) byte {
	if lx.pos+n < len(lx.src) {
		return lx.src[lx.pos+n]
	}
	return 0
}

// isBreak tells whether a byte is a line break or a part of one.
func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// isDigit tells whether a byte is a decimal digit.
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isLetter tells whether a byte may begin a name.
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }

// isHexDigit tells whether a byte is a hexadecimal digit.
func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// scan reads the token at the current position.
func (lx *lexer) scan() kind {
	if lx.pos >= len(lx.src) {
		return tEOF
	}
	c := lx.src[lx.pos]
	switch {
	case isLetter(c):
		start := lx.pos
		for lx.pos++; lx.pos < len(lx.src) && (isLetter(lx.src[lx.pos]) || isDigit(lx.src[lx.pos])); {
			lx.pos++
		}
		return wordKind(lx.src[start:lx.pos])
	case isDigit(c), c == '.' && isDigit(lx.at(1)):
		return lx.scanNumber()
	case c == '"' || c == '\'':
		return lx.scanString(c)
	case c == '[':
		if level, ok := lx.longBracket(); ok {
			if !lx.skipLong(level) {
				return lx.fail("unfinished long string, expected ']" + levelText(level) + "]'")
			}
			return tString
		}
	}
	return lx.scanSymbol(c)
}

// scanSymbol reads an operator or a bracket.
func (lx *lexer) scanSymbol(c byte) kind {
	take := func(n int, k kind) kind { lx.pos += n; return k }
	next := lx.at(1)
	switch c {
	case '-':
		if next == '>' {
			return take(2, tArrow)
		}
	case '/':
		if next == '/' {
			return take(2, tSlashSlash)
		}
	case '<':
		if next == '=' {
			return take(2, tLessEq)
		}
	case '>':
		if next == '=' {
			return take(2, tGreaterEq)
		}
	case '=':
		if next == '=' {
			return take(2, tEqual)
		}
	case '~':
		if next == '=' {
			return take(2, tNotEqual)
		}
	case '!':
		// In "a!==b" the mark is followed by a comparison.
		if next == '=' && lx.at(2) != '=' {
			lx.pos += 2
			return lx.fail("operator '!=' does not exist, write '~='")
		}
	case ':':
		if next == ':' {
			return take(2, tColonColon)
		}
	case '.':
		if next == '.' {
			if lx.at(2) == '.' {
				return take(3, tDots)
			}
			return take(2, tConcat)
		}
	}
	if k := symbols[c]; k != tEOF {
		return take(1, k)
	}
	lx.pos++
	for lx.pos < len(lx.src) && c >= 0x80 && lx.src[lx.pos] >= 0x80 {
		lx.pos++
	}
	return lx.fail("unexpected character")
}

// symbols maps single characters to their tokens. It is read-only.
var symbols = [256]kind{
	'+': tPlus, '-': tMinus, '*': tStar, '/': tSlash, '%': tPercent, '^': tCaret, '#': tHash, '&': tAmp, '~': tTilde, '|': tPipe,
	'<': tLess, '>': tGreater, '=': tAssign, '(': tParenL, ')': tParenR, '{': tBraceL, '}': tBraceR, '[': tBracketL,
	']': tBracketR, ';': tSemicolon, ':': tColon, ',': tComma, '.': tDot, '?': tQuestion, '!': tBang, '@': tAt,
}
