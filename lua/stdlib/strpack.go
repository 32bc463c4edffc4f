package stdlib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// strPack is string.pack(format, ...).
func (b *library) strPack(L *lua.LState) int {
	p := newPackReader(L, b.str(L, 1), b.lim.MaxString)
	out := &buffer{w: &work{lib: b, L: L}}
	arg := 1
	for p.more() {
		it := p.next(out.b.Len())
		out.fill(0, it.pad)
		switch it.kind {
		case packInt, packUint:
			arg++
			v, neg := packedInt(L, arg, it)
			p.putInt(out, v, it.size, neg)
		case packFloat:
			arg++
			p.putInt(out, uint64(math.Float32bits(float32(number(L, arg)))), 4, false)
		case packDouble:
			arg++
			p.putInt(out, math.Float64bits(number(L, arg)), 8, false)
		case packChars:
			arg++
			s := b.str(L, arg)
			if len(s) > it.size {
				L.ArgError(arg, "string longer than given size")
			}
			out.str(s)
			out.fill(0, it.size-len(s))
		case packString:
			arg++
			s := b.str(L, arg)
			if it.size < 8 && len(s) >= 1<<(it.size*8) {
				L.ArgError(arg, "string length does not fit in given size")
			}
			p.putInt(out, uint64(len(s)), it.size, false)
			out.str(s)
		case packZero:
			arg++
			s := b.str(L, arg)
			if strings.IndexByte(s, 0) >= 0 {
				L.ArgError(arg, "string contains zeros")
			}
			out.str(s)
			out.byte(0)
		case packByte:
			out.byte(0)
		}
		out.w.add(1)
	}
	out.w.done()
	L.Push(lua.LString(out.b.String()))
	return 1
}

// packedInt is an argument as the bits of an integer, checked against its size.
func packedInt(L *lua.LState, arg int, it packItem) (bits uint64, neg bool) {
	f := integral(L, arg)
	signed := it.kind == packInt
	var low, high float64
	switch {
	case it.size >= 8 && signed:
		low, high = -two63, two63 // 2^63 is the nearest float of the largest integer
	case it.size >= 8:
		low, high = -two63, two63*2 // negative ones as two's complement
	case signed:
		high = math.Ldexp(1, it.size*8-1) - 1
		low = -high - 1
	default:
		high = math.Ldexp(1, it.size*8) - 1
	}
	if f < low || f > high {
		L.ArgError(arg, "integer overflow (the value does not fit into the size)")
	}
	if f >= 0 && !signed {
		return unsigned(f), false
	}
	return uint64(int64(clampInt(f))), signed && f < 0
}

// putInt writes size bytes of v, extended with its sign.
func (p *packReader) putInt(out *buffer, v uint64, size int, neg bool) {
	var bytes [16]byte
	for i := range size {
		c := byte(0)
		switch {
		case i < 8:
			c = byte(v >> (8 * i))
		case neg:
			c = 0xff
		}
		if p.big {
			bytes[size-1-i] = c
		} else {
			bytes[i] = c
		}
	}
	out.str(string(bytes[:size]))
}

// strPacksize is string.packsize(format).
func (b *library) strPacksize(L *lua.LState) int {
	p := newPackReader(L, b.str(L, 1), b.lim.MaxString)
	w := &work{lib: b, L: L}
	total := 0
	for p.more() {
		it := p.next(total)
		if it.kind == packString || it.kind == packZero {
			L.ArgError(1, "variable-length format")
		}
		total += it.pad
		if it.kind != packAlign {
			total += it.size
		}
		if total > b.lim.MaxString {
			L.ArgError(1, "format result too large")
		}
		w.add(1)
	}
	w.done()
	L.Push(lua.LNumber(total))
	return 1
}
