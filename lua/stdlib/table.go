package stdlib

import (
	lua "github.com/yuin/gopher-lua"
)

// valueSize is what one array element takes in memory.
const valueSize = 16

func (b *library) openTable(L *lua.LState) *lua.LTable {
	t := newLib(L, map[string]lua.LGFunction{
		"concat":         b.tableConcat,
		"create":         b.tableCreate,
		"freeze":         tableFreeze,
		"make_immutable": tableFreeze,
		"is_immutable":   tableIsImmutable,
		"getn":           tableGetn,
		"insert":         b.tableInsert,
		"maxn":           b.tableMaxn,
		"remove":         b.tableRemove,
		"sort":           b.tableSort,
		"unpack":         tableUnpack,
	})
	Freeze(L, t)
	return t
}

// element is t[i]; for an ordinary index it needs no boxed number.
func element(t *lua.LTable, i int) lua.LValue {
	if i >= 1 && i < lua.MaxArrayIndex {
		return t.RawGetInt(i)
	}
	return t.RawGet(lua.LNumber(i))
}

// tableConcat is table.concat(t, sep, i, j).
func (b *library) tableConcat(L *lua.LState) int {
	t := Contents(L.CheckTable(1))
	sep := ""
	if L.Get(2) != lua.LNil {
		sep = b.str(L, 2)
	}
	i := optInteger(L, 3, 1)
	j := optInteger(L, 4, t.Len())
	out := &buffer{w: &work{lib: b, L: L}}
	for k := i; k <= j; k++ {
		v := element(t, k)
		s, ok := b.text(v)
		if !ok {
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'; use tostring", v.Type(), k)
		}
		out.str(s)
		if k == j {
			break // j may be the largest integer
		}
		out.str(sep)
		out.w.add(1)
	}
	out.w.done()
	L.Push(lua.LString(out.b.String()))
	return 1
}

// tableCreate is table.create(narr, nrec); the sizes are hints.
func (b *library) tableCreate(L *lua.LState) int {
	narr, nrec := max(optInteger(L, 1, 0), 0), max(optInteger(L, 2, 0), 0)
	for i, n := range []int{narr, nrec} {
		if n > b.lim.MaxTable {
			L.ArgError(i+1, "size too large")
		}
	}
	// A map entry of a string key takes about three times an array element.
	b.alloc(L, narr*valueSize+nrec*3*valueSize)
	L.Push(L.CreateTable(narr, nrec))
	return 1
}

// tableFreeze is table.freeze(t); it returns t.
func tableFreeze(L *lua.LState) int {
	t := L.CheckTable(1)
	Freeze(L, t)
	L.Push(t)
	return 1
}

func tableIsImmutable(L *lua.LState) int {
	t, _ := present(L, 1).(*lua.LTable)
	L.Push(lua.LBool(IsFrozen(t)))
	return 1
}

func tableGetn(L *lua.LState) int {
	L.Push(lua.LNumber(Contents(L.CheckTable(1)).Len()))
	return 1
}

// tableMaxn is table.maxn(t): the largest positive number among the keys.
func (b *library) tableMaxn(L *lua.LState) int {
	t := Contents(L.CheckTable(1))
	w := &work{lib: b, L: L}
	most := lua.LNumber(t.MaxN())
	t.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); ok && n > most {
			most = n
		}
		w.add(1)
	})
	w.done()
	L.Push(most)
	return 1
}

// tableInsert is table.insert(t, v) or table.insert(t, pos, v).
func (b *library) tableInsert(L *lua.LState) int {
	t := writable(L, 1)
	n := t.Len()
	switch L.GetTop() {
	case 2:
		t.RawSetInt(n+1, L.Get(2))
	case 3:
		pos, v := integer(L, 2), L.Get(3)
		switch {
		case pos < 1:
			L.ArgError(2, "position out of bounds")
		case pos > n:
			b.reserve(L, t, float64(pos))
			t.RawSetInt(pos, v)
		default:
			b.shift(L, n-pos)
			insertAt(t, pos, n, v)
		}
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

// insertAt moves the elements from pos to n up by one. LTable.Insert makes the
// array one longer even where it ends in nils; the surplus is taken off again.
func insertAt(t *lua.LTable, pos, n int, v lua.LValue) {
	t.Insert(pos, v)
	if last := t.Remove(-1); last != lua.LNil {
		t.RawSetInt(n+1, last)
	}
}

// tableRemove is table.remove(t, pos).
func (b *library) tableRemove(L *lua.LState) int {
	t := writable(L, 1)
	n := t.Len()
	pos := optInteger(L, 2, n)
	if pos < 1 || pos > n {
		return 0
	}
	b.shift(L, n-pos)
	L.Push(t.Remove(pos))
	return 1
}

// shift reports that n elements are moved.
func (b *library) shift(L *lua.LState, n int) {
	w := work{lib: b, L: L}
	w.add(n >> 5)
	w.done()
}

// tableUnpack is unpack(t, i, j).
func tableUnpack(L *lua.LState) int {
	t := Contents(L.CheckTable(1))
	i := optInteger(L, 2, 1)
	j := optInteger(L, 3, t.Len())
	if i > j {
		return 0
	}
	if n := j - i; n < 0 || n >= maxResults {
		L.RaiseError("too many results to unpack (at most %d); unpack the table in parts", maxResults)
	}
	for k := i; ; k++ {
		L.Push(element(t, k))
		if k == j {
			break
		}
	}
	return j - i + 1
}
