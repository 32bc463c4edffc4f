package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (b *library) strFind(L *lua.LState) int  { return b.search(L, true) }
func (b *library) strMatch(L *lua.LState) int { return b.search(L, false) }

// search is string.find(s, pattern, init, plain) or string.match(s, pattern, init).
func (b *library) search(L *lua.LState, find bool) int {
	s, p := b.str(L, 1), b.str(L, 2)
	from := min(max(position(optInteger(L, 3, 1), len(s))-1, 0), len(s))
	w := &work{lib: b, L: L}
	if find && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(p, patternSpecials+")")) {
		at := strings.Index(s[from:], p)
		w.add((len(s) - from) >> 4)
		w.done()
		if at < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(from + at + 1))
		L.Push(lua.LNumber(from + at + len(p)))
		return 2
	}
	m := b.matcher(w, p, s, true)
	where, ok := m.find(from)
	m.done()
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if !find {
		return m.pushCaptures(L, where, true)
	}
	L.Push(lua.LNumber(where.start + 1))
	L.Push(lua.LNumber(where.end))
	return 2 + m.pushCaptures(L, where, false)
}

// matcher compiles a pattern; it raises if the pattern is malformed.
func (b *library) matcher(w *work, p, s string, anchors bool) matcher {
	pat, err := compilePattern(p, anchors)
	if err != nil {
		w.L.RaiseError("%s", err.Error())
	}
	return newMatcher(w, pat, s)
}

// capture is the value of capture n; number 0 is the whole match if there are
// no captures at all.
func (m *matcher) capture(n int, where span) lua.LValue {
	switch {
	case n >= m.pat.captures:
		return lua.LString(m.src[where.start:where.end])
	case m.pat.isPos[n]:
		return lua.LNumber(m.caps[n].start + 1)
	}
	return lua.LString(m.src[m.caps[n].start:m.caps[n].end])
}

// pushCaptures pushes all captures and returns their number; whole says
// whether the match itself stands in for them if there are none.
func (m *matcher) pushCaptures(L *lua.LState, where span, whole bool) int {
	n := m.pat.captures
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		L.Push(m.capture(i, where))
	}
	return n
}

// strGmatch is string.gmatch(s, pattern): an iterator over all matches.
func (b *library) strGmatch(L *lua.LState) int {
	s, p := b.str(L, 1), b.str(L, 2)
	pat, err := compilePattern(p, false)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	at := 0
	m := newMatcher(&work{lib: b, L: L}, pat, s)
	full := m.budget
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m.w.L, m.budget = L, full
		where, ok := m.find(at)
		if !ok {
			at = len(s) + 1
			m.done()
			L.Push(lua.LNil)
			return 1
		}
		at = where.end
		if where.end == where.start {
			at++
		}
		return m.pushCaptures(L, where, true)
	}))
	return 1
}
