package lua

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/syntax"
	"github.com/troupe-go/troupe/messages"
)

// Bytecode is
//
//	magic, key with its length, function, SHA-256 of all before it
//
// and a function is its numbers, code, constants, inner functions and tables for
// error messages, all of them counted, with varints for numbers. The name of the
// chunk is not in it: it is that of the entry it is loaded for.

const bytecodeMagic = "\x1bTroupeLua"

// bytecodeKey says which engine bytecode is for: the version of gopher-lua and,
// behind it, a number to be raised when the rewriting of programs or the
// functions it relies on change, or this format does.
const bytecodeKey = "gopher-lua v1.1.2/1"

// maxInner bounds functions inside one another; the syntax has a lower limit.
const maxInner = 250

// CompileBytecode compiles Lua source for Unit.Bytecode. The id of the entry
// stands in messages only. What it returns runs on engines of the same version.
func CompileBytecode(id, source string) ([]byte, error) {
	proto, err := compileUnit(Unit{ID: id, Source: source}, syntax.Limits{})
	if err != nil {
		return nil, err
	}
	if err := countRegisters(proto); err != nil {
		return nil, messages.Errorf(messages.Internal, "%s: checking what was compiled: %s", id, err)
	}
	b := binary.AppendUvarint([]byte(bytecodeMagic), uint64(len(bytecodeKey)))
	b = appendFunction(append(b, bytecodeKey...), proto)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	if _, err := loadBytecode(id, b); err != nil { // it must not fail where it is run
		return nil, messages.Wrap(err, "checking what was compiled")
	}
	return b, nil
}

// loadBytecode reads and verifies bytecode: whatever it is given, the result is an
// error or a function that fails at worst as a program does. One thing it cannot
// see is whether the calls of note are there (see rewrite): forged code can have
// texts that grow unnoticed until the process is weighed.
func loadBytecode(id string, data []byte) (*glua.FunctionProto, error) {
	fail := func(text string) error {
		return messages.Errorf(messages.Invalid, "%s: the bytecode %s", id, text)
	}
	rest, ok := bytes.CutPrefix(data, []byte(bytecodeMagic))
	if !ok {
		return nil, fail("is not of Troupe: bytecode of other engines cannot run; use the source form, for example function.lua in place of function.lua.bc")
	}
	r := reader{data: rest}
	key := r.text()
	if r.err == nil && key != bytecodeKey {
		return nil, fail(fmt.Sprintf("was compiled for engine %q, and this one is %q; pack the application again", key, bytecodeKey))
	}
	end := len(data) - sha256.Size
	if r.err != nil || len(r.data) < sha256.Size || sha256.Sum256(data[:end]) != [sha256.Size]byte(data[end:]) {
		return nil, fail("is damaged: its check sum is wrong; pack the application again")
	}
	r.data = r.data[:len(r.data)-sha256.Size]
	p := r.function(id, 0)
	if r.err == nil && len(r.data) > 0 {
		r.err = errors.New("there is more after its end")
	}
	if r.err == nil && p.NumUpvalues > 0 {
		r.err = errors.New("its chunk takes variables from outside")
	}
	if r.err == nil {
		r.err = verify(p)
	}
	if r.err != nil {
		return nil, fail("is damaged: " + r.err.Error() + "; pack the application again")
	}
	return p, nil
}

// The kinds of constants.
const (
	constNumber = 1
	constString = 2
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFunction(b []byte, p *glua.FunctionProto) []byte {
	number := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }
	number(p.LineDefined)
	number(p.LastLineDefined)
	b = append(b, p.NumParameters, p.IsVarArg, p.NumUsedRegisters)
	number(len(p.Code))
	for _, inst := range p.Code {
		b = binary.LittleEndian.AppendUint32(b, inst)
	}
	line := 0
	for _, l := range p.DbgSourcePositions {
		b = binary.AppendVarint(b, int64(l-line))
		line = l
	}
	number(len(p.Constants))
	for _, c := range p.Constants {
		if n, ok := c.(glua.LNumber); ok {
			b = binary.LittleEndian.AppendUint64(append(b, constNumber), math.Float64bits(float64(n)))
			continue
		}
		b = appendText(append(b, constString), string(c.(glua.LString))) // there are no others
	}
	number(len(p.FunctionPrototypes))
	for _, f := range p.FunctionPrototypes {
		b = appendFunction(b, f)
	}
	number(len(p.DbgUpvalues))
	for _, name := range p.DbgUpvalues {
		b = appendText(b, name)
	}
	number(len(p.DbgLocals))
	for _, l := range p.DbgLocals {
		b = appendText(b, l.Name)
		number(max(0, l.StartPc))
		number(max(0, l.EndPc))
	}
	number(len(p.DbgCalls))
	for _, c := range p.DbgCalls {
		b = appendText(b, c.Name)
		number(c.Pc)
	}
	return b
}

// reader takes bytecode apart; after the first error all it gives is empty.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail(text string) {
	if r.err == nil {
		r.err = errors.New(text)
	}
	r.data = nil
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.fail("it ends too early")
		return make([]byte, 8) // enough for the callers that want a fixed number
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) number() int {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > math.MaxInt32 {
		r.fail("a number in it is too large, or cut")
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) change() int {
	v, n := binary.Varint(r.data)
	if n <= 0 || v > math.MaxInt32 || v < math.MinInt32 {
		r.fail("a number in it is too large, or cut")
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

// count reads how many things follow, each of which takes at least size bytes.
func (r *reader) count(size int) int {
	n := r.number()
	if n > len(r.data)/size {
		r.fail("it ends too early")
		return 0
	}
	return n
}

func (r *reader) text() string {
	n := r.count(1)
	return strings.Clone(string(r.bytes(n)[:n]))
}

func (r *reader) function(name string, depth int) *glua.FunctionProto {
	p := &glua.FunctionProto{SourceName: name, LineDefined: r.number(), LastLineDefined: r.number()}
	if depth > maxInner {
		r.fail("its functions are too deep inside one another")
		return p
	}
	head := r.bytes(3)
	p.NumParameters, p.IsVarArg, p.NumUsedRegisters = head[0], head[1], head[2]
	p.Code = make([]uint32, r.count(5)) // a line each, too
	for i := range p.Code {
		p.Code[i] = binary.LittleEndian.Uint32(r.bytes(4))
	}
	p.DbgSourcePositions = make([]int, len(p.Code))
	line := 0
	for i := range p.DbgSourcePositions {
		if line += r.change(); line < 0 || line > math.MaxInt32 {
			r.fail("its table of lines is wrong")
			return p
		}
		p.DbgSourcePositions[i] = line
	}
	p.Constants = make([]glua.LValue, r.count(2))
	texts := make([]string, len(p.Constants))
	for i := range p.Constants {
		switch kind := r.bytes(1)[0]; kind {
		case constNumber:
			p.Constants[i] = glua.LNumber(math.Float64frombits(binary.LittleEndian.Uint64(r.bytes(8))))
		case constString:
			texts[i] = r.text()
			p.Constants[i] = glua.LString(texts[i])
		default:
			r.fail("a constant in it has no type")
			return p
		}
	}
	setStringConstants(p, texts)
	p.FunctionPrototypes = make([]*glua.FunctionProto, r.count(10))
	for i := range p.FunctionPrototypes {
		if p.FunctionPrototypes[i] = r.function(name, depth+1); r.err != nil {
			return p
		}
	}
	p.DbgUpvalues = make([]string, r.count(1))
	for i := range p.DbgUpvalues {
		p.DbgUpvalues[i] = r.text()
	}
	if len(p.DbgUpvalues) > math.MaxUint8 {
		r.fail("a function takes too many variables from outside")
		return p
	}
	p.NumUpvalues = uint8(len(p.DbgUpvalues))
	p.DbgLocals = make([]*glua.DbgLocalInfo, r.count(3))
	for i := range p.DbgLocals {
		p.DbgLocals[i] = &glua.DbgLocalInfo{Name: r.text(), StartPc: r.number(), EndPc: r.number()}
	}
	p.DbgCalls = make([]glua.DbgCall, r.count(2))
	for i := range p.DbgCalls {
		p.DbgCalls[i] = glua.DbgCall{Name: r.text(), Pc: r.number()}
	}
	return p
}
