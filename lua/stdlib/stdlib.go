// Package stdlib holds the standard library of our Lua: the base functions,
// string, table, math and the package stub, written for gopher-lua.
//
// The library tables are built once and then shared, read-only, by many
// states that run at the same time on different goroutines. They are frozen
// (see Freeze): neither an assignment nor a library function can change them.
// No function of the package keeps state between calls.
//
// Every function bounds what it allocates and computes (Limits) and reports
// long work to the engine (Hooks), so that a script can be charged for it and
// can be ended in the middle of it.
package stdlib

import (
	"errors"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// Limits bound what one library call may allocate or compute. A field that is
// zero or negative stands for its default.
type Limits struct {
	// MaxString is the longest string one call may produce, in bytes.
	// Default 64 MiB.
	MaxString int
	// MaxTable is the number of elements one call may create or reserve.
	// Default 8 Mi elements.
	MaxTable int
	// PatternSteps is the number of matching steps one call of a pattern
	// function may take. Work that only grows with the subject, eight steps
	// for each of its bytes, is allowed on top. Default 10 000 000.
	PatternSteps int
	// PatternDepth is the number of repetitions that may wait for
	// backtracking at the same time. Default 200.
	PatternDepth int
}

// Hooks let the engine lend its knowledge to the library. Each may be nil.
type Hooks struct {
	// Text gives the text of a value that counts as a string although it is
	// none, such as an error object. The second result is false for others.
	Text func(v lua.LValue) (string, bool)
	// Account is called before an allocation of more than 4 KiB. An error
	// prevents the allocation and is raised in Lua.
	Account func(L *lua.LState, bytes int) error
	// Step is called about every ten thousand steps of a loop in Go, and once
	// more at its end, with the number of steps since the last call. It may
	// block. An error ends the loop and is raised in Lua.
	Step func(L *lua.LState, n int) error
	// Random is where the numbers of math.random come from, nil for Go's own
	// generator.
	Random func(L *lua.LState) *rand.Rand
}

// Raise is an error of a hook that carries the Lua value to raise. The value
// reaches Lua unchanged; any other error becomes a string with a position.
type Raise struct {
	Value lua.LValue
}

// Error returns the text of the carried value.
func (r *Raise) Error() string {
	if r.Value == nil {
		return "nil"
	}
	return r.Value.String()
}

// library is what the functions of one Open share. It is never written after
// Open returned.
type library struct {
	lim   Limits
	hooks Hooks
}

// Open fills the globals of the template state L with the base functions and
// the libraries string, table, math and package, sets the metatable of
// strings, and returns the globals. It does not define pcall, xpcall, print,
// require, coroutine, os, errors and _G: they belong to the engine.
//
// The library tables are frozen; the returned table of globals is not. Open
// must not run at the same time as any state that shares L's Global.
func Open(L *lua.LState, lim Limits, h Hooks) (globals *lua.LTable) {
	b := &library{lim: lim.withDefaults(), hooks: h}
	globals = L.G.Global
	b.openBase(L, globals)
	globals.RawSetString("string", b.openString(L))
	globals.RawSetString("table", b.openTable(L))
	globals.RawSetString("math", b.openMath(L))
	globals.RawSetString("package", b.openPackage(L))
	return globals
}

func (lim Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&lim.MaxString, 64<<20)
	def(&lim.MaxTable, 8<<20)
	def(&lim.PatternSteps, 10_000_000)
	def(&lim.PatternDepth, 200)
	return lim
}

// newLib makes a library table of functions; it is not frozen yet.
func newLib(L *lua.LState, funcs map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(funcs)+4)
	for name, f := range funcs {
		t.RawSetString(name, L.NewFunction(f))
	}
	return t
}

// raise ends the running Lua function with the error of a hook.
func raise(L *lua.LState, err error) {
	if r, ok := errors.AsType[*Raise](err); ok {
		v := r.Value
		if v == nil {
			v = lua.LNil
		}
		L.Error(v, 0)
	}
	L.RaiseError("%s", err.Error())
}
