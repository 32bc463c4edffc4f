package stdlib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (b *library) openMath(L *lua.LState) *lua.LTable {
	t := newLib(L, map[string]lua.LGFunction{
		"abs": unary(math.Abs), "ceil": unary(math.Ceil), "floor": unary(math.Floor),
		"sqrt": unary(math.Sqrt), "exp": unary(math.Exp), "log10": unary(math.Log10),
		"sin": unary(math.Sin), "cos": unary(math.Cos), "tan": unary(math.Tan),
		"asin": unary(math.Asin), "acos": unary(math.Acos), "atan": unary(math.Atan),
		"sinh": unary(math.Sinh), "cosh": unary(math.Cosh), "tanh": unary(math.Tanh),
		"deg":   unary(func(x float64) float64 { return x * (180 / math.Pi) }),
		"rad":   unary(func(x float64) float64 { return x * (math.Pi / 180) }),
		"atan2": binary(math.Atan2), "pow": binary(math.Pow),
		"fmod": binary(math.Mod), "mod": binary(math.Mod),

		"frexp":      mathFrexp,
		"ldexp":      mathLdexp,
		"log":        mathLog,
		"max":        mathMax,
		"min":        mathMin,
		"modf":       mathModf,
		"random":     b.mathRandom,
		"randomseed": mathRandomseed,
		"tointeger":  mathTointeger,
		"type":       mathType,
		"ult":        mathUlt,
	})
	t.RawSetString("pi", lua.LNumber(math.Pi))
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("maxinteger", lua.LNumber(math.MaxInt64))
	t.RawSetString("mininteger", lua.LNumber(math.MinInt64))
	Freeze(L, t)
	return t
}

func unary(f func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(f(number(L, 1))))
		return 1
	}
}

func binary(f func(x, y float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(f(number(L, 1), number(L, 2))))
		return 1
	}
}

func mathFrexp(L *lua.LState) int {
	fraction, exp := math.Frexp(number(L, 1))
	L.Push(lua.LNumber(fraction))
	L.Push(lua.LNumber(exp))
	return 2
}

func mathLdexp(L *lua.LState) int {
	// Beyond this every result is zero or infinite, and the sum of exponents
	// cannot overflow.
	const most = 1 << 14
	exp := min(max(integer(L, 2), -most), most)
	L.Push(lua.LNumber(math.Ldexp(number(L, 1), exp)))
	return 1
}

// mathLog is math.log(x, base).
func mathLog(L *lua.LState) int {
	x := number(L, 1)
	r := math.Log(x)
	if L.Get(2) != lua.LNil {
		switch base := number(L, 2); base {
		case 2:
			r = math.Log2(x)
		case 10:
			r = math.Log10(x)
		default:
			r /= math.Log(base)
		}
	}
	L.Push(lua.LNumber(r))
	return 1
}

func mathMax(L *lua.LState) int {
	return pick(L, func(x, best float64) bool { return x > best })
}

func mathMin(L *lua.LState) int {
	return pick(L, func(x, best float64) bool { return x < best })
}

// pick returns the argument that is better than all before it.
func pick(L *lua.LState, better func(x, best float64) bool) int {
	best := number(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if x := number(L, i); better(x, best) {
			best = x
		}
	}
	L.Push(lua.LNumber(best))
	return 1
}

func mathModf(L *lua.LState) int {
	x := number(L, 1)
	whole, fraction := math.Modf(x)
	if math.IsInf(x, 0) {
		fraction = 0
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(fraction))
	return 2
}

// mathTointeger is math.tointeger(x): x if it is a whole number, else nil.
func mathTointeger(L *lua.LState) int {
	if n, ok := present(L, 1).(lua.LNumber); ok && isIntegral(float64(n)) {
		L.Push(n)
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// mathType is math.type(x): "integer", "float" or nil.
func mathType(L *lua.LState) int {
	n, ok := present(L, 1).(lua.LNumber)
	switch {
	case !ok:
		L.Push(lua.LNil)
	case isIntegral(float64(n)):
		L.Push(lua.LString("integer"))
	default:
		L.Push(lua.LString("float"))
	}
	return 1
}

// mathUlt is math.ult(a, b): both compared as unsigned 64-bit integers.
func mathUlt(L *lua.LState) int {
	L.Push(lua.LBool(unsigned(integral(L, 1)) < unsigned(integral(L, 2))))
	return 1
}
