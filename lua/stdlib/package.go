package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

// openPackage makes the stub of the package library: there are no files to
// load modules from.
func (b *library) openPackage(L *lua.LState) *lua.LTable {
	t := newLib(L, map[string]lua.LGFunction{
		"loadlib": b.packageLoadlib,
		"seeall":  packageSeeall,
	})
	t.RawSetString("path", lua.LString(""))
	t.RawSetString("cpath", lua.LString(""))
	Freeze(L, t)
	return t
}

// packageLoadlib always fails, in the way of Lua: nil, message, "absent".
func (b *library) packageLoadlib(L *lua.LState) int {
	name := b.str(L, 1)
	L.Push(lua.LNil)
	L.Push(lua.LString("cannot load module '" + shorten(name) + "': loadlib disabled"))
	L.Push(lua.LString("absent"))
	return 3
}

// packageSeeall lets a module table see the globals of the running state.
func packageSeeall(L *lua.LState) int {
	t := writable(L, 1)
	if L.GetMetaField(t, "__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	g, ok := L.GetField(L.Env, "_G").(*lua.LTable)
	if !ok {
		return 0
	}
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		mt = L.CreateTable(0, 1)
		t.Metatable = mt
	}
	if !IsFrozen(mt) {
		mt.RawSetString("__index", g)
	}
	return 0
}
