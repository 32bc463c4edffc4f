package modules

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlNull is sql.NULL: nil cannot stand in a list or a table.
var sqlNull = lua.Const{Name: "NULL", Doc: "NULL as a parameter or a value.", Value: &sqlValue{}}

var sqlValueType = lua.Type{
	Name: "TypedValue", Doc: "A parameter whose type was chosen: of sql.as, or sql.NULL.", Of: (*sqlValue)(nil),
	Text: func(v any) string {
		switch v := v.(*sqlValue).v.(type) {
		case nil:
			return "NULL"
		case []byte:
			return fmt.Sprintf("binary of %d bytes", len(v))
		default:
			return messages.Text(v)
		}
	},
	Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
}

var sqlAsTable = lua.Table{Name: "as", Doc: "Marks the type of a parameter. NULL, and nil, stay NULL.", Funcs: []lua.Func{
	sqlAs("int", "number|string|TypedValue", "An integer, also beyond what a Lua number can hold when it is given as text. It raises where something would be lost.", `return sql.as.int("9007199254740993")`, "9007199254740993", func(v any) (any, bool) {
		switch v := v.(type) {
		case float64:
			n, ok := driverNumber(v).(int64)
			return n, ok
		case string:
			n, err := strconv.ParseInt(v, 10, 64)
			return n, err == nil
		}
		return nil, false
	}),
	sqlAs("float", "number|string|TypedValue", "A floating-point number, also where it is whole.", "return sql.as.float(3)", "3", func(v any) (any, bool) {
		switch v := v.(type) {
		case float64:
			return v, true
		case string:
			f, err := strconv.ParseFloat(v, 64)
			return f, err == nil
		}
		return nil, false
	}),
	sqlAs("text", "string|boolean|TypedValue", "Text; numbers and booleans as tostring writes them.", "return sql.as.text(42)", "42", func(v any) (any, bool) {
		return messages.Text(v), true
	}),
	sqlAs("binary", "string|TypedValue", "Binary data: the bytes of a string.", `return sql.as.binary("ab")`, "binary of 2 bytes", func(v any) (any, bool) {
		return []byte(messages.Text(v)), true
	}),
	{Sig: "null(): TypedValue", Doc: "The same as sql.NULL.", Try: "return sql.as.null() == sql.NULL", Gives: "true", Do: func(c *lua.Call) error {
		return c.Return(sqlNull.Value)
	}},
}}

// sqlAs is a function of sql.as. It raises what convert refuses: nil in its place
// would write NULL into the database.
func sqlAs(name, takes, doc, try, gives string, convert func(any) (any, bool)) lua.Func {
	return lua.Func{Sig: name + "(value?: " + takes + "): TypedValue", Doc: doc, Try: try, Gives: gives, Do: func(c *lua.Call) error {
		if !c.Has(0) {
			return c.Return(sqlNull.Value)
		}
		if marked, ok := c.Object(0).(*sqlValue); ok {
			if marked.v != nil {
				return lua.ArgError(1, "value: its type is marked already")
			}
			return c.Return(marked)
		}
		v := c.Value(0)
		out, ok := convert(v)
		if !ok {
			return lua.ArgError(1, fmt.Sprintf("value: %s cannot become %s without loss", messages.Text(v), name))
		}
		return c.Return(&sqlValue{out})
	}}
}

// sqlReadable is an argument of a statement as programs read it: a plain value
// where the database would be given the same again, else the marked one.
func sqlReadable(v any) any {
	switch x := v.(type) {
	case bool, string:
		return v
	case int64:
		if f := float64(x); math.Abs(f) < 1<<53 {
			return f
		}
	case float64:
		if driverNumber(x) == v {
			return v
		}
	}
	return &sqlValue{v}
}
