package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

// frozen is what a read-only table hides. gopher-lua has no read-only tables:
// assignment consults a metatable only for keys that are absent. So the table
// itself is emptied, and its contents live in a second table that Lua never
// gets hold of.
type frozen struct {
	contents *lua.LTable
	meta     lua.LValue // the metatable before freezing, or nil
}

// frozenSlot is the array index of the mark in the metatable of a frozen
// table. Lua cannot forge it: the mark is a userdata that never leaves Go.
const frozenSlot = 1

// The metamethods of every frozen table. They are never written.
var (
	frozenNewIndex = &lua.LFunction{IsG: true, GFunction: refuseWrite}
	frozenLen      = &lua.LFunction{IsG: true, GFunction: frozenLength}
	frozenIndex    = &lua.LFunction{IsG: true, GFunction: indexFrozen}
)

// metaEvents are the metatable fields gopher-lua looks up without metamethods.
var metaEvents = []string{
	"__index", "__newindex", "__call", "__tostring", "__metatable", "__len",
	"__eq", "__lt", "__le", "__concat", "__unm",
	"__add", "__sub", "__mul", "__div", "__mod", "__pow",
}

// Freeze makes t read-only and keeps its identity: assignments raise, and so
// do rawset, setmetatable and the table functions that change a table. Reading
// works as before, also along the __index chain of t's metatable. Values that
// are tables themselves stay as they are. To freeze a frozen table does
// nothing.
//
// If t serves as a metatable its metamethods stay in force; those fields alone
// can still be replaced by assignment.
//
// Go code must read a frozen table through Contents.
func Freeze(L *lua.LState, t *lua.LTable) {
	if t == nil || IsFrozen(t) {
		return
	}
	f := &frozen{meta: t.Metatable}
	if f.meta == nil {
		f.meta = lua.LNil
	}
	f.contents = &lua.LTable{}
	*f.contents = *t
	f.contents.Metatable = lua.LNil

	mt := L.CreateTable(1, 4)
	mt.RawSetInt(frozenSlot, &lua.LUserData{Value: f, Metatable: lua.LNil})
	index := lua.LValue(f.contents)
	if user, ok := f.meta.(*lua.LTable); ok {
		for _, event := range metaEvents {
			if v := user.RawGetString(event); v != lua.LNil {
				mt.RawSetString(event, v)
			}
		}
		index = frozenIndex
	}
	mt.RawSetString("__index", index)
	mt.RawSetString("__newindex", frozenNewIndex)
	mt.RawSetString("__metatable", lua.LFalse)
	if mt.RawGetString("__len") == lua.LNil {
		mt.RawSetString("__len", frozenLen)
	}

	shell := lua.LTable{Metatable: mt}
	for _, event := range metaEvents {
		if v := f.contents.RawGetString(event); v != lua.LNil {
			shell.RawSetString(event, v)
		}
	}
	*t = shell
}

// IsFrozen reports whether t is read-only.
func IsFrozen(t *lua.LTable) bool { return frozenOf(t) != nil }

// Contents returns the table that holds the elements of t: t itself, or the
// hidden table if t is frozen. That one must not be written and must not be
// handed to Lua.
func Contents(t *lua.LTable) *lua.LTable {
	if f := frozenOf(t); f != nil {
		return f.contents
	}
	return t
}

func frozenOf(t *lua.LTable) *frozen {
	if t == nil {
		return nil
	}
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	mark, ok := mt.RawGetInt(frozenSlot).(*lua.LUserData)
	if !ok {
		return nil
	}
	f, _ := mark.Value.(*frozen)
	return f
}

// writable is argument n, a table that may be changed.
func writable(L *lua.LState, n int) *lua.LTable {
	t := L.CheckTable(n)
	if IsFrozen(t) {
		L.RaiseError("attempt to modify a read-only table; change a copy of it")
	}
	return t
}

func refuseWrite(L *lua.LState) int {
	if key, ok := L.Get(2).(lua.LString); ok {
		L.RaiseError("attempt to modify a read-only table (field '%s'); change a copy of it", shorten(string(key)))
	}
	L.RaiseError("attempt to modify a read-only table; change a copy of it")
	return 0
}

func frozenLength(L *lua.LState) int {
	L.Push(lua.LNumber(Contents(L.CheckTable(1)).Len()))
	return 1
}

// indexFrozen reads a frozen table that has a metatable of its own. The hidden
// table must not be the one an __index function is called with.
func indexFrozen(L *lua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	f := frozenOf(t)
	if f == nil {
		L.Push(lua.LNil)
		return 1
	}
	v := f.contents.RawGet(key)
	if user, ok := f.meta.(*lua.LTable); ok && v == lua.LNil {
		switch index := user.RawGetString("__index").(type) {
		case *lua.LNilType:
		case *lua.LFunction:
			L.Push(index)
			L.Push(t)
			L.Push(key)
			L.Call(2, 1)
			return 1
		default:
			v = L.GetTable(index, key)
		}
	}
	L.Push(v)
	return 1
}

// shorten cuts a text that goes into an error message.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
