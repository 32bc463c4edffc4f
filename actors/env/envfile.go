package env

import (
	"strings"

	"github.com/troupe-go/troupe/messages"
)

// The text of a .env file: KEY=VALUE lines, white space around both does not
// count, "#" begins a comment anywhere, quotes are characters like others. Of
// several lines with one key the last one counts.

// line is one line of such a file, cut up so that the value can be changed and
// all else stays: before + value + after is the line without its end.
type line struct {
	key, value    string
	before, after string
	end           string // "\n", "\r\n", or "" at the end of the file
}

func parseLine(s string) line {
	var l line
	for _, end := range []string{"\r\n", "\n"} {
		if rest, ok := strings.CutSuffix(s, end); ok {
			s, l.end = rest, end
			break
		}
	}
	content := s
	if i := strings.IndexByte(s, '#'); i >= 0 {
		content = s[:i]
	}
	key, value, ok := strings.Cut(content, "=")
	l.key = strings.TrimSpace(key)
	if !ok || l.key == "" {
		return line{before: s, end: l.end}
	}
	l.value = strings.TrimSpace(value)
	begin := len(key) + 1
	if l.value != "" {
		begin += strings.Index(value, l.value)
	}
	l.before, l.after = s[:begin], s[begin+len(l.value):]
	return l
}

func (l line) String() string { return l.before + l.value + l.after + l.end }

func parseFile(text string) []line {
	var out []line
	for s := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		out = append(out, parseLine(s))
	}
	return out
}

// fileValues returns what a file says.
func fileValues(text string) map[string]string {
	out := map[string]string{}
	for _, l := range parseFile(text) {
		if l.key != "" {
			out[l.key] = l.value
		}
	}
	return out
}

// setValue returns the text with one value changed, or a line appended.
func setValue(text, key, value string) (string, error) {
	if err := storable(key, value); err != nil {
		return "", err
	}
	lines := parseFile(text)
	at := -1
	for i, l := range lines {
		if l.key == key {
			at = i
		}
	}
	if at < 0 {
		end := "\n"
		if n := len(lines); n > 0 {
			if lines[0].end != "" {
				end = lines[0].end
			}
			if lines[n-1].end == "" {
				lines[n-1].end = end
			}
		}
		lines = append(lines, line{before: key + "=", value: value, end: end})
	} else {
		l := &lines[at]
		l.value = value
		if value != "" && strings.HasPrefix(l.after, "#") {
			l.after = " " + l.after
		}
	}
	return join(lines), nil
}

// removeValue returns the text without the lines of a key.
func removeValue(text, key string) string {
	var kept []line
	for _, l := range parseFile(text) {
		if l.key != key {
			kept = append(kept, l)
		}
	}
	return join(kept)
}

func join(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.String())
	}
	return b.String()
}

// storable refuses what would not be read back as it was written.
func storable(key, value string) error {
	if key == "" || key != strings.TrimSpace(key) || strings.ContainsAny(key, "=#\r\n") {
		return messages.Errorf(messages.Invalid, "writing an env file: %s cannot be a key; leave out \"=\", \"#\", line breaks and white space around it", quoted(key))
	}
	if value != strings.TrimSpace(value) || strings.ContainsAny(value, "#\r\n") {
		return messages.Errorf(messages.Invalid, "writing an env file: the value of %s would not be read back as it is; it must not have \"#\", line breaks or white space around it", quoted(key))
	}
	return nil
}
