package modules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/luatest"
	"github.com/troupe-go/troupe/messages"
)

// checks are the words of the scripts in testdata.
const checks = `
local function eq(got, want)
  if got ~= want then error("got " .. tostring(got) .. ", want " .. tostring(want), 2) end
end
local function refused(first, kind, text, got, err)
  if got ~= first then error("got " .. tostring(got) .. ", want a failure", 3) end
  if type(err) ~= "userdata" then error("the error is " .. tostring(err), 3) end
  if err:kind() ~= kind or not tostring(err):find(text, 1, true) then error("failed with " .. err:kind() .. ": " .. tostring(err), 3) end
end
local function fails(kind, text, got, err) refused(nil, kind, text, got, err) end
local function refuses(kind, text, got, err) refused(false, kind, text, got, err) end
local function raises(text, f, ...)
  local ok, err = pcall(f, ...)
  if ok then error("it did not raise", 2) end
  if not tostring(err):find(text, 1, true) then error("raised " .. tostring(err), 2) end
end
`

// script runs a program with the words of checks; its first line is line 1.
func script(t *testing.T, opt luatest.Options, source string) *luatest.Host {
	t.Helper()
	opt.Modules = All
	_, err, h := luatest.Run(t, opt, strings.ReplaceAll(checks, "\n", " ")+source)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".lua"), func(t *testing.T) {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if h := script(t, luatest.Options{}, string(source)); h.Pending() != 0 {
				t.Errorf("%d timers outlive the process", h.Pending())
			}
		})
	}
}

// Every example gives what its page says.
func TestExamples(t *testing.T) {
	names := map[string]bool{}
	for _, m := range slices.Concat(lua.Builtins(), All) {
		if names[m.Name] {
			t.Errorf("module %s is listed twice", m.Name)
		}
		names[m.Name] = true
		for _, owned := range documented(m) {
			if owned.Doc == "" {
				t.Errorf("%s%s has no description", owned.owner, owned.Sig)
			}
			if owned.Try == "" {
				continue
			}
			t.Run(owned.owner+strings.Split(owned.Sig, "(")[0], func(t *testing.T) {
				opt := luatest.Options{Modules: All, Answer: runtimeAnswer}
				got, err, _ := luatest.Run(t, opt, "local function try() "+owned.Try+" end; local function show(...) local out = {}; for i = 1, select('#', ...) do out[i] = tostring((select(i, ...))) end; return table.concat(out, ', ') end; return show(try())")
				if err != nil {
					t.Fatal(err)
				}
				if text := messages.Text(got[0]); text != owned.Gives {
					t.Errorf("%s\n got %s\nwant %s", owned.Try, text, owned.Gives)
				}
			})
		}
	}
}

type ownedFunc struct {
	owner string
	lua.Func
}

// documented are all functions and methods of a module.
func documented(m lua.Module) []ownedFunc {
	var out []ownedFunc
	add := func(owner string, funcs []lua.Func) {
		for _, f := range funcs {
			out = append(out, ownedFunc{owner, f})
		}
	}
	add(m.Name+".", m.Funcs)
	for _, t := range m.Tables {
		add(m.Name+"."+t.Name+".", t.Funcs)
	}
	for _, t := range m.Types {
		add(m.Name+"."+t.Name+":", t.Methods)
	}
	return out
}

func TestAllIsSorted(t *testing.T) {
	if !slices.IsSortedFunc(All, func(a, b lua.Module) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("All is not in alphabetical order")
	}
}

// Late timers do not shift the ticks behind them, and a tick that was missed is
// not made up for.
func TestTickerKeepsItsPace(t *testing.T) {
	script(t, luatest.Options{Lag: 300 * time.Millisecond}, `
		local start = time.now()
		local k = time.ticker("1s")
		for i = 1, 4 do
			eq(tostring(k:channel():receive():sub(start)), i .. ".3s")
		end`)
	script(t, luatest.Options{Lag: 2500 * time.Millisecond}, `
		local start = time.now()
		local k = time.ticker("1s")
		eq(tostring(k:channel():receive():sub(start)), "3.5s")
		eq(tostring(k:channel():receive():sub(start)), "6.5s")`)
}

// os.clock counts from the start of the runtime.
func TestClock(t *testing.T) {
	opt := luatest.Options{Modules: []lua.Module{osModule(luatest.Epoch.Add(-90 * time.Second)), timeModule}}
	got, err, _ := luatest.Run(t, opt, `time.sleep("1500ms"); return os.clock()`)
	if err != nil || len(got) != 1 || got[0] != 91.5 {
		t.Error(got, err)
	}
}
