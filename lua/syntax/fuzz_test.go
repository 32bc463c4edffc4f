package syntax

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"
)

// FuzzErase checks for any text: no panic, and either an error with a position inside the text, or a result that gopher-lua
// reads, with the lines of the source, which stays the same when it is erased again.
func FuzzErase(f *testing.F) {
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	for _, typ := range typeExpressions {
		f.Add("local x: " + typ + " = y :: " + typ + "\n(f)()")
	}
	for _, src := range []string{
		"t.goto:goto(goto).goto = function(goto) end function t.goto.a:goto() end", "x = y ::l:: z = 1", "return 1e400, 007, 0xffffffffffffffffff",
		"#!x\n--[=\nf()\v", "a!.b!:c()! 'x'", "x = a :: B<c, d :: E<F>> < g", "interface A end ::a:: goto a", `x = "\x41\` + "\r\n" + `\65"`,
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		out, err := Erase("test", src)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > countLines(src) || e.Column < 1 || e.Msg == "" {
				t.Fatalf("error without a position: %#v", err)
			}
			return
		}
		if _, err := parse.Parse(strings.NewReader(out), "test"); err != nil {
			t.Fatalf("gopher-lua rejects the result: %v\nsource: %q\nresult: %q", err, src, out)
		}
		if a, b := countLines(src), countLines(out); a != b {
			t.Fatalf("%d lines became %d\nsource: %q\nresult: %q", a, b, src, out)
		}
		again, err := Erase("test", out)
		if err != nil || again != out {
			t.Fatalf("not stable: %v\nsource: %q\nresult: %q\n again: %q", err, src, out, again)
		}
	})
}

func BenchmarkErase(b *testing.B) {
	src, err := os.ReadFile("testdata/service.typed.lua")
	if err != nil {
		b.Fatal(err)
	}
	text := string(src)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Erase("test", text); err != nil {
			b.Fatal(err)
		}
	}
}
