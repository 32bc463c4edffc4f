package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

type packKind uint8

const (
	packNone   packKind = iota // a setting, or a blank
	packInt                    // signed integer
	packUint                   // unsigned integer
	packFloat                  // 4 byte float
	packDouble                 // 8 byte float
	packChars                  // string of fixed size
	packString                 // string behind its length
	packZero                   // string that ends with a zero
	packByte                   // one byte of padding
	packAlign                  // padding to an alignment
)

// packItem is one option of a pack format.
type packItem struct {
	kind packKind
	size int
	pad  int // bytes to skip before it
}

// packReader reads the format of string.pack, as Lua 5.3 defines it.
type packReader struct {
	L        *lua.LState
	fmt      string
	at       int
	big      bool
	maxAlign int
	limit    int // the largest fixed size
}

func newPackReader(L *lua.LState, format string, limit int) *packReader {
	return &packReader{L: L, fmt: format, maxAlign: 1, limit: limit}
}

// more reports whether options are left.
func (p *packReader) more() bool { return p.at < len(p.fmt) }

// next reads an option; total is the size of what came before it.
func (p *packReader) next(total int) packItem {
	it := p.option()
	align := it.size
	if it.kind == packAlign {
		if !p.more() {
			p.L.ArgError(1, "invalid next option for option 'X'")
		}
		following := p.option()
		align = following.size
		if following.kind == packChars || align == 0 {
			p.L.ArgError(1, "invalid next option for option 'X'")
		}
	}
	if align <= 1 || it.kind == packChars || it.kind == packNone {
		return it
	}
	align = min(align, p.maxAlign)
	if align&(align-1) != 0 {
		p.L.ArgError(1, "format asks for alignment not power of 2")
	}
	it.pad = (align - total&(align-1)) & (align - 1)
	return it
}

func (p *packReader) option() packItem {
	c := p.fmt[p.at]
	p.at++
	switch c {
	case 'b':
		return packItem{kind: packInt, size: 1}
	case 'B':
		return packItem{kind: packUint, size: 1}
	case 'h':
		return packItem{kind: packInt, size: 2}
	case 'H':
		return packItem{kind: packUint, size: 2}
	case 'i':
		return packItem{kind: packInt, size: p.intSize(4)}
	case 'I':
		return packItem{kind: packUint, size: p.intSize(4)}
	case 'l', 'j':
		return packItem{kind: packInt, size: 8}
	case 'L', 'J', 'T':
		return packItem{kind: packUint, size: 8}
	case 'f':
		return packItem{kind: packFloat, size: 4}
	case 'd', 'n':
		return packItem{kind: packDouble, size: 8}
	case 's':
		return packItem{kind: packString, size: p.intSize(8)}
	case 'c':
		n := p.digits(-1)
		if n < 0 {
			p.L.ArgError(1, "missing size for format option 'c'")
		}
		return packItem{kind: packChars, size: n}
	case 'z':
		return packItem{kind: packZero}
	case 'x':
		return packItem{kind: packByte, size: 1}
	case 'X':
		return packItem{kind: packAlign}
	case '<', '=':
		p.big = false
	case '>':
		p.big = true
	case '!':
		p.maxAlign = p.intSize(8)
	case ' ':
	default:
		p.L.ArgError(1, "invalid format option '"+string(rune(c))+"'")
	}
	return packItem{}
}

// intSize reads the size of an integer, 1 to 16 bytes.
func (p *packReader) intSize(def int) int {
	n := p.digits(def)
	if n < 1 || n > 16 {
		p.L.ArgError(1, "integral size out of limits [1,16]")
	}
	return n
}

func (p *packReader) digits(def int) int {
	if !p.more() || p.fmt[p.at] < '0' || p.fmt[p.at] > '9' {
		return def
	}
	n := 0
	for p.more() && '0' <= p.fmt[p.at] && p.fmt[p.at] <= '9' {
		n = n*10 + int(p.fmt[p.at]-'0')
		p.at++
		if n > p.limit {
			p.L.ArgError(1, "size in format too large")
		}
	}
	return n
}
