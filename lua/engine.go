package lua

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"weak"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/lua/syntax"
	"github.com/troupe-go/troupe/messages"
)

// state is a gopher-lua thread; modules never see one.
type state = glua.LState

// Options of an Engine. Zero values mean the defaults.
type Options struct {
	Modules   []Module
	Slice     int64 // VM instructions before a process gives way, default 10,000
	MaxFrames int   // nested calls of one Lua thread, default 16,000
	Stdlib    stdlib.Limits
	Syntax    syntax.Limits
}

// Engine is what all processes of a runtime share: the standard library, the
// modules and the worker-side states, all read-only once it is made. It is safe
// for use by several goroutines.
type Engine struct {
	opt      Options
	tmpl     *state
	pristine *state
	globals  *glua.LTable
	modules  map[string]*boundModule
	types    map[reflect.Type]*boundType
	note     *glua.LFunction     // what noteName stands for
	mail     glua.LValue         // metatable of *messages.Mail
	caller   *glua.FunctionProto // function(f, ...) return f(...) end
	bases    sync.Pool
	threads  sync.Pool
	memory   atomic.Int64  // what a process may hold by default
	round    atomic.Uint32 // counts Measure

	mu     sync.Mutex
	shared map[string]*glua.LTable // globals by the set of listed modules
	runs   []weak.Pointer[runCtx]  // where processes run
}

type boundModule struct {
	Module
	value   glua.LValue
	sandbox glua.LValue // what of it sandboxed programs see; nil where Sandbox does not say
}

// registerCap is how many values one Lua thread may hold, about 4 MB.
const registerCap = 1 << 18

// NewEngine builds the shared world. It fails if a module's declaration is wrong.
func NewEngine(opt Options) (*Engine, error) {
	if opt.Slice == 0 {
		opt.Slice = 10_000
	}
	if opt.MaxFrames == 0 {
		opt.MaxFrames = 16_000
	}
	opt.Modules = slices.Concat(builtins, opt.Modules)
	L := glua.NewState(glua.Options{SkipOpenLibs: true, RegistrySize: 1024, CallStackSize: 64})
	e := &Engine{opt: opt, tmpl: L, modules: map[string]*boundModule{}, types: map[reflect.Type]*boundType{}, shared: map[string]*glua.LTable{}}
	e.globals = stdlib.Open(L, opt.Stdlib, stdlib.Hooks{Text: e.textOf, Step: step, Account: account, Random: chance})
	e.note = L.NewFunction(note)
	e.openBase()
	for _, m := range opt.Modules {
		for _, t := range m.Types {
			if err := e.bindType(m, t); err != nil {
				return nil, err
			}
		}
	}
	e.mail = glua.LNil
	if b := e.types[reflect.TypeFor[*messages.Mail]()]; b != nil {
		e.mail = b.meta
	}
	for _, m := range opt.Modules {
		if e.modules[m.Name] != nil {
			return nil, fmt.Errorf("module %s is declared twice", m.Name)
		}
		b, err := e.bindModule(m)
		if err != nil {
			return nil, err
		}
		e.modules[m.Name] = b
		if m.Sandbox != nil {
			b.sandbox = b.reduced(L)
		}
		if m.Global {
			e.globals.RawSetString(m.Name, b.value)
		}
		if t, ok := b.value.(*glua.LTable); ok {
			for _, f := range m.Funcs {
				if f.Global {
					name, _, _ := strings.Cut(f.Sig, "(")
					e.globals.RawSetString(name, stdlib.Contents(t).RawGetString(name))
				}
			}
		}
	}
	L.Options = glua.Options{SkipOpenLibs: true, RegistrySize: leanRegisters, RegistryMaxSize: registerCap, RegistryGrowStep: leanStep, CallStackSize: leanSegments * framesPerSegment, MinimizeStackMemory: true}
	e.pristine, _ = L.NewThread()
	e.pristine.SetContext(&VM{}) // from here on threads run the loop that looks at their context
	e.bases.New = func() any {
		base, _ := L.NewThread()
		g := *L.G // Resume writes the running thread into it
		g.MainThread, g.CurrentThread = base, base
		base.G = &g
		rc := &runCtx{base: base}
		e.track(rc)
		return rc
	}
	return e, nil
}

// Modules lists the modules by name.
func (e *Engine) Modules() []Module {
	return slices.SortedFunc(slices.Values(e.opt.Modules), func(a, b Module) int { return strings.Compare(a.Name, b.Name) })
}

// HasModule reports whether there is a module of that name, and whether it is
// there without being listed.
func (e *Engine) HasModule(name string) (known, global bool) {
	if m := e.modules[name]; m != nil {
		return true, m.Global
	}
	v := e.globals.RawGetString(name)
	return v != glua.LNil, v != glua.LNil
}

// Unit is Lua source with all it may use.
type Unit struct {
	ID       string // entry id, the name of the chunk
	Source   string
	Bytecode []byte // of CompileBytecode, in place of Source; nil if there is none
	Method   string // the function to run; "" for libraries, and for the chunk itself
	Modules  []string
	Imports  []Import
	Limits   Limits
	Sandbox  *Sandbox // nil for code of the application
}

// Limits bound one process. A field that is 0 means the default.
type Limits struct {
	Memory       int64 // bytes it may hold, as Engine.SetMemory has it
	Instructions int64 // VM instructions of a process, or of a call of a function; no limit by default
	Mailbox      int   // messages that may wait, no limit by default
	Operations   int   // timers, subscriptions and calls under way, 100,000 by default
	Coroutines   int   // of coroutine.spawn, 100,000 by default

	MailboxBytes int    // what the messages that wait may hold, no limit by default
	MailboxFull  string // DropNewest, DropOldest, or "" to end the process

	Trace int // messages that the host keeps for the report of a crash
}

// defaultOperations bounds what can wake a process at the same time.
const defaultOperations = 100_000

// Import binds the value of a library, or a module, or plain data to a name.
type Import struct {
	Alias   string
	Library *Program // nil for a module or data
	Module  string   // "" for data
	Value   messages.Value
}

// Program is a compiled Unit. It is immutable and shared by all its processes.
type Program struct {
	Unit
	proto   *glua.FunctionProto
	globals *glua.LTable
	meta    *glua.LTable // of an environment of its own
	ownEnv  bool
	libs    []*Program // all libraries below it, each after those it imports
}

// Compile checks and compiles a unit. The error names the entry, line and
// column.
func (e *Engine) Compile(u Unit) (*Program, error) {
	var proto *glua.FunctionProto
	var err error
	if u.Bytecode != nil {
		proto, err = loadBytecode(u.ID, u.Bytecode)
	} else {
		proto, err = compileUnit(u, e.opt.Syntax)
	}
	if err != nil {
		return nil, err
	}
	e.bindNote(proto)
	p := &Program{Unit: u, proto: proto}
	names := map[string]bool{}
	if err := e.collect(p, names); err != nil {
		return nil, err
	}
	if u.Sandbox != nil {
		p.globals = e.sandboxGlobals(names, u.Sandbox)
	} else {
		p.globals = e.sharedGlobals(names)
	}
	p.ownEnv = len(p.libs) > 0 || len(u.Imports) > 0 || needsEnv(proto)
	p.meta = e.tmpl.CreateTable(0, 2)
	p.meta.RawSetString("__index", p.globals)
	p.meta.RawSetString("__metatable", glua.LFalse)
	return p, nil
}

// compileUnit compiles the source of a unit.
func compileUnit(u Unit, limits syntax.Limits) (*glua.FunctionProto, error) {
	plain, err := syntax.EraseLimits(u.ID, u.Source, limits)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "%s", err)
	}
	chunk, err := parse.Parse(strings.NewReader(plain), u.ID)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "%s", parseError(u.ID, err))
	}
	chunk = rewrite(chunk)
	returnMethod(chunk, u.Method)
	proto, err := compile(chunk, u.ID)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "%s", err)
	}
	return proto, nil
}

// collect gathers the libraries and modules of p and of all it imports.
func (e *Engine) collect(p *Program, names map[string]bool) error {
	need := func(owner, name string) error {
		if known, _ := e.HasModule(name); !known {
			return messages.Errorf(messages.NotFound, "%s: there is no module %q", owner, name)
		}
		if m := e.modules[name]; m != nil && !m.Global {
			names[name] = true
		}
		return nil
	}
	visit := func(q *Program) error {
		if p.Sandbox != nil && q != p {
			return nil // its modules are its own
		}
		for _, name := range q.Modules {
			if err := need(q.ID, name); err != nil {
				return err
			}
		}
		for _, im := range q.Imports {
			if im.Module != "" {
				if err := need(q.ID, im.Module); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := visit(p); err != nil {
		return err
	}
	for _, im := range p.Imports {
		if im.Library == nil {
			continue
		}
		for _, lib := range append(slices.Clone(im.Library.libs), im.Library) {
			if !slices.Contains(p.libs, lib) {
				p.libs = append(p.libs, lib)
				if err := visit(lib); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sharedGlobals returns the read-only globals of programs with these modules.
func (e *Engine) sharedGlobals(names map[string]bool) *glua.LTable {
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	key := strings.Join(list, " ")
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.shared[key]; t != nil {
		return t
	}
	t := e.tmpl.CreateTable(0, 64)
	e.globals.ForEach(func(k, v glua.LValue) { t.RawSet(k, v) })
	for _, n := range list {
		t.RawSetString(n, e.modules[n].value)
	}
	e.shared[key] = t
	return t
}

// needsEnv reports whether a program could change its global table: then each
// of its states gets one of its own.
func needsEnv(p *glua.FunctionProto) bool {
	for _, c := range p.Constants {
		if c == glua.LString("_G") {
			return true
		}
	}
	for _, i := range p.Code {
		if int(i>>26) == glua.OP_SETGLOBAL {
			return true
		}
	}
	return slices.ContainsFunc(p.FunctionPrototypes, needsEnv)
}

func compile(chunk []ast.Stmt, name string) (p *glua.FunctionProto, err error) {
	defer func() { // the compiler panics on programs it cannot express
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", name, r)
		}
	}()
	if p, err = glua.Compile(chunk, name); err == nil {
		// The chunk has no name for the table "arg" that gopher-lua would make of its
		// arguments at each start.
		p.IsVarArg &^= glua.VarArgNeedsArg
	}
	return p, err
}

// parseError brings gopher-lua's message into the form chunk:line:column.
func parseError(chunk string, err error) string {
	if pe, ok := err.(*parse.Error); ok {
		if pe.Pos.Line == parse.EOF {
			return fmt.Sprintf("%s: unexpected end of source: %s", chunk, pe.Message)
		}
		return fmt.Sprintf("%s:%d:%d: %s near %q", chunk, pe.Pos.Line, pe.Pos.Column, pe.Message, pe.Token)
	}
	return err.Error()
}

func compileSource(name, src string) (*glua.FunctionProto, error) {
	chunk, err := parse.Parse(strings.NewReader(src), name)
	if err != nil {
		return nil, err
	}
	return compile(chunk, name)
}
