package registry

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// setMode says what happens at the end of a path.
type setMode int

const (
	setReplace setMode = iota
	setMerge           // maps leaf by leaf, anything else is replaced
	setAppend          // to a list
)

// setIn returns v with the value at a path changed. Maps and lists on the way are
// copied, so v stays as it is; maps that are missing are made.
func setIn(v any, path []string, value any, mode setMode) (any, error) {
	if len(path) == 0 {
		return setHere(v, value, mode)
	}
	key := path[0]
	switch old := v.(type) {
	case nil:
		inner, err := setIn(nil, path[1:], value, mode)
		return map[string]any{key: inner}, err
	case map[string]any:
		inner, err := setIn(old[key], path[1:], value, mode)
		if err != nil {
			return nil, err
		}
		out := maps.Clone(old)
		out[key] = inner
		return out, nil
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(old) {
			return nil, fmt.Errorf("%q is not an element of a list of %d; use an index from 0", key, len(old))
		}
		inner, err := setIn(old[i], path[1:], value, mode)
		if err != nil {
			return nil, err
		}
		out := slices.Clone(old)
		out[i] = inner
		return out, nil
	}
	return nil, fmt.Errorf("%q cannot be set inside %s; only maps and lists have fields", key, kindOf(v))
}

func setHere(old, value any, mode setMode) (any, error) {
	switch mode {
	case setAppend:
		list, ok := old.([]any)
		if !ok && old != nil {
			return nil, fmt.Errorf("cannot append to %s; only to a list", kindOf(old))
		}
		return append(list[:len(list):len(list)], cloneValue(value)), nil
	case setMerge:
		from, ok1 := old.(map[string]any)
		to, ok2 := value.(map[string]any)
		if !ok1 || !ok2 {
			return cloneValue(value), nil
		}
		out := maps.Clone(from)
		for k, v := range to {
			merged, err := setHere(out[k], v, setMerge)
			if err != nil {
				return nil, err
			}
			out[k] = merged
		}
		return out, nil
	}
	return cloneValue(value), nil
}

// setEntry returns an entry with one value changed. A path that begins with meta
// means the metadata, one that begins with data, or with anything else, the data.
func setEntry(e Entry, path []string, value any, mode setMode) (Entry, error) {
	if path[0] == "meta" {
		var old any
		if e.Meta != nil {
			old = e.Meta
		}
		v, err := setIn(old, path[1:], value, mode)
		if err != nil {
			return e, err
		}
		meta, ok := v.(map[string]any)
		if !ok {
			return e, fmt.Errorf("the metadata cannot be %s; only a map", kindOf(v))
		}
		e.Meta = meta
		return e, nil
	}
	if path[0] == "data" {
		path = path[1:]
	}
	v, err := setIn(e.Data, path, value, mode)
	if err != nil {
		return e, err
	}
	e.Data = v
	return e, nil
}
