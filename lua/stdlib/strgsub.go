package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// strGsub is string.gsub(s, pattern, replacement, n). A replacement function
// runs while the search is under way and may block.
func (b *library) strGsub(L *lua.LState) int {
	s, p := b.str(L, 1), b.str(L, 2)
	repl := L.Get(3)
	var fixed string
	switch repl.(type) {
	case *lua.LTable, *lua.LFunction:
	default:
		text, ok := b.text(repl)
		if !ok {
			L.ArgError(3, "string/function/table expected, got "+repl.Type().String())
		}
		fixed = text
	}
	limit := optInteger(L, 4, len(s)+1)

	w := &work{lib: b, L: L}
	m := b.matcher(w, p, s, true)
	out := &buffer{w: w}
	copied, at, count := 0, 0, 0
	for count < limit && at <= len(s) {
		where, ok := m.find(at)
		if !ok {
			break
		}
		count++
		out.str(s[copied:where.start])
		switch r := repl.(type) {
		case *lua.LFunction:
			L.Push(r)
			L.Call(m.pushCaptures(L, where, true), 1)
			v := L.Get(-1)
			L.Pop(1)
			m.replaceBy(out, where, v)
		case *lua.LTable:
			m.replaceBy(out, where, L.GetTable(r, m.capture(0, where)))
		default:
			m.expand(out, where, fixed)
		}
		copied, at = where.end, where.end
		if where.end == where.start {
			at++
		}
		if m.pat.anchored {
			break
		}
	}
	if count == 0 {
		m.done()
		L.Push(lua.LString(s))
	} else {
		out.str(s[copied:])
		m.done()
		L.Push(lua.LString(out.b.String()))
	}
	L.Push(lua.LNumber(count))
	return 2
}

// replaceBy writes the value a function or table gave for a match.
func (m *matcher) replaceBy(out *buffer, where span, v lua.LValue) {
	if lua.LVIsFalse(v) {
		out.str(m.src[where.start:where.end])
		return
	}
	text, ok := m.w.lib.text(v)
	if !ok {
		m.w.L.RaiseError("invalid replacement value (a %s); return a string, a number, false or nil", v.Type())
	}
	out.str(text)
}

// expand writes a replacement string, in which %1 to %9 stand for captures and
// %0 for the match.
func (m *matcher) expand(out *buffer, where span, repl string) {
	for {
		i := strings.IndexByte(repl, '%')
		if i < 0 || i+1 == len(repl) {
			out.str(repl)
			return
		}
		out.str(repl[:i])
		c := repl[i+1]
		repl = repl[i+2:]
		switch {
		case c == '0':
			out.str(m.src[where.start:where.end])
		case '1' <= c && c <= '9':
			n := int(c - '1')
			if n >= max(m.pat.captures, 1) {
				m.w.L.RaiseError("invalid capture index %%%c in replacement string", c)
			}
			v, _ := m.w.lib.text(m.capture(n, where))
			out.str(v)
		default:
			out.byte(c)
		}
	}
}
