package registry

import (
	"fmt"
	"math"
	"reflect"
)

// maxDepth bounds how deep data may be nested, so that no input can exhaust the
// stack of a recursive walk.
const maxDepth = 200

// Normalize turns Go data into the plain form entries hold: integers become
// int64, floats float64, named strings string, slices and arrays []any, maps
// with string keys map[string]any. Integers beyond int64 become float64. The
// result shares nothing with v. Values of other types, map keys that are not
// strings, and data nested deeper than 200 levels are errors.
func Normalize(v any) (any, error) { return normalize(v, 0) }

func normalize(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("convert data: nested deeper than %d levels; flatten it", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v, nil
	case int:
		return int64(v), nil
	case []byte:
		return string(v), nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			n, err := normalize(x, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			n, err := normalize(x, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = n
		}
		return out, nil
	}
	return normalizeReflect(reflect.ValueOf(v), depth)
}

func normalizeReflect(r reflect.Value, depth int) (any, error) {
	switch r.Kind() {
	case reflect.Bool:
		return r.Bool(), nil
	case reflect.String:
		return r.String(), nil
	case reflect.Float32, reflect.Float64:
		return r.Float(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if u := r.Uint(); u > math.MaxInt64 {
			return float64(u), nil
		}
		return int64(r.Uint()), nil
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			n, err := normalize(r.Index(i).Interface(), depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case reflect.Map:
		out := make(map[string]any, r.Len())
		for it := r.MapRange(); it.Next(); {
			key := it.Key()
			if key.Kind() == reflect.Interface {
				key = key.Elem()
			}
			if key.Kind() != reflect.String {
				return nil, fmt.Errorf("convert data: map key %v is not a string; use string keys", it.Key())
			}
			n, err := normalize(it.Value().Interface(), depth+1)
			if err != nil {
				return nil, err
			}
			out[key.String()] = n
		}
		return out, nil
	case reflect.Pointer:
		if r.IsNil() {
			return nil, nil
		}
		return normalize(r.Elem().Interface(), depth+1)
	}
	return nil, fmt.Errorf("convert data: a value of type %s cannot be stored in an entry; use strings, numbers, booleans, lists and maps", r.Type())
}

func equalValues(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && a == y
	case string:
		y, ok := b.(string)
		return ok && a == y
	case int64:
		y, ok := b.(int64)
		return ok && a == y
	case float64:
		y, ok := b.(float64)
		// NaN equals NaN here: an entry must not look changed for ever.
		return ok && (a == y || (math.IsNaN(a) && math.IsNaN(y)))
	case []any:
		y, ok := b.([]any)
		if !ok || len(a) != len(y) {
			return false
		}
		for i := range a {
			if !equalValues(a[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && equalMaps(a, y)
	}
	return reflect.DeepEqual(a, b)
}

func equalMaps(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, x := range a {
		y, ok := b[k]
		if !ok || !equalValues(x, y) {
			return false
		}
	}
	return true
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = cloneValue(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = cloneValue(x)
		}
		return out
	}
	return v
}
