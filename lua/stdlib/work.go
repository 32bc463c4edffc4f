package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	// stepBatch is how many steps pass between two calls of Hooks.Step.
	stepBatch = 10_000
	// stepRest is the smallest remainder reported at the end of a loop; below
	// it the instruction that made the call has paid enough.
	stepRest = 256
	// smallAlloc is the largest allocation that is not reported.
	smallAlloc = 4 << 10
	// maxResults bounds the values one call returns: they all lie on the stack.
	maxResults = 7000
)

// work counts the steps of one call of a library function.
type work struct {
	lib     *library
	L       *lua.LState
	pending int
}

// add counts n steps and tells the engine now and then. It may raise.
func (w *work) add(n int) {
	w.pending += n
	if w.pending >= stepBatch {
		w.flush()
	}
}

// done reports what is left; to be called when a loop is over.
func (w *work) done() {
	if w.pending >= stepRest {
		w.flush()
	}
}

func (w *work) flush() {
	n := w.pending
	w.pending = 0
	if w.lib.hooks.Step == nil {
		return
	}
	if err := w.lib.hooks.Step(w.L, n); err != nil {
		raise(w.L, err)
	}
}

// alloc announces an allocation of n bytes. It raises if the engine objects.
func (b *library) alloc(L *lua.LState, n int) {
	if n <= smallAlloc || b.hooks.Account == nil {
		return
	}
	if err := b.hooks.Account(L, n); err != nil {
		raise(L, err)
	}
}

// checkString raises if a string of n bytes is too long.
func (b *library) checkString(L *lua.LState, n int) {
	if n > b.lim.MaxString {
		L.RaiseError("resulting string too large (%d bytes, at most %d are allowed)", n, b.lim.MaxString)
	}
}

// buffer collects a result string within the limits of the library.
type buffer struct {
	w *work
	b strings.Builder
}

// room makes sure that n more bytes fit.
func (u *buffer) room(n int) {
	l, c := u.b.Len(), u.b.Cap()
	u.w.lib.checkString(u.w.L, l+n)
	if c-l >= n {
		return
	}
	u.w.lib.alloc(u.w.L, 2*c+n)
	u.b.Grow(n)
}

func (u *buffer) str(s string) {
	u.room(len(s))
	u.b.WriteString(s)
	u.w.add(len(s) >> 6)
}

func (u *buffer) byte(c byte) {
	u.room(1)
	u.b.WriteByte(c)
}

// fill writes n times c.
func (u *buffer) fill(c byte, n int) {
	if n <= 0 {
		return
	}
	u.room(n)
	for range n {
		u.b.WriteByte(c)
	}
	u.w.add(n >> 4)
}
