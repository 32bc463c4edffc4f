package exec

import (
	"strings"

	"github.com/troupe-go/troupe/messages"
)

// split makes words of a command line as a shell does, without doing anything
// else a shell does: blanks part words, '…' keeps everything, "…" everything but
// a backslash before ", \, $ or `, and a backslash outside of quotes keeps the
// next character.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, in := byte(0), false       // the quote that is open; inside a word
	for i := 0; i < len(line); i++ { // what splits is ASCII; other bytes stay as they are
		r := line[i]
		switch {
		case open == '\'' && r != '\'', open == '"' && r != '"' && r != '\\':
			word.WriteByte(r)
		case open != 0 && r == open:
			open = 0
		case r == '\\':
			if i+1 == len(line) {
				return nil, messages.Errorf(messages.Invalid, "command line %q ends with a backslash; write it twice", line)
			}
			i++
			if open == '"' && strings.IndexByte("\"\\$`", line[i]) < 0 {
				word.WriteByte('\\')
			}
			word.WriteByte(line[i])
			in = true
		case r == '\'' || r == '"':
			open, in = r, true
		case strings.IndexByte(" \t\r\n", r) >= 0:
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteByte(r)
			in = true
		}
	}
	if open != 0 {
		return nil, messages.Errorf(messages.Invalid, "command line %q has a quote %c that is not closed", line, open)
	}
	if in {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, messages.Errorf(messages.Invalid, "command is required")
	}
	return words, nil
}
