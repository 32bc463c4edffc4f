package registry

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Query is a filter over entries, ready to use.
type Query struct {
	key        string // the same for filters that mean the same
	conditions []condition
	// Exact root fields, which the index answers.
	id   ID
	ns   string
	kind string
}

type condition func(Entry) bool

// CompileFilter reads a filter as scripts write it; all conditions must hold. Keys:
// ".kind", ".name", ".ns", ".id" with a value in which "*" stands for any characters;
// "meta.a.b" equals the value or, for a list, has all its elements; "~meta.a" matches
// the regular expression; "*meta.a" contains the text or element; "^meta.a" and
// "$meta.a" begin and end with it; "meta" holds a map of more such keys. Other
// keys, wrong regular expressions and values that are no plain data are ignored; each
// gives a warning.
func CompileFilter(filter map[string]any) (Query, []string) {
	c := filterCompiler{}
	c.keys(filter, 0)
	return c.query, c.warnings
}

type filterCompiler struct {
	query    Query
	warnings []string
}

func (c *filterCompiler) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf("find entries: "+format, args...))
}

func (c *filterCompiler) keys(filter map[string]any, depth int) {
	for _, key := range slices.Sorted(maps.Keys(filter)) {
		value, err := Normalize(filter[key])
		if err != nil {
			c.warn("key %q is ignored: %v; write plain data", key, err)
			continue
		}
		if nested, ok := value.(map[string]any); ok && key == "meta" && depth == 0 {
			c.keys(nested, depth+1)
			continue
		}
		test := c.condition(key, value)
		if test == nil {
			continue
		}
		c.query.conditions = append(c.query.conditions, test)
		c.query.key += strconv.Quote(key) + "=" + valueKey(value) + ";"
	}
}

func (c *filterCompiler) condition(key string, value any) condition {
	if strings.HasPrefix(key, ".") {
		return c.root(key, value)
	}
	op, field := "", key
	if key != "" && strings.Contains("~*^$", key[:1]) {
		op, field = key[:1], key[1:]
	}
	name, ok := strings.CutPrefix(field, "meta.")
	if !ok || name == "" {
		hint := `write ".kind", ".name", ".ns", ".id" or "meta.…"`
		if slices.Contains([]string{"kind", "name", "ns", "id"}, key) {
			hint = `did you mean "." before it?`
		}
		c.warn("key %q is unknown and ignored; %s", key, hint)
		return nil
	}
	path := strings.Split(name, ".")
	if op == "" {
		return func(e Entry) bool { return fits(lookup(e.Meta, path), value) }
	}
	text, ok := value.(string)
	if !ok {
		text = fmt.Sprint(value)
	}
	var test func(string) bool
	switch op {
	case "~":
		re, err := regexp.Compile(text)
		if err != nil {
			c.warn("key %q is ignored: %v; correct the regular expression", key, err)
			return nil
		}
		test = re.MatchString
	case "^":
		test = func(s string) bool { return strings.HasPrefix(s, text) }
	case "$":
		test = func(s string) bool { return strings.HasSuffix(s, text) }
	case "*":
		return func(e Entry) bool {
			switch v := lookup(e.Meta, path).(type) {
			case string:
				return strings.Contains(v, text)
			case []any:
				return slices.ContainsFunc(v, func(have any) bool { return have == any(text) || sameValue(have, value) })
			}
			return false
		}
	}
	return func(e Entry) bool {
		s, ok := lookup(e.Meta, path).(string)
		return ok && test(s)
	}
}

func (c *filterCompiler) root(key string, value any) condition {
	var get func(Entry) string
	switch key {
	case ".kind":
		get = func(e Entry) string { return e.Kind }
	case ".name":
		get = func(e Entry) string { return e.ID.Name }
	case ".ns":
		get = func(e Entry) string { return e.ID.NS }
	case ".id":
		get = func(e Entry) string { return e.ID.String() }
	default:
		c.warn("key %q is unknown and ignored; write .kind, .name, .ns or .id", key)
		return nil
	}
	text, ok := value.(string)
	if !ok {
		c.warn("key %q has %s and matches nothing; write a string", key, kindOf(value))
		return func(Entry) bool { return false }
	}
	if !strings.Contains(text, "*") {
		switch key {
		case ".kind":
			c.query.kind = text
		case ".ns":
			c.query.ns = text
		case ".id":
			c.query.id, _ = ParseID(text)
		}
	}
	return func(e Entry) bool { return globMatch(text, get(e)) }
}

// fits compares a metadata field with a value: of a list all elements must be there.
func fits(field, value any) bool {
	wanted, ok := value.([]any)
	if !ok {
		return sameValue(field, value)
	}
	have, ok := field.([]any)
	if !ok {
		return false
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(have, func(h any) bool { return sameValue(h, w) }) {
			return false
		}
	}
	return true
}

// sameValue is equalValues where 1 and 1.0 are the same, as scripts know only one
// kind of number.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(float64); ok {
			return float64(x) == y
		}
	case float64:
		if y, ok := b.(int64); ok {
			return x == float64(y)
		}
	}
	return equalValues(a, b)
}

// valueKey writes plain data so that different data have different texts.
func valueKey(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = valueKey(x)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(strconv.Quote(k) + ":" + valueKey(v[k]) + ",")
		}
		return "{" + b.String() + "}"
	}
	return fmt.Sprintf("%T(%v)", v, v)
}

// Match reports whether an entry satisfies the query. The zero Query matches all.
func (q Query) Match(e Entry) bool {
	for _, ok := range q.conditions {
		if !ok(e) {
			return false
		}
	}
	return true
}

// Find returns the entries that satisfy a query, in the order of their IDs. The
// list is kept for the next time and shared: do not write into it.
func (s *Snapshot) Find(q Query) []Entry {
	ix := s.indexed()
	s.mu.Lock()
	found, ok := s.found[q.key]
	s.mu.Unlock()
	if ok {
		return found
	}
	for _, e := range s.candidates(ix, q) {
		if q.Match(e) {
			found = append(found, e)
		}
	}
	found = slices.Clip(found)
	const mostQueries = 256
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil || len(s.found) >= mostQueries {
		s.found = map[string][]Entry{}
	}
	s.found[q.key] = found
	return found
}

func (s *Snapshot) candidates(ix *index, q Query) []Entry {
	switch {
	case !q.id.IsZero():
		if e, ok := s.entries[q.id]; ok {
			return []Entry{e}
		}
		return nil
	case q.kind != "" && q.ns != "":
		if a, b := ix.byKind[q.kind], ix.byNS[q.ns]; len(a) < len(b) {
			return a
		}
		return ix.byNS[q.ns]
	case q.kind != "":
		return ix.byKind[q.kind]
	case q.ns != "":
		return ix.byNS[q.ns]
	}
	return ix.sorted
}
