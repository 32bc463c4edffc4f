package boot

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-go/troupe/registry"
)

// configReader checks sections and collects what is wrong with them.
type configReader struct {
	config   Config
	problems registry.Problems
	at       func(path ...string) registry.Pos // nil without a file
	known    map[string]any
}

func (r *configReader) report(severity registry.Severity, path []string, text, hint string) {
	p := registry.Problem{Severity: severity, Field: strings.Join(path, "."), Text: text, Hint: hint}
	if r.at != nil {
		p.Pos = r.at(path...)
	}
	r.problems = append(r.problems, p)
}

// top takes one key of the top level: a section, or a whole dotted key.
func (r *configReader) top(key string, v any) {
	if r.known == nil {
		r.known = settingsByKey()
	}
	switch m, isMap := v.(map[string]any); {
	case slices.Contains(freeSections, key):
		if !isMap && v != nil {
			r.report(registry.Error, []string{key}, fmt.Sprintf("section %s is not a map", key), "write its settings by name")
			return
		}
		r.config.free[key] = m
	case strings.Contains(key, "."):
		r.key(key, []string{key}, v)
	case !slices.Contains(Sections(), key):
		r.report(registry.Warning, []string{key}, fmt.Sprintf("unknown section %q", key), registry.DidYouMean(key, Sections()))
	case v == nil:
	case !isMap:
		r.report(registry.Error, []string{key}, fmt.Sprintf("section %s is not a map", key), "write its settings by name")
	default:
		r.inside(key, []string{key}, m)
		if key == "extensions" {
			r.report(registry.Warning, []string{key}, "Go plugins cannot be loaded", "remove the section, or embed the runtime and add the parts in Go")
		}
	}
}

// inside flattens a map below a section.
func (r *configReader) inside(prefix string, path []string, m map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		key, at := prefix+"."+k, append(slices.Clone(path), k)
		if sub, ok := m[k].(map[string]any); ok && r.isPrefix(key) {
			r.inside(key, at, sub)
			continue
		}
		r.key(key, at, m[k])
	}
}

func (r *configReader) isPrefix(key string) bool {
	for k := range r.known {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

func (r *configReader) key(key string, path []string, v any) {
	want, ok := r.known[key]
	if !ok {
		r.report(registry.Warning, path, fmt.Sprintf("unknown key %q", key), registry.DidYouMean(key, slices.Sorted(maps.Keys(r.known))))
		return
	}
	if v == nil {
		return
	}
	v, err := typed(want, v)
	if err != nil {
		r.report(registry.Error, path, fmt.Sprintf("%s: %s", key, err), "")
		return
	}
	if what := absent[key]; what != "" && v == true {
		r.report(registry.Warning, path, what, "the setting has no effect")
	}
	r.config.values[key] = v
}

// absent is what the reference runtime does and this one does not, by the setting
// that would switch it on.
var absent = map[string]string{
	"lsp.enabled":             "there is no language server in the node; editors can use the stubs that troupe docs writes",
	"lsp.http_enabled":        "there is no language server in the node; editors can use the stubs that troupe docs writes",
	"lua.type_system.enabled": "types are erased, not checked",
}

// typed checks a value against the default it replaces.
func typed(want, v any) (any, error) {
	if n, ok := want.(none); ok {
		if want = n.like; want == nil {
			return v, nil
		}
	}
	switch n := v.(type) {
	case int:
		v = int64(n)
	case []string:
		list := make([]any, len(n))
		for i, s := range n {
			list[i] = s
		}
		v = list
	}
	ok := false
	expected := ""
	switch want.(type) {
	case nil, string:
		switch v.(type) {
		case int64, float64: // a name of digits
			v = fmt.Sprint(v)
		}
		_, ok = v.(string)
		expected = "a string"
	case bool:
		_, ok = v.(bool)
		expected = "true or false"
	case int64:
		_, ok = v.(int64)
		expected = "a whole number"
	case float64:
		if n, isInt := v.(int64); isInt {
			v = float64(n)
		}
		_, ok = v.(float64)
		expected = "a number"
	case []any:
		_, ok = v.([]any)
		expected = "a list"
	case time.Duration:
		expected = `a duration such as "30s"`
		switch d := v.(type) {
		case time.Duration:
			ok = true
		case int64:
			v, ok = time.Duration(0), d == 0
		case string:
			if span, err := time.ParseDuration(d); err == nil {
				v, ok = span, span >= 0
			}
		}
	}
	if !ok {
		return nil, fmt.Errorf("expected %s, got %s", expected, show(v))
	}
	return v, nil
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return fmt.Sprint(v)
}

// scalar reads a value of the command line; where the key wants text it stays
// text.
func scalar(text string, want any) any {
	if n, ok := want.(none); ok {
		want = n.like
	}
	switch want.(type) {
	case nil, string, time.Duration:
		return text
	case []any:
		list := []any{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		return list
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	return text
}
