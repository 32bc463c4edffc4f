package syntax

import (
	"math"
	"strconv"
	"strings"
)

// longBracket looks at a '[' and returns the number of '=' after it, and whether a second '[' makes it a long bracket.
func (lx *lexer) longBracket() (level int, ok bool) {
	for lx.at(1+level) == '=' {
		level++
	}
	return level, lx.at(1+level) == '['
}

// skipLong moves behind the long string or comment whose opening bracket stands at the current position. It reports false,
// and moves to the end of the text, if the closing bracket is missing.
func (lx *lexer) skipLong(level int) bool {
	lx.pos += level + 2
	closing := "]" + levelText(level) + "]"
	n := strings.Index(lx.src[lx.pos:], closing)
	if n < 0 {
		lx.pos = len(lx.src)
		return false
	}
	lx.pos += n + len(closing)
	return true
}

// levelText is the middle of a long bracket of a level.
func levelText(level int) string { return strings.Repeat("=", level) }

// scanString reads a string in quotes. Unknown escapes stand for the character behind the backslash; gopher-lua reads them
// the same way, so nothing has to be rewritten.
func (lx *lexer) scanString(quote byte) kind {
	lx.pos++
	for lx.pos < len(lx.src) {
		switch c := lx.src[lx.pos]; {
		case c == quote:
			lx.pos++
			return tString
		case isBreak(c):
			return lx.fail("unfinished string, expected " + string(quote) + " on the same line")
		case c == '\\':
			lx.pos++
			if !lx.skipEscape() {
				return lx.fail(`escape sequence too large, \ddd is at most \255`)
			}
		default:
			lx.pos++
		}
	}
	return lx.fail("unfinished string, expected " + string(quote))
}

// skipEscape passes over what follows a backslash and reports whether it is valid.
func (lx *lexer) skipEscape() bool {
	c := lx.at(0)
	switch {
	case isDigit(c):
		n := 0
		for i := 0; i < 3 && isDigit(lx.at(0)); i++ {
			n = n*10 + int(lx.at(0)-'0')
			lx.pos++
		}
		return n <= math.MaxUint8
	case isBreak(c):
		lx.pos++
		if next := lx.at(0); isBreak(next) && next != c {
			lx.pos++
		}
	case lx.pos < len(lx.src):
		lx.pos++
	}
	return true
}

// scanNumber reads a number. As in Lua, letters and dots behind it belong to it and make it malformed.
func (lx *lexer) scanNumber() kind {
	valid := false
	if lx.at(0) == '0' && lx.at(1)|0x20 == 'x' {
		lx.pos += 2
		for isHexDigit(lx.at(0)) {
			valid = true
			lx.pos++
		}
	} else {
		valid = lx.scanDecimal()
	}
	for c := lx.at(0); isDigit(c) || isLetter(c) || c == '.'; c = lx.at(0) {
		valid = false
		lx.pos++
	}
	if !valid {
		return lx.fail("malformed number")
	}
	return tNumber
}

// scanDecimal reads digits, fraction and exponent, and reports whether they form a number.
func (lx *lexer) scanDecimal() bool {
	digits := func() (any bool) {
		for ; isDigit(lx.at(0)); lx.pos++ {
			any = true
		}
		return any
	}
	digits()
	if lx.at(0) == '.' {
		lx.pos++
		digits()
	}
	if lx.at(0)|0x20 != 'e' {
		return true
	}
	lx.pos++
	if c := lx.at(0); c == '+' || c == '-' {
		lx.pos++
	}
	return digits()
}

// plainNumber returns how a number has to be written for gopher-lua: it takes leading zeros for an octal number, and
// numbers beyond its range for NaN.
func plainNumber(s string) string {
	hex := len(s) > 1 && s[1]|0x20 == 'x'
	switch {
	case hex && len(s) > 17:
		if _, err := strconv.ParseInt(s, 0, 64); err == nil {
			return s
		}
		v, err := strconv.ParseFloat(s+"p0", 64)
		if err != nil {
			return infinity
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case !hex && len(s) > 3 && (len(s) > 300 || strings.ContainsAny(s, "eE")):
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return infinity
		}
	case len(s) > 2 && s[:2] == "00" && strings.Trim(s, "0123456789") == "":
		digits := strings.TrimLeft(s[:len(s)-1], "0") + s[len(s)-1:]
		return strings.Repeat(" ", len(s)-len(digits)) + digits
	}
	return s
}

// infinity is an expression for a number that is too large to be written as one.
const infinity = "(1/0)"
