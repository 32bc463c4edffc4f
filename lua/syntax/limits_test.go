package syntax

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// TestHostile gives texts that would overflow the stack of a recursive compiler, or keep it busy. They have to be refused.
func TestHostile(t *testing.T) {
	const n = 300000
	rep := strings.Repeat
	tests := []struct{ name, src, want string }{
		{"tables", "return " + rep("{", n) + rep("}", n), "too deeply nested"},
		{"brackets", "return " + rep("(", n) + "1" + rep(")", n), "too deeply nested"},
		{"indexes", "return " + rep("a[", n), "too deeply nested"},
		{"arguments", "return " + rep("f(", n), "too deeply nested"},
		{"not", "return " + rep("not ", n/2) + "1", "too long"},
		{"minus", "return " + rep("- ", n) + "x", "too long"},
		{"concatenation", "return " + rep("a..", n) + "a", "too long"},
		{"power", "return " + rep("2^", n) + "a", "too long"},
		{"addition", "return " + rep("a+", n) + "a", "too long"},
		{"and", "return " + rep("a and ", n/2) + "a", "too long"},
		{"mixed operators", "return " + rep("a+b*c..", n/8) + "a", "too long"},
		{"functions", rep("return function() ", n/8) + rep(" end", n/8), "too deeply nested"},
		{"blocks", rep("do ", n) + rep("end ", n/30), "too deeply nested"},
		{"ifs", rep("if a then ", n/10) + rep("end ", n/10), "too deeply nested"},
		{"elseifs", "if a then " + rep("elseif a then ", n/20) + "end", "too long"},
		{"calls", "return f" + rep("()", n), "too long"},
		{"fields", "return f" + rep(".x", n), "too long"},
		{"methods", "f" + rep(":x()", n/4), "too long"},
		{"strings", "f" + rep("''", n), "too long"},
		{"renamed methods", "f" + rep(":goto()", n/8), "too long"},
		{"types", "local x: " + rep("{", n), "too deeply nested"},
		{"type arguments", "local x: " + rep("A<", n), "too deeply nested"},
		{"function types", "local x: " + rep("a->", n) + "a", "too deeply nested"},
		{"conditional types", "local x: " + rep("a extends b ? c : ", n/20), "too deeply nested"},
		{"types in brackets", "local x: " + rep("(", n), "too deeply nested"},
		{"asserted types", "local x: " + rep("asserts x is ", n/20), "too deeply nested"},
		{"types of values", "local x: " + rep("typeof({", n/20), "too deeply nested"},
		{"casts", "return " + rep("x :: A<", n/10), "too long"},
		{"tried types", "return " + rep("x :: A<typeof(", 90) + "{" + rep("1,", n) + "}" + rep(")", 90) + " then", "expected '>' to close '<'"},
		{"casts of values", "return " + rep("x :: A<typeof(", n/20), "too deeply nested"},
		{"chain in brackets", "return " + rep("(", 150) + rep("a+", 900) + "a" + rep(")+"+rep("a+", 900)+"a", 150), "too long"},
		{"size", rep(" ", DefaultMaxSource+1), "larger than the limit"},
		{"constants", distinct(DefaultMaxConstants+1, "x%d = 1\n"), "constants"},
		{"repeated constants", distinct(DefaultMaxConstants-10, "x%d = 1\n") + rep("x19000 = 1\n", 20000), "used too often"},
		{"several large functions", rep("function f() "+distinct(15000, "x%d = 1 ")+" end ", 2), "used too often"},
		{"folded constants", folded(150), "constants"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Erase("test", tt.src)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// distinct repeats a line with different numbers in it.
func distinct(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

// folded returns a program whose few numbers add up to many constants.
func folded(n int) string {
	var b strings.Builder
	for i := range n {
		for j := range n {
			fmt.Fprintf(&b, "x=%d+%d ", i, 1000*j)
		}
	}
	return b.String()
}

// TestWithin gives texts right below the limits: they are accepted, and gopher-lua can compile them.
func TestWithin(t *testing.T) {
	rep := strings.Repeat
	tests := []struct{ name, src string }{
		{"tables", "return " + rep("{", 150) + rep("}", 150)},
		{"brackets", "return " + rep("(", 150) + "1" + rep(")", 150)},
		{"functions", rep("return function() ", 80) + rep(" end", 80)},
		{"addition", "return " + rep("a+", 900) + "a"},
		{"calls", "return f" + rep("()", 900)},
		{"elseifs", "if a then " + rep("elseif a then ", 900) + "end"},
		{"not", "return " + rep("not ", 900) + "1"},
		{"chain in brackets", "return " + rep("(", 100) + "a" + rep(")+a+a+a+a+a+a", 100)},
		{"constants", distinct(1000, "x%d = 1\n")},
		{"repeated constants", rep("x = y.z\n", DefaultMaxConstants)},
		{"many functions", rep("f(function() "+distinct(100, "x%d = 1 ")+"end)\n", 300)},
		{"many statements", rep("f(x) ", 100000)},
		{"long table", "return {" + rep("1,", 100000) + "}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Erase("test", tt.src)
			if err != nil {
				t.Fatal(err)
			}
			chunk, err := parse.Parse(strings.NewReader(out), "test")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := lua.Compile(chunk, "test"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		src    string
		limits Limits
		want   string
	}{
		{"size", "return 1", Limits{MaxSource: 7}, "test:1:1: source text of 8 bytes is larger than the limit of 7, split it into libraries"},
		{"size reached", "return 1", Limits{MaxSource: 8}, ""},
		{"depth", "return ((1))", Limits{MaxDepth: 3}, "test:1:10: too deeply nested: more than 3 levels, split the code into functions near '1'"},
		{"depth reached", "return ((1))", Limits{MaxDepth: 4}, ""},
		{"height", "return 1+1+1", Limits{MaxHeight: 2}, "test:1:13: expression or chain too long: more than 2 levels, split it near '<eof>'"},
		{"height reached", "return 1+1+1", Limits{MaxHeight: 5}, ""},
		{"constants", "return a, b, c", Limits{MaxConstants: 2}, "test:1:14: function with more than 2 constants and names, split it near 'c'"},
		{"repeated constants", "return a, b, a, b", Limits{MaxConstants: 2}, ""},
		{"constants of several functions", "return a, function() return b, c end, d", Limits{MaxConstants: 2}, ""},
		{"constants in types", "local x: {a: b, c: d}, y: A<B> = 1", Limits{MaxConstants: 1}, ""},
		{"negative", "return ((1))", Limits{-1, -1, -1, -1}, ""},
		{"no less than possible", "return {{{{}}}}", Limits{1 << 62, 1 << 62, 1 << 62, 1 << 62}, ""},
		{"stack of the parser", "return " + strings.Repeat("{", 20000), Limits{MaxDepth: 1 << 40}, "test:1:10007: too deeply nested: more than 10000 levels, split the code into functions near '{'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if _, err := EraseLimits("test", tt.src, tt.limits); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
