package lua

import (
	"errors"
	"fmt"
	"slices"

	glua "github.com/yuin/gopher-lua"
)

// registers is a set of them.
type registers [4]uint64

func (s *registers) has(r int) bool { return s[r>>6]&(1<<(r&63)) != 0 }
func (s *registers) add(r int)      { s[r>>6] |= 1 << (r & 63) }

// cut removes all from r on.
func (s *registers) cut(r int) {
	if r > 255 {
		return
	}
	s[r>>6] &= 1<<(r&63) - 1
	clear(s[r>>6+1:])
}

// facts are what is known before an instruction, on whatever way it is reached.
type facts struct {
	filled   registers // have a value
	captured registers // may be in use by a function inside
	open     int       // from this register on there are as many values as a call gave, maybe none; -1 where that is not known
	must     bool      // the next instruction must take them
}

// meet keeps of f what holds for o as well; it reports whether f has changed.
func (f *facts) meet(o *facts) (changed bool, err error) {
	if f.must || o.must {
		return false, errValues
	}
	before := *f
	f.open = -1
	for i := range f.filled {
		f.filled[i] &= o.filled[i]
		f.captured[i] |= o.captured[i]
	}
	return *f != before, nil
}

// follow is the second pass, over one function.
type follow struct {
	*verifier
	at    map[int]*facts // at the targets of jumps
	todo  []int
	steps int
	now   facts
	pc    int
}

// flow follows every way through the function until nothing new is found.
func (v *verifier) flow() error {
	w := follow{verifier: v, at: map[int]*facts{}, steps: 100*len(v.code) + 10_000}
	w.now.open = -1
	filled := v.regs
	if v.p.IsVarArg&glua.VarArgIsVarArg != 0 { // the rest is as the caller left it
		filled = min(filled, int(v.p.NumParameters)+1)
	}
	for r := range filled {
		w.now.filled.add(r)
	}
	err := w.branch(0)
	for err == nil && len(w.todo) > 0 {
		last := len(w.todo) - 1
		w.pc = w.todo[last]
		w.todo = w.todo[:last]
		w.now = *w.at[w.pc]
		err = w.straight()
	}
	if err != nil {
		return fmt.Errorf("instruction %d in line %d: %w", w.pc, v.p.DbgSourcePositions[w.pc], err)
	}
	return nil
}

// branch notes that an instruction can be reached with what is known now.
func (w *follow) branch(to int) error {
	have := w.at[to]
	if have == nil {
		w.at[to] = new(w.now)
		w.todo = append(w.todo, to)
		return nil
	}
	changed, err := have.meet(&w.now)
	if changed && !slices.Contains(w.todo, to) {
		w.todo = append(w.todo, to)
	}
	return err
}

// straight goes on from w.pc until the way ends or meets one that is known.
func (w *follow) straight() error {
	for first := true; ; first = false {
		if !first && w.target[w.pc] {
			return w.branch(w.pc)
		}
		if w.steps--; w.steps < 0 {
			return errors.New("its ways are too tangled")
		}
		on, err := w.step()
		if err != nil || !on {
			return err
		}
	}
}

// step does one instruction and reports whether the next one follows.
func (w *follow) step() (on bool, err error) {
	i := decode(w.code[w.pc])
	open := w.now.open
	if w.now.must {
		switch i.op {
		case glua.OP_CALL, glua.OP_TAILCALL, glua.OP_RETURN, glua.OP_SETLIST:
		default:
			return false, errValues
		}
		if i.b != 0 {
			return false, errValues
		}
	}
	w.now.open, w.now.must = -1, false
	read := func(from, to int) { // inclusive
		for r := from; r <= to; r++ {
			if r < constantBit && !w.now.filled.has(r) {
				err = errValues
			}
		}
	}
	// taken reads what stands from register A on: as many as operand B says, or up
	// to the open values.
	taken := func(last int) {
		if i.b > 0 {
			read(i.a, last)
			return
		}
		least := i.a // all but RETURN take a function or table first
		if i.op != glua.OP_RETURN {
			least++
		}
		if open < least {
			err = errValues
		}
		read(i.a, open-1)
	}
	next := w.pc + 1
	switch i.op {
	case glua.OP_MOVE, glua.OP_MOVEN, glua.OP_NOT, glua.OP_UNM, glua.OP_LEN:
		read(i.b, i.b)
		w.now.filled.add(i.a)
	case glua.OP_LOADK, glua.OP_GETUPVAL, glua.OP_GETGLOBAL, glua.OP_NEWTABLE:
		w.now.filled.add(i.a)
	case glua.OP_LOADBOOL:
		w.now.filled.add(i.a)
		if i.c != 0 {
			return false, w.branch(w.pc + 2)
		}
	case glua.OP_LOADNIL:
		for r := i.a; r <= i.b; r++ {
			w.now.filled.add(r)
		}
	case glua.OP_SETGLOBAL, glua.OP_SETUPVAL:
		read(i.a, i.a)
	case glua.OP_GETTABLE, glua.OP_GETTABLEKS:
		read(i.b, i.b)
		read(i.c, i.c)
		w.now.filled.add(i.a)
	case glua.OP_SETTABLE, glua.OP_SETTABLEKS:
		read(i.a, i.a)
		read(i.b, i.b)
		read(i.c, i.c)
	case glua.OP_SELF:
		read(i.b, i.b)
		read(i.c, i.c)
		w.now.filled.add(i.a)
		w.now.filled.add(i.a + 1)
	case glua.OP_ADD, glua.OP_SUB, glua.OP_MUL, glua.OP_DIV, glua.OP_MOD, glua.OP_POW:
		read(i.b, i.b)
		read(i.c, i.c)
		w.now.filled.add(i.a)
	case glua.OP_CONCAT:
		read(i.b, i.c)
		w.now.filled.add(i.a)
	case glua.OP_JMP:
		return false, w.branch(w.pc + 1 + i.jump())
	case glua.OP_EQ, glua.OP_LT, glua.OP_LE:
		read(i.b, i.b)
		read(i.c, i.c)
		if err == nil {
			err = w.branch(w.pc + 2)
		}
	case glua.OP_TEST:
		read(i.a, i.a)
		if err == nil {
			err = w.branch(w.pc + 2)
		}
	case glua.OP_TESTSET:
		read(i.b, i.b)
		if err == nil {
			err = w.branch(w.pc + 2)
		}
		w.now.filled.add(i.a)
	case glua.OP_CALL:
		taken(i.a + i.b - 1)
		err = errors.Join(err, w.results(i.a, i.c))
	case glua.OP_TAILCALL:
		taken(i.a + i.b - 1)
		return false, err
	case glua.OP_RETURN:
		taken(i.a + i.b - 2)
		return false, err
	case glua.OP_FORPREP:
		read(i.a, i.a)
		read(i.a+2, i.a+2)
		if err != nil {
			return false, err
		}
		return false, w.branch(w.pc + 1 + i.jump())
	case glua.OP_FORLOOP:
		read(i.a, i.a+2)
		if err != nil {
			return false, err
		}
		after := w.now
		w.now.filled.add(i.a + 3)
		if err := w.branch(w.pc + 1 + i.jump()); err != nil {
			return false, err
		}
		w.now = after
		err = w.empty(i.a + 1)
	case glua.OP_SETLIST:
		taken(i.a + i.b)
		if i.c == 0 {
			next++
		}
	case glua.OP_CLOSE:
		w.now.captured.cut(i.a)
	case glua.OP_CLOSURE:
		w.now.filled.add(i.a)
		for range w.p.FunctionPrototypes[i.bx].NumUpvalues {
			if capture := decode(w.code[next]); capture.op == glua.OP_MOVE {
				read(capture.b, capture.b)
				w.now.captured.add(capture.b)
			}
			next++
		}
	case glua.OP_VARARG:
		err = w.results(i.a, i.b)
	}
	w.pc = next
	return true, err
}

// results are what a call leaves: want-1 values from register r on, or as many as
// there are for 0, and nothing above.
func (w *follow) results(r, want int) error {
	if err := w.empty(r); err != nil {
		return err
	}
	w.now.open, w.now.must = r, want == 0
	for range want - 1 {
		w.now.filled.add(w.now.open)
		w.now.open++
	}
	return nil
}

// empty takes all registers from r on their values; a function inside must not be
// using one of them.
func (w *follow) empty(r int) error {
	rest := w.now.captured
	rest.cut(r)
	if rest != w.now.captured {
		return errors.New("it empties a variable that is in use")
	}
	w.now.filled.cut(r)
	return nil
}
