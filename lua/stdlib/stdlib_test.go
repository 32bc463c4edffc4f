package stdlib

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// fault stands for an error object of the engine: a userdata with a text.
type fault struct{ text string }

// newState opens the library in a fresh state and adds a pcall, a fault
// constructor, and hooks on top of h.
func newState(t testing.TB, lim Limits, h Hooks) *lua.LState {
	t.Helper()
	L := lua.NewState(lua.Options{
		SkipOpenLibs: true, RegistrySize: 256, RegistryMaxSize: 65536, RegistryGrowStep: 256, CallStackSize: 200,
	})
	t.Cleanup(L.Close)
	h.Text = func(v lua.LValue) (string, bool) {
		u, ok := v.(*lua.LUserData)
		if !ok {
			return "", false
		}
		f, ok := u.Value.(fault)
		return f.text, ok
	}
	g := Open(L, lim, h)
	g.RawSetString("_G", g)
	g.RawSetString("pcall", L.NewFunction(testPcall))
	g.RawSetString("fault", L.NewFunction(func(L *lua.LState) int {
		L.Push(&lua.LUserData{Value: fault{L.CheckString(1)}, Metatable: lua.LNil})
		return 1
	}))
	return L
}

func testPcall(L *lua.LState) int {
	if err := L.PCall(L.GetTop()-1, lua.MultRet, nil); err != nil {
		L.Push(lua.LFalse)
		var api *lua.ApiError
		if errors.As(err, &api) && api.Type != lua.ApiErrorPanic {
			L.Push(api.Object)
		} else {
			L.Push(lua.LString("GO PANIC: " + err.Error()))
		}
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// run executes a chunk; a Go panic counts as a failure of the test.
func run(t testing.TB, L *lua.LState, name, src string) error {
	t.Helper()
	f, err := L.Load(strings.NewReader(src), name)
	if err != nil {
		t.Fatalf("%s does not compile: %v", name, err)
	}
	L.Push(f)
	err = L.PCall(0, 0, nil)
	var api *lua.ApiError
	if errors.As(err, &api) && api.Type == lua.ApiErrorPanic {
		t.Fatalf("%s: Go panic: %v", name, err)
	}
	return err
}

// TestPrograms runs the self-checking programs of testdata.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			L := newState(t, Limits{}, Hooks{})
			if err := run(t, L, filepath.Base(file), string(src)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestErrors runs each line of testdata/errors.txt, which is a Lua statement
// and, behind "--!", a part of the error it must raise.
func TestErrors(t *testing.T) {
	file, err := os.Open("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	L := newState(t, Limits{}, Hooks{})
	scan := bufio.NewScanner(file)
	checked := 0
	for line := 1; scan.Scan(); line++ {
		src, want, ok := strings.Cut(scan.Text(), "--!")
		if !ok {
			continue
		}
		checked++
		want = strings.TrimSpace(want)
		err := run(t, L, fmt.Sprintf("line%d", line), src)
		if err == nil {
			t.Errorf("line %d: %s: no error, want %q", line, src, want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("line %d: %s: got %v, want %q", line, src, err, want)
		}
	}
	if checked == 0 {
		t.Error("no lines checked")
	}
}

func TestAbsent(t *testing.T) {
	L := newState(t, Limits{}, Hooks{})
	for _, name := range []string{
		"load", "loadstring", "loadfile", "dofile", "collectgarbage", "rawlen", "io", "debug", "utf8", "os",
		"module", "newproxy", "setfenv", "getfenv", "_printregs", "channel", "_GOPHER_LUA_VERSION",
	} {
		if v := L.G.Global.RawGetString(name); v != lua.LNil {
			t.Errorf("%s is %v, want it absent", name, v)
		}
	}
	if err := run(t, L, "dump", "assert(string.dump == nil)"); err != nil {
		t.Error(err)
	}
}

func TestHooks(t *testing.T) {
	stop := errors.New("no memory left")
	tests := []struct {
		name, src string
		hooks     Hooks
	}{
		{"account", `return ("x"):rep(1e6)`, Hooks{Account: func(_ *lua.LState, n int) error {
			if n < 1e6 {
				t.Errorf("announced %d bytes for a string of 1000000", n)
			}
			return stop
		}}},
		{"step in pattern", `return ("a"):rep(3000):find("a*a*a*a*b")`, Hooks{Step: stepStop(stop)}},
		{"step in sort", `local t = {} for i = 1, 5000 do t[i] = -i end table.sort(t)`, Hooks{Step: stepStop(stop)}},
		{"step in concat", `local t = {} for i = 1, 20000 do t[i] = "x" end table.concat(t)`, Hooks{Step: stepStop(stop)}},
		{"step in insert", `local t = table.create(1e6) for i = 1, 1e6 do t[i] = i end table.insert(t, 1, 0)`, Hooks{Step: stepStop(stop)}},
		{"step in rep", `return ("x"):rep(1e6)`, Hooks{Step: stepStop(stop)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			L := newState(t, Limits{}, tt.hooks)
			err := run(t, L, "hooks", tt.src)
			if err == nil || !strings.Contains(err.Error(), "no memory left") {
				t.Errorf("got %v, want the error of the hook", err)
			}
		})
	}
}

func stepStop(err error) func(*lua.LState, int) error {
	return func(*lua.LState, int) error { return err }
}

// TestRaise checks that the value of a Raise reaches Lua unchanged.
func TestRaise(t *testing.T) {
	value := &lua.LUserData{Value: fault{"over budget"}, Metatable: lua.LNil}
	L := newState(t, Limits{}, Hooks{Account: func(*lua.LState, int) error {
		return fmt.Errorf("account: %w", &Raise{Value: value})
	}})
	L.SetGlobal("expected", value)
	err := run(t, L, "raise", `
		local ok, e = pcall(string.rep, "x", 1e6)
		assert(not ok and e == expected)
		assert(("x"):rep(4096) ~= nil) -- small allocations are not announced`)
	if err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	L := newState(t, Limits{MaxString: 1000, MaxTable: 100, PatternSteps: 1, PatternDepth: 2}, Hooks{})
	for src, want := range map[string]string{
		`("x"):rep(1001)`:                                       "resulting string too large",
		`("x"):rep(500):gsub("x", "xyz")`:                       "resulting string too large",
		`table.concat({("x"):rep(600), ("x"):rep(600)})`:        "resulting string too large",
		`string.format("%s%s", ("x"):rep(600), ("x"):rep(600))`: "resulting string too large",
		`string.pack("c2000", "x")`:                             "size in format too large",
		`string.pack(("c900"):rep(2), "x", "y")`:                "resulting string too large",
		`table.create(101)`:                                     "size too large",
		`table.create(0, 101)`:                                  "size too large",
		`("a"):rep(900):find(".-.-b")`:                          "pattern too complex",
		`("abc"):find("a*b*c*.*.*")`:                            "more than 2 repetitions",
		`local t = {} table.insert(t, 5000, 1)`:                 "too far behind the end",
		`rawset({}, 5000, 1)`:                                   "too far behind the end",
	} {
		if !strings.HasPrefix(src, "local") {
			src = "local _ = " + src
		}
		err := run(t, L, "limits", src)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", src, err, want)
		}
	}
	if err := run(t, L, "limits", `assert(#("x"):rep(1000) == 1000)`); err != nil {
		t.Error(err)
	}
}
