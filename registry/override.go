package registry

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Overriding is one value that replaces another: entry, path and value.
type Overriding struct {
	ID    ID
	Path  []string // ["kind"], ["meta", …], ["data", …] or the path of a data field
	Value any
	Pos   Pos // where it was written, if in a file
}

// ParseOverrideKey reads "namespace:entry:path", cut at its first two colons.
func ParseOverrideKey(key string) (ID, []string, error) {
	ns, rest, _ := strings.Cut(key, ":")
	name, path, ok := strings.Cut(rest, ":")
	if !ok || ns == "" || name == "" || path == "" {
		return ID{}, nil, fmt.Errorf("read override %q: write namespace:entry:path, for example app:gateway:addr", shorten(key))
	}
	parts := strings.Split(path, ".")
	if len(parts) > maxDepth || slices.Contains(parts, "") {
		return ID{}, nil, fmt.Errorf("read override %q: the path has an empty part; write names with single dots between", shorten(key))
	}
	return ID{ns, name}, parts, nil
}

// ParseOverride reads "namespace:entry:path=value" from a command line. The value
// becomes true, false, an integer or a float if it looks like one, else a string.
func ParseOverride(s string) (Overriding, error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok {
		return Overriding{}, fmt.Errorf("read override %q: there is no value; write namespace:entry:path=value", shorten(s))
	}
	id, path, err := ParseOverrideKey(key)
	return Overriding{ID: id, Path: path, Value: typed(value)}, err
}

// Only what is written as a number is one: neither "007" nor "1e3" nor "inf".
var (
	integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	floatText   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?$`)
)

func typed(s string) any {
	switch {
	case s == "true":
		return true
	case s == "false":
		return false
	case integerText.MatchString(s):
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	case floatText.MatchString(s):
		if x, err := strconv.ParseFloat(s, 64); err == nil {
			return x
		}
	}
	return s
}

// Overrides reads the override section of a configuration: keys as
// ParseOverrideKey takes them, values of any type. file stands in messages.
func Overrides(section map[string]any, file string) ([]Overriding, Problems) {
	var list []Overriding
	var problems Problems
	for _, key := range slices.Sorted(maps.Keys(section)) {
		id, path, err := ParseOverrideKey(key)
		value, err2 := Normalize(section[key])
		if err == nil {
			err = err2
		}
		if err != nil {
			problems = append(problems, Problem{Pos: Pos{File: file}, Text: err.Error()})
			continue
		}
		list = append(list, Overriding{ID: id, Path: path, Value: value, Pos: Pos{File: file}})
	}
	return list, problems
}

// Override is the stage that changes single fields of entries. Maps are merged leaf
// by leaf; later values win. An entry that does not exist is an error.
func Override(list ...Overriding) Stage {
	return StageFunc("override", func(es Entries) (Entries, Problems) {
		var problems Problems
		es = es.Clone()
		for _, o := range list {
			e, ok := es[o.ID]
			if !ok {
				p := o.problem("there is no such entry")
				p.missing = o.ID
				p.Hint = "correct the key of the override"
				if near, ok := es.Nearest(o.ID); ok {
					p.Hint = `did you mean "` + near.String() + `"?`
				}
				problems = append(problems, p)
				continue
			}
			changed, err := o.apply(e)
			if err != nil {
				problems = append(problems, o.problem(err.Error()))
				continue
			}
			es[o.ID] = changed
		}
		return es, problems
	})
}

func (o Overriding) problem(text string) Problem {
	field := FieldPath(o.Path...)
	return Problem{Pos: o.Pos, Entry: o.ID, Field: field, Text: fmt.Sprintf("override %q: %s", field, text)}
}

func (o Overriding) apply(e Entry) (Entry, error) {
	switch {
	case len(o.Path) == 0:
		return e, fmt.Errorf("it has no path; name the field to change")
	case len(o.Path) == 1 && o.Path[0] == "kind":
		kind, ok := o.Value.(string)
		if !ok || kind == "" {
			return e, fmt.Errorf("the kind must be a string that is not empty")
		}
		e.Kind = kind
		return e, nil
	case len(o.Path) == 1 && o.Path[0] == "data":
		return setEntry(e, []string{"data"}, o.Value, setMerge)
	}
	return setEntry(e, o.Path, o.Value, setMerge)
}
