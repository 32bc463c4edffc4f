package syntax

import (
	"strings"
	"testing"
)

// TestPlain lists plain programs, many of which look like types: they come back byte for byte.
func TestPlain(t *testing.T) {
	programs := []string{
		"", "\n", "-- only a comment", "return", "return 1;", ";;; f();", "do end",
		// Words that are special only in some places.
		"local type = type(x)\ntype = 5 type(x) type.x = 1 type{1} type'x'\nt.type = t:type()\nlocal t = {type = 1, type}",
		"type\n(x)", "x = type\ny = 1", "return type",
		"export = 1 export.type = 2 local export = export",
		"local as = 1\nt.as = as\nas(x)\nf(as, as)\nreturn as",
		"x = y\nas = 1", "x = y\nas(z)", "f() as(x)", "x = y as = 1", "x = y as.z = 1", "local as = {as = as, [as] = as}",
		"interface = 1 interface.x = 2 interface(x) interface'x' local interface = t.interface",
		"local readonly, typeof, keyof, fun, asserts, extends, is = 1\nreadonly(typeof, fun(is)) typeof(x) keyof.a = extends",
		"local continue = 1 continue = continue + 1 continue() t.continue = t:continue()",
		// Comparisons are no generics.
		"return a < b, a > b, a < b and c > (d), f(a < b, c > (d)), a <= b, a >= b",
		"if a<b then end", "x = a<b>c",
		// Labels.
		"for i = 1, 2 do if i then goto continue end f() ::continue:: end",
		"while true do\n  local x = y\n  ::continue::\nend", "f()\n::done::", "x = y ::done::", "x = y ::done:: z = 1",
		"x = y ::done:: f()", "x = y ::done:: ; f()", "x = y ::done:: local a", "x = y ::a:: ::b::", "do x = y ::done:: end",
		"repeat local x = 1 ::done:: until x", "x = y ::done:: function f() end", "::top:: f() goto top",
		"repeat until x\n::done::", "local x\n::done::", "x = function() end ::done::", "x = y ::done:: goto done",
		// Calls.
		"a:b(c):d{e}:f'g'.h[i](j)", "f\n(g)()", "(f)()", "f'x'\"y\"{z}[[w]]", "(f())", "((f()))", "(a).b = 1", "f{}.x = 1",
		"a.b.c, d[1], e = 1, 2, 3",
		// Literals.
		"return 1, 1.5, .5, 3., 1e5, 1E-5, 0x1F, 0XaB, 010, 0, 9007199254740993, 0x7fffffffffffffff, 1e-400, 0e0, 00",
		`return "\x41\u{48}\z\q\255"`, "return \"a\\\nb\", 'a\\\r\nb', '\\\\', '\\'', \"--\"",
		"return [[]], [[\n]], [==[ ]] ]=] ]==], [=[\r\n]=]", "--[[ x ]] f() --[==[\n]]\n]==] g() ---[[ line\nh() --[ line\ni()",
		"return ..., {...}, (...), #t, -x, not y, - -x, not not y, 2^-3, -2^2, a..b..c, 1 ..2",
		// Statements.
		"if a then elseif b then elseif c then else end", "for i = 1, 2, 3 do break end", "for a, b, c in d, e do end",
		"local function f(a, b, ...) return f(...) end function a.b.c:d() return self end function e() end",
		"while a do break; end repeat f() until b", "return function(...) return ... end",
		"local t = {1, 2; 3, a = 4, ['b'] = 5, [6] = 7, f(), ...,}", "\tf()\r\n\tg()\n\r\rh()",
	}
	for _, src := range programs {
		if out := erase(t, src); out != src {
			t.Errorf("changed\n%q\nto\n%q", src, out)
		}
	}
}

// TestRules covers the disambiguation of constructs that begin alike.
func TestRules(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"cast before a label", "x = y :: T\n::done::", "x = y\n::done::"},
		{"cast before a label on the same line", "x = y :: T ::done::\nf()", "x = y ::done::\nf()"},
		{"as before a label", "x = y as T\n::done::", "x = y\n::done::"},
		{"union before a label", "x = y :: T | U\n::done::", "x = y\n::done::"},
		{"label form inside brackets", "f(x :: any :: T)", "f(x)"},
		{"label form after return", "return x :: any :: T", "return x"},
		{"label form in a condition", "if x :: any :: T then end", "if x then end"},
		{"label in a function in brackets", "f(function() x = y ::done:: end)", "f(function() x = y ::done:: end)"},
		{"chain of casts at the end of a statement", "local x = y :: any :: types.Job", "local x = y"},
		{"chain of casts to a record", "local x = y :: any :: {a: b}", "local x = y"},
		{"chain of casts to nil", "local x = y :: any :: nil", "local x = y"},
		{"cast to a type called like a word", "local x = y :: as local z = w as type", "local x = y local z = w"},
		{"as twice", "return as as as", "return as"},
		{"as before a bracket", "return f(x as (A | B), y as {C}, z as 'd', 1 as 1, 2 as -2)", "return f(x, y, z, 1, 2)"},
		{"as on the next line", "local x = y\nas = 1", "local x = y\nas = 1"},
		{"as after a long string", "local x = [[\n]] as T", "local x = [[\n]]"},
		{"cast and comparison", "return x :: number < y, a :: T < b, c :: A.B < d", "return x < y, a < b, c < d"},
		{"cast with arguments", "return x :: Channel<Message>, y :: A<B<C>> < z", "return x, y < z"},
		{"cast and comparison in loops", "while a :: T < b do end if c :: T < {} then end", "while a < b do end if c < {} then end"},
		{"cast and greater or equal", "return a :: T >= b, c :: A<B>==d", "return a >= b, c ==d"},
		{"no blank after arguments", "local x: Channel<M>= 1\nlocal y: A<B<C>>= 2", "local x = 1\nlocal y = 2"},
		{"cast and arithmetic", "return x :: T - 1, y :: T * 2, z as T ..'s', #w :: T", "return x - 1, y * 2, z ..'s', #w"},
		{"array suffix", "local x = y :: T[]\nlocal z = w :: T", "local x = y\nlocal z = w"},
		{"array suffix only on the same line", "interface I a: T\n[string]: U end", "\n"},
		{"type on the next line", "local x: T\ntype = 1", "local x\ntype = 1"},
		{"type continues", "local x: A\n  | B\n  & C\n  -> D = 1", "local x\n\n\n = 1"},
		{"alias then call of type", "type A = B\ntype(x)", "\ntype(x)"},
		{"alias called type", "type type = type", ""},
		{"alias called export", "export type export = export", ""},
		{"interface called like a word", "interface extends type: extends end", ""},
		{"readonly as a type", "local x: readonly = 1", "local x = 1"},
		{"words as names of types", "local a: fun, b: typeof, c: keyof, d: asserts, e: interface = 1", "local a, b, c, d, e = 1"},
		{"validator without arguments", "local x: T @required\n(f)()", "local x;\n(f)()"},
		{"first line", "#!/usr/bin/env lua\nf()", "\nf()"},
		{"first line after a mark", "\ufeff#!x\nf()", "\nf()"},
		{"byte order mark", "\ufefff()", "f()"},
		{"vertical white space", "f()\v\fg()", "f() g()"},
		{"comment like a long one", "--[= x\nf() --[==x\ng()", "-- = x\nf() -- ==x\ng()"},
		{"leading zeros", "return 007, 0009.5, 000", "return 7, 0009.5, 0"},
		{"hexadecimal number beyond all bounds", "return 0x" + strings.Repeat("f", 300), "return(1/0)"},
		{"default of a type parameter", "type A<T = any, U: B = C> = T", ""},
		{"as before a negative number", "return x as -1 - y", "return x - y"},
		{"large numbers", "return 1e400, 0xffffffffffffffff, -1e999", "return(1/0), 1.8446744073709552e+19, -(1/0)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := squeeze(erase(t, tt.src)); got != squeeze(tt.want) {
				t.Errorf("got  %q\nwant %q", got, squeeze(tt.want))
			}
		})
	}
}

// TestMeaning runs programs in which erased text separates statements, or gopher-lua reads something else than Lua.
func TestMeaning(t *testing.T) {
	const head = "local out = {}\nlocal function f(x) out[#out + 1] = tostring(x) return f end\nlocal function done() return table.concat(out, ' ') end\n"
	tests := []struct{ name, src, want string }{
		{"alias between", "local g = f\ntype A = B\n(f)(1)\nreturn done()", "1"},
		{"interface between", "local g = f interface A end (f)(1) return done()", "1"},
		{"cast between", "local g = f :: any\n(f)(1)\nreturn done()", "1"},
		{"as between", "local g = f as any\n(f)(1)\nreturn done()", "1"},
		{"chain between", "local g = f :: any :: F\n(f)(1)\nreturn done()", "1"},
		{"cast and alias between", "local g = f :: any\ntype A = B\n(f)(1)\nreturn done()", "1"},
		{"local between", "local g: any\n(f)(1)\nreturn done()", "1"},
		{"result between", "local function g(): any (f)(1) end g() return done()", "1"},
		{"alias at the beginning of a block", "do type A = B (f)(1) end return done()", "1"},
		{"alias before the end", "do f(1) type A = B end return done()", "1"},
		{"cast in until", "repeat until true :: any\n(f)(1)\nreturn done()", "1"},
		{"mark joins", "local g = f!\n(2) return done()", "2"},
		{"all results remain", "local function g() return 1, 2, 3 end\nlocal function h() return g() :: any end\nreturn h()", "1 2 3"},
		{"escapes", `return "\x41\x4", "\65\066z"`, "x41x4 ABz"},
		{"numbers", "return 0010, 007 + 1, 1e999 > 1.7e308, 0xffffffffffffffff > 1e19", "10 8 true true"},
		{"label at the end of a block", "for i = 1, 3 do\nif i == 2 then goto continue end\nlocal x: any = i :: T\nf(x)\n::continue::\ntype A = B\nend return done()", "1 3"},
		{"variable", "local goto, goto_ = 1, 5 goto = goto + 1 return goto, goto_", "2 5"},
		{"global", "goto = 7 return goto", "7"},
		{"parameter", "local function g(goto, ...) return goto, ... end return g(1, 2)", "1 2"},
		{"function", "local function goto(x) if x > 2 then return x end return goto(x + 1) end return goto(1)", "3"},
		{"global function", "function goto() return 1 end return goto()", "1"},
		{"loops", "local s = 0 for goto = 1, 3 do s = s + goto end for _, goto in ipairs{4} do s = s + goto end return s", "10"},
		{"label", "do goto goto f(1) ::goto:: f(2) end return done()", "2"},
		{"field", "local t = {goto = 1, 2} t.goto = t.goto + 1 t . goto = t --[[x]] . --\ngoto * 10 return t['goto'], #t", "20 1"},
		{"type", "local x: goto = 1 type goto = goto<goto> return x :: types.goto", "1"},
		{
			"method", "local t = {} function t:goto(a, b) f(type(a) == 'table' and #a or a) return self, b end\nt:goto(1)\nlocal g = f\nt:goto(2):goto(3)\n" +
				"t:goto's't:goto{1}:goto()\nlocal function two() return t, 9 end\nf(select('#', two():goto()))\nf((select(2, t:goto(t:goto(4), 5))))\nreturn done()",
			"1 2 3 s 1 nil nil 2 4 0 5",
		},
		{"function field", "local t = {a = {}} function t.goto(x) return x end function t.a.goto(x, ...) return x + 1 end return t.goto(1), t.a.goto(2)", "1 3"},
		{"path", "local t = {goto = {}} function t.goto.f(x) return x end function t.goto:g(goto: T): U return self.f(goto) end return t.goto.f(1), t.goto:g(2)", "1 2"},
		{"path with a variable", "local goto = {} function goto.x() return 1 end function goto:y<T>() return self.x() + 1 end return goto.x(), goto:y()", "1 2"},
		{"method without parameters", "local t = {x = 4} function t:goto(): T return self.x end return t:goto()", "4"},
		{"path beside a function", "local t = {}\nlocal g = f\nfunction t.goto() return 1 end\nreturn t.goto()", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(t, head+tt.src); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, erase(t, tt.src))
			}
		})
	}
}

// TestGotoExact shows how the name goto is rewritten.
func TestGotoExact(t *testing.T) {
	tests := []struct{ src, want string }{
		{"goto = goto", "goto_ = goto_"},
		{"goto = goto_ + goto__x", "goto___ = goto_ + goto__x"},
		{"x = t.goto", `x = t["goto"]`},
		{"x = {goto = 1}", `x = {["goto"] = 1}`},
		{"goto done\n::done::", "goto done\n::done::"},
		{"function t:goto(x: T) end", `         t["goto"]=function(self, x   ) end`},
		{"f(t:goto(1))", `f((function(self, ...) return self["goto"](self, ...) end)((t),1))`},
		{"t:goto()", `;(function(self, ...) return self["goto"](self, ...) end)((t))`},
		{"local x: typeof(t.goto:goto()) = 1", "local x                        = 1"},
	}
	for _, tt := range tests {
		if got := erase(t, tt.src); got != tt.want {
			t.Errorf("Erase(%q)\n got %q\nwant %q", tt.src, got, tt.want)
		}
	}
}
