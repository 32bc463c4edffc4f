package stdlib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// castString is string(v), reached through the metatable of the library table.
func castString(L *lua.LState) int {
	v := L.Get(2)
	switch n := v.(type) {
	case lua.LString:
		L.Push(n)
		return 1
	case lua.LNumber:
		if _, special := specialText(float64(n)); !special {
			L.Push(lua.LString(numberText(n)))
			return 1
		}
	}
	return refuseCast(L, "string", v, "use tostring")
}

// castNumber is number(v).
func castNumber(L *lua.LState) int {
	v := L.Get(1)
	if n, ok := exactNumber(v); ok {
		L.Push(n)
		return 1
	}
	return refuseCast(L, "number", v, "use tonumber")
}

// castInteger is integer(v).
func castInteger(L *lua.LState) int {
	v := L.Get(1)
	if n, ok := exactNumber(v); ok && isIntegral(float64(n)) {
		L.Push(n)
		return 1
	}
	return refuseCast(L, "integer", v, "use math.floor or math.tointeger")
}

// castBoolean is boolean(v).
func castBoolean(L *lua.LState) int {
	v := L.Get(1)
	if _, ok := v.(lua.LBool); ok {
		L.Push(v)
		return 1
	}
	return refuseCast(L, "boolean", v, "compare the value instead")
}

func refuseCast(L *lua.LState, want string, v lua.LValue, advice string) int {
	got := v.Type().String()
	switch v := v.(type) {
	case lua.LNumber:
		got += " " + numberText(v)
	case lua.LString:
		got += " " + strconv.Quote(shorten(string(v)))
	}
	L.RaiseError("cast to %s: expected %s, got %s; %s", want, want, got, advice)
	return 0
}

// exactNumber is a number, or the number a decimal text stands for if a float
// can hold it.
func exactNumber(v lua.LValue) (lua.LNumber, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return v, true
	case lua.LString:
		s := strings.Trim(string(v), blanks)
		n, ok := parseNumber(s)
		if !ok || math.IsInf(float64(n), 0) {
			return 0, false
		}
		want, ok := decimalOf(s)
		if !ok {
			return 0, false
		}
		got, ok := decimalOf(strconv.FormatFloat(float64(n), 'e', -1, 64))
		return n, ok && got == want
	}
	return 0, false
}

// decimal is a decimal number in a form that can be compared: its digits
// without zeros at either end, and the power of ten of the last digit.
type decimal struct {
	neg    bool
	digits string
	exp    int
}

// decimalOf takes a well-formed decimal text apart; hexadecimal is refused.
func decimalOf(s string) (decimal, bool) {
	var d decimal
	s, d.neg = cutSign(s)
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exp, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return d, false
		}
		s, d.exp = s[:i], exp
	}
	whole, fraction, _ := strings.Cut(s, ".")
	d.exp -= len(fraction)
	all := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(all, "0")
	d.exp += len(all) - len(d.digits)
	if d.digits == "" {
		return decimal{}, true
	}
	return d, !strings.ContainsAny(s, "xX")
}
