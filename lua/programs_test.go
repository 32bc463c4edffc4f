package lua_test

import (
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/luatest"
	"github.com/troupe-go/troupe/lua/modules"
	"github.com/troupe-go/troupe/messages"
)

// programs run in one engine, as those of a node do, so that what one of them
// breaks is found by the next.
var programs = func() (p struct {
	modules []lua.Module
	engine  *lua.Engine
},
) {
	for _, m := range modules.All {
		switch m.Name { // without those that leave the process
		case "http_client", "http", "fs", "sql", "system", "archive", "excel", "crypto", "env", "loader":
		default:
			p.modules = append(p.modules, m)
		}
	}
	var err error
	if p.engine, err = lua.NewEngine(lua.Options{Modules: p.modules}); err != nil {
		panic(err)
	}
	return p
}()

// panicked is what the text of a Go panic looks like, wherever it was caught.
var panicked = regexp.MustCompile(`runtime error|interface conversion|invalid memory address|reflect: |unreachable|should not happen`)

const (
	programTime   = 20 * time.Second // far more than the instructions below take
	programMemory = 32 << 20
)

// FuzzPrograms runs programs that follow the grammar of the language and call its
// library with anything. The choices of the generator are the input, so the fuzzer
// can change a program in small steps. A program may fail, but it must compile and
// come to an end within its limits, and no Go panic may be behind an error it sees.
func FuzzPrograms(f *testing.F) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		choices := make([]byte, 100+r.IntN(1500))
		for i := range choices {
			choices[i] = byte(r.Uint32())
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 1<<13 {
			return
		}
		src := (&writer{choices: choices}).program()
		over := make(chan struct{})
		defer close(over)
		go measure(over)
		hung := time.AfterFunc(programTime, func() { panic("this program does not end:\n" + src) })
		_, err, host := luatest.Run(t, luatest.Options{
			Modules: programs.modules, Engine: programs.engine, Events: 10_000,
			Limits: lua.Limits{Memory: programMemory, Instructions: 200_000, Operations: 1000, Mailbox: 1000},
			Answer: func(cmd *lua.Command) any { return messages.Errorf(messages.NotFound, "nobody is here") },
		}, src)
		hung.Stop()
		if err != nil && panicked.MatchString(err.Error()) {
			t.Errorf("%s\n%s", err, src)
		}
		for _, l := range host.Lines {
			if strings.HasPrefix(l.Message, "caught ") {
				t.Errorf("%s\n%s", l.Message, src)
			}
		}
	})
}

// measure has the processes weighed, as a node does after collections.
func measure(over chan struct{}) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			programs.engine.Measure()
		case <-over:
			return
		}
	}
}

// writer writes a program. Where its choices are used up it takes the simplest
// way, so every program is finite.
type writer struct {
	choices []byte
	out     strings.Builder
	loops   int // around what is written
	labels  int
	vararg  bool
}

// prologue gives the variables values of every type, and looks behind errors.
const prologue = `
local function check(ok, ...)
    if not ok then
        local text = tostring((...))
        if text:find("runtime error") or text:find("interface conversion") or text:find("invalid memory") or text:find("reflect: ") then print("caught " .. text) end
    end
    return ok, ...
end
local count = 0
local mt = {}
local function it(t, i) count = count + 1 if count > 50 then return nil end return (i or 0) + 1, t end
local a, b, c, d = 1, "text", {1, 2, 3, x = "y", [2.5] = true}, setmetatable({}, mt)
local e, f = function(...) return select("#", ...), ... end, channel.new(2)
local g, h = coroutine.create(function(...) local x = coroutine.yield(...) return x end), nil
mt.__index = function(t, k) return k end
mt.__newindex = function(t, k, v) rawset(t, v, k) end
mt.__call = function(self, ...) return ... end
for _, k in ipairs({"add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "len"}) do mt["__" .. k] = function(x, y) return k end end
for _, k in ipairs({"eq", "lt", "le"}) do mt["__" .. k] = function(x, y) return k == "lt" end end
mt.__tostring = function() return "d" end
`

func (w *writer) program() string {
	w.vararg = true
	w.out.WriteString(prologue)
	for len(w.choices) > 0 {
		w.line("check(pcall(function(...)")
		w.block(4)
		w.line("end, a, b, c))")
	}
	w.line("return " + w.expr(2))
	return w.out.String()
}

// choose returns one of n ways, 0 at the end of the choices.
func (w *writer) choose(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0])
	w.choices = w.choices[1:]
	return c % n
}

func (w *writer) pick(from ...string) string { return from[w.choose(len(from))] }
func (w *writer) line(s string)              { w.out.WriteString(s + "\n") }
func (w *writer) name() string               { return w.pick("a", "b", "c", "d", "e", "f", "g", "h", "mt") }

func (w *writer) block(depth int) {
	for range w.choose(5) {
		w.statement(depth)
	}
	if w.choose(8) == 1 {
		w.line("do return " + w.exprs(2, 3) + " end")
	}
}

func (w *writer) function(depth int) string {
	outer := w.out
	w.out = strings.Builder{}
	args := w.pick("", "a", "a, b", "...", "c, ...")
	loops, had := w.loops, w.vararg
	w.loops, w.vararg = 0, strings.HasSuffix(args, "...")
	w.block(depth - 1)
	w.loops, w.vararg = loops, had
	body := w.out.String()
	w.out = outer
	return "function(" + args + ")\n" + body + "end"
}

func (w *writer) statement(depth int) {
	n := 26
	if depth <= 0 {
		n = 8
	}
	switch w.choose(n) {
	case 0:
		w.line("local " + w.name() + " = " + w.expr(2))
	case 1:
		w.line(w.name() + ", " + w.target() + " = " + w.exprs(2, 3))
	case 2:
		w.line(w.target() + " = " + w.expr(3))
	case 3:
		w.line("local _ = " + w.call(2))
	case 4:
		w.line(w.name() + " = " + w.library(2))
	case 5:
		if w.loops > 0 {
			w.line("do break end")
		}
	case 6:
		w.line("local " + w.name() + ": " + w.pick("number", "any", "{[string]: any}", "string?") + " = " + w.expr(1))
	case 7:
		w.line("mt." + w.pick("__index", "__newindex", "__call", "__add", "__concat", "__eq", "__lt", "__len", "__tostring", "__mode", "__metatable", "__unm", "__gc") + " = " + w.expr(2))
	case 8, 9:
		w.line("if " + w.expr(2) + " then")
		w.inner(depth)
		if w.choose(2) == 1 {
			w.line("elseif " + w.expr(1) + " then")
			w.inner(depth)
		}
		w.line("else")
		w.inner(depth)
		w.line("end")
	case 10:
		w.line("while " + w.expr(2) + " do")
		w.loop(depth)
		w.line("end")
	case 11:
		w.line("repeat")
		w.loop(depth)
		w.line("until " + w.expr(2))
	case 12:
		w.line("for " + w.name() + " = " + w.expr(1) + ", " + w.pick("3", "10", "-1", "1e9", w.expr(1)) + w.pick("", ", 1", ", -2", ", 0.5") + " do")
		w.loop(depth)
		w.line("end")
	case 13, 14:
		w.line("for " + w.name() + ", " + w.name() + " in " + w.pick("pairs(c)", "ipairs(c)", "it, c", "pairs("+w.expr(1)+")", "string.gmatch("+w.expr(1)+", '.')", w.exprs(1, 3)) + " do")
		w.loop(depth)
		w.line("end")
	case 15:
		w.line("local function " + w.name() + strings.TrimPrefix(w.function(depth), "function"))
	case 16:
		w.line(w.pick("c.f", "c.x", "d.y", "c") + " = " + w.function(depth))
	case 17:
		w.line("function c" + w.pick(".f", ":m", ".x:m") + strings.TrimPrefix(w.function(depth), "function"))
	case 18:
		w.line("do")
		w.inner(depth)
		w.line("end")
	case 19:
		w.line("check(pcall(" + w.function(depth) + ", " + w.exprs(1, 3) + "))")
	case 20:
		w.line("check(xpcall(" + w.function(depth) + ", " + w.pick("e", "tostring", "debug", w.function(1)) + "))")
	case 21:
		w.line("coroutine.spawn(" + w.function(depth) + ")")
	case 22:
		w.line("g = coroutine." + w.pick("create", "wrap") + "(" + w.function(depth) + ")")
		w.line("check(coroutine.resume(g, " + w.exprs(1, 2) + "))")
	case 23:
		w.line("f = channel.new(" + w.pick("", "0", "1", "3", w.expr(1)) + ")")
		w.line("coroutine.spawn(function(...) f:" + w.pick("send("+w.expr(1)+")", "receive()", "close()") + " end)")
	case 24:
		w.line("local r = channel.select({f:case_" + w.pick("receive()", "send("+w.expr(1)+")") + ", " + w.pick("", "default = true, ", "channel.new():case_receive(), ") + "})")
		w.line("h = r." + w.pick("value", "ok", "channel"))
	case 25:
		w.labels++
		label := "l" + strconv.Itoa(w.labels)
		w.line("do local n = 0 ::" + label + "::")
		w.inner(depth)
		w.line("n = n + 1 if n < 3 then goto " + label + " end end")
	}
}

// inner is a block of the same function.
func (w *writer) inner(depth int) { w.block(depth - 1) }

func (w *writer) loop(depth int) {
	w.line("count = count + 1 if count > 1000 then break end")
	w.loops++
	w.inner(depth)
	w.loops--
}

// target is what may be assigned to.
func (w *writer) target() string {
	return w.pick("a", "h", "c.x", "d.y", "c[a]", "d[b]", "c[#c + 1]", "mt.__index", "c["+w.expr(1)+"]", "string.x", "_G.x")
}

func (w *writer) exprs(depth, most int) string {
	out := w.expr(depth)
	for range w.choose(most) {
		out += ", " + w.expr(depth)
	}
	return out
}

func (w *writer) expr(depth int) string {
	n := 20
	if depth <= 0 {
		n = 6
	}
	switch w.choose(n) {
	case 0:
		return w.name()
	case 1:
		return w.pick("nil", "true", "false", "0", "1", "-1", "3.5", "1e300", "2^53", "0/0", "1/0", "-1/0", "0x7fffffff", "9007199254740993", "1e15")
	case 2:
		return w.pick(`""`, `"a"`, `"%d"`, `"%s%q"`, `"[a-"`, `"(.-)%1"`, `"\0\255"`, `"1h"`, `"10"`, `"0x10"`, `"{\"a\": [1]}"`, `"2024-01-01T00:00:00Z"`, `("ab"):rep(100)`, "([[x\ny]])")
	case 3:
		if w.vararg {
			return w.pick("...", "(...)")
		}
		return "{}"
	case 4:
		return w.pick("c.x", "c.f", "d.y", "#c", "#b", "c[1]", "c[a]", "d[b]", "_G", "string", "e", "f")
	case 5:
		return w.pick("{}", "{1, 2, 3}", "{x = 1}", "{[1.5] = 2}", "{n = {}}", "setmetatable({}, mt)", "setmetatable({}, {__mode = 'k'})")
	case 6, 7, 8:
		return "(" + w.expr(depth-1) + " " + w.pick("+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or") + " " + w.expr(depth-1) + ")"
	case 9:
		return "(" + w.pick("- ", "not ", "#") + w.expr(depth-1) + ")"
	case 10:
		return "(" + w.expr(0) + ")[" + w.expr(depth-1) + "]"
	case 11:
		return "{" + w.exprs(depth-1, 4) + w.pick("", ", x = "+w.expr(depth-1), ", ["+w.expr(depth-1)+"] = 1") + "}"
	case 12:
		return w.function(min(depth, 2))
	case 13, 14:
		return w.call(depth - 1)
	case 15:
		return "(" + w.expr(depth-1) + ")"
	case 16:
		return "(" + w.expr(depth-1) + " :: any)"
	default:
		return w.library(depth - 1)
	}
}

func (w *writer) call(depth int) string {
	switch w.choose(7) {
	case 0:
		return "e(" + w.exprs(depth, 3) + ")"
	case 1:
		return w.name() + "(" + w.exprs(depth, 3) + ")"
	case 2:
		return "f:" + w.pick("send", "receive", "close", "case_receive", "case_send", "is_closed") + "(" + w.expr(depth) + ")"
	case 3:
		return "c:" + w.pick("m", "f", "goto", "x") + "(" + w.exprs(depth, 2) + ")"
	case 4:
		return "(" + w.expr(depth) + "):" + w.pick("rep", "sub", "gsub", "find", "format", "byte", "upper", "x") + "(" + w.exprs(depth, 3) + ")"
	case 5:
		return "coroutine." + w.pick("resume", "status", "close", "yield", "wrap", "isyieldable", "running") + "(" + w.exprs(depth, 2) + ")"
	default:
		return w.library(depth)
	}
}

// base are the functions of the standard library; those of the modules are added.
var base = strings.Fields(`assert error getmetatable setmetatable ipairs next pairs rawequal rawget rawlen rawset select tonumber
	tostring type unpack print require newproxy load loadstring
	string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match string.rep
	string.reverse string.sub string.upper string.pack string.unpack string.packsize
	table.concat table.insert table.remove table.sort table.unpack table.pack table.move table.maxn table.create table.freeze table.clone
	math.abs math.floor math.ceil math.fmod math.max math.min math.modf math.random math.randomseed math.sqrt math.tointeger math.type math.ult
	coroutine.create coroutine.resume coroutine.yield coroutine.status coroutine.wrap coroutine.running coroutine.spawn
	channel.new channel.select`)

var library = func() []string {
	all := base
	for _, m := range programs.modules {
		for _, fn := range m.Funcs {
			name, _, _ := strings.Cut(fn.Sig, "(")
			if m.Name+"."+name != "process.upgrade" { // which ends it well
				all = append(all, "require('"+m.Name+"')."+name)
			}
		}
	}
	return all
}()

func (w *writer) library(depth int) string {
	n := 0
	if len(w.choices) > 1 {
		n = int(binary.BigEndian.Uint16(w.choices)) % len(library)
		w.choices = w.choices[2:]
	}
	name := library[n]
	switch {
	case strings.HasPrefix(name, "require"):
		return name + "(" + w.exprs(depth, 4) + ")"
	case name == "table.sort" || name == "string.gsub":
		return name + "(" + w.pick("c", "b", w.expr(depth)) + ", " + w.exprs(depth, 2) + ")"
	}
	return name + "(" + w.exprs(depth, 3) + ")"
}
