package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openString makes the string library and the metatable of strings, which
// Lua cannot reach.
func (b *library) openString(L *lua.LState) *lua.LTable {
	t := newLib(L, map[string]lua.LGFunction{
		"byte":     b.strByte,
		"char":     b.strChar,
		"find":     b.strFind,
		"format":   b.strFormat,
		"gmatch":   b.strGmatch,
		"gsub":     b.strGsub,
		"len":      b.strLen,
		"lower":    b.strLower,
		"match":    b.strMatch,
		"pack":     b.strPack,
		"packsize": b.strPacksize,
		"rep":      b.strRep,
		"reverse":  b.strReverse,
		"sub":      b.strSub,
		"unpack":   b.strUnpack,
		"upper":    b.strUpper,
	})
	t.RawSetString("gfind", t.RawGetString("gmatch"))
	Freeze(L, t)
	t.Metatable.(*lua.LTable).RawSetString("__call", L.NewFunction(castString))

	mt := L.CreateTable(0, 2)
	mt.RawSetString("__index", Contents(t))
	mt.RawSetString("__metatable", lua.LFalse)
	L.SetMetatable(lua.LString(""), mt)
	return t
}

// strByte is string.byte(s, i, j).
func (b *library) strByte(L *lua.LState) int {
	s := b.str(L, 1)
	i := position(optInteger(L, 2, 1), len(s))
	j := min(position(optInteger(L, 3, i), len(s)), len(s))
	i = max(i, 1)
	if i > j {
		return 0
	}
	n := j - i + 1
	if n > maxResults {
		L.RaiseError("string slice too long (%d bytes, at most %d are allowed); take it in parts", n, maxResults)
	}
	for k := i - 1; k < j; k++ {
		L.Push(lua.LNumber(s[k]))
	}
	return n
}

func (b *library) strChar(L *lua.LState) int {
	out := make([]byte, L.GetTop())
	for i := range out {
		c := integer(L, i+1)
		if c < 0 || c > 255 {
			L.ArgError(i+1, "invalid value")
		}
		out[i] = byte(c)
	}
	L.Push(lua.LString(out))
	return 1
}

func (b *library) strLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(b.str(L, 1))))
	return 1
}

// strSub is string.sub(s, i, j).
func (b *library) strSub(L *lua.LState) int {
	s := b.str(L, 1)
	i := max(position(integer(L, 2), len(s)), 1)
	j := min(position(optInteger(L, 3, -1), len(s)), len(s))
	if i > j {
		L.Push(lua.LString(""))
	} else {
		L.Push(lua.LString(s[i-1 : j]))
	}
	return 1
}

// strLower changes the letters A to Z only: the bytes of other characters stay
// as they are, so that any data survives.
func (b *library) strLower(L *lua.LState) int { return b.mapBytes(L, 'A', 'Z', 'a'-'A') }

// strUpper changes the letters a to z only.
func (b *library) strUpper(L *lua.LState) int { return b.mapBytes(L, 'a', 'z', 'A'-'a'+256) }

// mapBytes adds shift to all bytes between low and high.
func (b *library) mapBytes(L *lua.LState, low, high byte, shift int) int {
	s := b.str(L, 1)
	first := 0
	for first < len(s) && (s[first] < low || s[first] > high) {
		first++
	}
	if first == len(s) {
		L.Push(lua.LString(s))
		return 1
	}
	b.alloc(L, 2*len(s))
	out := []byte(s)
	for i := first; i < len(out); i++ {
		if c := out[i]; low <= c && c <= high {
			out[i] = byte(int(c) + shift)
		}
	}
	return b.pushBytes(L, out)
}

func (b *library) strReverse(L *lua.LState) int {
	s := b.str(L, 1)
	b.alloc(L, 2*len(s))
	out := make([]byte, len(s))
	for i := range len(s) {
		out[len(s)-1-i] = s[i]
	}
	return b.pushBytes(L, out)
}

// pushBytes returns a string that took a pass over its bytes.
func (b *library) pushBytes(L *lua.LState, out []byte) int {
	w := work{lib: b, L: L}
	w.add(len(out) >> 3)
	w.done()
	L.Push(lua.LString(out))
	return 1
}

// strRep is string.rep(s, n).
func (b *library) strRep(L *lua.LState) int {
	s, n := b.str(L, 1), integer(L, 2)
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > b.lim.MaxString/len(s) {
		L.RaiseError("resulting string too large (%d times %d bytes, at most %d bytes are allowed)", n, len(s), b.lim.MaxString)
	}
	b.alloc(L, n*len(s))
	w := work{lib: b, L: L}
	w.add(n * len(s) >> 6)
	w.done()
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}
