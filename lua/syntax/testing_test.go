package syntax

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// countLines counts lines as gopher-lua does.
func countLines(s string) int {
	line, _ := position(s, len(s))
	return line
}

// accepted checks what holds for every result: gopher-lua reads it, and no line is added or lost.
func accepted(t *testing.T, src, out string) {
	t.Helper()
	if _, err := parse.Parse(strings.NewReader(out), "test"); err != nil {
		t.Errorf("gopher-lua rejects the result: %v\nsource:\n%s\nresult:\n%s", err, src, out)
	}
	if a, b := countLines(src), countLines(out); a != b {
		t.Errorf("%d lines became %d\nsource:\n%q\nresult:\n%q", a, b, src, out)
	}
}

// erase returns the plain text of a program that must be accepted.
func erase(t *testing.T, src string) string {
	t.Helper()
	out, err := Erase("test", src)
	if err != nil {
		t.Fatalf("%v\nsource:\n%s", err, src)
	}
	accepted(t, src, out)
	return out
}

// squeeze reduces every run of white space to one space, keeps line breaks, and drops spaces before punctuation.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		line = strings.Join(strings.Fields(line), " ")
		lines[i] = strings.NewReplacer(" ,", ",", " )", ")", " (", "(", " .", ".", " }", "}").Replace(line)
	}
	return strings.Join(lines, "\n")
}

// run executes a typed program with gopher-lua and returns the results as text.
func run(t *testing.T, src string) string {
	t.Helper()
	state := lua.NewState()
	defer state.Close()
	if err := state.DoString(erase(t, src)); err != nil {
		t.Fatalf("%v\nsource:\n%s\nresult:\n%s", err, src, erase(t, src))
	}
	var out []string
	for i := 1; i <= state.GetTop(); i++ {
		out = append(out, state.ToStringMeta(state.Get(i)).String())
	}
	return strings.Join(out, " ")
}
