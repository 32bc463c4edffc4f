package lua

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/messages"
)

// toLua makes a Lua value of any Go value that functions return: Values, plain
// Go data, objects whose type a module declares, and a Func, such as an
// iterator.
func (e *Engine) toLua(a any) glua.LValue {
	switch v := a.(type) {
	case nil:
		return glua.LNil
	case glua.LValue:
		return v
	case bool:
		return glua.LBool(v)
	case float64:
		return luaNumber(a)
	case int:
		return glua.LNumber(v)
	case int64:
		return glua.LNumber(v)
	case string:
		return luaString(a)
	case Func:
		return e.function(v)
	case *messages.Mail:
		return &glua.LUserData{Value: v, Metatable: e.mail}
	case *messages.Table:
		return e.table(v, nil)
	case *Channel:
		if v.ud == nil {
			v.ud = &glua.LUserData{Value: v, Metatable: e.types[channelType].meta}
		}
		return v.ud
	}
	v := a
	t := reflect.TypeOf(v)
	if b := e.types[t]; b != nil {
		if t.Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
			return glua.LNil
		}
		return &glua.LUserData{Value: v, Metatable: b.meta}
	}
	if err, ok := v.(*messages.Error); ok { // an engine without module errors
		if err == nil {
			return glua.LNil
		}
		return glua.LString(err.Error())
	}
	if err, ok := v.(error); ok {
		return e.toLua(messages.AsError(err))
	}
	switch list := v.(type) {
	case []any:
		out := e.tmpl.CreateTable(len(list), 0)
		for i, item := range list {
			out.RawSetInt(i+1, e.toLua(item))
		}
		return out
	case map[string]any:
		out := e.tmpl.CreateTable(0, max(1, len(list)))
		for _, k := range slices.Sorted(maps.Keys(list)) { // pairs gives them in this order
			out.RawSetString(k, e.toLua(list[k]))
		}
		return out
	}
	if t.Kind() == reflect.Slice && e.types[t.Elem()] != nil {
		r := reflect.ValueOf(v)
		out := e.tmpl.CreateTable(r.Len(), 0)
		for i := range r.Len() {
			out.RawSetInt(i+1, e.toLua(r.Index(i).Interface()))
		}
		return out
	}
	return e.toLua(messages.ValueOf(v))
}

// function makes a Lua function that a program is given. A mistake in its
// declaration is one in the program around Lua.
func (e *Engine) function(f Func) *glua.LFunction {
	_, fn, err := e.bindFunc("", f, nil)
	if err != nil {
		panic(err)
	}
	return fn
}

var channelType = reflect.TypeFor[*Channel]()

// table builds a Lua table with exactly the room it needs. made is set once
// there can be shared parts.
func (e *Engine) table(t *messages.Table, made map[*messages.Table]*glua.LTable) glua.LValue {
	if t == nil {
		return glua.LNil
	}
	if out, ok := made[t]; ok {
		return out
	}
	fields := len(t.Keys)
	if fields == 0 && t.Object {
		fields = 1 // a map that is empty: json writes {}
	}
	out := e.tmpl.CreateTable(len(t.Array), fields)
	if made != nil {
		made[t] = out
	}
	item := func(v messages.Value) glua.LValue {
		if sub, ok := v.(*messages.Table); ok {
			if made == nil {
				made = map[*messages.Table]*glua.LTable{t: out}
			}
			return e.table(sub, made)
		}
		return e.toLua(v)
	}
	for i, v := range t.Array {
		if v != nil {
			out.RawSetInt(i+1, item(v))
		}
	}
	for i, k := range t.Keys {
		switch k := k.(type) {
		case string:
			out.RawSetString(k, item(t.Vals[i]))
		case nil:
		default:
			if lk := item(k); lk != glua.LNil && lk == lk { //nolint:staticcheck // NaN cannot be a key
				out.RawSet(lk, item(t.Vals[i]))
			}
		}
	}
	if t.Meta != nil {
		out.Metatable = item(t.Meta)
	}
	return out
}

// fromLua makes the frozen form of a Lua value: tables are copied deeply and
// keep their shape; functions, threads, channels and most objects become nil.
func fromLua(v glua.LValue) messages.Value { return freeze(v, nil, 0, nil) }

// maxCopyDepth bounds the nesting of what is sent: deeper tables become nil.
const maxCopyDepth = 200

// freeze copies a value; lost stands for an object that a copy does not keep.
func freeze(lv glua.LValue, made map[*glua.LTable]*messages.Table, depth int, lost messages.Value) messages.Value {
	switch v := lv.(type) {
	case glua.LBool:
		return bool(v)
	case glua.LNumber:
		return goNumber(lv)
	case glua.LString:
		return goString(lv)
	case *glua.LUserData:
		switch x := v.Value.(type) {
		case *messages.Error:
			return x
		case *messages.Payload:
			return x
		}
		return lost
	case *glua.LTable:
		return freezeTable(v, made, depth, lost)
	}
	return nil
}

func freezeTable(t *glua.LTable, made map[*glua.LTable]*messages.Table, depth int, lost messages.Value) messages.Value {
	if depth > maxCopyDepth {
		return nil
	}
	if out, ok := made[t]; ok {
		return out
	}
	from := stdlib.Contents(t)
	out := &messages.Table{Object: hasFields(from)}
	if made != nil {
		made[t] = out
	}
	item := func(v glua.LValue) messages.Value {
		if _, ok := v.(*glua.LTable); ok {
			if made == nil {
				made = map[*glua.LTable]*messages.Table{t: out}
			}
		}
		return freeze(v, made, depth+1, lost)
	}
	n, last := from.Len(), glua.LValue(glua.LNil)
	if n > 0 {
		last = glua.LNumber(n)
		out.Array = make([]messages.Value, n)
		for i := range n {
			out.Array[i] = item(from.RawGetInt(i + 1))
		}
	}
	// ForEach would give the keys in another order each time; a copy, and what is
	// made of it, keeps the order of the original.
	for k, v := from.Next(last); k != glua.LNil; k, v = from.Next(k) {
		if num, ok := k.(glua.LNumber); ok && num >= 1 && num <= glua.LNumber(n) && num == glua.LNumber(int(num)) {
			continue
		}
		key := item(k)
		if key == nil {
			continue
		}
		if val := item(v); val != nil {
			out.Keys = append(out.Keys, key)
			out.Vals = append(out.Vals, val)
		}
	}
	if meta, ok := t.Metatable.(*glua.LTable); ok && from == t {
		out.Meta, _ = item(meta).(*messages.Table)
	}
	return out
}

// text is what tostring gives.
func (e *Engine) text(v glua.LValue) string {
	switch v := v.(type) {
	case glua.LString:
		return string(v)
	case glua.LNumber:
		return messages.Number(float64(v))
	case *glua.LUserData:
		if s, ok := e.textOf(v); ok {
			return s
		}
	}
	return v.String()
}

// textOf is the text of an object whose type declares one.
func (e *Engine) textOf(v glua.LValue) (string, bool) {
	ud, ok := v.(*glua.LUserData)
	if !ok {
		return "", false
	}
	if b := e.types[reflect.TypeOf(ud.Value)]; b != nil && b.Text != nil {
		return b.Text(ud.Value), true
	}
	return "", false
}

// errorOf returns the error object in v.
func errorOf(v glua.LValue) (*messages.Error, bool) {
	if ud, ok := v.(*glua.LUserData); ok {
		e, ok := ud.Value.(*messages.Error)
		return e, ok
	}
	return nil, false
}

// raiseValue raises v as it is.
func raiseValue(L *state, v glua.LValue) { L.Error(v, 0) }

// raiseArg raises "bad argument #n to 'name' (what)".
func raiseArg(L *state, n int, name, what string) {
	raiseValue(L, glua.LString(where(L)+badArgument(n, name, what)))
}

func badArgument(n int, name, what string) string {
	return fmt.Sprintf("bad argument #%d to '%s' (%s)", n, name, what)
}

// where is the position of the Lua code that called, as the start of a message;
// "" where the engine itself called.
func where(L *state) string {
	w := L.Where(1)
	if w == "" || strings.HasPrefix(w, callerChunk) {
		return ""
	}
	return w + " "
}

// location is "entry:line" of the Lua code that called.
func location(L *state) string {
	return strings.TrimSuffix(strings.TrimSpace(where(L)), ":")
}
