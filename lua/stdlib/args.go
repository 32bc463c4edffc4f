package stdlib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// text is the text of a value where Lua expects a string: strings, numbers
// and what Hooks.Text accepts.
func (b *library) text(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return numberText(v), true
	case *lua.LUserData:
		if b.hooks.Text != nil {
			return b.hooks.Text(v)
		}
	}
	return "", false
}

// str is argument n as a string.
func (b *library) str(L *lua.LState, n int) string {
	v := L.Get(n)
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	s, ok := b.text(v)
	if !ok {
		L.TypeError(n, lua.LTString)
	}
	return s
}

// number is argument n as a number; a string that holds one will do.
func number(L *lua.LState, n int) float64 {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := parseNumber(string(v)); ok {
			return float64(f)
		}
	}
	L.TypeError(n, lua.LTNumber)
	return 0
}

// integer is argument n as an int, cut off towards zero and saturating.
func integer(L *lua.LState, n int) int { return clampInt(number(L, n)) }

// optInteger is integer for an argument that may be absent or nil.
func optInteger(L *lua.LState, n, def int) int {
	if L.Get(n) == lua.LNil {
		return def
	}
	return integer(L, n)
}

// integral is argument n, which must be a whole number.
func integral(L *lua.LState, n int) float64 {
	f := number(L, n)
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		L.ArgError(n, "number has no integer representation")
	}
	return f
}

// present raises if argument n was not passed at all.
func present(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		L.ArgError(n, "value expected")
	}
	return L.Get(n)
}

// position turns a Lua index, negative from the end, into one from the start.
// The result is not negative; it may lie behind the string.
func position(pos, length int) int {
	if pos >= 0 {
		return pos
	}
	return max(length+pos+1, 0)
}
