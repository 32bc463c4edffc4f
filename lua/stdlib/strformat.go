package stdlib

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one conversion of a format string: %[flags][width][.precision]verb.
type directive struct {
	flags       string
	width, prec int // -1 if absent
	verb        byte
}

// strFormat is string.format(format, ...).
func (b *library) strFormat(L *lua.LState) int {
	f := b.str(L, 1)
	out := &buffer{w: &work{lib: b, L: L}}
	arg := 1
	for {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			break
		}
		out.str(f[:i])
		f = f[i+1:]
		if strings.HasPrefix(f, "%") {
			out.byte('%')
			f = f[1:]
			continue
		}
		d, rest := parseDirective(L, f)
		f = rest
		arg++
		if arg > L.GetTop() {
			L.ArgError(arg, "no value")
		}
		b.convert(L, out, d, arg)
	}
	out.str(f)
	out.w.done()
	L.Push(lua.LString(out.b.String()))
	return 1
}

// parseDirective reads what follows a percent sign. Width and precision have
// two digits at most, as in Lua.
func parseDirective(L *lua.LState, f string) (d directive, rest string) {
	i := 0
	for i < len(f) && strings.IndexByte("-+ #0", f[i]) >= 0 {
		i++
	}
	if i > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	d.flags = f[:i]
	d.width, i = parseDigits(L, f, i, -1)
	d.prec = -1
	if i < len(f) && f[i] == '.' {
		d.prec, i = parseDigits(L, f, i+1, 0)
	}
	if i >= len(f) {
		L.RaiseError("invalid format (ends after '%%%s')", f)
	}
	d.verb = f[i]
	return d, f[i+1:]
}

func parseDigits(L *lua.LState, f string, i, absent int) (n, next int) {
	start := i
	for i < len(f) && '0' <= f[i] && f[i] <= '9' {
		i++
		if i-start > 2 {
			L.RaiseError("invalid format (width or precision too long)")
		}
	}
	if i == start {
		return absent, i
	}
	n, _ = strconv.Atoi(f[start:i])
	return n, i
}

// convert writes one argument.
func (b *library) convert(L *lua.LState, out *buffer, d directive, arg int) {
	switch d.verb {
	case 'c':
		d.pad(out, string([]byte{byte(integer(L, arg))}))
	case 'd', 'i':
		out.str(fmt.Sprintf(d.goFormat('d'), int64(integer(L, arg))))
	case 'u':
		out.str(fmt.Sprintf(d.goFormat('d'), unsigned(number(L, arg))))
	case 'o', 'x', 'X':
		out.str(fmt.Sprintf(d.goFormat(d.verb), unsigned(number(L, arg))))
	case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
		d.float(out, number(L, arg))
	case 'q':
		quote(out, b.str(L, arg))
	case 's':
		s := b.toString(L, L.Get(arg))
		if d.prec >= 0 && d.prec < len(s) {
			s = s[:d.prec]
		}
		d.pad(out, s)
	default:
		L.RaiseError("invalid option '%%%s' to 'format'; use one of cdiuoxXeEfFgGaAqs", string([]byte{d.verb}))
	}
}

// goFormat is the directive in the notation of package fmt.
func (d directive) goFormat(verb byte) string {
	out := make([]byte, 0, 16)
	out = append(out, '%')
	out = append(out, d.flags...)
	if d.width >= 0 {
		out = strconv.AppendInt(out, int64(d.width), 10)
	}
	if d.prec >= 0 {
		out = append(out, '.')
		out = strconv.AppendInt(out, int64(d.prec), 10)
	}
	return string(append(out, verb))
}

// unsigned is a number as 64 bits, negative ones as two's complement.
func unsigned(f float64) uint64 {
	switch {
	case f >= two63*2:
		return math.MaxUint64
	case f >= two63:
		return uint64(f)
	}
	return uint64(int64(clampInt(f)))
}

// pad writes s at the width of the directive, counted in bytes.
func (d directive) pad(out *buffer, s string) {
	left := strings.IndexByte(d.flags, '-') >= 0
	if !left {
		out.fill(' ', d.width-len(s))
	}
	out.str(s)
	if left {
		out.fill(' ', d.width-len(s))
	}
}

// float writes a number with fraction. C and Go differ in the default
// precision, in the names of special values, and in hexadecimal exponents.
func (d directive) float(out *buffer, f float64) {
	if s, special := specialText(f); special {
		if s[0] != '-' {
			switch {
			case strings.IndexByte(d.flags, '+') >= 0:
				s = "+" + s
			case strings.IndexByte(d.flags, ' ') >= 0:
				s = " " + s
			}
		}
		if 'A' <= d.verb && d.verb <= 'Z' {
			s = strings.ToUpper(s)
		}
		d.pad(out, s)
		return
	}
	if d.verb == 'a' || d.verb == 'A' {
		d.hexFloat(out, f)
		return
	}
	if d.prec < 0 {
		d.prec = 6
	}
	if d.prec == 0 && (d.verb == 'g' || d.verb == 'G') {
		d.prec = 1
	}
	out.str(fmt.Sprintf(d.goFormat(d.verb), f))
}

// hexFloat is %a: the exponent has as few digits as possible.
func (d directive) hexFloat(out *buffer, f float64) {
	b := strconv.AppendFloat(nil, f, 'x', d.prec, 64)
	if i := bytes.IndexByte(b, 'p'); i >= 0 && i+3 < len(b) && b[i+2] == '0' {
		b = append(b[:i+2], b[i+3:]...)
	}
	if d.verb == 'A' {
		b = bytes.ToUpper(b)
	}
	s := string(b)
	if s[0] != '-' {
		switch {
		case strings.IndexByte(d.flags, '+') >= 0:
			s = "+" + s
		case strings.IndexByte(d.flags, ' ') >= 0:
			s = " " + s
		}
	}
	d.pad(out, s)
}

// quote writes s so that Lua can read it again.
func quote(out *buffer, s string) {
	out.byte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out.byte('\\')
			out.byte(c)
		case '\r':
			out.str(`\r`)
		case 0:
			out.str(`\000`)
		default:
			out.byte(c)
		}
	}
	out.w.add(len(s) >> 3)
	out.byte('"')
}
