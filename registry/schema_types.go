package registry

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	idType       = reflect.TypeFor[ID]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// typeName is what a reader is told to write, or "" if t cannot be decoded.
func typeName(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t == idType:
		return "id"
	case reflect.PointerTo(t).Implements(textType):
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return "any"
		}
	case reflect.Struct:
		return "object"
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		if elem := typeName(t.Elem()); elem != "" {
			return "list of " + elem
		}
	case reflect.Map:
		if elem := typeName(t.Elem()); elem != "" && t.Key().Kind() == reflect.String {
			return "map of " + elem
		}
	}
	return ""
}

// elementStruct returns the struct inside pointers, lists and maps, or nil.
func elementStruct(t reflect.Type) reflect.Type {
	for {
		switch {
		case typeName(t) == "object":
			for t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			return t
		case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
			t = t.Elem()
		default:
			return nil
		}
	}
}

// withArticle puts a type name into a sentence.
func withArticle(typ string) string {
	switch {
	case typ == "any":
		return "any value"
	case typ == "id":
		return `an id such as "namespace:name"`
	case typ == "duration":
		return `a duration such as "500ms" or "1h30m"`
	case typ == "boolean":
		return "true or false"
	case strings.HasPrefix(typ, "i") || strings.HasPrefix(typ, "o"):
		return "an " + typ
	}
	return "a " + typ
}

// kindOf names what plain data is.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return fmt.Sprintf("a %T", v)
}

// parseDefault reads the default tag as plain data.
func parseDefault(t reflect.Type, text string) (any, error) {
	switch typ := typeName(t); {
	case typ == "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err
	case typ == "number":
		n, err := strconv.ParseFloat(text, 64)
		return n, err
	case typ == "boolean":
		b, err := strconv.ParseBool(text)
		return b, err
	case typ == "string" || typ == "duration" || typ == "id" || typ == "any":
		return text, nil
	case strings.HasPrefix(typ, "list of "):
		var list []any
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		for part := range strings.SplitSeq(text, ",") {
			v, err := parseDefault(t.Elem(), strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a %s cannot have a default; give its fields one", t)
}

// parseBound reads a min or max tag: nanoseconds for a duration, the number itself,
// or a length.
func parseBound(t reflect.Type, text string) (float64, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == durationType {
		d, err := time.ParseDuration(text)
		return float64(d), err
	}
	return strconv.ParseFloat(text, 64)
}

// measure is what bounds apply to, with the words for it.
func measure(v reflect.Value) (n float64, what string) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(v.Int()), ""
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(v.Uint()), ""
	case reflect.Float32, reflect.Float64:
		return v.Float(), ""
	case reflect.String:
		return float64(v.Len()), " characters"
	case reflect.Slice, reflect.Map:
		return float64(v.Len()), " elements"
	}
	return 0, ""
}
