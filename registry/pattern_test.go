package registry

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, yes, no string
	}{
		{"a.b", "a.b", "a a.b.c ab a.c"},
		{"*", "a abc", "a.b"},
		{"a.*", "a.b a.c", "a a.b.c b.a"},
		{"**", "a a.b a.b.c", ""},
		{"a.**", "a a.b a.b.c", "b ab"},
		{"**.z", "z a.z a.b.z", "a zz a.z.b"},
		{"a.**.z", "a.z a.b.z a.b.c.z a.z.z", "a z a.b"},
		{"a.**.b.**.c", "a.b.c a.x.b.c a.b.b.x.c", "a.c a.b a.x.c"},
		{"(a|b)", "a b", "c ab a.b"},
		{"x.(a|b).*", "x.a.1 x.b.2", "x.c.1 x.a"},
		{"(a.b|c).d", "a.b.d c.d", "a.d b.d"},
		{"registry.entry.(create|update)", "registry.entry.create registry.entry.update", "registry.entry.delete"},
		{"test_*", "test_a test_", "test a.test_b"},
		{"a*b*c", "abc aXbYc abbc", "ab acb"},
	} {
		p, err := CompilePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, s := range strings.Fields(c.yes) {
			if !p.Match(s) {
				t.Errorf("%s does not match %s", c.pattern, s)
			}
		}
		for _, s := range strings.Fields(c.no) {
			if p.Match(s) {
				t.Errorf("%s matches %s", c.pattern, s)
			}
		}
	}
	for _, bad := range []string{"", "(a", "a)", "((a|b))", strings.Repeat("(a|b)", 9), strings.Repeat("a", 2000)} {
		if _, err := CompilePattern(bad); err == nil {
			t.Errorf("%.30q was accepted", bad)
		}
	}
	if (Pattern{}).Match("") {
		t.Error("the zero Pattern matches")
	}
}

func TestIDPattern(t *testing.T) {
	p, err := CompileIDPattern("lab.**:(a|b)*")
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]bool{"lab:a": true, "lab.x:b2": true, "lab.x:c": false, "lib:a": false} {
		if p.Match(id(s)) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
	for _, bad := range []string{"a", "a:b:c", ":b", "a:", "(a:b)"} {
		if _, err := CompileIDPattern(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// slowMatch is what patterns mean, without a thought for time.
func slowMatch(pattern, name []string) bool {
	switch {
	case len(pattern) == 0:
		return len(name) == 0
	case pattern[0] == "**":
		for i := range len(name) + 1 {
			if slowMatch(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	return len(name) > 0 && globMatch(pattern[0], name[0]) && slowMatch(pattern[1:], name[1:])
}

func FuzzPattern(f *testing.F) {
	f.Add("a.**.(b|c).*", "a.x.b.y")
	f.Add("**.**.a", "a")
	f.Add("a*b.(|x)", "ab.")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := CompilePattern(pattern)
		if err != nil {
			return
		}
		got := p.Match(name)
		if strings.Count(pattern, "**") > 3 || len(name) > 40 {
			return
		}
		want := false
		for _, alt := range p.alts {
			want = want || slowMatch(alt, strings.Split(name, "."))
		}
		if got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
	})
}

func TestNearest(t *testing.T) {
	names := []string{"modules", "method", "source", "imports", "pool"}
	for name, want := range map[string]string{
		"modlues": "modules", "Method": "method", "sorce": "source", "xyz": "", "": "", "pool": "", "inports": "imports", "loop": "",
		strings.Repeat("x", 1000): "",
	} {
		if got, _ := Nearest(name, names); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
	if got := DidYouMean("modlues", names); got != `did you mean "modules"?` {
		t.Error(got)
	}
}
