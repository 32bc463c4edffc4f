package template

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/CloudyKit/jet/v6"
)

// functions stand in the place of Jet's own where those take memory that nobody
// counts, and for what guard.go puts into templates.
var functions = map[string]jet.Func{
	fnStep: func(a jet.Arguments) reflect.Value {
		of(a).step()
		return reflect.Value{}
	},
	fnTry: func(a jet.Arguments) reflect.Value {
		r := of(a)
		r.step()
		a.Runtime().Writer = r.counted(a.Runtime().Writer)
		return reflect.Value{}
	},
	fnSpend: func(a jet.Arguments) reflect.Value {
		r, v := of(a), a.Get(0)
		r.step()
		switch {
		case !v.IsValid():
		case v.Kind() == reflect.String:
			r.spend(v.Len())
		case v.CanInterface():
			if err, ok := v.Interface().(error); ok {
				r.spend(len(err.Error()))
				return reflect.Value{} // the start of a catch, which prints nothing
			}
		}
		return v
	},
	fnData: func(a jet.Arguments) reflect.Value {
		v := a.Get(1)
		if v.Kind() == reflect.Func {
			if hidden, ok := of(a).hidden[str(a, 0)]; ok {
				return hidden
			}
		}
		return v
	},
	fnCopy:    func(a jet.Arguments) reflect.Value { return reflect.ValueOf(of(a).copy(arg(a, 0))) },
	fnOrdered: ordered,

	"lower":     text(strings.ToLower),
	"upper":     text(strings.ToUpper),
	"html":      text(html.EscapeString),
	"url":       text(url.QueryEscape),
	"trimSpace": text(strings.TrimSpace),
	"repeat": func(a jet.Arguments) reflect.Value {
		a.RequireNumOfArguments("repeat", 2, 2)
		s, n := str(a, 0), number(a, 1)
		if n < 0 {
			a.Panicf("repeat(): a count of 0 or more is expected, got %d", n)
		}
		times(of(a), n, len(s))
		return reflect.ValueOf(strings.Repeat(s, n))
	},
	"replace": func(a jet.Arguments) reflect.Value {
		a.RequireNumOfArguments("replace", 4, 4)
		s, from, to, n := str(a, 0), str(a, 1), str(a, 2), number(a, 3)
		found := strings.Count(s, from)
		if n >= 0 {
			found = min(found, n)
		}
		of(a).spend(len(s))
		times(of(a), found, len(to))
		return reflect.ValueOf(strings.Replace(s, from, to, n))
	},
	"split": func(a jet.Arguments) reflect.Value {
		a.RequireNumOfArguments("split", 2, 2)
		s, sep := str(a, 0), str(a, 1)
		times(of(a), strings.Count(s, sep)+1, valueSize)
		return reflect.ValueOf(strings.Split(s, sep))
	},
	"json": func(a jet.Arguments) reflect.Value {
		a.RequireNumOfArguments("json", 1, 1)
		b, err := json.Marshal(arg(a, 0))
		if err != nil {
			a.Panicf("json(): %s", err)
		}
		of(a).spend(len(b))
		return reflect.ValueOf(b)
	},
	"map": func(a jet.Arguments) reflect.Value {
		if a.NumOfArguments()%2 > 0 {
			a.Panicf("map(): a value is missing: keys and values in turn are expected")
		}
		m := make(map[string]any, a.NumOfArguments()/2)
		for i := 0; i < a.NumOfArguments(); i += 2 {
			m[str(a, i)] = of(a).copy(arg(a, i+1))
		}
		of(a).spend(valueSize * (len(m) + 1))
		return reflect.ValueOf(m)
	},
	"slice": list,
	"array": list,
}

// isFunction reports whether a name is that of a function of the language.
func isFunction(name string) bool {
	switch name {
	case "hasPrefix", "hasSuffix", "safeHtml", "safeJs", "raw", "unsafe", "writeJson", "isset", "len", "includeIfExists", "exec", "ints", "dump",
		"lower", "upper", "html", "url", "trimSpace", "repeat", "replace", "split", "json", "map", "slice", "array":
		return true
	}
	return false
}

func of(a jet.Arguments) *render { return a.Runtime().Resolve(varRender).Interface().(*render) }

// arg is argument i as plain data, nil where there is none.
func arg(a jet.Arguments, i int) any {
	v := a.Get(i)
	if !v.IsValid() || !v.CanInterface() {
		return nil
	}
	return v.Interface()
}

// str is argument i, which must be text or a number.
func str(a jet.Arguments, i int) string {
	switch v := arg(a, i).(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int, int64, uint64, float64:
		return fmt.Sprint(v)
	default:
		a.Panicf("argument %d: text is expected, got %T", i+1, v)
		return ""
	}
}

func number(a jet.Arguments, i int) int {
	var v any = arg(a, i)
	switch n := v.(type) {
	case int:
		return n
	case int64:
		return int(n)
	case float64:
		return int(max(min(n, 1<<53), -1<<53))
	}
	a.Panicf("argument %d: a number is expected, got %T", i+1, v)
	return 0
}

// times spends n × each bytes.
func times(r *render, n, each int) {
	if each > 0 && n > maxRoom/each {
		n, each = maxRoom+1, 1
	}
	r.spend(n * each)
}

// text is a function of one string that makes another.
func text(f func(string) string) jet.Func {
	return func(a jet.Arguments) reflect.Value {
		if n := a.NumOfArguments(); n != 1 {
			a.Panicf("one argument is expected, got %d", n)
		}
		s := f(str(a, 0))
		of(a).spend(len(s))
		return reflect.ValueOf(s)
	}
}

func list(a jet.Arguments) reflect.Value {
	items := make([]any, a.NumOfArguments())
	for i := range items {
		items[i] = of(a).copy(arg(a, i))
	}
	of(a).spend(valueSize)
	return reflect.ValueOf(items)
}

// ordered makes range go through a table in the order of its keys: the same data
// give the same text.
func ordered(a jet.Arguments) reflect.Value {
	v := a.Get(0)
	if !v.IsValid() || !v.CanInterface() {
		return v
	}
	m, ok := v.Interface().(map[string]any)
	if !ok {
		return v
	}
	return reflect.ValueOf(&sortedRange{m: m, keys: slices.Sorted(maps.Keys(m))})
}

// sortedRange implements jet.Ranger.
type sortedRange struct {
	m    map[string]any
	keys []string
}

// ProvidesIndex implements jet.Ranger.
func (s *sortedRange) ProvidesIndex() bool { return true }

// Range implements jet.Ranger.
func (s *sortedRange) Range() (key, value reflect.Value, end bool) {
	if len(s.keys) == 0 {
		return key, value, true
	}
	k := s.keys[0]
	s.keys = s.keys[1:]
	return reflect.ValueOf(k), reflect.ValueOf(s.m[k]), false
}
