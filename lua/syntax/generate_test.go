package syntax

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"
)

// generator writes a random program twice: with types and without.
type generator struct {
	rng          *rand.Rand
	typed, plain strings.Builder
}

// both adds text to both programs.
func (g *generator) both(s string) {
	g.typed.WriteString(s)
	g.plain.WriteString(s)
}

// sometimes calls f with a chance of one in n.
func (g *generator) sometimes(n int, f func()) {
	if g.rng.IntN(n) == 0 {
		f()
	}
}

// pick returns one of several words.
func (g *generator) pick(words ...string) string { return words[g.rng.IntN(len(words))] }

// name returns a name, often one that is special elsewhere.
func (g *generator) name() string {
	return g.pick("a", "b", "type", "as", "export", "readonly", "continue", "is", "fun", "typeof", "interface", "x1", "_")
}

// typ returns a type.
func (g *generator) typ(depth int) string {
	if depth <= 0 {
		return g.pick("number", "Job", "types.Job", `"lit"`, "-1", "nil", "function", "any", "A<B>", "typeof(a.b)")
	}
	t := func() string { return g.typ(depth - 1) }
	switch g.rng.IntN(14) {
	case 0:
		return t() + " | " + t()
	case 1:
		return "{" + t() + "}"
	case 2:
		return "{[" + t() + "]: " + t() + "}"
	case 3:
		return "{ a: " + t() + ",\n b?: " + t() + "; }"
	case 4:
		return "(a: " + t() + ", " + t() + ") -> " + t()
	case 5:
		return "(" + t() + ")?"
	case 6:
		return "M.N<" + t() + ", A<" + t() + ">>"
	case 7:
		return "fun(" + t() + ", ...: any): (" + t() + ", ok: " + t() + ")"
	case 8:
		return "(" + t() + ") @min(1) @pattern(\"x\")"
	case 9:
		return "(T extends " + t() + " ? " + t() + " : " + t() + ")"
	case 10:
		return "readonly " + t() + " & B"
	case 11:
		return "(" + t() + ")[]"
	case 12:
		return "() -> ()"
	default:
		return t()
	}
}

// annotation adds a type behind a name.
func (g *generator) annotation() {
	g.sometimes(2, func() { g.typed.WriteString(": " + g.typ(2)) })
}

// body adds parameters, results and block of a function.
func (g *generator) body(depth int) {
	g.sometimes(3, func() { g.typed.WriteString("<T, U: " + g.typ(1) + ">") })
	g.both("(")
	for range g.rng.IntN(3) {
		g.both(g.name())
		g.sometimes(4, func() { g.typed.WriteString("?") })
		g.annotation()
		g.both(", ")
	}
	g.both("...")
	g.annotation()
	g.both(")")
	g.sometimes(2, func() { g.typed.WriteString(": " + g.pick("()", "(A, B)", "A, B", "...A", g.typ(2))) })
	g.both("\n")
	g.block(depth - 1)
	g.both("end")
}

// prefix adds an expression that can be called or indexed.
func (g *generator) prefix(depth int) {
	if g.rng.IntN(4) == 0 {
		g.both("(")
		g.expr(depth - 1)
		g.both(")")
	} else {
		g.both(g.name())
	}
	for range g.rng.IntN(3) {
		g.sometimes(5, func() { g.typed.WriteString("!") })
		switch g.rng.IntN(5) {
		case 0:
			g.both("." + g.name())
		case 1:
			g.both("[ ")
			g.expr(depth - 1)
			g.both(" ]")
		case 2:
			g.both(":" + g.name() + g.pick("{}", "'s'", "()"))
		default:
			g.both("(")
			g.expr(depth - 1)
			g.both(")")
		}
	}
}

// expr adds an expression.
func (g *generator) expr(depth int) {
	if depth <= 0 {
		g.both(g.pick("1", "'s'", "nil", "true", "{}", "a", "type", "1.5e3", "[[l]]"))
	} else {
		switch g.rng.IntN(8) {
		case 0, 1:
			g.expr(depth - 1)
			g.both(" " + g.pick("+", "..", "and", "or", "==", "<", ">", "<=", "^", "%", "~=", ">=") + " ")
			g.expr(depth - 1)
			return
		case 2:
			g.both(g.pick("not ", "- ", "#"))
			g.expr(depth - 1)
			return
		case 3:
			g.both("{ type = ")
			g.expr(depth - 1)
			g.both(", [ ")
			g.expr(depth - 1)
			g.both(" ] = ")
			g.expr(depth - 1)
			g.both("; ")
			g.expr(depth - 1)
			g.both("}")
		case 4:
			g.both("function")
			g.body(depth)
		default:
			g.prefix(depth)
		}
	}
	g.sometimes(8, func() { g.typed.WriteString("!") })
	g.sometimes(4, func() { g.typed.WriteString(g.pick(" :: ", "::", " as ") + g.typ(2)) })
}

// block adds statements, each on a line of its own.
func (g *generator) block(depth int) {
	for range 1 + g.rng.IntN(4) {
		g.sometimes(5, func() {
			g.typed.WriteString(g.pick("type A = ", "export type B<T> = ", "type C<T: A<B>>= ") + g.typ(3) + "\n")
		})
		g.sometimes(12, func() { g.typed.WriteString("interface I\n a: " + g.typ(2) + "\n f(self): " + g.typ(1) + "\nend\n") })
		g.statement(depth)
		g.both("\n")
	}
}

// statement adds a statement.
func (g *generator) statement(depth int) {
	if depth <= 0 {
		g.both(g.pick("f()", "type(x)", "as(x)", "a.b = 1", "do end", "do goto l end ::l::", "local type"))
		return
	}
	switch g.rng.IntN(8) {
	case 0:
		g.both("local " + g.name())
		g.annotation()
		g.both(", " + g.name())
		g.annotation()
		g.both(" = ")
		g.expr(depth)
	case 1:
		g.both(g.pick("function f", "local function f", "function M.f", "function M:f", "function a.b.c:d"))
		g.body(depth)
	case 2:
		g.both("if ")
		g.expr(depth - 1)
		g.both(" then\n")
		g.block(depth - 1)
		g.both("elseif ")
		g.expr(depth - 1)
		g.both(" then else ")
		g.block(depth - 1)
		g.both("end")
	case 3:
		g.both("for " + g.name())
		g.annotation()
		g.both(" = 1, ")
		g.expr(depth - 1)
		g.both(" do\n")
		g.block(depth - 1)
		g.both("::continue::\nend")
	case 4:
		g.both("for k")
		g.annotation()
		g.both(", v")
		g.annotation()
		g.both(" in ")
		g.expr(depth - 1)
		g.both(" do\n")
		g.block(depth - 1)
		g.both("break\nend")
	case 5:
		g.both("repeat ")
		g.block(depth - 1)
		g.both("until ")
		g.expr(depth - 1)
	case 6:
		g.both(";")
		g.prefix(depth - 1)
		g.both("()")
	default:
		g.both(g.name() + ".x = ")
		g.expr(depth)
	}
}

// TestEraseGenerated compares generated programs with types to the same programs without.
func TestEraseGenerated(t *testing.T) {
	tree := func(src string) string {
		chunk, err := parse.Parse(strings.NewReader(src), "test")
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		return parse.Dump(chunk)
	}
	for seed := range uint64(600) {
		g := generator{rng: rand.New(rand.NewPCG(seed, 1))}
		g.block(3)
		typed, plain := g.typed.String(), g.plain.String()
		if out := erase(t, plain); out != plain {
			t.Fatalf("seed %d: a plain program was changed\n%s\nto\n%s", seed, plain, out)
		}
		out := erase(t, typed)
		if tree(out) != tree(plain) {
			t.Fatalf("seed %d: %s", seed, fmt.Sprintf("typed:\n%s\nresult:\n%s\nplain:\n%s", typed, out, plain))
		}
		if again := erase(t, out); again != out {
			t.Fatalf("seed %d: erasing twice changes the result", seed)
		}
	}
}
