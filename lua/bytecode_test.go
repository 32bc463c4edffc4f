package lua

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/syntax"
)

// The key names the version of gopher-lua that is in use.
func TestBytecodeKey(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(bytecodeKey, "gopher-lua "), "/")
	if !strings.Contains(string(mod), "github.com/yuin/gopher-lua "+version+"\n") {
		t.Errorf("%s is not the version of go.mod; check layout.go, verify.go and the key", version)
	}
}

// programs use every instruction that the compiler has.
var programs = []string{
	`local t = {1, 2, 3, x = 4, [5] = 6, ...} local a, b, c, d = select("#", ...), -t[1], not t.x, #t
	t.x, t[1], t[a + 1] = a + b * 2 - 3 / 4 % 5 ^ 2, "k" .. a .. d, nil
	return t.x, t[1], (c and a) or b, a == b, a < d, a <= d, "a" ~= "b"`,
	`local n = 0 for i = 1, 10, 3 do if i > 5 then break end n = n + i end
	while n < 20 do n = n + 1 if n == 15 then goto out end end ::out::
	repeat local k = n n = n - 1 until k < 5 return n`,
	`local fns = {} for i = 1, 3 do fns[i] = function() i = i + 1 return i, fns end end
	local function rec(k, ...) if k == 0 then return ... end return rec(k - 1, k, ...) end
	local x, y, z x, y = fns[1](), (fns[2]()) x, y, z = y, x, x return x, y, rec(4, fns[3]())`,
	`local o = {v = 1} function o:add(n, ...) self.v = self.v + n return self, ... end
	local m = setmetatable({}, {__index = function(_, k) return k .. k end, __add = function(a, b) return b end, __call = function(self, ...) return select("#", ...) end, __concat = function() return "cat" end, __lt = function() return true end, __len = function() return 7 end})
	return o:add(2):add(3).v, m.ab, m + 4, m(1, nil, o:add(1, 2)), m .. "x", m < m, #m, pcall(error, "an error")`,
	`g = 1 for k, v in pairs({a = g}) do g = g + v if k == "a" then g = k .. k .. g end end
	local ok, err = pcall(function() local u = nil return u.x end) return g, ok, err`,
	`local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return co(1), co(5), (function(...) return select("#", ...) end)(1, nil, 2)`,
}

// Programs compile to what they did when the key was chosen.
func TestBytecodeKeyFollowsTheCode(t *testing.T) {
	const want = "b3b0a5b1126ba5f6"
	sum := sha256.New()
	for _, source := range programs {
		sum.Write(unsigned(bytecodeOf(t, source)))
	}
	if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != want {
		t.Errorf("the same programs become other code: raise the number in bytecodeKey, run this again, and put its hash here: %s", got)
	}
}

func bytecodeOf(t testing.TB, source string) []byte {
	t.Helper()
	code, err := CompileBytecode("app:saved", source)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func newTestEngine(t testing.TB) *Engine {
	t.Helper()
	eng, err := NewEngine(Options{Modules: []Module{testModule}, Slice: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return eng
}

// A program does the same from bytecode, errors and their places included.
func TestBytecodeRuns(t *testing.T) {
	eng := newTestEngine(t)
	for _, body := range programs {
		source := "local function body(...)\n" + body + "\nend\nreturn { main = function() return test.show(body(1, 2)) end }"
		plain, err := eng.Compile(Unit{ID: "app:test", Source: source, Method: "main"})
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := eng.Compile(Unit{ID: "app:test", Bytecode: bytecodeOf(t, source), Method: "main"})
		if err != nil {
			t.Fatalf("%s\n%v", body, err)
		}
		want, got := drive(t, eng, plain), drive(t, eng, compiled)
		if want != got || strings.HasPrefix(want, "ERR") {
			t.Errorf("%s\ngave %s, from bytecode %s", body, want, got)
		}
	}
}

// Saving and loading changes nothing, and the verifier takes what the compiler
// makes, for all Lua there is here.
func TestBytecodeOfEverything(t *testing.T) {
	count := 0
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".lua" {
			return err
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		p, err := compileUnit(Unit{ID: name, Source: string(source)}, syntax.Limits{})
		if err != nil {
			return nil // a test of errors
		}
		code, err := CompileBytecode(name, string(source))
		if err != nil {
			t.Error(err)
			return nil
		}
		again, err := loadBytecode(name, code)
		if err != nil {
			t.Error(err)
			return nil
		}
		count++
		if _ = countRegisters(p); p.String() != again.String() {
			t.Errorf("%s: it is not the same", name)
		}
		return nil
	})
	if err != nil || count < 50 {
		t.Errorf("%d files, %v", count, err)
	}
}

// sign gives the body of bytecode its check sum.
func sign(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

func unsigned(code []byte) []byte { return code[:len(code)-sha256.Size] }

func head(key string) []byte {
	return append(binary.AppendUvarint([]byte(bytecodeMagic), uint64(len(key))), key...)
}

func TestBytecodeRefused(t *testing.T) {
	good := bytecodeOf(t, programs[0])
	for name, c := range map[string]struct {
		code []byte
		want string
	}{
		"empty":     {nil, "app:x: the bytecode is not of Troupe: bytecode of other engines cannot run; use the source form"},
		"other":     {[]byte("\x1bLua"), "is not of Troupe"},
		"older":     {sign(head("gopher-lua v1.0.0/1")), `was compiled for engine "gopher-lua v1.0.0/1", and this one is "` + bytecodeKey + `"; pack the application again`},
		"check sum": {append(unsigned(good), make([]byte, sha256.Size)...), "is damaged: its check sum is wrong; pack the application again"},
		"more":      {sign(append(bytes.Clone(unsigned(good)), 0)), "is damaged: there is more after its end"},
		"upvalue":   {sign(appendFunction(head(bytecodeKey), &glua.FunctionProto{DbgUpvalues: []string{"x"}})), "its chunk takes variables from outside"},
		"no code":   {sign(appendFunction(head(bytecodeKey), &glua.FunctionProto{})), "it is not the code of a function"},
	} {
		if _, err := loadBytecode("app:x", c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	for i := range good {
		if _, err := loadBytecode("app:x", good[:i]); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
	body := unsigned(good)
	for i := range body {
		if _, err := loadBytecode("app:x", sign(body[:i])); err == nil {
			t.Errorf("cut at %d and signed: no error", i)
		}
	}
}

func word(op, a, b, c int) uint32 { return uint32(op<<26 | a<<18 | c<<9 | b) }
func wide(op, a, bx int) uint32   { return uint32(op<<26 | a<<18 | bx) }

// Forged code, each wrong in one way.
func TestVerifyRefuses(t *testing.T) {
	ret := word(glua.OP_RETURN, 0, 1, 0)
	inner := &glua.FunctionProto{NumUpvalues: 1, DbgUpvalues: []string{"u"}}
	for name, code := range map[string][]uint32{
		"no such instruction (unknown)":                   {word(42, 0, 0, 0), ret},
		"no such instruction (of the iterator)":           {word(glua.OP_TFORLOOP, 0, 0, 1), ret, ret},
		"no such register":                                {word(glua.OP_MOVE, 4, 0, 0), ret},
		"no such register (operand)":                      {word(glua.OP_ADD, 0, 1, 4), ret},
		"no such constant":                                {wide(glua.OP_LOADK, 0, 2), ret},
		"no such constant (a name that is a number)":      {wide(glua.OP_GETGLOBAL, 0, 1), ret},
		"no such constant (operand)":                      {word(glua.OP_EQ, 0, 0, constantBit|2), ret, ret},
		"no such variable of an outer":                    {word(glua.OP_GETUPVAL, 0, 0, 0), ret},
		"leads out (end)":                                 {word(glua.OP_MOVE, 0, 0, 0)},
		"leads out (jump)":                                {wide(glua.OP_JMP, 0, 0x1ffff+1), ret},
		"leads out (back)":                                {wide(glua.OP_JMP, 0, 0x1ffff-2), ret},
		"leads out (skip)":                                {word(glua.OP_TEST, 0, 0, 0), ret},
		"no such instruction (function)":                  {wide(glua.OP_CLOSURE, 0, 1), ret, ret},
		"no such instruction (variable)":                  {wide(glua.OP_CLOSURE, 0, 0), ret, ret},
		"leads out (variable)":                            {wide(glua.OP_CLOSURE, 0, 0), word(glua.OP_MOVE, 0, 0, 0)},
		"middle":                                          {wide(glua.OP_CLOSURE, 0, 0), word(glua.OP_MOVE, 0, 0, 0), wide(glua.OP_JMP, 0, 0x1ffff-2), ret},
		"no such constant (list)":                         {word(glua.OP_SETLIST, 0, 1, 0), 1 << 30, ret},
		"no such instruction (moves)":                     {word(glua.OP_MOVEN, 0, 0, 1), ret, ret},
		"values that are not there (arguments)":           {word(glua.OP_VARARG, 0, 2, 0), ret},
		"values that are not there (open return)":         {word(glua.OP_RETURN, 0, 0, 0)},
		"values that are not there (open call, not used)": {word(glua.OP_CALL, 0, 1, 0), word(glua.OP_MOVE, 0, 0, 0), ret},
		"values that are not there (above the results)":   {word(glua.OP_CALL, 0, 1, 1), word(glua.OP_MOVE, 0, 1, 0), ret},
		"a variable that is in use":                       {wide(glua.OP_CLOSURE, 0, 0), word(glua.OP_MOVE, 0, 2, 0), word(glua.OP_CALL, 0, 1, 1), ret},
	} {
		p := &glua.FunctionProto{NumUsedRegisters: 4, Code: code, DbgSourcePositions: make([]int, len(code)), Constants: []glua.LValue{glua.LString("s"), glua.LNumber(1)}, FunctionPrototypes: []*glua.FunctionProto{inner}}
		want, _, _ := strings.Cut(name, " (")
		if err := verify(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// mutate changes some instructions, anywhere in a function.
func mutate(p *glua.FunctionProto, rnd *rand.Rand, times int) {
	var all []*glua.FunctionProto
	var collect func(*glua.FunctionProto)
	collect = func(p *glua.FunctionProto) {
		all = append(all, p)
		for _, f := range p.FunctionPrototypes {
			collect(f)
		}
	}
	collect(p)
	for range times {
		f := all[rnd.IntN(len(all))]
		at := rnd.IntN(len(f.Code))
		w := decode(f.Code[at])
		switch rnd.IntN(7) {
		case 0:
			f.Code[at] = word(rnd.IntN(43), w.a, w.b, w.c)
		case 1:
			f.Code[at] = word(w.op, rnd.IntN(8), w.b, w.c)
		case 2:
			f.Code[at] = word(w.op, w.a, rnd.IntN(6), w.c)
		case 3:
			f.Code[at] = word(w.op, w.a, w.b, rnd.IntN(6))
		case 4:
			f.Code[at] = wide(w.op, w.a, 0x1ffff+rnd.IntN(9)-4)
		case 5:
			f.Code[at] = f.Code[rnd.IntN(len(f.Code))]
		case 6:
			f.NumUsedRegisters, f.IsVarArg = uint8(rnd.IntN(12)), uint8(rnd.IntN(9))
		}
	}
}

// What the verifier lets through can run: it may fail, but only as a program does.
func FuzzBytecode(f *testing.F) {
	for _, source := range programs {
		for _, whole := range []string{source, "return function(...) " + source + "\nend"} {
			for seed := range uint64(10) {
				f.Add(unsigned(bytecodeOf(f, whole)), seed)
			}
		}
	}
	eng := newTestEngine(f)
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		code := sign(body)
		if p, err := loadBytecode("app:x", code); err == nil && seed > 0 {
			mutate(p, rand.New(rand.NewPCG(seed, 1)), int(seed%5)+1)
			code = sign(appendFunction(head(bytecodeKey), p))
		}
		for _, method := range []string{"", "main"} {
			p, err := eng.Compile(Unit{ID: "app:x", Bytecode: code, Method: method, Limits: Limits{Instructions: 5000}})
			if err != nil {
				return
			}
			got := drive(t, eng, p)
			for _, bad := range []string{"nil pointer", "out of range", "makeslice", "interface conversion: interface is nil"} {
				if strings.Contains(got, bad) {
					t.Fatal(fmt.Sprint(got, "\n", p.proto.String()))
				}
			}
		}
	})
}
