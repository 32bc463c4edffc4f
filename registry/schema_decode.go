package registry

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decode fills in a config, which has the type SchemaOf was given, from an entry:
// convert, apply defaults, check. References are full IDs: in string fields with a
// ref tag without "?", a bare name is replaced by the full ID. All problems are
// found in one go, each at its field; with an error among them the config is
// incomplete. A field "x" may be given as "x_env", the name of an
// environment variable: it then keeps its default.
func (s Schema) Decode(e Entry) (config any, refs []Ref, problems Problems) {
	if s.typ == nil {
		return e.Data, nil, nil
	}
	d := decoder{entry: e}
	v := reflect.New(s.typ).Elem()
	data, ok := e.Data.(map[string]any)
	switch {
	case e.Data == nil:
		d.fail(nil, "configuration data required", "give the entry its fields")
	case !ok:
		d.fail(nil, "the configuration must be a map, not "+kindOf(e.Data), "write its fields by name")
	default:
		d.object(v, s.fields, data, nil, s.open)
		if d.problems.Err() == nil {
			d.validate(v, nil)
		}
	}
	return v.Interface(), d.refs, d.problems
}

type decoder struct {
	entry    Entry
	refs     []Ref
	problems Problems
}

func (d *decoder) fail(path []string, text, hint string) {
	d.problems = append(d.problems, problemAt(d.entry, Error, path, text, hint))
}

func sub(path []string, key ...string) []string {
	return append(path[:len(path):len(path)], key...)
}

// object fills a struct. A nil map stands for a struct that was not written: its
// fields get their defaults and none is required.
func (d *decoder) object(dst reflect.Value, fields []Field, data map[string]any, path []string, open bool) {
	taken := map[string]bool{}
	for _, f := range fields {
		if f.inline {
			continue
		}
		at, value := sub(path, f.Name), data[f.Name]
		taken[f.Name] = true
		if meta, ok := strings.CutPrefix(f.Name, "meta."); ok && len(path) == 0 {
			at = strings.Split(f.Name, ".")
			value = lookup(d.entry.Meta, strings.Split(meta, "."))
		}
		env, hasEnv := data[f.Name+"_env"]
		switch {
		case value == nil || (value == "" && f.Required):
			if f.Required && data != nil && !(hasEnv && env != "") {
				d.fail(at, fmt.Sprintf("missing field %q", FieldPath(at...)), "expected "+f.expected())
				continue
			}
			d.absent(dst.FieldByIndex(f.index), f, at)
		default:
			d.field(dst.FieldByIndex(f.index), f, value, at)
		}
	}
	d.rest(dst, fields, data, taken, path, open)
}

// absent fills in what a field is when nobody wrote it.
func (d *decoder) absent(dst reflect.Value, f Field, path []string) {
	switch {
	case f.Default != "":
		d.value(dst, f, f.def, path)
	case f.typ.Kind() == reflect.Struct && f.Fields != nil:
		d.object(dst, f.Fields, nil, path, true)
	}
}

// rest deals with the keys no field has taken.
func (d *decoder) rest(dst reflect.Value, fields []Field, data map[string]any, taken map[string]bool, path []string, open bool) {
	var names []string
	var catch *Field
	for i, f := range fields {
		if f.inline {
			catch = &fields[i]
		} else if !strings.HasPrefix(f.Name, "meta.") {
			names = append(names, f.Name)
		}
	}
	others := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		base, isEnv := strings.CutSuffix(key, "_env")
		switch {
		case taken[key] || (isEnv && taken[base]):
		case catch != nil:
			others[key] = cloneValue(data[key])
		case !open:
			at := sub(path, key)
			p := problemAt(d.entry, Warning, at, fmt.Sprintf("unknown field %q", FieldPath(at...)), DidYouMean(key, names))
			if p.Hint == "" {
				p.Hint = "it has no effect"
			}
			d.problems = append(d.problems, p)
		}
	}
	if catch != nil && len(others) > 0 {
		dst.FieldByIndex(catch.index).Set(reflect.ValueOf(others))
	}
}

// field fills one field that was written and checks its tags.
func (d *decoder) field(dst reflect.Value, f Field, value any, path []string) {
	before := len(d.problems.Errors())
	d.value(dst, f, value, path)
	if len(d.problems.Errors()) > before || f.awaits(value) {
		return
	}
	for dst.Kind() == reflect.Pointer && !dst.IsNil() {
		dst = dst.Elem()
	}
	d.bound(dst, f, path, f.Min, "at least ", func(n, b float64) bool { return n >= b })
	d.bound(dst, f, path, f.Max, "at most ", func(n, b float64) bool { return n <= b })
}

func (d *decoder) bound(dst reflect.Value, f Field, path []string, text, words string, ok func(n, b float64) bool) {
	if text == "" {
		return
	}
	b, _ := parseBound(f.typ, text) // tried when the schema was made
	if n, what := measure(dst); !ok(n, b) {
		d.fail(path, fmt.Sprintf("field %q is out of bounds", FieldPath(path...)), "expected "+words+text+what)
	}
}

// awaits reports whether a value is text with placeholders: what it is shows
// only when they are filled in.
func (f Field) awaits(value any) bool {
	s, ok := value.(string)
	return ok && !f.Verbatim && len(Placeholders(s)) > 0
}

func (f Field) expected() string {
	if len(f.OneOf) > 0 {
		return "one of " + strings.Join(f.OneOf, ", ")
	}
	if f.Ref != "" && f.Type == "string" {
		return withArticle("id")
	}
	return withArticle(f.Type)
}

func (d *decoder) wrong(path []string, t reflect.Type, value any) {
	typ := typeName(t)
	hint := ""
	switch s, isString := value.(string); {
	case typ == "string" && kindOf(value) != "a list" && kindOf(value) != "a map":
		hint = "put it in quotes"
	case typ == "boolean" && isString && slices.Contains([]string{"yes", "no", "on", "off", "Yes", "No"}, s):
		hint = "write true or false"
	case typ == "duration" && !isString:
		hint = fmt.Sprintf(`give the unit, as in "%vs"`, value)
	case strings.HasPrefix(typ, "list of ") && isString:
		hint = "write it as [" + s + "]"
	}
	d.fail(path, fmt.Sprintf("field %q is %s; expected %s", FieldPath(path...), kindOf(value), withArticle(typ)), hint)
}

// value converts plain data into a field, an element of a list or map, or what a
// pointer points to. Null leaves it as it is.
func (d *decoder) value(dst reflect.Value, f Field, value any, path []string) {
	t := dst.Type()
	switch {
	case value == nil:
		return
	case f.awaits(value):
		if t.Kind() == reflect.String {
			dst.SetString(value.(string))
		} else if dst.IsZero() && f.typ == t {
			d.absent(dst, f, path)
		}
		return
	}
	switch {
	case t == durationType:
		d.duration(dst, value, path)
		return
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textType):
		s, ok := value.(string)
		if n, whole := value.(int64); whole {
			s, ok = strconv.FormatInt(n, 10), true
		}
		if !ok {
			d.wrong(path, t, value)
		} else if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
			d.fail(path, fmt.Sprintf("field %q: %v", FieldPath(path...), err), "")
		}
		return
	case t == idType || t.Kind() == reflect.String:
		d.text(dst, f, value, path)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(t.Elem()))
		d.value(dst.Elem(), f, value, path)
	case reflect.Interface:
		dst.Set(reflect.ValueOf(cloneValue(value)))
		if f.Ref != "" {
			d.refer(f, value, path)
		}
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			d.wrong(path, t, value)
			return
		}
		dst.SetBool(b)
	case reflect.Float32, reflect.Float64:
		switch n := value.(type) {
		case float64:
			dst.SetFloat(n)
		case int64:
			dst.SetFloat(float64(n))
		default:
			d.wrong(path, t, value)
		}
	case reflect.Slice:
		d.list(dst, f, value, path)
	case reflect.Map:
		d.dict(dst, f, value, path)
	case reflect.Struct:
		m, ok := value.(map[string]any)
		if !ok {
			d.wrong(path, t, value)
			return
		}
		before := len(d.problems.Errors())
		d.object(dst, f.Fields, m, path, false)
		if len(d.problems.Errors()) == before {
			d.validate(dst, path)
		}
	default:
		d.integer(dst, value, path)
	}
}

func (d *decoder) integer(dst reflect.Value, value any, path []string) {
	n, ok := value.(int64)
	if x, isFloat := value.(float64); isFloat && x == math.Trunc(x) && math.Abs(x) < 1<<63 {
		n, ok = int64(x), true
	}
	if !ok {
		d.wrong(path, dst.Type(), value)
		return
	}
	switch {
	case dst.CanInt() && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.CanUint() && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	default:
		d.fail(path, fmt.Sprintf("field %q is out of bounds: %d", FieldPath(path...), n), "expected a smaller number, or one that is not negative")
	}
}

func (d *decoder) duration(dst reflect.Value, value any, path []string) {
	switch v := value.(type) {
	case int64:
		if v == 0 {
			dst.SetInt(0)
			return
		}
	case string:
		x, err := time.ParseDuration(v)
		if err != nil {
			d.fail(path, fmt.Sprintf("field %q is not a duration: %q", FieldPath(path...), v), "expected "+withArticle("duration"))
			return
		}
		dst.SetInt(int64(x))
		return
	}
	d.wrong(path, durationType, value)
}

func (d *decoder) text(dst reflect.Value, f Field, value any, path []string) {
	s, ok := value.(string)
	if !ok {
		d.wrong(path, dst.Type(), value)
		return
	}
	if len(f.OneOf) > 0 && !slices.Contains(f.OneOf, s) {
		hint := DidYouMean(s, f.OneOf)
		d.fail(path, fmt.Sprintf("field %q is %q; expected one of %s", FieldPath(path...), s, strings.Join(f.OneOf, ", ")), hint)
		return
	}
	if dst.Type() != idType {
		dst.SetString(s)
		if id, ok := d.refer(f, value, path); ok && !strings.HasPrefix(f.Ref, "?") {
			dst.SetString(id.String())
		}
		return
	}
	if s == "" {
		return
	}
	id, err := ResolveID(s, d.entry.ID.NS)
	if err != nil {
		d.fail(path, fmt.Sprintf("field %q is %q", FieldPath(path...), s), "expected "+withArticle("id"))
		return
	}
	dst.Set(reflect.ValueOf(id))
	d.refer(f, value, path)
}

// refer notes a reference. It reports false if the text is none: the field is not
// a reference, is empty, or names a built-in module as ":name" does.
func (d *decoder) refer(f Field, value any, path []string) (ID, bool) {
	s, ok := value.(string)
	if f.Ref == "" || !ok || s == "" || strings.HasPrefix(s, ":") {
		return ID{}, false
	}
	kinds, optional := strings.CutPrefix(f.Ref, "?")
	id, err := ResolveID(s, d.entry.ID.NS)
	if err != nil {
		if !optional {
			d.fail(path, fmt.Sprintf("field %q is %q", FieldPath(path...), s), "expected "+withArticle("id"))
		}
		return ID{}, false
	}
	if kinds == "*" {
		kinds = ""
	}
	d.refs = append(d.refs, Ref{Path: path, ID: id, Kinds: kinds, Must: !optional})
	return id, true
}

func (d *decoder) list(dst reflect.Value, f Field, value any, path []string) {
	list, ok := value.([]any)
	if !ok {
		d.wrong(path, dst.Type(), value)
		return
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, v := range list {
		d.value(out.Index(i), f, v, sub(path, strconv.Itoa(i)))
	}
	dst.Set(out)
}

func (d *decoder) dict(dst reflect.Value, f Field, value any, path []string) {
	m, ok := value.(map[string]any)
	if !ok {
		d.wrong(path, dst.Type(), value)
		return
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		elem := reflect.New(dst.Type().Elem()).Elem()
		d.value(elem, f, m[key], sub(path, key))
		out.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), elem)
	}
	dst.Set(out)
}

func (d *decoder) validate(v reflect.Value, path []string) {
	val, ok := v.Addr().Interface().(Validator)
	if !ok {
		return
	}
	err := val.Validate()
	var fe *FieldError
	switch {
	case err == nil:
	case errors.As(err, &fe):
		at := sub(path, fe.Path...)
		text := fe.Text
		if len(at) > 0 {
			text = fmt.Sprintf("field %q: %s", FieldPath(at...), text)
		}
		d.fail(at, text, fe.Hint)
	default:
		d.fail(path, err.Error(), "")
	}
}

// lookup follows a path through nested maps; it returns nil where there is nothing.
func lookup(m map[string]any, path []string) any {
	var v any = m
	for i, key := range path {
		next, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		// A flat key with dots in it is as good as nested maps.
		if flat, ok := next[strings.Join(path[i:], ".")]; ok {
			return flat
		}
		v = next[key]
	}
	return v
}
