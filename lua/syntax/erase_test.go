package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEraseExact shows that the columns of everything that remains are kept.
func TestEraseExact(t *testing.T) {
	tests := []struct{ src, want string }{
		{"local n: number = 1", "local n         = 1"},
		{"function f(a: T, b?: U): R end", "function f(a   , b    )    end"},
		{"function id<T>(x: T): T end", "function id   (x   )    end"},
		{"type X = {\n\ta: string,\n}\nreturn 1", "          \n\t          \n \nreturn 1"},
		{"export type X = number", strings.Repeat(" ", 22)},
		{"interface X\n name: string\nend", "           \n             \n   "},
		{"return x :: T", "return x     "},
		{"return x as T, 2", "return x     , 2"},
		{"return x!, f()!.y", "return x , f() .y"},
		{"local x: T --[[ kept ]] = 1", "local x    --[[ kept ]] = 1"},
		{"local x: A | -- gone\r\n B = 1 -- kept", "local x             \r\n   = 1 -- kept"},
	}
	for _, tt := range tests {
		if got := erase(t, tt.src); got != tt.want {
			t.Errorf("Erase(%q)\n got %q\nwant %q", tt.src, got, tt.want)
		}
	}
}

// TestErasePlaces covers the places where a type may stand, and the forms that only look like one.
func TestErasePlaces(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"local", "local amount: number = tonumber(body.amount) or 1", "local amount = tonumber(body.amount) or 1"},
		{"locals", "local a: number, b: string? = f()", "local a, b = f()"},
		{"local without value", "local a: number", "local a "},
		{"numeric loop", "for i: integer = 1, 3 do end", "for i = 1, 3 do end"},
		{"generic loop", "for k: string, v: any in pairs(t) do end", "for k, v in pairs(t) do end"},
		{"parameters", "function M.next(topic: string, payload: any?) end", "function M.next(topic, payload) end"},
		{"optional parameter", "function f(a: number, b?: string) end", "function f(a, b) end"},
		{"optional parameter without type", "function f(a, b?) end", "function f(a, b) end"},
		{"varargs", "local function sum(...: number): number end", "local function sum(...) end"},
		{"name and varargs", "local function sum(a: T, ...: any) end", "local function sum(a, ...) end"},
		{"result", "local function main(): integer return 1 end", "local function main() return 1 end"},
		{"results", "function f(): string?, string? return end", "function f() return end"},
		{"results in brackets", "function f(): (string?, string?) return end", "function f() return end"},
		{"no result", "function f(): () return end", "function f() return end"},
		{"variable results", "function f(): ...any return end", "function f() return end"},
		{"generic", "local function identity<T>(x: T): T return x end", "local function identity(x) return x end"},
		{"bound", "function greet<T: HasName>(o: T): string return o.name end", "function greet(o) return o.name end"},
		{"several type parameters", "function f<K, V: {[string]: K}>(k: K, v: V) end", "function f(k, v) end"},
		{"anonymous", "return function<T>(x: T): Channel<T> return x end", "return function(x) return x end"},
		{"anonymous argument", "pcall(function(x: number): string, error? return x end, 1)", "pcall(function(x) return x end, 1)"},
		{"method", "function M:f(a: T): U return a end", "function M:f(a) return a end"},
		{"generic method", "function a.b:f<T>(a: T) end", "function a.b:f(a) end"},
		{"alias", "type Job = {id: integer, input: integer}\nreturn 1", "\nreturn 1"},
		{"generic alias", "type Box<T> = {value: T}", ""},
		{"generic alias without space", "type Box<T>={value: T}", ""},
		{"nested generic alias", "type Box<T: A<B>>= {value: T}", ""},
		{"exported alias", "export type Job = {id: integer}", ""},
		{"alias over lines", "type U =\n  | \"a\"\n  | \"b\"\nf()", "\n\n\nf()"},
		{"two aliases", "type A = B\ntype C = D", "\n"},
		{"interface", "interface Named\n  name: string\n  get(self): string\n  function set(self, v: string)\nend\nf()", "\n\n\n\n\nf()"},
		{"interface with base", "interface A<T> extends B, C x: T; [string]: any, on?: (T) -> () end", ""},
		{"interface with bound", "interface A: B readonly x: T f<U>(U) -> V end", ""},
		{"empty interface", "interface A end", ""},
		{"cast", "local o = options :: any", "local o = options"},
		{"as", "local e = value as Event", "local e = value"},
		{"cast then operator", "return a + b :: number * c, x :: T .. y, a :: A == b :: B", "return a + b * c, x .. y, a == b"},
		{"casts in a row", "return a :: any :: T as U", "return a"},
		{"cast in brackets", "(x :: any).y = (f() :: T):g()", "(x).y =(f()):g()"},
		{"cast in a table", "return {a = x :: T, [k :: string] = 1, y as U; z!}", "return {a = x, [k ] = 1, y ; z}"},
		{"cast in an index", "t[x :: T] = 1", "t[x ] = 1"},
		{"cast of literals", `return 1 :: number, "s" :: string, {} :: T, nil as any, function() end :: F`, `return 1, "s", {}, nil, function() end`},
		{"cast on the next line", "local x = y\n  :: T", "local x = y\n"},
		{"non-nil", "json.decode(msg.data!)", "json.decode(msg.data)"},
		{"non-nil in brackets", "return (user!).name", "return(user).name"},
		{"non-nil chain", "a.b!.c!:d()!.e = f()!", "a.b.c :d().e = f()"},
		{"non-nil statement", "f()!", "f() "},
		{"non-nil and cast", "return x! :: T, x :: T!", "return x, x"},
		{"non-nil and comparison", "return a!==b, a! ~= b", "return a ==b, a ~= b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := squeeze(erase(t, tt.src)); got != squeeze(tt.want) {
				t.Errorf("got  %q\nwant %q", got, squeeze(tt.want))
			}
		})
	}
}

// typeExpressions are types in every form. Each must be erased wherever a type may stand.
var typeExpressions = []string{
	"number", "integer", "string", "boolean", "table", "function", "nil", "any", "unknown", "never", "thread", "userdata", "error",
	"Job", "types.Job", "a.b.c", "goto", "type", "as", "readonly", "typeof", "keyof", "fun", "asserts", "interface", "extends", "is",
	"Channel<Message>", "Result<User, string>", "a.B<c.D<E>>", "A<B<C<D>>>", "A<{B}>?",
	"string?", "string??", "string | number", "\n| string\n| number", "| A & B | C", "Named & Aged",
	`"pending" | "active"`, "'a'", "[[long]]", "1", "-1", "0x10", "true", "false",
	"{string}", "string[]", "string[][]?", "{[string]: number}", "{[\"a b\"]: number}",
	"{name: string, age: number}", "{name: string; age: number;}", "{\n  name: string,\n  -- comment\n  age: number,\n}", "{}",
	"{host: string, port?: number}", "{type: string, end: number, function?: F}", "{readonly a: b, readonly: c}",
	"{items: {{id: string, tags: {string}}}}", "{[string]: number, n: integer}",
	"(number, string) -> boolean", "(a: number, b: string?) -> boolean", "(any?) -> (string, string, table?)", "() -> ()",
	"(...any) -> any", "(a: T, ...: any) -> ...any", "(a?: number) -> (ok: boolean, err: string?)", "() -> ()?",
	"(a) -> b | c", "(a) -> (b) -> c", "((a) -> b) | (c) -> d", "{(number) -> string}", "<T>(x: T) -> T",
	"fun(a: number): string", "function(number): string", "fun()", "fun(a: number, ...: any): (A, B)", "fun<T>(x: T): T",
	"(string | number)?", "((A))", "readonly {number}", "readonly string[]", "readonly readonly A", "typeof(require(\"registry\"))",
	"typeof(x.y:z(1, function(a: T) return a :: U end))", "keyof(Job)", "keyof Job", "interface {name: string}",
	"asserts x is string", "asserts x", "T extends string ? A : B", "T extends string? ? A | B : {c: D}",
	"T extends A ? B : C extends D ? E : F",
	"string @min_len(1) @max_len(64)", "number @min(0)", `string @pattern("^a")`, "string @required?", "{string @min_len(1)} @max(3)",
	"A @x | B @y(-1, 2.5) | C", "{a: string @not(1, {2}), b: number @in(1, 2)}", "{\n  a: string\n    @min_len(1)\n    @max_len(2),\n}",
	"Map<string, {Job | nil}>",
}

func TestEraseTypes(t *testing.T) {
	places := []struct{ name, before, after string }{
		{"local", "local x: ", " = 1"},
		{"second local", "local w, x: ", ", y = 1"},
		{"local without value", "do local x: ", "\nx = 1 end"},
		{"parameter", "local function f(x: ", ", y) end"},
		{"varargs", "local function f(...: ", ") end"},
		{"result", "local function f(): ", "\n return 1 end"},
		{"alias", "type X = ", "\nreturn 1"},
		{"generic alias", "type X<T> = ", "\nreturn 1"},
		{"field", "type X = {a: ", ", b: c}"},
		{"element", "type X = {", "}"},
		{"argument", "type X = A<B, ", ">"},
		{"cast", "local x = y :: ", "\nlocal z"},
		{"argument with a cast", "f(x :: ", ", y)"},
		{"as", "f(x as (", "))"},
		{"loop", "for i: ", " in f() do end"},
		{"interface", "interface I a: ", "\n b: c\n end"},
	}
	for _, typ := range typeExpressions {
		for _, place := range places {
			src := place.before + typ + place.after
			out, err := Erase("test", src)
			if err != nil {
				t.Errorf("%s: %v\n%s", place.name, err, src)
				continue
			}
			accepted(t, src, out)
			// What stands before and after the type is the same whatever the type is.
			plain, err := Erase("test", place.before+"Reference"+place.after)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Fields(out), strings.Fields(plain); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: type %s\n got %q\nwant %q", place.name, typ, got, want)
			}
		}
	}
}

// TestEraseFiles compares whole programs with golden files.
func TestEraseFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.typed.lua")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.Replace(file, ".typed.lua", ".plain.lua", 1))
			if err != nil {
				t.Fatal(err)
			}
			if got := erase(t, string(src)); got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
