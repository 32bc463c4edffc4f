package registry

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Placeholder is a part of a string that stands for an environment variable.
type Placeholder struct {
	Start, End int    // what it takes of the string
	Name       string // of the variable: a public name, or an id
	Default    string
	HasDefault bool
	escaped    bool // "$${", which stands for "${"
}

// Placeholders finds the placeholders of a string: ${env:NAME},
// ${env:NAME|default} and ${NAME|default}, the last with a name in upper case.
// "$${" stands for "${" as it is and begins none. Anything else after a dollar
// is plain text.
func Placeholders(s string) []Placeholder {
	return slices.DeleteFunc(scanPlaceholders(s), func(p Placeholder) bool { return p.escaped })
}

func scanPlaceholders(s string) []Placeholder {
	var out []Placeholder
	last := strings.LastIndexByte(s, '}') // nothing is closed after it
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '$')
		if i < 0 {
			return out
		}
		at += i
		switch rest := s[at:]; {
		case strings.HasPrefix(rest, "$${"):
			out = append(out, Placeholder{Start: at, End: at + 3, escaped: true})
			at += 3
		case strings.HasPrefix(rest, "${") && at < last:
			p, size, ok := parsePlaceholder(rest)
			if !ok {
				at += 2
				continue
			}
			p.Start, p.End = at, at+size
			at = p.End
			out = append(out, p)
		default:
			at++
		}
	}
}

// parsePlaceholder reads the placeholder that s begins with.
func parsePlaceholder(s string) (p Placeholder, size int, ok bool) {
	body, explicit := strings.CutPrefix(s[2:], "env:")
	n := 0
	for n < len(body) && inVariable(body[n], explicit) {
		n++
	}
	p.Name = body[:n]
	rest, hasDefault := strings.CutPrefix(body[n:], "|")
	if hasDefault {
		p.HasDefault = true
		p.Default, _, _ = strings.Cut(rest, "}")
		rest = rest[len(p.Default):]
	}
	return p, len(s) - len(rest) + 1, n > 0 && strings.HasPrefix(rest, "}") && (explicit || hasDefault)
}

// inVariable reports whether the name of a variable can contain c. Without the
// prefix env: only upper case tells it from text for somebody else.
func inVariable(c byte, explicit bool) bool {
	switch {
	case c == '_', '0' <= c && c <= '9', 'A' <= c && c <= 'Z':
		return true
	}
	return explicit && ('a' <= c && c <= 'z' || c == ':' || c == '.' || c == '-')
}

// EnvNames returns the environment variables that an entry takes values from:
// those of its placeholders, and of each field "x_env" beside a field "x". The
// value is true where nothing else could be used: no default in the placeholder,
// no "x" that was written.
func (s Schema) EnvNames(e Entry) map[string]bool {
	names := map[string]bool{}
	f := envFiller{entry: e, use: func(name string, must bool) (string, bool) {
		names[name] = names[name] || must
		return "", false
	}}
	f.run(s)
	return names
}

// FillEnv returns the entry with every placeholder, and every field "x" that has
// a field "x_env" in place of it, filled in with the value of its variable; values has those that have one. A
// string that is one placeholder takes the type of its field. A placeholder
// without value and default is an error, and so is a required field that has only
// its "x_env"; any other field keeps what was written, or its default. e stays as
// it is.
func (s Schema) FillEnv(e Entry, values map[string]string) (Entry, Problems) {
	f := envFiller{entry: e, use: func(name string, _ bool) (string, bool) {
		v := values[name]
		return v, v != ""
	}}
	return f.run(s), f.problems
}

type envFiller struct {
	entry    Entry
	use      func(name string, must bool) (string, bool)
	problems Problems
}

func (x *envFiller) run(s Schema) Entry {
	e := x.entry
	if data, ok := e.Data.(map[string]any); ok {
		e.Data = x.object(s.fields, data, nil)
	} else if e.Data != nil {
		e.Data = x.value(nil, nil, e.Data, nil)
	}
	var own []Field // of the metadata only what configures the entry
	for _, f := range s.fields {
		if name, ok := strings.CutPrefix(f.Name, "meta."); ok && !strings.Contains(name, ".") {
			f.Name = name
			own = append(own, f)
		}
	}
	if len(own) > 0 && e.Meta != nil {
		e.Meta = x.members(own, e.Meta, []string{"meta"}, false)
	}
	return e
}

// object fills in a map with the fields of a struct.
func (x *envFiller) object(fields []Field, data map[string]any, path []string) map[string]any {
	return x.members(fields, data, path, true)
}

func (x *envFiller) members(fields []Field, data map[string]any, path []string, all bool) map[string]any {
	out := maps.Clone(data)
	byName := map[string]*Field{}
	for i := range fields {
		byName[fields[i].Name] = &fields[i]
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		f := byName[key]
		if f == nil && !all || f != nil && f.Verbatim {
			continue
		}
		var t reflect.Type
		if f != nil {
			t = f.typ
		}
		out[key] = x.value(f, t, data[key], sub(path, key))
	}
	for i := range fields {
		f := &fields[i]
		key := f.Name + "_env"
		name, _ := data[key].(string)
		if name == "" || f.inline {
			continue
		}
		had := data[f.Name]
		if v, ok := x.use(name, had == nil || had == ""); ok {
			out[f.Name] = typedFor(f.typ, v)
			delete(out, key)
			continue
		}
		if f.Required && (had == nil || had == "") {
			at := sub(path, key)
			x.problems = append(x.problems, problemAt(x.entry, Error, at,
				fmt.Sprintf("field %q: environment variable %q has no value", FieldPath(at...), name), "give it one, or write the field "+f.Name))
		}
	}
	return out
}

// value fills in one value; f and t are nil where nothing is known about it.
func (x *envFiller) value(f *Field, t reflect.Type, v any, path []string) any {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case string:
		return x.text(t, v, path)
	case []any:
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			elem = t.Elem()
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = x.value(f, elem, item, sub(path, strconv.Itoa(i)))
		}
		return out
	case map[string]any:
		if f != nil && t != nil && t.Kind() == reflect.Struct {
			return x.object(f.Fields, v, path)
		}
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Map {
			elem = t.Elem()
		}
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = x.value(f, elem, v[key], sub(path, key))
		}
		return out
	}
	return v
}

func (x *envFiller) text(t reflect.Type, s string, path []string) any {
	found := scanPlaceholders(s)
	if len(found) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, p := range found {
		b.WriteString(s[at:p.Start])
		at = p.End
		if p.escaped {
			b.WriteString("${")
			continue
		}
		v, ok := x.use(p.Name, !p.HasDefault)
		if !ok {
			v = p.Default
		}
		if !ok && !p.HasDefault {
			x.problems = append(x.problems, problemAt(x.entry, Error, path,
				fmt.Sprintf("field %q: environment variable %q has no value", FieldPath(path...), p.Name), fmt.Sprintf("give it one, or write a default: ${env:%s|…}", p.Name)))
		}
		b.WriteString(v)
	}
	b.WriteString(s[at:])
	if p := found[0]; len(found) == 1 && !p.escaped && p.Start == 0 && p.End == len(s) {
		return typedFor(t, b.String())
	}
	return b.String()
}

// typedFor makes the text of a variable what a field of type t wants; t is nil
// where nothing is known about it. Text that does not fit stays text, and decoding
// says what is wrong with it.
func typedFor(t reflect.Type, s string) any {
	if t == nil {
		return typed(s)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface {
		return typed(s)
	}
	if v, err := parseDefault(t, strings.TrimSpace(s)); err == nil && typeName(t) != "string" {
		return v
	}
	return s
}
