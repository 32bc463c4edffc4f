package messages

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// DecodeJSON reads one JSON text. null is nil: the key of an object is absent, an
// element leaves its place empty. Of equal keys the last one wins. Numbers
// become float64, bytes that are not UTF-8 U+FFFD. An empty text is an Invalid
// error, anything that is not JSON, nested deeper than 1000 levels or with a
// number out of range an Internal "decode failed" whose cause says where.
func DecodeJSON(data []byte) (Value, error) { return decodeJSON(string(data)) }

func decodeJSON(text string) (Value, error) {
	if text == "" {
		return nil, Errorf(Invalid, "empty string is not valid JSON")
	}
	d := jsonDecoder{s: text, copies: len(text) > keepWhole}
	v, err := d.document()
	if err != nil {
		return nil, Because(Internal, "decode failed", err)
	}
	return v, nil
}

// keepWhole is the largest text whose parts may keep all of it in memory.
const keepWhole = 64 << 10

type jsonDecoder struct {
	s      string
	i      int
	copies bool
	stack  []Value    // elements of the containers that are still open
	keys   [128]Value // recent keys, so that equal ones share memory
}

func (d *jsonDecoder) document() (Value, error) {
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if d.space(); d.i < len(d.s) {
		return nil, d.unexpected("the end")
	}
	return v, nil
}

// fail describes what is wrong at byte at.
func (d *jsonDecoder) fail(at int, format string, args ...any) error {
	line := 1 + strings.Count(d.s[:at], "\n")
	column := at - strings.LastIndexByte(d.s[:at], '\n')
	return Errorf(Invalid, "json line %d column %d: %s", line, column, fmt.Sprintf(format, args...))
}

func (d *jsonDecoder) unexpected(want string) error {
	if d.i >= len(d.s) {
		return d.fail(d.i, "the text ends, expected %s", want)
	}
	r, _ := utf8.DecodeRuneInString(d.s[d.i:])
	return d.fail(d.i, "unexpected %q, expected %s", r, want)
}

func (d *jsonDecoder) space() {
	for d.i < len(d.s) {
		switch d.s[d.i] {
		case ' ', '\n', '\t', '\r':
			d.i++
		default:
			return
		}
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (d *jsonDecoder) peek() byte {
	if d.i < len(d.s) {
		if c := d.s[d.i]; c > ' ' {
			return c
		}
	}
	d.space()
	if d.i < len(d.s) {
		return d.s[d.i]
	}
	return 0
}

func (d *jsonDecoder) value(depth int) (Value, error) {
	switch c := d.peek(); {
	case c == '"':
		s, err := d.text()
		if err != nil {
			return nil, err
		}
		return s, nil
	case c == '{', c == '[':
		if depth >= maxDecodeDepth {
			return nil, d.fail(d.i, "more than %d levels", maxDecodeDepth)
		}
		if c == '{' {
			return d.object(depth + 1)
		}
		return d.list(depth + 1)
	case c == '-', c >= '0' && c <= '9':
		return d.number()
	case c == 't' && d.word("true"):
		return true, nil
	case c == 'f' && d.word("false"):
		return false, nil
	case c == 'n' && d.word("null"):
		return nil, nil
	}
	return nil, d.unexpected("a value")
}

func (d *jsonDecoder) word(w string) bool {
	if !strings.HasPrefix(d.s[d.i:], w) {
		return false
	}
	d.i += len(w)
	return true
}

func (d *jsonDecoder) list(depth int) (Value, error) {
	d.i++
	base := len(d.stack)
	if d.peek() == ']' {
		d.i++
		return &Table{}, nil
	}
	for {
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		d.stack = append(d.stack, v)
		switch d.peek() {
		case ',':
			d.i++
		case ']':
			d.i++
			t := listTable(d.stack[base:])
			d.close(base)
			return t, nil
		default:
			return nil, d.unexpected("',' or ']'")
		}
	}
}

func (d *jsonDecoder) object(depth int) (Value, error) {
	d.i++
	base := len(d.stack)
	if d.peek() == '}' {
		d.i++
		return &Table{Object: true}, nil
	}
	for {
		if d.peek() != '"' {
			return nil, d.unexpected("a key in quotes")
		}
		key, err := d.key()
		if err != nil {
			return nil, err
		}
		if d.peek() != ':' {
			return nil, d.unexpected("':'")
		}
		d.i++
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		d.stack = append(d.stack, key, v)
		switch d.peek() {
		case ',':
			d.i++
		case '}':
			d.i++
			t := mapTable(d.stack[base:])
			d.close(base)
			return t, nil
		default:
			return nil, d.unexpected("',' or '}'")
		}
	}
}

func (d *jsonDecoder) close(base int) {
	clear(d.stack[base:])
	d.stack = d.stack[:base]
}

// key reads a string and returns an equal one that was read before, if it is
// still at hand.
func (d *jsonDecoder) key() (Value, error) {
	start := d.i + 1
	end := start
	for end < len(d.s) && plainJSON[d.s[end]] {
		end++
	}
	if end >= len(d.s) || d.s[end] != '"' || end == start || end-start > 64 {
		s, err := d.text()
		return s, err
	}
	d.i = end + 1
	raw := d.s[start:end]
	at := &d.keys[(uint(len(raw))*31+uint(raw[0])*7+uint(raw[len(raw)-1]))%uint(len(d.keys))]
	if s, ok := (*at).(string); ok && s == raw {
		return *at, nil
	}
	if d.copies {
		raw = strings.Clone(raw)
	}
	*at = raw
	return *at, nil
}

func (d *jsonDecoder) text() (string, error) {
	start := d.i + 1
	ascii := true
	for i := start; i < len(d.s); i++ {
		c := d.s[i]
		switch {
		case plainJSON[c]:
		case c == '"':
			d.i = i + 1
			s := d.s[start:i]
			switch {
			case !ascii && !utf8.ValidString(s):
				return string([]rune(s)), nil
			case d.copies:
				return strings.Clone(s), nil
			}
			return s, nil
		case c == '\\':
			return d.escaped(start, i)
		case c >= utf8.RuneSelf:
			ascii = false
		default:
			return "", d.fail(i, "control character %#02x in a string", c)
		}
	}
	return "", d.fail(len(d.s), "the text ends inside a string")
}

// escaped reads a string from start whose first backslash is at i.
func (d *jsonDecoder) escaped(start, i int) (string, error) {
	buf := append(make([]byte, 0, i-start+32), d.s[start:i]...)
	for i < len(d.s) {
		c := d.s[i]
		switch {
		case c == '"':
			d.i = i + 1
			if utf8.Valid(buf) {
				return string(buf), nil
			}
			return string([]rune(string(buf))), nil
		case c < ' ':
			return "", d.fail(i, "control character %#02x in a string", c)
		case c != '\\':
			buf = append(buf, c)
			i++
			continue
		}
		if i+1 >= len(d.s) {
			break
		}
		i += 2
		switch c := d.s[i-1]; c {
		case '"', '\\', '/':
			buf = append(buf, c)
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			r, ok := hexRune(d.s[i:])
			if !ok {
				return "", d.fail(i-2, `\u needs four hexadecimal digits`)
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if strings.HasPrefix(d.s[i:], `\u`) {
					low, ok = hexRune(d.s[i+2:])
				}
				r = utf16.DecodeRune(r, low)
				if ok && r != utf8.RuneError {
					i += 6
				}
			}
			buf = utf8.AppendRune(buf, r)
		default:
			return "", d.fail(i-2, "unknown escape %q in a string", d.s[i-2:i])
		}
	}
	return "", d.fail(len(d.s), "the text ends inside a string")
}

func hexRune(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[:4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (d *jsonDecoder) digits() int {
	start := d.i
	for d.i < len(d.s) && d.s[d.i]-'0' <= 9 {
		d.i++
	}
	return d.i - start
}

func (d *jsonDecoder) number() (Value, error) {
	start := d.i
	if d.s[d.i] == '-' {
		d.i++
	}
	first := d.i
	n := d.digits()
	if n == 0 || n > 1 && d.s[first] == '0' {
		d.i = first
		return nil, d.unexpected("a number without leading zeros")
	}
	whole := true
	if d.i < len(d.s) && d.s[d.i] == '.' {
		whole = false
		d.i++
		if d.digits() == 0 {
			return nil, d.unexpected("a digit")
		}
	}
	if d.i < len(d.s) && d.s[d.i]|0x20 == 'e' {
		whole = false
		d.i++
		if d.i < len(d.s) && (d.s[d.i] == '+' || d.s[d.i] == '-') {
			d.i++
		}
		if d.digits() == 0 {
			return nil, d.unexpected("a digit")
		}
	}
	if whole && n <= 15 {
		v := int64(0)
		for _, c := range []byte(d.s[first:d.i]) {
			v = v*10 + int64(c-'0')
		}
		if first == start {
			return float64(v), nil
		}
		if v > 0 {
			return float64(-v), nil
		}
	}
	f, err := strconv.ParseFloat(d.s[start:d.i], 64)
	if err != nil {
		return nil, d.fail(start, "the number is out of range")
	}
	return f, nil
}
