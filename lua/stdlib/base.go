package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (b *library) openBase(L *lua.LState, globals *lua.LTable) {
	next := L.NewFunction(baseNext)
	step := L.NewFunction(ipairsStep)
	for name, f := range map[string]lua.LGFunction{
		"assert":       baseAssert,
		"error":        baseError,
		"getmetatable": baseGetMetatable,
		"ipairs":       func(L *lua.LState) int { return iterate(L, step, lua.LNumber(0)) },
		"pairs":        func(L *lua.LState) int { return iterate(L, next, lua.LNil) },
		"rawequal":     baseRawEqual,
		"rawget":       baseRawGet,
		"rawset":       b.baseRawSet,
		"select":       baseSelect,
		"setmetatable": baseSetMetatable,
		"tonumber":     b.baseToNumber,
		"tostring":     b.baseToString,
		"type":         baseType,
		"unpack":       tableUnpack,
		"number":       castNumber,
		"integer":      castInteger,
		"boolean":      castBoolean,
	} {
		globals.RawSetString(name, L.NewFunction(f))
	}
	globals.RawSetString("next", next)
	globals.RawSetString("_VERSION", lua.LString("Lua 5.1"))
}

// baseAssert is assert(v, message): the message is raised as it is.
func baseAssert(L *lua.LState) int {
	if lua.LVAsBool(present(L, 1)) {
		return L.GetTop()
	}
	if msg := L.Get(2); msg != lua.LNil {
		L.Error(msg, 0)
	}
	L.RaiseError("assertion failed!")
	return 0
}

// baseError is error(v, level): a string gets the position of the level, any
// other value is raised as it is.
func baseError(L *lua.LState) int {
	v := L.Get(1)
	level := optInteger(L, 2, 1)
	if s, ok := v.(lua.LString); ok && level > 0 {
		if where := L.Where(level); where != "" && where != "[G]:" {
			v = lua.LString(where + " " + string(s))
		}
	}
	L.Error(v, 0)
	return 0
}

func baseType(L *lua.LState) int {
	L.Push(lua.LString(present(L, 1).Type().String()))
	return 1
}

// baseSelect is select(n, ...) or select('#', ...).
func baseSelect(L *lua.LState) int {
	top := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && s == "#" {
		L.Push(lua.LNumber(top - 1))
		return 1
	}
	n := integer(L, 1)
	switch {
	case n < 0:
		n += top
	case n > top:
		n = top
	}
	if n < 1 {
		L.ArgError(1, "index out of range")
	}
	return top - n
}

// baseToNumber is tonumber(v, base).
func (b *library) baseToNumber(L *lua.LState) int {
	v := present(L, 1)
	base := optInteger(L, 2, 10)
	result := lua.LValue(lua.LNil)
	if base == 10 {
		switch v := v.(type) {
		case lua.LNumber:
			result = v
		case lua.LString:
			if n, ok := parseNumber(string(v)); ok {
				result = n
			}
		}
		L.Push(result)
		return 1
	}
	if base < 2 || base > 36 {
		L.ArgError(2, "base out of range")
	}
	body, neg := cutSign(strings.Trim(b.str(L, 1), blanks))
	if base == 16 && len(body) > 2 && (strings.HasPrefix(body, "0x") || strings.HasPrefix(body, "0X")) {
		body = body[2:]
	}
	if f, ok := parseBase(body, base); ok {
		if neg {
			f = -f
		}
		result = lua.LNumber(f)
	}
	L.Push(result)
	return 1
}

func (b *library) baseToString(L *lua.LState) int {
	v := present(L, 1)
	if s, ok := v.(lua.LString); ok {
		L.Push(s)
		return 1
	}
	L.Push(lua.LString(b.toString(L, v)))
	return 1
}

// toString is the text of any value, as tostring gives it. It may call a
// __tostring metamethod.
func (b *library) toString(L *lua.LState, v lua.LValue) string {
	if s, ok := b.text(v); ok {
		return s
	}
	if f, ok := L.GetMetaField(v, "__tostring").(*lua.LFunction); ok {
		L.Push(f)
		L.Push(v)
		L.Call(1, 1)
		s, ok := b.text(L.Get(-1))
		if !ok {
			L.RaiseError("'__tostring' must return a string, not %s", L.Get(-1).Type())
		}
		L.Pop(1)
		return s
	}
	return v.String()
}
