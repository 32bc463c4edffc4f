package stdlib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// strUnpack is string.unpack(format, s, pos): the values, then the position
// behind the last byte read.
func (b *library) strUnpack(L *lua.LState) int {
	p := newPackReader(L, b.str(L, 1), b.lim.MaxString)
	s := b.str(L, 2)
	at := position(optInteger(L, 3, 1), len(s)) - 1
	if at < 0 || at > len(s) {
		L.ArgError(3, "initial position out of string")
	}
	w := &work{lib: b, L: L}
	results := 0
	take := func(n int) string {
		if n > len(s)-at {
			L.ArgError(2, "data string too short")
		}
		at += n
		return s[at-n : at]
	}
	for p.more() {
		it := p.next(at)
		take(it.pad)
		value := lua.LValue(lua.LNil)
		switch it.kind {
		case packInt, packUint:
			value = lua.LNumber(p.getInt(take(it.size), it.kind == packInt))
		case packFloat:
			value = lua.LNumber(math.Float32frombits(uint32(p.bits(take(4)))))
		case packDouble:
			value = lua.LNumber(math.Float64frombits(p.bits(take(8))))
		case packChars:
			value = lua.LString(take(it.size))
		case packString:
			n := p.getInt(take(it.size), false)
			if n < 0 || n > float64(len(s)) {
				L.ArgError(2, "data string too short")
			}
			value = lua.LString(take(int(n)))
		case packZero:
			n := strings.IndexByte(s[at:], 0)
			if n < 0 {
				L.ArgError(2, "unfinished string for format 'z'")
			}
			w.add(n >> 6)
			value = lua.LString(take(n))
			at++
		case packByte:
			take(1)
		}
		w.add(1)
		if value == lua.LNil {
			continue
		}
		if results++; results > maxResults {
			L.RaiseError("too many results to unpack; unpack the string in parts")
		}
		L.Push(value)
	}
	w.done()
	L.Push(lua.LNumber(at + 1))
	return results + 1
}

// bits reads up to eight bytes.
func (p *packReader) bits(s string) uint64 {
	v := uint64(0)
	for i := range len(s) {
		c := s[i]
		if !p.big {
			c = s[len(s)-1-i]
		}
		v = v<<8 | uint64(c)
	}
	return v
}

// getInt reads an integer of one to sixteen bytes. Bytes beyond eight must
// repeat the sign. As in Lua 5.3 an integer of 64 bits is a signed one, even if
// it was asked for as unsigned.
func (p *packReader) getInt(s string, signed bool) float64 {
	if n := len(s) - 8; n > 0 {
		high, low := s[8:], s[:8]
		if p.big {
			high, low = s[:n], s[n:]
		}
		fill := byte(0)
		if v := p.bits(low); signed && int64(v) < 0 {
			fill = 0xff
		}
		for i := range len(high) {
			if high[i] != fill {
				p.L.RaiseError("%d-byte integer does not fit into a number; unpack it as bytes", len(s))
			}
		}
		s = low
	}
	v := p.bits(s)
	if !signed && len(s) < 8 {
		return float64(v)
	}
	shift := 64 - 8*len(s)
	return float64(int64(v<<shift) >> shift)
}
