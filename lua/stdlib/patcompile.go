package stdlib

import (
	"errors"
	"strings"
)

// maxCaptures is the number of captures a pattern may have, as in Lua.
const maxCaptures = 32

// patternSpecials are the characters that make a pattern more than a text.
const patternSpecials = "^$*+?.([%-"

// byteSet is a set of characters.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

func (s *byteSet) union(o *byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

type patOp uint8

const (
	opMatch    patOp = iota // the end of the pattern
	opSet                   // one character of set
	opGreedy                // min or more characters of set, as many as possible
	opLazy                  // any number of characters of set, as few as possible
	opOpen                  // the start of capture n
	opClose                 // the end of capture n
	opPos                   // position capture n
	opBack                  // the text of capture n again
	opBalance               // a text balanced in x and y
	opFrontier              // a change from outside set to inside
	opEnd                   // the end of the subject
)

// patItem is one element of a compiled pattern. There is no alternation and no
// repetition of groups, so a match visits the items in order.
type patItem struct {
	op   patOp
	n    uint8
	min  uint8
	once bool // opGreedy: one character at most
	x, y byte
	set  byteSet
}

// pattern is a compiled Lua pattern. It is never written after compilation.
type pattern struct {
	items    []patItem
	anchored bool
	captures int
	repeats  int // items that need a place on the stack of choices
	isPos    [maxCaptures]bool
	first    *byteSet // the characters a match can start with; nil if it may be empty
}

// compilePattern translates a Lua 5.1 pattern, plus %f. Where anchors is false
// a leading ^ is an ordinary character, as gmatch wants it.
func compilePattern(src string, anchors bool) (*pattern, error) {
	c := patCompiler{src: src, p: &pattern{}}
	c.p.items = make([]patItem, 0, min(len(src)+1, 12))
	if anchors && strings.HasPrefix(src, "^") {
		c.p.anchored = true
		c.at = 1
	}
	if err := c.compile(); err != nil {
		return nil, err
	}
	c.p.first = firstSet(c.p.items)
	return c.p, nil
}

type patCompiler struct {
	src  string
	at   int
	p    *pattern
	open []uint8 // captures that are not closed, innermost last
}

func (c *patCompiler) emit(it patItem) { c.p.items = append(c.p.items, it) }

func (c *patCompiler) compile() error {
	for c.at < len(c.src) {
		var err error
		switch ch := c.src[c.at]; {
		case ch == '(':
			err = c.openCapture()
		case ch == ')':
			err = c.closeCapture()
		case ch == '$' && c.at+1 == len(c.src):
			c.at++
			c.emit(patItem{op: opEnd})
		case ch == '%' && c.at+1 < len(c.src):
			err = c.escape(c.src[c.at+1])
		default:
			err = c.single()
		}
		if err != nil {
			return err
		}
	}
	if len(c.open) > 0 {
		return errors.New("unfinished capture")
	}
	c.emit(patItem{op: opMatch})
	return nil
}

func (c *patCompiler) openCapture() error {
	if c.p.captures >= maxCaptures {
		return errors.New("too many captures")
	}
	n := uint8(c.p.captures)
	c.p.captures++
	c.at++
	if c.at < len(c.src) && c.src[c.at] == ')' {
		c.at++
		c.p.isPos[n] = true
		c.emit(patItem{op: opPos, n: n})
		return nil
	}
	c.open = append(c.open, n)
	c.emit(patItem{op: opOpen, n: n})
	return nil
}

func (c *patCompiler) closeCapture() error {
	if len(c.open) == 0 {
		return errors.New("invalid pattern capture")
	}
	last := len(c.open) - 1
	c.emit(patItem{op: opClose, n: c.open[last]})
	c.open = c.open[:last]
	c.at++
	return nil
}

// escape handles the sequences of % that are no single character.
func (c *patCompiler) escape(kind byte) error {
	switch {
	case kind == 'b':
		if c.at+3 >= len(c.src) {
			return errors.New("unbalanced pattern (missing arguments to '%b')")
		}
		c.emit(patItem{op: opBalance, x: c.src[c.at+2], y: c.src[c.at+3]})
		c.at += 4
		return nil
	case kind == 'f':
		c.at += 2
		if c.at >= len(c.src) || c.src[c.at] != '[' {
			return errors.New("missing '[' after '%f' in pattern")
		}
		set, err := c.class()
		c.emit(patItem{op: opFrontier, set: set})
		return err
	case '0' <= kind && kind <= '9':
		n := int(kind) - '1'
		if n < 0 || n >= c.p.captures || c.p.isPos[n] || c.isOpen(n) {
			return errors.New("invalid capture index %" + string(kind))
		}
		c.emit(patItem{op: opBack, n: uint8(n)})
		c.at += 2
		return nil
	}
	return c.single()
}

func (c *patCompiler) isOpen(n int) bool {
	for _, o := range c.open {
		if int(o) == n {
			return true
		}
	}
	return false
}

// single compiles a character class and the repetition behind it.
func (c *patCompiler) single() error {
	set, err := c.class()
	if err != nil {
		return err
	}
	it := patItem{op: opSet, set: set}
	if c.at < len(c.src) {
		switch c.src[c.at] {
		case '*':
			it.op = opGreedy
		case '+':
			it.op, it.min = opGreedy, 1
		case '?':
			it.op, it.once = opGreedy, true
		case '-':
			it.op = opLazy
		}
		if it.op != opSet {
			c.p.repeats++
			c.at++
		}
	}
	c.emit(it)
	return nil
}

// class reads one character, one escape or one set.
func (c *patCompiler) class() (set byteSet, err error) {
	ch := c.src[c.at]
	c.at++
	switch ch {
	case '.':
		set.invert()
	case '%':
		if c.at >= len(c.src) {
			return set, errors.New("malformed pattern (ends with '%')")
		}
		set = escapeSet(c.src[c.at])
		c.at++
	case '[':
		return c.bracket()
	default:
		set.add(ch)
	}
	return set, nil
}

// bracket reads a set; its opening bracket has been read. The first character
// belongs to the set even if it is a closing bracket.
func (c *patCompiler) bracket() (set byteSet, err error) {
	missing := errors.New("malformed pattern (missing ']')")
	negate := c.at < len(c.src) && c.src[c.at] == '^'
	if negate {
		c.at++
	}
	for first := true; ; first = false {
		if c.at >= len(c.src) {
			return set, missing
		}
		ch := c.src[c.at]
		c.at++
		switch {
		case ch == ']' && !first:
			if negate {
				set.invert()
			}
			return set, nil
		case ch == '%':
			if c.at >= len(c.src) {
				return set, missing
			}
			members := escapeSet(c.src[c.at])
			set.union(&members)
			c.at++
		case c.at+1 < len(c.src) && c.src[c.at] == '-' && c.src[c.at+1] != ']':
			for x := int(ch); x <= int(c.src[c.at+1]); x++ {
				set.add(byte(x))
			}
			c.at += 2
		default:
			set.add(ch)
		}
	}
}

// firstSet is the set a match must start with, if there is one.
func firstSet(items []patItem) *byteSet {
	for i := range items {
		switch it := &items[i]; it.op {
		case opOpen, opPos, opClose:
		case opSet:
			return &it.set
		case opGreedy:
			if it.min > 0 {
				return &it.set
			}
			return nil
		default:
			return nil
		}
	}
	return nil
}
