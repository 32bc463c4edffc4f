package lua

import (
	"strings"
	"testing"
	"time"
)

// Source text that would overflow the stack of the parser or keep it busy for
// ever is refused, or compiled, soon.
func TestHostileSource(t *testing.T) {
	eng, err := NewEngine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string][4]string{ // what stands before, again and again, in the middle, again and again
		"nested tables":    {"return ", "{", "", "}"},
		"nested parens":    {"return ", "(", "1", ")"},
		"not not":          {"return ", "not ", "1"},
		"minus minus":      {"return ", "- ", "x"},
		"concatenation":    {"return ", "a..", "a"},
		"addition":         {"return ", "a+", "a"},
		"power":            {"return ", "a^", "a"},
		"nested functions": {"", "return function() ", "", " end"},
		"nested do":        {"", "do ", "", " end"},
		"nested if":        {"", "if x then ", "", " end"},
		"nested for":       {"", "for i in x do ", "", " end"},
		"elseif":           {"if x then ", "elseif x then ", "end"},
		"calls":            {"return f", "()"},
		"indexes":          {"return f", "[1]"},
		"methods":          {"return f", ":m()"},
		"types":            {"local x: ", "{", "number", "}"},
		"unions":           {"local x: number", "|number"},
		"statements":       {"", "x=1 "},
		"locals":           {"", "local x "},
		"constants":        {"return {", "0x1,", "}"},
		"one long string":  {`return "`, "x", `"`},
		"one long comment": {"--[[", "x", "]] return 1"},
	} {
		n := (1<<20 - len(part[0]) - len(part[2])) / (len(part[1]) + len(part[3]))
		src := part[0] + strings.Repeat(part[1], n) + part[2] + strings.Repeat(part[3], n)
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			done := make(chan error, 1)
			go func() {
				_, err := eng.Compile(Unit{ID: "app:bad", Source: src, Method: "main"})
				done <- err
			}()
			select {
			case err := <-done:
				t.Logf("%s: %.80v", time.Since(began), err)
			case <-time.After(time.Minute):
				t.Fatal("the compiler does not come to an end")
			}
		})
	}
}
