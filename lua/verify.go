package lua

import (
	"errors"
	"fmt"
	"math"

	glua "github.com/yuin/gopher-lua"
)

// gopher-lua trusts bytecode: it takes every register, constant and jump as it
// comes. So code that was not compiled here is verified before it runs, in two
// passes over every function. The first looks at each instruction by itself. The
// second follows all ways through the function and keeps account of which registers
// have a value: gopher-lua empties those above the results of a call, and what is
// read from an empty one is not even nil. It refuses no code of the compiler.

// verify checks a function and all inside it.
func verify(p *glua.FunctionProto) error {
	v := verifier{p: p, code: p.Code, regs: int(p.NumUsedRegisters)}
	if err := v.instructions(); err != nil {
		return err
	}
	if err := v.flow(); err != nil {
		return err
	}
	for _, inner := range p.FunctionPrototypes {
		if err := verify(inner); err != nil {
			return err
		}
	}
	return nil
}

// countRegisters corrects how many registers the compiler says a function, and all
// inside it, has: it forgets those that only some instructions fill.
func countRegisters(p *glua.FunctionProto) error {
	v := verifier{p: p, code: p.Code, regs: math.MaxUint8}
	if err := v.instructions(); err != nil {
		return err
	}
	p.NumUsedRegisters = max(p.NumUsedRegisters, uint8(v.most))
	for _, inner := range p.FunctionPrototypes {
		if err := countRegisters(inner); err != nil {
			return err
		}
	}
	return nil
}

type verifier struct {
	p      *glua.FunctionProto
	code   []uint32
	regs   int
	most   int    // registers that instructions name
	pseudo []bool // words that belong to the instruction before them
	target []bool // what can be reached other than from the instruction before
}

// instruction is one word of code, taken apart.
type instruction struct{ op, a, b, c, bx int }

func decode(word uint32) instruction {
	return instruction{op: int(word >> 26), a: int(word>>18) & 0xff, b: int(word & 0x1ff), c: int(word>>9) & 0x1ff, bx: int(word & 0x3ffff)}
}

// jump is how far the instruction jumps from the one behind it.
func (i instruction) jump() int { return i.bx - 0x1ffff }

// constantBit marks an operand that is a constant in place of a register.
const constantBit = 0x100

var errLine = errors.New("it is not the code of a function")

func (v *verifier) instructions() error {
	n := len(v.code)
	if n == 0 || len(v.p.DbgSourcePositions) != n || int(v.p.NumParameters) > v.regs || v.p.IsVarArg > 7 {
		return errLine
	}
	v.pseudo, v.target = make([]bool, n), make([]bool, n)
	for pc := 0; pc < n; pc++ {
		skip, err := v.instruction(pc)
		if err != nil {
			return fmt.Errorf("instruction %d in line %d: %w", pc, v.p.DbgSourcePositions[pc], err)
		}
		for range skip {
			pc++
			v.pseudo[pc] = true
		}
	}
	for pc := range v.code {
		if v.target[pc] && v.pseudo[pc] {
			return fmt.Errorf("a jump leads into the middle of instruction %d", pc)
		}
	}
	return nil
}

var (
	errRegister = errors.New("there is no such register")
	errConstant = errors.New("there is no such constant")
	errUpvalue  = errors.New("there is no such variable of an outer function")
	errJump     = errors.New("it leads out of the function")
	errUnknown  = errors.New("there is no such instruction")
	errValues   = errors.New("it takes values that are not there")
)

// instruction checks the operands of one instruction; skip is how many words behind
// it belong to it.
func (v *verifier) instruction(pc int) (skip int, err error) {
	i := decode(v.code[pc])
	check := func(ok bool, e error) {
		if !ok && err == nil {
			err = e
		}
	}
	reg := func(r int) {
		check(r < v.regs, errRegister)
		v.most = max(v.most, r+1)
	}
	constant := func(k int) { check(k < len(v.p.Constants), errConstant) }
	name := func(k int) {
		if constant(k); err == nil {
			_, ok := v.p.Constants[k].(glua.LString)
			check(ok, errConstant)
		}
	}
	either := func(x int, f func(int)) {
		if x&constantBit != 0 {
			f(x &^ constantBit)
		} else {
			reg(x)
		}
	}
	jump := func(to int) {
		if check(to >= 0 && to < len(v.code), errJump); err == nil {
			v.target[to] = true
		}
	}
	next := func(words int) { check(pc+words < len(v.code), errJump) }
	upvalue := func(u int) { check(u < int(v.p.NumUpvalues), errUpvalue) }

	switch i.op {
	case glua.OP_MOVE, glua.OP_NOT:
		reg(i.a)
		reg(i.b)
	case glua.OP_MOVEN: // the moves behind it could stand alone
		reg(i.a)
		reg(i.b)
		next(i.c + 1)
		for m := 1; m <= i.c && err == nil; m++ {
			check(decode(v.code[pc+m]).op == glua.OP_MOVE, errUnknown)
		}
	case glua.OP_LOADK:
		reg(i.a)
		constant(i.bx)
	case glua.OP_LOADBOOL:
		reg(i.a)
		if i.c != 0 {
			jump(pc + 2)
		}
	case glua.OP_LOADNIL:
		reg(i.b)
		check(i.a <= i.b, errRegister)
	case glua.OP_GETUPVAL, glua.OP_SETUPVAL:
		reg(i.a)
		upvalue(i.b)
	case glua.OP_GETGLOBAL, glua.OP_SETGLOBAL:
		reg(i.a)
		name(i.bx)
	case glua.OP_GETTABLE:
		reg(i.a)
		reg(i.b)
		either(i.c, constant)
	case glua.OP_GETTABLEKS:
		reg(i.a)
		reg(i.b)
		either(i.c, name)
	case glua.OP_SETTABLE:
		reg(i.a)
		either(i.b, constant)
		either(i.c, constant)
	case glua.OP_SETTABLEKS:
		reg(i.a)
		either(i.b, name)
		either(i.c, constant)
	case glua.OP_NEWTABLE:
		reg(i.a)
	case glua.OP_SELF:
		reg(i.a + 1)
		reg(i.b)
		either(i.c, name)
	case glua.OP_ADD, glua.OP_SUB, glua.OP_MUL, glua.OP_DIV, glua.OP_MOD, glua.OP_POW:
		reg(i.a)
		either(i.b, constant)
		either(i.c, constant)
	case glua.OP_UNM, glua.OP_LEN:
		reg(i.a)
		either(i.b, constant)
	case glua.OP_CONCAT:
		reg(i.a)
		reg(i.c)
		check(i.b <= i.c, errRegister)
	case glua.OP_JMP:
		jump(pc + 1 + i.jump())
		return 0, err
	case glua.OP_EQ, glua.OP_LT, glua.OP_LE:
		either(i.b, constant)
		either(i.c, constant)
		jump(pc + 2)
	case glua.OP_TEST:
		reg(i.a)
		jump(pc + 2)
	case glua.OP_TESTSET:
		reg(i.a)
		reg(i.b)
		jump(pc + 2)
	case glua.OP_CALL:
		reg(i.a)
		reg(i.a + max(0, i.b-1))
		reg(i.a + max(0, i.c-2))
	case glua.OP_TAILCALL:
		reg(i.a + max(0, i.b-1))
		return 0, err
	case glua.OP_RETURN:
		reg(i.a + max(0, i.b-2))
		return 0, err
	case glua.OP_FORLOOP, glua.OP_FORPREP:
		reg(i.a + 3)
		jump(pc + 1 + i.jump())
	case glua.OP_SETLIST:
		reg(i.a + i.b)
		if i.c == 0 {
			skip = 1
			if next(2); err == nil { // lists are not larger than the code that fills them
				check(int(v.code[pc+1]) <= len(v.code), errConstant)
			}
		}
	case glua.OP_CLOSE:
		reg(i.a)
	case glua.OP_CLOSURE:
		reg(i.a)
		if check(i.bx < len(v.p.FunctionPrototypes), errUnknown); err != nil {
			return 0, err
		}
		skip = int(v.p.FunctionPrototypes[i.bx].NumUpvalues)
		next(skip + 1)
		for m := 1; m <= skip && err == nil; m++ {
			switch capture := decode(v.code[pc+m]); capture.op {
			case glua.OP_MOVE:
				reg(capture.b)
			case glua.OP_GETUPVAL:
				upvalue(capture.b)
			default:
				err = errUnknown
			}
		}
	case glua.OP_VARARG:
		check(v.p.IsVarArg&glua.VarArgIsVarArg != 0, errValues)
		reg(i.a + max(0, i.b-2))
		reg(i.a)
	case glua.OP_NOP:
	default: // OP_TFORLOOP too, which the compiler is never given (see rewrite)
		err = errUnknown
	}
	next(skip + 1)
	return skip, err
}
