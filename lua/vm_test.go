package lua

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// testSlot runs one VM the way the scheduler does, one goroutine at a time.
type testSlot struct {
	events    chan string // "left", "parked", "done"
	preempted int
}

type testParking struct{ ch chan bool }

func (s *testSlot) Preempt()        { s.preempted++ }
func (s *testSlot) NewParking() any { return &testParking{make(chan bool, 1)} }
func (s *testSlot) Park(p any) bool {
	s.events <- "parked"
	return <-p.(*testParking).ch
}
func (s *testSlot) Unpark(p any)  { p.(*testParking).ch <- true }
func (s *testSlot) Abandon(p any) { p.(*testParking).ch <- false }

// testHost has a virtual clock and answers every command with its To.
type testHost struct {
	vm     *VM
	self   Self
	now    time.Time
	timers []testTimer
	asked  []func()
}

type testTimer struct {
	at  time.Time
	tag uint64
	off *bool
}

func (h *testHost) Self() *Self                                 { return &h.self }
func (h *testHost) PID() string                                 { return "{test|0x00001}" }
func (h *testHost) Now() time.Time                              { return h.now }
func (h *testHost) Tell(any)                                    {}
func (h *testHost) TrapLinks() bool                             { return false }
func (h *testHost) Push(tag uint64, v any)                      { h.vm.Push(tag, v) }
func (h *testHost) Publish(*messages.Event)                     {}
func (h *testHost) Send(string, *messages.Mail) *messages.Error { return nil }
func (h *testHost) Log(int, string, string, string, []any)      {}
func (h *testHost) Ask(tag uint64, cmd *Command) {
	h.asked = append(h.asked, func() {
		if cmd.To == "fail" {
			h.vm.Answer(tag, messages.Errorf(messages.NotFound, "no %s", cmd.To))
			return
		}
		h.vm.Answer(tag, cmd.To)
	})
}

func (h *testHost) After(tag uint64, d time.Duration) func() bool {
	off := new(bool)
	h.timers = append(h.timers, testTimer{h.now.Add(d), tag, off})
	return func() bool { was := !*off; *off = true; return was }
}

var testModule = Module{Name: "test", Global: true, Doc: "For tests.", Funcs: []Func{
	{Sig: "ask(to: string): any", Doc: "Waits for an answer.", Ask: func(c *Call) (*Command, error) { return &Command{To: c.String(0)}, nil }},
	{Sig: "sleep(ms: number)", Doc: "Sleeps.", Ask: func(c *Call) (*Command, error) {
		return Sleep(time.Duration(c.Number(0) * float64(time.Millisecond))), nil
	}},
	{Sig: "echo(...: any): any", Doc: "Copies.", Do: func(c *Call) error {
		for _, v := range c.Values(0) {
			_ = c.Return(v)
		}
		return nil
	}},
	{Sig: "show(...: any): string", Doc: "Text of values.", Do: func(c *Call) error {
		var out []string
		for _, v := range c.Values(0) {
			out = append(out, show(v))
		}
		return c.Return(strings.Join(out, ","))
	}},
	{Sig: "inbox(): Channel", Doc: "Inbox.", Do: func(c *Call) error { return c.Return(c.Inbox()) }},
	{Sig: "panic()", Doc: "Panics.", Do: func(*Call) error { panic("oh") }},
}, Types: []Type{
	{Name: "Error", Of: (*messages.Error)(nil), Text: func(v any) string { return v.(*messages.Error).Error() }, Methods: []Func{
		{Sig: "kind(): string", Do: func(c *Call) error { return c.Return(c.Self().(*messages.Error).Kind) }},
	}},
	{Name: "Message", Of: (*messages.Mail)(nil), Methods: []Func{
		{Sig: "value(): any", Do: func(c *Call) error { return c.Return(c.Self().(*messages.Mail).Values[0]) }},
	}},
}}

// runProgram runs source as the function of an entry and returns what it ended
// with, after feeding mail.
func runProgram(t *testing.T, src string, mail ...*messages.Mail) string {
	t.Helper()
	eng, err := NewEngine(Options{Modules: []Module{testModule}, Slice: 1000})
	if err != nil {
		t.Fatal(err)
	}
	source := "local function body() " + src + " end\nreturn function() return test.show(body()) end"
	if strings.HasPrefix(src, "FN ") {
		source = "return function() " + src[3:] + " end"
	}
	p, err := eng.Compile(Unit{ID: "app:test", Source: source, Method: "main"})
	if err != nil {
		return "COMPILE " + err.Error()
	}
	return drive(t, eng, p, mail...)
}

func drive(t *testing.T, eng *Engine, p *Program, mail ...*messages.Mail) string {
	t.Helper()
	h := &testHost{now: time.Unix(0, 0)}
	vm := eng.NewVM(p, h)
	h.vm = vm
	slot := &testSlot{events: make(chan string, 16)}
	vm.Start(nil)
	for _, m := range mail {
		vm.Deliver(m)
	}
	deadline := time.After(time.Minute)
	for vm.Ended() == nil {
		go func() {
			if vm.Run(slot) {
				slot.events <- "done"
			} else {
				slot.events <- "left"
			}
		}()
		for ev := ""; ev != "done" && ev != "parked"; {
			select {
			case ev = <-slot.events:
			case <-deadline:
				vm.Kill(messages.Errorf(messages.Timeout, "stuck"))
				return "STUCK"
			}
		}
		if vm.Ended() != nil {
			break
		}
		if vm.Runnable() {
			continue
		}
		if len(h.asked) > 0 {
			f := h.asked[0]
			h.asked = h.asked[1:]
			f()
			continue
		}
		sort.SliceStable(h.timers, func(i, j int) bool { return h.timers[i].at.Before(h.timers[j].at) })
		fired := false
		for len(h.timers) > 0 && !fired {
			tm := h.timers[0]
			h.timers = h.timers[1:]
			if !*tm.off {
				*tm.off = true
				h.now = tm.at
				vm.Fire(tm.tag, h.now)
				fired = true
			}
		}
		if !fired && !vm.Runnable() {
			vm.Close()
			return "WAITS"
		}
	}
	end := vm.Ended()
	vm.Close()
	if end.Err != nil {
		return "FAILED " + end.Err.Error()
	}
	var out []string
	for _, v := range end.Values {
		out = append(out, show(v))
	}
	return strings.Join(out, ",")
}

func show(v any) string {
	if t, ok := v.(*messages.Table); ok {
		var parts []string
		for _, item := range t.Array {
			parts = append(parts, show(item))
		}
		for i, k := range t.Keys {
			parts = append(parts, fmt.Sprintf("%v=%s", k, show(t.Vals[i])))
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
	return messages.Text(v)
}

func mailOf(vs ...any) []*messages.Mail {
	var out []*messages.Mail
	for _, v := range vs {
		out = append(out, messages.NewMail("", "t", v))
	}
	return out
}

// Waiting works from every place Lua can call from, and gives exactly the
// results the caller wants.
func TestWaitAnywhere(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"main":                          {`return test.ask("a"), test.ask("b")`, "a,b"},
		"more results than given":       {`local a, b, c = test.ask("x"); return tostring(a)..tostring(b)..tostring(c)`, "xnilnil"},
		"no result wanted":              {`local x = 1; test.ask("x"); test.ask("y"); return x`, "1"},
		"tail call":                     {`local function f() return test.ask("x") end; local a, b = f(); return a, tostring(b)`, "x,nil"},
		"tail call two levels":          {`local function g(...) local p, q = 1, 2; return test.ask("x") end local function f() local z = 9; return g(1,2,3) end; local a = f(); return a`, "x"},
		"as argument":                   {`local function f(...) return select("#", ...) end return f(test.ask("a"), test.ask("b"))`, "2"},
		"pcall":                         {`return pcall(function() return test.ask("x"), 2 end)`, "true,x,2"},
		"pcall of a Go function":        {`return pcall(test.ask, "x")`, "true,x"},
		"pcall of a plain Go function":  {`return pcall(tostring, 5)`, "true,5"},
		"pcall error after wait":        {`local ok, e = pcall(function() test.ask("x"); error({code=7}) end); return ok, e.code`, "false,7"},
		"pcall error string":            {`local ok, e = pcall(function() error("bad") end); return ok, e`, "false,app:test:1: bad"},
		"pcall runtime error":           {`local ok, e = pcall(function() local x; return x.y end); return ok, (e:find("index") ~= nil)`, "false,true"},
		"nested pcall":                  {`return pcall(function() local ok, e = pcall(function() test.ask("x"); error("in", 0) end); return ok, e, test.ask("y") end)`, "true,false,in,y"},
		"error object":                  {`local v, err = test.ask("fail"); return v == nil, err:kind(), tostring(err)`, "true,NotFound,no fail"},
		"xpcall":                        {`return xpcall(function() test.ask("x"); error("bad", 0) end, function(e) return "handled " .. e .. test.ask("h") end)`, "false,handled badh"},
		"xpcall ok":                     {`return xpcall(function() return test.ask("x") end, print)`, "true,x"},
		"xpcall handler fails":          {`return xpcall(function() error("a", 0) end, function(e) error("b", 0) end)`, "false,b"},
		"iterator":                      {`local n, s = 0, ""; for v in function() n = n + 1; if n < 4 then return test.ask("v" .. n) end end do s = s .. v end return s`, "v1v2v3"},
		"pairs ipairs":                  {`local s = 0; for i, v in ipairs({5,6}) do s = s + i * v end for k, v in pairs({a=1}) do s = s .. k .. v end return s`, "17a1"},
		"goto continue":                 {`local s = 0; for i = 1, 5 do if i == 3 then goto continue end s = s + i ::continue:: end return s`, "12"},
		"closure over loop variable":    {`local f = {}; for i, v in ipairs({7,8}) do f[i] = function() return v end end return f[1](), f[2]()`, "7,8"},
		"__index":                       {`local t = setmetatable({}, {__index = function(t, k) return test.ask(k) end}); return t.foo .. t.bar`, "foobar"},
		"__newindex":                    {`local got; local t = setmetatable({}, {__newindex = function(t, k, v) got = test.ask(k) .. v end}); t.foo = "1"; return got`, "foo1"},
		"__call":                        {`local t = setmetatable({}, {__call = function(_, k) return test.ask(k) end}); return t("foo")`, "foo"},
		"__add":                         {`local t = setmetatable({}, {__add = function(a, b) return test.ask("sum") end}); return t + 1`, "sum"},
		"__concat":                      {`local t = setmetatable({}, {__concat = function(a, b) return test.ask("cat") end}); return t .. "x"`, "cat"},
		"__eq":                          {`local mt = {__eq = function(a, b) return test.ask("eq") == "eq" end}; return setmetatable({}, mt) == setmetatable({}, mt)`, "true"},
		"__lt":                          {`local mt = {__lt = function(a, b) return test.ask("lt") == "lt" end}; return setmetatable({}, mt) < setmetatable({}, mt)`, "true"},
		"__tostring":                    {`return tostring(setmetatable({}, {__tostring = function() return test.ask("text") end}))`, "text"},
		"sort":                          {`local t = {3,1,2}; table.sort(t, function(a, b) test.ask("x"); return a < b end); return t[1], t[2], t[3]`, "1,2,3"},
		"gsub":                          {`return (("abc"):gsub(".", function(c) return test.ask(c .. c) end))`, "aabbcc"},
		"pcall inside sort":             {`local t = {2,1}; table.sort(t, function(a, b) local ok, v = pcall(test.ask, "x"); assert(ok and v == "x"); return a < b end); return t[1]`, "1"},
		"error through sort":            {`return pcall(table.sort, {2,1}, function() test.ask("x"); error("cmp", 0) end)`, "false,cmp"},
		"coroutine":                     {`local co = coroutine.wrap(function(a) local b = coroutine.yield(test.ask("p") .. a); return b .. test.ask("q") end); return co("1"), co("2")`, "p1,2q"},
		"coroutine status":              {`local co; co = coroutine.create(function() return coroutine.status(co), coroutine.running() == co end); local a, b, c = coroutine.resume(co); return a, b, c, coroutine.status(co), type(co)`, "true,running,true,dead,thread"},
		"yield across pcall":            {`local co = coroutine.wrap(function() local ok, v = pcall(function() local x = coroutine.yield("y"); error("z" .. x, 0) end); return ok, v end); local a = co(); local ok, v = co("q"); return a, ok, v`, "y,false,zq"},
		"yield nothing then three":      {`local co = coroutine.wrap(function() local a, b, c = coroutine.yield(); return tostring(a) .. tostring(b) .. tostring(c) end); co(); return co(1)`, "1nilnil"},
		"wrap error":                    {`local f = coroutine.wrap(function() error({x=1}) end); local ok, e = pcall(f); return ok, e.x`, "false,1"},
		"resume dead":                   {`local co = coroutine.create(function() end); coroutine.resume(co); return coroutine.resume(co)`, "false,cannot resume dead coroutine"},
		"resume itself":                 {`local co; co = coroutine.create(function() return coroutine.resume(co) end); return coroutine.resume(co)`, "true,false,cannot resume running coroutine"},
		"mutual resume":                 {`local a, b; a = coroutine.create(function() return coroutine.resume(b) end); b = coroutine.create(function() return coroutine.resume(a) end); return coroutine.resume(a)`, "true,true,false,cannot resume running coroutine"},
		"resume inside sort":            {`local co = coroutine.wrap(function() for i = 1, 9 do test.ask("w"); coroutine.yield(i) end end); local t = {2,1}; table.sort(t, function(a, b) co(); return a < b end); return t[1], co() > 1`, "1,true"},
		"wait inside resume in __index": {`local t = setmetatable({}, {__index = function(_, k) local co = coroutine.create(function() return test.ask(k) end); local ok, v = coroutine.resume(co); return v end}); return t.foo`, "foo"},
		"yield outside":                 {`return pcall(coroutine.yield, 1)`, "false,attempt to yield from outside a coroutine"},
		"spawn":                         {`local ch = channel.new(); coroutine.spawn(function() ch:send(test.ask("s")) end); return ch:receive()`, "s,true"},
		"spawn in pcall":                {`return pcall(function() local ch = channel.new(); coroutine.spawn(function() ch:send(test.ask("s")) end); return (ch:receive()) end)`, "true,s"},
		"two waits at once":             {`local ch = channel.new(2); for i = 1, 2 do coroutine.spawn(function() test.sleep(10 * (3 - i)); ch:send(i) end) end; return (ch:receive()), (ch:receive())`, "2,1"},
		"nested waits, other order":     {`local out = channel.new(4); local function slow(ms) return setmetatable({}, {__index = function(_, k) test.sleep(ms); return k end}) end; coroutine.spawn(function() out:send(slow(30).a) end); coroutine.spawn(function() out:send(slow(10).b) end); coroutine.spawn(function() out:send(slow(20).c) end); return (out:receive()) .. (out:receive()) .. (out:receive())`, "bca"},
		"error in spawned":              {`coroutine.spawn(function() error("inner", 0) end); test.sleep(5); return "no"`, "FAILED inner"},
		"main ends the others":          {`coroutine.spawn(function() test.sleep(1000); error("late") end); return "done"`, "done"},
		"deadlock":                      {`channel.new():receive()`, "FAILED all coroutines blocked with no pending operations"},
		"no deadlock with inbox":        {`local i = test.inbox(); while true do i:receive() end`, "WAITS"},
		"second value fails":            {`FN return nil, "why"`, "FAILED why"},
		"second value error":            {`FN return test.ask("fail")`, "FAILED no fail"},
		"second value other":            {`FN return 1, {}`, "1,{}"},
		"deep recursion":                {`local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(5000)`, "5000"},
		"endless recursion":             {`local function f(n) return 1 + f(n) end local ok, e = pcall(f, 1) return ok, e:find("stack overflow") ~= nil`, "false,true"},
		"endless nesting of pcall":      {`local function f() return pcall(f) end return (f())`, "true"},
		"endless nesting of wrap":       {`local function f() return coroutine.wrap(f)() end return (pcall(f))`, "false"},
		"recursion through __index":     {`local t = setmetatable({}, {}); getmetatable(t).__index = function(t, k) return t[k .. "x"] end; return (pcall(function() return t.a end))`, "false"},
		"Go panic":                      {`return pcall(test.panic)`, "false,oh"},
		"globals are private":           {`x = 5; return x, _G.x, _G._G == _G`, "5,5,true"},
		"modules are read-only":         {`return pcall(function() test.ask = 1 end)`, "false,app:test:1: attempt to modify a read-only table (field 'ask'); change a copy of it"},
		"require":                       {`return require("test") == test, (pcall(require, "nix"))`, "true,false"},
		"copies":                        {`local t = {1, {2}, a = {b = 3}}; local c = test.echo(t); return c[2][1], c.a.b, c ~= t`, "2,3,true"},
		"copies keep their shape":       {`local t = {}; t.self = t; t.x = {}; t.y = t.x; local c = test.echo(t); return c.self == c, c.x == c.y`, "true,true"},
		"functions become nil":          {`local c = test.echo({f = print, n = 1}); return c.f, c.n`, "nil,1"},
		"inbox keeps order":             {`local i = test.inbox(); return i:receive():value(), i:receive():value(), (i:receive():value())`, "1,2,3"},
		"select order":                  {`local a, b = channel.new(1), channel.new(1); a:send(1); b:send(2); local r = channel.select{b:case_receive(), a:case_receive()}; return r.value, r.channel == b`, "2,true"},
		"select waits":                  {`local a, b = channel.new(), channel.new(); coroutine.spawn(function() test.sleep(1); b:send("x") end); local r = channel.select{a:case_receive(), b:case_receive()}; return r.value, r.ok, r.channel == b`, "x,true,true"},
		"select default":                {`local r = channel.select{channel.new():case_receive(), default = true}; return r.default, r.ok`, "true,true"},
		"select closed":                 {`local a = channel.new(); a:close(); local r = channel.select{a:case_receive()}; return r.ok, r.value`, "false,nil"},
		"select send":                   {`local a = channel.new(); coroutine.spawn(function() test.sleep(1); test.echo(a:receive()) end); local r = channel.select{a:case_send(5)}; return r.ok`, "true"},
		"select takes one":              {`local a, b = channel.new(), channel.new(); coroutine.spawn(function() a:send(1) end); coroutine.spawn(function() b:send(2) end); local r1 = channel.select{a:case_receive(), b:case_receive()}; local r2 = channel.select{a:case_receive(), b:case_receive()}; return r1.value + r2.value`, "3"},
		"position of an error":          {`local a = channel.new(); a:close(); local _, e = pcall(function() a:send(1) end); return (e:gsub("^.*:%d+", "at"))`, "at: send on closed channel"},
		"select without cases":          {`local _, e = pcall(function() channel.select() end); return (e:gsub("^.*:%d+", "at"))`, "at: bad argument #1 to 'select' (cases: table expected, got nil)"},
		"send on closed":                {`local a = channel.new(); a:close(); return pcall(a.send, a, 1)`, "false,send on closed channel"},
		"waiting sender raises":         {`local a = channel.new(); coroutine.spawn(function() a:close() end); local ok, e = pcall(function() a:send(1) end); return ok, e`, "false,send on closed channel"},
		"buffered after close":          {`local a = channel.new(2); a:send(1); a:close(); a:close(); local v, ok = a:receive(); local w, more = a:receive(); return v, ok, w, more`, "1,true,nil,false"},
		"senders move up":               {`local a = channel.new(1); for i = 1, 3 do coroutine.spawn(function() a:send(i) end) end; test.sleep(1); return (a:receive()), (a:receive()), (a:receive())`, "1,2,3"},
		"same channel":                  {`local a = channel.new(1); local b = channel.new(1); b:send(a); return (b:receive()) == a`, "true"},
		"no position":                   {`return select(2, pcall(require, "nix")), select(2, pcall(assert, nil))`, "module 'nix' not found,assertion failed!"},
		"argument check":                {`return pcall(test.sleep, "x")`, "false,bad argument #1 to 'sleep' (ms: number expected, got string)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runProgram(t, c.src, mailOf(1, 2, 3)...)
			if got != c.want {
				t.Errorf("%s\n got %q\nwant %q", c.src, got, c.want)
			}
		})
	}
}
