package modules

import (
	"math"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlValue is a parameter whose type the program chose, with sql.as or sql.NULL:
// v is an int64, a float64, a string, a []byte or nil.
type sqlValue struct{ v any }

// sqlParams reads the parameters of a statement, a list that is argument i: none
// where it is left out. The results are what drivers take: nil, bool, int64 for
// whole numbers, float64, string and []byte.
func sqlParams(c *lua.Call, i int) ([]any, error) {
	if !c.Has(i) {
		return nil, nil
	}
	if c.TypeOf(i) != "table" {
		return nil, messages.Errorf(messages.Invalid, "parameters must be a table, got %s", c.TypeOf(i))
	}
	items := c.Items(i)
	for n, item := range items {
		v, ok := driverValue(item)
		if !ok || item == nil && !isHole(c, i, n+1) {
			return nil, messages.Errorf(messages.Invalid, "parameter %d: only strings, numbers, booleans, sql.NULL and what sql.as makes can be parameters", n+1)
		}
		items[n] = v
	}
	return items, nil
}

// isHole tells nothing at position n of the list that is argument i, which is
// NULL, from a function, which a copy does not keep.
func isHole(c *lua.Call, i, n int) bool {
	pairs := c.Pairs(i)
	for j := 0; j < len(pairs); j += 2 {
		if pairs[j] == float64(n) {
			return false
		}
	}
	return true
}

// driverValue is a value as database drivers take it; ok is false for what they
// do not take.
func driverValue(v any) (out any, ok bool) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, true
	case float64:
		return driverNumber(v), true
	case *sqlValue:
		return v.v, true
	}
	return nil, false
}

// driverNumber tells integers apart, which Lua does not: a whole number that an
// int64 can hold becomes one.
func driverNumber(f float64) any {
	if f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return f
}
