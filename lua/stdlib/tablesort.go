package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

// shortRun is the length up to which insertion is faster than merging.
const shortRun = 8

// tableSort is table.sort(t, less). It sorts a copy of the elements and writes
// it back, so a comparison function that lies, blocks, fails or changes the
// table can do no harm; it merely gets some order. The sort is stable.
func (b *library) tableSort(L *lua.LState) int {
	t := writable(L, 1)
	var less func(x, y lua.LValue) bool
	if L.Get(2) != lua.LNil {
		less = lessBy(L, L.CheckFunction(2))
	}
	n := t.Len()
	if n < 2 {
		return 0
	}
	w := &work{lib: b, L: L}
	b.alloc(L, 2*n*valueSize)
	values := make([]lua.LValue, n)
	for i := range values {
		values[i] = t.RawGetInt(i + 1)
		w.add(1)
	}
	if less == nil {
		less = lessFor(L, values)
	}
	mergeSort(w, values, less)
	writable(L, 1) // the comparison function may have frozen it
	for i, v := range values {
		t.RawSetInt(i+1, v)
	}
	w.done()
	return 0
}

// lessBy compares with a Lua function.
func lessBy(L *lua.LState, f *lua.LFunction) func(x, y lua.LValue) bool {
	return func(x, y lua.LValue) bool {
		L.Push(f)
		L.Push(x)
		L.Push(y)
		L.Call(2, 1)
		r := lua.LVAsBool(L.Get(-1))
		L.Pop(1)
		return r
	}
}

// lessFor picks a comparison that needs no help of the VM if the values are
// all numbers or all strings.
func lessFor(L *lua.LState, values []lua.LValue) func(x, y lua.LValue) bool {
	kind := values[0].Type()
	for _, v := range values {
		if v.Type() != kind {
			return L.LessThan
		}
	}
	switch kind {
	case lua.LTNumber:
		return func(x, y lua.LValue) bool { return x.(lua.LNumber) < y.(lua.LNumber) }
	case lua.LTString:
		return func(x, y lua.LValue) bool { return x.(lua.LString) < y.(lua.LString) }
	}
	return L.LessThan
}

// mergeSort sorts a: short runs by insertion, which are then merged pairwise.
// Every comparison is one step of work.
func mergeSort(w *work, a []lua.LValue, less func(x, y lua.LValue) bool) {
	for low := 0; low < len(a); low += shortRun {
		insertionSort(w, a[low:min(low+shortRun, len(a))], less)
	}
	if len(a) <= shortRun {
		return
	}
	from, to := a, make([]lua.LValue, len(a))
	for width := shortRun; width < len(a); width *= 2 {
		for low := 0; low < len(a); low += 2 * width {
			mid, high := min(low+width, len(a)), min(low+2*width, len(a))
			merge(w, to[low:high], from[low:mid], from[mid:high], less)
		}
		from, to = to, from
	}
	if &from[0] != &a[0] {
		copy(a, from)
	}
}

func insertionSort(w *work, a []lua.LValue, less func(x, y lua.LValue) bool) {
	for i := 1; i < len(a); i++ {
		for j := i; j > 0; j-- {
			w.add(1)
			if !less(a[j], a[j-1]) {
				break
			}
			a[j], a[j-1] = a[j-1], a[j]
		}
	}
}

// merge fills out with two sorted runs; equal elements of x come first.
func merge(w *work, out, x, y []lua.LValue, less func(x, y lua.LValue) bool) {
	i := 0
	for len(x) > 0 && len(y) > 0 {
		w.add(1)
		if less(y[0], x[0]) {
			out[i], y = y[0], y[1:]
		} else {
			out[i], x = x[0], x[1:]
		}
		i++
	}
	i += copy(out[i:], x)
	copy(out[i:], y)
}
