package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a syntax error, or a limit that a source text exceeds.
type Error struct {
	Chunk  string // name of the source text
	Line   int    // counted from 1
	Column int    // counted from 1, in characters
	Near   string // offending token, shortened; "<eof>" at the end of the text; "" if the text as a whole is meant
	Msg    string
}

// Error formats the error as "chunk:line:column: message near 'token'".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", e.Chunk, e.Line, e.Column, e.Msg)
	if e.Near != "" {
		fmt.Fprintf(&b, " near '%s'", e.Near)
	}
	return b.String()
}

// maxNear is the number of bytes of a token shown in an error.
const maxNear = 40

// nearText makes the text of a token fit for one line of an error message.
func nearText(text string) string {
	if len(text) > maxNear {
		cut := maxNear
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "..."
	}
	for _, r := range text {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			quoted := strconv.Quote(text)
			return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		}
	}
	return text
}

// position returns line and column of a byte offset. A pair of carriage return and line feed is one line break, in either
// order, as for gopher-lua.
func position(src string, off int) (line, column int) {
	line = 1
	start := 0
	for i := 0; i < off; i++ {
		if c := src[i]; c == '\n' || c == '\r' {
			if i+1 < off && isBreak(src[i+1]) && src[i+1] != c {
				i++
			}
			line++
			start = i + 1
		}
	}
	return line, utf8.RuneCountInString(src[start:off]) + 1
}
