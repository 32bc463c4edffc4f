package stdlib

import (
	"context"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// TestHostile runs scripts that hang or kill a naive host. Each must end soon,
// with the given error or, where want is empty, without one.
func TestHostile(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"rep 1e9", `local s = ("x"):rep(1e9) return #s`, "too large"},
		{"rep 1e11", `local s = ("x"):rep(1e11) return #s`, "too large"},
		{"rep 1e15", `local s = ("xxxxxxxx"):rep(1e15) return #s`, "too large"},
		{"unpack", `return select('#', unpack({}, 1, 1e8))`, "too many results"},
		{"concat 1e6", `local t = {} for i = 1, 1e6 do t[i] = 'x' end assert(#table.concat(t) == 1e6)`, ""},
		{"byte", `return ("x"):rep(1e6):byte(1, -1)`, "slice too long"},
		{"lazy 1e6", `return (("a"):rep(1e6)):find(".-b")`, "pattern too complex"},
		{"lazy 1e5", `return (("a"):rep(1e5)):find(".-b")`, "pattern too complex"},
		{"greedy 1e5", `assert((("a"):rep(1e5)):find("^.*b") == nil)`, ""},
		{"greedy 9e5", `assert((("a"):rep(9e5)):find("^.*b") == nil)`, ""},
		{"greedy 3e6", `assert((("a"):rep(3e6)):find("^.*b") == nil)`, ""},
		{"exponential", `return (("a"):rep(3000)):find("a*a*a*a*a*a*b")`, "pattern too complex"},
		{"nested captures", `return (("a"):rep(3000)):find("(a*)(a*)(a*)(a*)(a*)b")`, "pattern too complex"},
		{"balance", `return (("("):rep(1e5)):find("%b()")`, "pattern too complex"},
		{"back reference", `return (("a"):rep(1e5)):find("(a*)%1b")`, "pattern too complex"},
		{"long pattern", `return ("a"):rep(1000):find(("a?"):rep(1000) .. "b")`, "more than 200 repetitions"},
		{"gsub 2e5", `assert(#((("a"):rep(2e5)):gsub("a", "bb")) == 4e5)`, ""},
		{"gsub grows", `return (("a"):rep(1e6)):gsub("a", ("b"):rep(1e6))`, "too large"},
		{"gsub captures", `return (("a"):rep(1e5)):gsub(".*", ("%0"):rep(1e4))`, "too large"},
		{"gmatch 2e5", `local n = 0 for a in (("a"):rep(2e5)):gmatch("(a)") do n = n + 1 end assert(n == 2e5)`, ""},
		{"format width", `return #string.format("%999999999d", 1)`, "too long"},
		{"format %d of a table", `return string.format("%d %v %#v %+v", {a = 1}, next, {1, 2}, {})`, "number expected, got table"},
		{"format %v", `return string.format("%v", {})`, "invalid option"},
		{"format wide", `for i = 1, 1000 do string.format("%1000000d", 1) end`, "too long"},
		{"format many", `return ("%s"):rep(1e5):format("x")`, "no value"},
		{"sort lies", `local t = {} for i = 1, 1e4 do t[i] = i end table.sort(t, function() return true end)`, ""},
		{"sort 3e5", `local t = {} for i = 1, 3e5 do t[i] = (i * 7919) % 1000003 end table.sort(t) assert(t[1] <= t[2])`, ""},
		{"sort recursion", `local function f() table.sort({3, 2, 1}, function(a, b) f() return a < b end) end f()`, "overflow"},
		{"insert at the front", `local t = {} for i = 1, 2e4 do table.insert(t, 1, i) end assert(#t == 2e4)`, ""},
		{"insert far away", `table.insert({}, 2^40, 1)`, ""},
		{"create", `return table.create(1e18)`, "too large"},
		{"tostring recursion", `local t = setmetatable({}, {__tostring = function(s) return tostring(s) end}) return tostring(t)`, "overflow"},
		{"gsub recursion", `local function f() return (("a"):gsub("a", f)) end return f()`, "overflow"},
		{"frozen index recursion", `local t = table.freeze(setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end})) return t.a`, "overflow"},
		{"huge positions", `return ("abc"):sub(-2^63, 2^63), ("x"):byte(2^63), ("abc"):find("b", 2^63), ("abc"):match("b", -2^63)`, ""},
		{"init beyond the end", `assert(string.find("abc", "b", 10, true) == nil)`, ""},
		{"NaN key", `rawset({}, 0/0, 1)`, "NaN"},
		{"NaN numbers", `return ("x"):rep(0/0), ("x"):sub(0/0), ("x"):byte(0/0), unpack({}, 0/0, 0)`, ""},
		{"error nil", `local ok, e = pcall(error, nil) assert(not ok and e == nil)`, ""},
		{"string metatable", `getmetatable("").__index.upper = function() return "pwned" end`, "attempt to index"},
		{"string metatable set", `setmetatable("", {})`, "table expected"},
		{"nil metatable set", `setmetatable(nil, {})`, "table expected"},
		{"library", `string.upper = nil`, "read-only"},
		{"pack", `return string.pack(("c60000000"):rep(10), "a", "b", "c", "d")`, "too large"},
		{"unpack alignment", `return string.unpack("!16 i16 Xi16", "x")`, "too short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			L := newState(t, Limits{}, Hooks{})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			L.SetContext(ctx)
			f, err := L.Load(strings.NewReader(tt.src), tt.name)
			if err != nil {
				t.Fatal(err)
			}
			L.Push(f)
			err = L.PCall(0, 0, nil)
			if ctx.Err() != nil {
				t.Fatalf("did not end by itself: %v", err)
			}
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestShared lets many states use the same library tables at the same time;
// the race detector finds writes to them.
func TestShared(t *testing.T) {
	template := newState(t, Limits{}, Hooks{})
	globals := template.G.Global
	const states = 4
	done := make(chan error, states)
	for range states {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer L.Close()
		L.SetMetatable(lua.LString(""), stringMeta(template))
		env := L.NewTable()
		meta := L.NewTable()
		meta.RawSetString("__index", globals)
		env.Metatable = meta
		f, err := L.Load(strings.NewReader(`
			for i = 1, 200 do
				assert(("a-b"):upper():gsub("%-", "+") == "A+B")
				for k in pairs(string) do assert(string[k]) end
				assert(not pcall(rawset, table, "x", i))
				assert(not pcall(function() math.pi = 3 end))
				assert(#table.freeze({i}) == 1 and string(i) == tostring(i))
				table.sort({3, 2, 1}, function(a, b) return a < b end)
			end`), "shared")
		if err != nil {
			t.Fatal(err)
		}
		f.Env = env
		go func() {
			L.Push(f)
			done <- L.PCall(0, 0, nil)
		}()
	}
	for range states {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// stringMeta rebuilds the metatable of strings, which getmetatable hides.
func stringMeta(L *lua.LState) *lua.LTable {
	mt := L.NewTable()
	mt.RawSetString("__index", Contents(L.G.Global.RawGetString("string").(*lua.LTable)))
	mt.RawSetString("__metatable", lua.LFalse)
	return mt
}
