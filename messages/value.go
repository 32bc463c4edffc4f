// Package messages holds what passes between actors: values, errors and the
// messages of every component, with their wire forms. A message is never
// changed after it was sent, so on one node it is passed by reference; it is
// encoded only when it crosses to another node.
package messages

import (
	"fmt"
	"math"
	"reflect"
	"sort"
	"time"
)

// Value is a datum that may pass between processes. It is one of: nil, bool,
// float64, string (any bytes), *Table, *Error or *Payload. ValueOf makes one
// of other Go data.
type Value = any

// Table is the frozen form of a Lua table. Tables may share parts and form
// cycles. It must not be changed once it was sent.
type Table struct {
	Array []Value // t[1] to t[n]
	Keys  []Value // all other keys, in order …
	Vals  []Value // … and their values
	Meta  *Table  // the metatable, without its functions

	// Object tells an empty table that stands for a map from an empty list.
	Object bool
}

// Get returns the value under a string key, or nil.
func (t *Table) Get(key string) Value {
	if t == nil {
		return nil
	}
	for i := len(t.Keys) - 1; i >= 0; i-- { // of equal keys the last one counts
		if t.Keys[i] == key {
			return t.Vals[i]
		}
	}
	return nil
}

// Set appends a key, which must not be in the table yet. It is for building.
func (t *Table) Set(key string, v Value) *Table {
	t.Keys = append(t.Keys, key)
	t.Vals = append(t.Vals, v)
	return t
}

// Len is the number of keys of the table.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.Array) + len(t.Keys)
}

// ValueOf makes a Value of Go data: numbers become float64, byte slices
// strings, slices and arrays lists, maps and structs with exported fields
// tables (keys sorted), errors *Error, durations nanoseconds and times RFC 3339
// text. What has no counterpart becomes nil.
func ValueOf(v any) Value {
	switch v := v.(type) {
	case nil, bool, float64, string, *Table, *Error, *Payload:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case []byte:
		return string(v)
	case []any:
		t := &Table{Array: make([]Value, len(v))}
		for i, item := range v {
			t.Array[i] = ValueOf(item)
		}
		return t
	case []string:
		t := &Table{Array: make([]Value, len(v))}
		for i, item := range v {
			t.Array[i] = item
		}
		return t
	case map[string]any:
		t := &Table{Keys: make([]Value, 0, len(v)), Vals: make([]Value, 0, len(v)), Object: true}
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			t.Set(k, ValueOf(v[k]))
		}
		return t
	case error:
		return AsError(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return reflected(reflect.ValueOf(v))
}

func reflected(r reflect.Value) Value {
	switch r.Kind() {
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return float64(r.Uint())
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.String:
		return r.String()
	case reflect.Slice, reflect.Array:
		if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
			return string(r.Bytes())
		}
		t := &Table{Array: make([]Value, r.Len())}
		for i := range t.Array {
			t.Array[i] = ValueOf(r.Index(i).Interface())
		}
		return t
	case reflect.Map:
		m := make(map[string]any, r.Len())
		for it := r.MapRange(); it.Next(); {
			m[fmt.Sprint(it.Key().Interface())] = it.Value().Interface()
		}
		return ValueOf(m)
	case reflect.Struct:
		t := &Table{Object: true}
		for i := range r.NumField() {
			if f := r.Type().Field(i); f.IsExported() {
				t.Set(f.Name, ValueOf(r.Field(i).Interface()))
			}
		}
		return t
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return nil
		}
		return ValueOf(r.Elem().Interface())
	}
	return nil
}

// MaxDepth is how deep Native and the codecs follow nested tables.
const MaxDepth = 128

// Native makes plain Go data of a Value: a list becomes []any, any other table
// map[string]any (an empty one a list unless Object is set), whole numbers that
// a float64 holds exactly int64. Cycles and nesting past MaxDepth become nil;
// an *Error stays one, a *Payload becomes its data. Parts that occur more than
// once may be shared in the result too.
func Native(v Value) any {
	var n nativer
	return n.value(v, 0)
}

// fewTables is how many tables are visited before it is worth while to remember
// them. It must be done at some time: with shared parts a few tables can be
// reached on more ways than could ever be followed.
const fewTables = 256

type nativer struct {
	tables int
	made   map[*Table]any
}

func (n *nativer) value(v Value, depth int) any {
	switch v := v.(type) {
	case float64:
		if whole, ok := Whole(v); ok {
			return whole
		}
		return v
	case *Payload:
		if v == nil || depth >= MaxDepth {
			return nil
		}
		return n.value(v.Data, depth+1)
	case *Table:
		if depth >= MaxDepth || v == nil {
			return nil
		}
		if n.tables++; n.tables <= fewTables {
			return n.table(v, depth)
		}
		if n.made == nil {
			n.made = map[*Table]any{}
		}
		out, ok := n.made[v]
		if !ok {
			n.made[v] = nil // for a cycle
			out = n.table(v, depth)
			n.made[v] = out
		}
		return out
	}
	return v
}

func (n *nativer) table(t *Table, depth int) any {
	if len(t.Keys) == 0 && !(t.Object && len(t.Array) == 0) {
		list := make([]any, len(t.Array))
		for i, item := range t.Array {
			list[i] = n.value(item, depth+1)
		}
		return list
	}
	m := make(map[string]any, t.Len())
	for i, item := range t.Array {
		m[Text(float64(i+1))] = n.value(item, depth+1)
	}
	for i, k := range t.Keys {
		m[Text(k)] = n.value(t.Vals[i], depth+1)
	}
	return m
}

// Whole returns a number as an integer if it is one that float64 holds exactly.
func Whole(f float64) (int64, bool) {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f), true
	}
	return 0, false
}

// Text is the text of a scalar as Lua prints it: whole numbers without a
// fraction.
func Text(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return v
	case float64:
		return Number(v)
	case *Error:
		return v.Error()
	case *Table:
		return "table"
	}
	return fmt.Sprint(v)
}

// Number formats a number as Lua does with "%.14g".
func Number(f float64) string {
	if n, ok := Whole(f); ok && (n != 0 || !math.Signbit(f)) {
		return fmt.Sprint(n)
	}
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return fmt.Sprintf("%.14g", f)
}

// The formats of a Payload.
const (
	FormatLua     = "lua/any"
	FormatGo      = "golang/any"
	FormatError   = "golang/error"
	FormatJSON    = "json/plain"
	FormatYAML    = "yaml/plain"
	FormatString  = "text/plain"
	FormatBytes   = "application/octet-stream"
	FormatMsgpack = "application/msgpack"
)

// Payload is a datum with its format. Data is a Value: for the textual and
// binary formats a string with the encoded bytes, for FormatError an *Error.
type Payload struct {
	Format string
	Data   Value
}
