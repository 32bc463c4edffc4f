package lua

import (
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// boot is the way of main: the chunks of the libraries, the chunk of the entry,
// then its function with the arguments. Each may wait, so each is a step.
type boot struct {
	vm   *VM
	args []messages.Value
	step int
	vals map[*Program]glua.LValue // what the libraries returned
}

// next prepares the step after the one that gave ret. It reports false at the
// end, when it has finished the process.
func (b *boot) next(t *task, ret []glua.LValue) bool {
	vm := b.vm
	libs := vm.prog.libs
	if vm.main != nil && b.step == 0 {
		b.step = len(libs) + 2
		return b.run(t, vm.main, b.values(t)...)
	}
	if vm.env == nil {
		vm.env = vm.newEnv()
	}
	if b.step > 0 && b.step <= len(libs) {
		b.vals[libs[b.step-1]] = first(ret)
	}
	b.step++
	switch n := len(libs); {
	case b.step <= n:
		if b.vals == nil {
			b.vals = make(map[*Program]glua.LValue, n)
		}
		lib := libs[b.step-1]
		return b.chunk(t, lib, b.libEnv(lib), nil)
	case b.step == n+1:
		b.bind(vm.prog, vm.env)
		var args []glua.LValue
		if vm.prog.Method == "" { // the chunk is all there is to run
			b.step++
			args = b.values(t)
		}
		return b.chunk(t, vm.prog, vm.env, args)
	case b.step == n+2:
		fn := b.method(first(ret))
		if fn == nil {
			vm.finish(&End{Err: messages.Errorf(messages.NotFound, "method not found: %s does not return a function or a table with %q%s", vm.prog.ID, vm.prog.Method, functionsOf(first(ret)))})
			return false
		}
		vm.main = fn
		return b.run(t, fn, b.values(t)...)
	}
	b.done(ret)
	return false
}

func first(ret []glua.LValue) glua.LValue {
	if len(ret) == 0 {
		return glua.LNil
	}
	return ret[0]
}

func (b *boot) run(t *task, fn *glua.LFunction, args ...glua.LValue) bool {
	t.th = b.vm.thread(b.vm.env)
	t.fn, t.args = b.vm.callable(t.th, fn, args)
	t.tail = false
	return true
}

func (b *boot) chunk(t *task, p *Program, env *glua.LTable, args []glua.LValue) bool {
	t.th = b.vm.thread(env)
	t.fn, t.args, t.tail = t.th.NewFunctionFromProto(p.proto), args, false
	return true
}

func (b *boot) values(t *task) []glua.LValue {
	out := t.buf[:0]
	for _, a := range b.args {
		out = append(out, b.vm.eng.toLua(a))
	}
	b.args = nil
	return out
}

// method finds the entry's function in what its chunk returned.
func (b *boot) method(v glua.LValue) *glua.LFunction {
	if fn, ok := v.(*glua.LFunction); ok {
		return fn
	}
	if t, ok := v.(*glua.LTable); ok {
		fn, _ := t.RawGetString(b.vm.prog.Method).(*glua.LFunction)
		return fn
	}
	return nil
}

// functionsOf tells which functions a table has, for whoever has mistyped one.
func functionsOf(v glua.LValue) string {
	t, ok := v.(*glua.LTable)
	if !ok {
		return ""
	}
	var names []string
	t.ForEach(func(k, v glua.LValue) {
		if name, ok := k.(glua.LString); ok && v.Type() == glua.LTFunction {
			names = append(names, string(name))
		}
	})
	if len(names) == 0 {
		return "; the table has no functions"
	}
	slices.Sort(names)
	more := ""
	if len(names) > 5 {
		names, more = names[:5], ", …"
	}
	return "; it has " + strings.Join(names, ", ") + more
}

// done ends the process with what main returned: a second value that is text
// or an error makes it a failure.
func (b *boot) done(ret []glua.LValue) {
	vm := b.vm
	if len(ret) > 1 {
		if e, ok := errorOf(ret[1]); ok {
			vm.finish(&End{Err: e})
			return
		}
		if s, ok := ret[1].(glua.LString); ok {
			vm.finish(&End{Err: &messages.Error{Message: string(s)}})
			return
		}
	}
	end := &End{}
	end.Values = end.one[:0]
	for _, v := range ret {
		end.Values = append(end.Values, fromLua(v))
	}
	vm.finish(end)
}

// newEnv makes the global table of this state. A program that cannot change it
// runs on the shared one.
func (vm *VM) newEnv() *glua.LTable {
	if !vm.prog.ownEnv {
		return vm.prog.globals
	}
	env := vm.eng.tmpl.CreateTable(0, 4)
	env.Metatable = vm.prog.meta
	env.RawSetString("_G", env)
	return env
}

// bind puts the values of p's imports into env.
func (b *boot) bind(p *Program, env *glua.LTable) {
	for _, im := range p.Imports {
		switch m := b.vm.eng.modules[im.Module]; {
		case im.Library != nil:
			env.RawSetString(im.Alias, b.vals[im.Library])
		case m != nil:
			env.RawSetString(im.Alias, m.value)
		case im.Module == "":
			env.RawSetString(im.Alias, b.vm.eng.toLua(im.Value))
		}
	}
}

// libEnv is the global table of a library's chunk: that of the state, and in
// front of it the library's own imports; its modules too where the program must
// not see them.
func (b *boot) libEnv(lib *Program) *glua.LTable {
	sandboxed := b.vm.prog.Sandbox != nil
	if len(lib.Imports) == 0 && !sandboxed {
		return b.vm.env
	}
	tmpl := b.vm.eng.tmpl
	env := tmpl.CreateTable(0, len(lib.Imports))
	meta := tmpl.CreateTable(0, 3)
	meta.RawSetString("__index", b.vm.env)
	meta.RawSetString("__newindex", b.vm.env)
	meta.RawSetString("__metatable", glua.LFalse)
	env.Metatable = meta
	if sandboxed {
		for _, name := range lib.Modules {
			if m := b.vm.eng.modules[name]; m != nil {
				env.RawSetString(name, m.value)
			}
		}
	}
	b.bind(lib, env)
	return env
}
