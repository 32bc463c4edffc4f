package stdlib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// two63 is the first number beyond the range of a 64-bit integer.
const two63 = 1 << 63

// numberText is the text of a number: integral values have no fraction, all
// others the fewest digits that identify them. The operator .. of gopher-lua
// differs for fractions above 2^21, which it writes with an exponent, and for
// infinities and NaN, which it writes as Go does.
func numberText(n lua.LNumber) string {
	f := float64(n)
	if isIntegral(f) && f < two63 {
		return strconv.FormatInt(int64(f), 10)
	}
	if s, ok := specialText(f); ok {
		return s
	}
	if a := math.Abs(f); a >= 1e-4 && a < two63 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// specialText names the values that are no ordinary number.
func specialText(f float64) (string, bool) {
	switch {
	case math.IsInf(f, 1):
		return "inf", true
	case math.IsInf(f, -1):
		return "-inf", true
	case math.IsNaN(f) && math.Signbit(f):
		return "-nan", true
	case math.IsNaN(f):
		return "nan", true
	}
	return "", false
}

// isIntegral reports whether f is a whole number in the range of 64-bit
// integers; 2^63 counts, as it is the nearest float of math.maxinteger.
func isIntegral(f float64) bool {
	return f == math.Trunc(f) && f >= -two63 && f <= two63
}

// clampInt turns a number into an int: towards zero, and saturating.
func clampInt(f float64) int {
	switch {
	case f >= two63:
		return math.MaxInt
	case f <= -two63:
		return math.MinInt
	case math.IsNaN(f):
		return 0
	}
	return int(f)
}

const blanks = " \t\n\v\f\r"

// parseNumber reads a number as tonumber does: decimal or hexadecimal, with
// optional fraction and exponent and blanks around it.
func parseNumber(s string) (lua.LNumber, bool) {
	s = strings.Trim(s, blanks)
	body, neg := cutSign(s)
	if len(body) > 1 && body[0] == '0' && (body[1] == 'x' || body[1] == 'X') {
		return parseHex(body, neg)
	}
	for i := 0; i < len(body); i++ {
		c := body[i]
		digit := '0' <= c && c <= '9'
		if !digit && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return lua.LNumber(f), true
}

// parseHex reads a hexadecimal number that still has its 0x.
func parseHex(body string, neg bool) (lua.LNumber, bool) {
	if v, ok := parseBase(body[2:], 16); ok {
		if neg {
			v = -v
		}
		return lua.LNumber(v), true
	}
	if strings.IndexByte(body, '_') >= 0 {
		return 0, false
	}
	if !strings.ContainsAny(body, "pP") {
		body += "p0"
	}
	f, err := strconv.ParseFloat(body, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	if neg {
		f = -f
	}
	return lua.LNumber(f), true
}

// parseBase reads the digits of a whole number; there must be at least one.
func parseBase(s string, base int) (float64, bool) {
	if s == "" {
		return 0, false
	}
	f := 0.0
	for i := 0; i < len(s); i++ {
		d := digitValue(s[i])
		if d >= base {
			return 0, false
		}
		f = f*float64(base) + float64(d)
	}
	return f, true
}

func digitValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	}
	return 99
}

func cutSign(s string) (body string, neg bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}
