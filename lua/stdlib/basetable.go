package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

// iterate returns what a generic for needs: step, the table, the first control value.
func iterate(L *lua.LState, step *lua.LFunction, first lua.LValue) int {
	t := L.CheckTable(1)
	L.Push(step)
	L.Push(t)
	L.Push(first)
	return 3
}

func baseNext(L *lua.LState) int {
	k, v := Contents(L.CheckTable(1)).Next(L.Get(2))
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

func ipairsStep(L *lua.LState) int {
	t := L.CheckTable(1)
	i := integer(L, 2) + 1
	v := Contents(t).RawGetInt(i)
	if v == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

func baseRawEqual(L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(present(L, 1), present(L, 2))))
	return 1
}

func baseRawGet(L *lua.LState) int {
	L.Push(Contents(L.CheckTable(1)).RawGet(present(L, 2)))
	return 1
}

// baseRawSet is rawset(t, k, v); it returns the table.
func (b *library) baseRawSet(L *lua.LState) int {
	t, k, v := writable(L, 1), present(L, 2), present(L, 3)
	if n, ok := k.(lua.LNumber); ok {
		b.reserve(L, t, float64(n))
	}
	L.RawSet(t, k, v)
	L.SetTop(1)
	return 1
}

// reserve announces the memory a write to index key takes: gopher-lua fills
// the gap between the end of an array and the index.
func (b *library) reserve(L *lua.LState, t *lua.LTable, key float64) {
	if key <= smallAlloc/valueSize || key >= float64(lua.MaxArrayIndex) {
		return
	}
	if gap := int(key) - t.Len(); gap > smallAlloc/valueSize {
		if gap > b.lim.MaxTable {
			L.RaiseError("index %d is too far behind the end of the table; use a string as key", int(key))
		}
		b.alloc(L, gap*valueSize)
	}
}

// baseGetMetatable hides the machinery of frozen tables: they answer with the
// metatable they had, and with false if they had none.
func baseGetMetatable(L *lua.LState) int {
	v := present(L, 1)
	t, _ := v.(*lua.LTable)
	f := frozenOf(t)
	if f == nil {
		L.Push(L.GetMetatable(v))
		return 1
	}
	user, ok := f.meta.(*lua.LTable)
	if !ok {
		L.Push(lua.LFalse)
		return 1
	}
	if protected := user.RawGetString("__metatable"); protected != lua.LNil {
		L.Push(protected)
		return 1
	}
	L.Push(user)
	return 1
}

// baseSetMetatable accepts tables only: the metatables of the other types are
// shared by all states.
func baseSetMetatable(L *lua.LState) int {
	t := writable(L, 1)
	mt := present(L, 2)
	if mt != lua.LNil && mt.Type() != lua.LTTable {
		L.ArgError(2, "nil or table expected")
	}
	if L.GetMetaField(t, "__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = mt
	L.SetTop(1)
	return 1
}
