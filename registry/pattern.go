package registry

import (
	"fmt"
	"strings"
)

// Pattern matches names made of segments with dots between them, such as
// namespaces and event topics. It may be used by many goroutines at once.
type Pattern struct {
	text string
	alts [][]string // one of these must match; each a list of segments
}

const (
	maxPattern = 1024 // bytes of a pattern
	maxAlts    = 256  // patterns that the alternatives multiply to
)

// CompilePattern reads a pattern: "*" is exactly one segment, "**" any number,
// also none, "(a|b)" one of the alternatives; anything else is itself. A "*"
// within a segment stands for any characters of that segment. Empty patterns,
// unbalanced or nested parentheses, and more than 256 combinations are errors.
func CompilePattern(text string) (Pattern, error) {
	fail := func(why string) (Pattern, error) {
		return Pattern{}, fmt.Errorf("compile pattern %q: %s", shorten(text), why)
	}
	switch {
	case text == "":
		return fail(`it is empty; use "**" to match everything`)
	case len(text) > maxPattern:
		return fail(fmt.Sprintf("it is longer than %d characters; shorten it", maxPattern))
	}
	all := []string{""}
	for rest := text; rest != ""; {
		open := strings.IndexAny(rest, "()")
		if open < 0 {
			all = extend(all, []string{rest})
			break
		}
		if rest[open] == ')' {
			return fail(`")" has no "("; remove it or add the "("`)
		}
		group, after, ok := strings.Cut(rest[open+1:], ")")
		if !ok {
			return fail(`"(" is not closed; add a ")"`)
		}
		if strings.Contains(group, "(") {
			return fail("parentheses cannot be nested; write all alternatives in one group")
		}
		choices := strings.Split(group, "|")
		if len(all)*len(choices) > maxAlts {
			return fail(fmt.Sprintf("its alternatives make more than %d combinations; use several patterns", maxAlts))
		}
		all = extend(extend(all, []string{rest[:open]}), choices)
		rest = after
	}
	p := Pattern{text: text}
	for _, alt := range all {
		p.alts = append(p.alts, strings.Split(alt, "."))
	}
	return p, nil
}

func extend(all, choices []string) []string {
	out := make([]string, 0, len(all)*len(choices))
	for _, a := range all {
		for _, c := range choices {
			out = append(out, a+c)
		}
	}
	return out
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Match reports whether a name matches. The zero Pattern matches nothing.
func (p Pattern) Match(name string) bool {
	for _, segments := range p.alts {
		if matchSegments(segments, name, '.', globMatch) {
			return true
		}
	}
	return false
}

// matchSegments walks pattern and name together. Where "**" was met, it is enough
// to go back to the last one, so the time is bounded by the product of the lengths.
func matchSegments(pattern []string, name string, sep byte, match func(pattern, s string) bool) bool {
	i, pos := 0, 0
	star, starPos := -1, 0
	for pos <= len(name) {
		end := len(name)
		if k := strings.IndexByte(name[pos:], sep); k >= 0 {
			end = pos + k
		}
		switch {
		case i < len(pattern) && pattern[i] == "**":
			star, starPos = i, pos
			i++
		case i < len(pattern) && match(pattern[i], name[pos:end]):
			i++
			pos = end + 1
		case star >= 0:
			k := strings.IndexByte(name[starPos:], sep)
			if k < 0 {
				starPos = len(name) + 1
			} else {
				starPos += k + 1
			}
			i, pos = star+1, starPos
		default:
			return false
		}
	}
	for ; i < len(pattern); i++ {
		if pattern[i] != "**" {
			return false
		}
	}
	return true
}

// globMatch matches one segment, in which "*" stands for any characters.
func globMatch(pattern, s string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == s
	}
	if pattern == "*" {
		return true
	}
	i, j := 0, 0
	star, mark := -1, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && pattern[i] == s[j]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// IDPattern matches IDs: "namespace:name", both halves patterns.
type IDPattern struct{ ns, name Pattern }

// CompileIDPattern reads an IDPattern. A pattern without exactly one colon is an
// error.
func CompileIDPattern(text string) (IDPattern, error) {
	ns, name, ok := strings.Cut(text, ":")
	if !ok || strings.Contains(name, ":") {
		return IDPattern{}, fmt.Errorf("compile pattern %q: write \"namespace:name\"; both halves may contain *, ** and (a|b)", shorten(text))
	}
	p, err := CompilePattern(ns)
	if err != nil {
		return IDPattern{}, err
	}
	q, err := CompilePattern(name)
	return IDPattern{p, q}, err
}

// Match reports whether an ID matches.
func (p IDPattern) Match(id ID) bool { return p.ns.Match(id.NS) && p.name.Match(id.Name) }
