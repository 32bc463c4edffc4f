package stdlib

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// mathRandom is math.random(), math.random(m) or math.random(m, n). Unless the
// engine has a source of its own, the numbers come from Go's generator, which
// needs no lock and no seed.
func (b *library) mathRandom(L *lua.LState) int {
	float, below := rand.Float64, rand.Uint64N
	if b.hooks.Random != nil {
		if own := b.hooks.Random(L); own != nil {
			float, below = own.Float64, own.Uint64N
		}
	}
	low, high := 1.0, 0.0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(float()))
		return 1
	case 1:
		high = math.Floor(number(L, 1))
	case 2:
		low, high = math.Floor(number(L, 1)), math.Floor(number(L, 2))
	default:
		L.RaiseError("wrong number of arguments to 'random'")
	}
	if !(low <= high) || math.IsInf(high-low, 0) {
		L.ArgError(L.GetTop(), "interval is empty")
	}
	if span := high - low; span < two63 {
		low += float64(below(uint64(span) + 1))
	} else {
		low += math.Floor(float() * span)
	}
	L.Push(lua.LNumber(min(low, high)))
	return 1
}

// mathRandomseed is math.randomseed(n). It has no effect: the generator is
// shared by all states, and no script may foretell the numbers of another.
func mathRandomseed(L *lua.LState) int {
	number(L, 1)
	return 0
}
