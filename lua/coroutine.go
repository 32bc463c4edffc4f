package lua

import (
	"time"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// coro is a coroutine as Lua sees it: the thread that coroutine.create gave.
// While it is suspended it keeps its stack of threads.
type coro struct {
	*VM
	self   *state // its identity in Lua
	th     *state // the thread to go on with, which may be that of a pcall in it
	fn     *glua.LFunction
	tail   bool
	want   int
	saved  []frame
	status string
}

func (c *coro) Done() <-chan struct{}       { return c.VM.Done() }
func (c *coro) Deadline() (time.Time, bool) { return time.Time{}, false }

func (vm *VM) newCoro(L *state, fn *glua.LFunction) *coro {
	co := &coro{VM: vm, fn: fn, status: "suspended", want: -1}
	co.self = vm.thread(L.Env)
	co.th = co.self
	co.self.SetContext(co)
	return co
}

func coroOf(L *state, n int) *coro {
	if th, ok := L.Get(n).(*state); ok {
		if co, ok := th.Context().(*coro); ok {
			return co
		}
	}
	raiseArg(L, n, "coroutine", "coroutine expected, got "+L.Get(n).Type().String())
	return nil
}

func stackArgs(L *state, from int) []glua.LValue {
	n := L.GetTop() - from + 1
	if n <= 0 {
		return nil
	}
	out := make([]glua.LValue, n)
	for i := range out {
		out[i] = L.Get(from + i)
	}
	return out
}

func pushAll(L *state, vs []glua.LValue) int {
	for _, v := range vs {
		L.Push(v)
	}
	return len(vs)
}

// openBase adds what belongs to the engine to the base functions.
func (e *Engine) openBase() {
	L := e.tmpl
	set := func(name string, f glua.LGFunction) { e.globals.RawSetString(name, L.NewFunction(f)) }
	set("pcall", luaPcall)
	set("xpcall", luaXpcall)
	set("require", luaRequire)
	chunk := mustParse(callerChunk, "return function(f, ...) return f(...) end")
	e.caller = chunk.FunctionPrototypes[0]
}

// callerChunk is the name of the one-line function that calls Go functions; it
// is kept out of messages.
const callerChunk = "(call)"

func mustParse(name, src string) *glua.FunctionProto {
	p, err := compileSource(name, src)
	if err != nil {
		panic(err)
	}
	return p
}

func luaPcall(L *state) int {
	L.CheckAny(1)
	vm := vmOf(L)
	nested, want := isNested(L)
	if nested {
		return directPcall(L, nil)
	}
	vm.rc.out.args = stackArgs(L, 1)
	return vm.leave(opPcall, want)
}

func luaXpcall(L *state) int {
	L.CheckAny(2)
	vm := vmOf(L)
	handler := L.Get(2)
	nested, want := isNested(L)
	if nested {
		return directPcall(L, handler)
	}
	args := append([]glua.LValue{L.Get(1)}, stackArgs(L, 3)...)
	vm.rc.out.args, vm.rc.out.handler = args, handler
	return vm.leave(opXpcall, want)
}

// directPcall is pcall where the thread cannot leave: it calls from Go.
func directPcall(L *state, handler glua.LValue) int {
	args := stackArgs(L, 2)
	if handler != nil {
		args = stackArgs(L, 3)
	}
	fn := L.Get(1)
	top := L.GetTop()
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	err := L.PCall(len(args), glua.MultRet, nil)
	if err == nil {
		n := L.GetTop() - top
		L.Insert(glua.LTrue, top+1)
		return n + 1
	}
	L.SetTop(top)
	var v glua.LValue = glua.LString(err.Error())
	if ae, ok := err.(*glua.ApiError); ok {
		v = ae.Object
	}
	if handler != nil {
		L.Push(handler)
		L.Push(v)
		L.Call(1, 1)
		v = L.Get(-1)
	}
	L.Push(glua.LFalse)
	L.Push(v)
	return 2
}

// luaRequire looks a module up in the global table: there is nothing to load.
func luaRequire(L *state) int {
	name := L.CheckString(1)
	if v := L.GetField(callerEnv(L), name); v != glua.LNil {
		L.Push(v)
		return 1
	}
	L.RaiseError("module '%s' not found", name)
	return 0
}

// callerEnv is the global table of the Lua function that called: that of a
// library inside its functions, whoever called them.
func callerEnv(L *state) *glua.LTable {
	if at, ok := L.GetStack(1); ok {
		if v, err := L.GetInfo("f", at, glua.LNil); err == nil {
			if fn, ok := v.(*glua.LFunction); ok && !fn.IsG {
				return fn.Env
			}
		}
	}
	return L.Env
}

// Coroutine is the coroutine library, with spawn.
var coroutineModule = Module{
	Name:   "coroutine",
	Doc:    "Coroutines of the process. All of them run on the process's own thread of control, one at a time.",
	Global: true,
	Class:  []Class{Deterministic},
	Funcs: []Func{
		{
			Sig: "create(f: function): thread",
			Doc: "Makes a coroutine that is started by resume.",
			raw: func(vm *VM, L *state) int {
				co := vm.newCoro(L, nil)
				co.fn = L.CheckFunction(1)
				L.Push(co.self)
				return 1
			},
			Try: `local co = coroutine.create(function(a) return a + 1 end); return coroutine.resume(co, 1)`, Gives: "true, 2",
		},
		{
			Sig: "resume(co: thread, ...: any): boolean, any",
			Doc: "Starts or continues a coroutine and returns true and what it yields or returns, or false and its error.",
			raw: func(vm *VM, L *state) int {
				co := coroOf(L, 1)
				if co.status != "suspended" || co.VM != vm {
					L.Push(glua.LFalse)
					L.Push(glua.LString("cannot resume " + co.unresumable() + " coroutine"))
					return 2
				}
				return vm.resumeCoro(L, co, opResume, 2)
			},
		},
		{
			Sig: "yield(...: any): any",
			Doc: "Suspends the running coroutine; its resume returns the values.",
			raw: func(vm *VM, L *state) int {
				nested, want := isNested(L)
				if nested {
					L.RaiseError("attempt to yield across a metamethod or callback")
				}
				vm.rc.out.args = stackArgs(L, 1)
				return vm.leave(opYield, want)
			},
		},
		{
			Sig: "wrap(f: function): function",
			Doc: "Makes a coroutine and returns a function that resumes it and raises its errors.",
			raw: func(vm *VM, L *state) int {
				co := vm.newCoro(L, L.CheckFunction(1))
				L.Push(L.NewFunction(func(L *state) int {
					vm := vmOf(L)
					if co.status != "suspended" || co.VM != vm {
						L.RaiseError("cannot resume %s coroutine", co.unresumable())
					}
					return vm.resumeCoro(L, co, opWrap, 1)
				}))
				return 1
			},
			Try: `local f = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end end); return f(), f()`, Gives: "1, 2",
		},
		{
			Sig: "status(co: thread): string",
			Doc: `Returns "running", "suspended", "normal" or "dead".`,
			raw: func(_ *VM, L *state) int {
				L.Push(glua.LString(coroOf(L, 1).status))
				return 1
			},
		},
		{
			Sig: "running(): thread?",
			Doc: "Returns the running coroutine, nil in main.",
			raw: func(vm *VM, L *state) int {
				if co := vm.cur.innerCoro(len(vm.cur.stack)); co != nil {
					L.Push(co.self)
				} else {
					L.Push(glua.LNil)
				}
				return 1
			},
		},
		{
			Sig: "spawn(f: function): thread",
			Doc: "Starts f as a coroutine that the process schedules itself: it runs when the running one waits or ends, and may wait for anything. An error in it that nobody catches ends the process.",
			raw: func(vm *VM, L *state) int {
				if vm.tasks++; vm.tasks > vm.coroutines() {
					vm.Kill(messages.Errorf(messages.Unavailable, "coroutine limit exceeded: %d coroutines run at the same time; raise limits.coroutines of %s if that is right", vm.tasks, vm.prog.ID))
				}
				co := vm.newCoro(L, nil)
				co.status = "running"
				t := vm.newTask()
				t.co, t.th = co, co.self
				t.fn, t.args = vm.callable(t.th, L.CheckFunction(1), nil)
				vm.ready.push(&t.w)
				L.Push(co.self)
				return 1
			},
		},
	},
}

func (c *coro) unresumable() string {
	if c.status == "dead" {
		return "dead"
	}
	return "running"
}

func (vm *VM) resumeCoro(L *state, co *coro, kind opKind, from int) int {
	args := stackArgs(L, from)
	nested, want := isNested(L)
	if nested {
		return vm.resumeDirect(L, co, kind, args)
	}
	vm.rc.out.args, vm.rc.out.co = args, co
	return vm.leave(kind, want)
}

// resumeDirect runs a coroutine from inside a nested call: a driver of its own
// runs it on this goroutine until it yields or ends, and parks where it waits.
func (vm *VM) resumeDirect(L *state, co *coro, kind opKind, args []glua.LValue) int {
	if len(vm.parked)+int(vm.depth) > maxNesting {
		L.RaiseError("stack overflow (too many nested coroutines)")
	}
	vm.depth++
	rc := vm.rc
	inner := vm.eng.bases.Get().(*runCtx)
	outer := vm.cur
	t := &task{}
	t.w.t = t
	t.th, t.fn, t.tail, t.stack = co.th, co.fn, co.tail, append(t.stack, co.saved...)
	t.args = args
	if co.fn == nil && !co.tail {
		t.args = pad(args, co.want)
	}
	// The bottom frame stands for this call: a yield that reaches it is ours.
	t.stack = append([]frame{{kind: opResume, co: co}}, t.stack...)
	co.fn, co.saved, co.status = nil, nil, "running"
	var out outcome
	for done := false; !done; {
		vm.cur, vm.rc = t, inner
		out = *vm.resume(inner, t)
		if inner.left {
			break
		}
		switch {
		case out.kind == opWait:
			vals, raised, ok := vm.parkTask(t)
			if !ok {
				inner.left = true
				done = true
				break
			}
			t.args = vals
			if !t.tail {
				t.args = pad(vals, out.want)
			}
			vm.raising = raised
		case out.kind == opQuit:
			done = true
		case out.kind == opNone && len(t.stack) == 1:
			co.status = "dead"
			done = true
		case out.kind == opNone:
			vm.unwind(t, &out)
		case out.kind == opYield && t.innermostResume() == 0:
			co.th, co.tail, co.want, co.status = t.th, t.tail, out.want, "suspended"
			co.saved = append([]frame(nil), t.stack[1:]...)
			out.ret = out.args
			done = true
		default:
			vm.push(t, &out)
		}
	}
	if inner.left {
		rc.left = true
		abandon(L)
	}
	vm.eng.put(inner)
	vm.depth--
	vm.cur, vm.rc, vm.running = outer, rc, L
	vm.setLimit(L)
	if out.kind == opQuit {
		vm.Kill(errGone)
		L.RaiseError("process has ended")
	}
	if out.err != nil {
		if kind == opWrap {
			raiseValue(L, out.err)
		}
		return pushAll(L, []glua.LValue{glua.LFalse, out.err})
	}
	if kind == opResume {
		L.Push(glua.LTrue)
		return 1 + pushAll(L, out.ret)
	}
	return pushAll(L, out.ret)
}

// innermostResume is the index of the frame a yield would return to.
func (t *task) innermostResume() int {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if t.stack[i].co != nil {
			return i
		}
	}
	return -1
}

// parkTask makes the goroutine wait for a task whose thread has already left
// the VM's loop with a wait.
func (vm *VM) parkTask(t *task) (vals []glua.LValue, raised glua.LValue, ok bool) {
	n := &nest{parking: vm.slot.NewParking()}
	n.w.t = t
	t.w.nest = n
	vm.parked = append(vm.parked, n)
	rc, slot := vm.rc, vm.slot
	if !slot.Park(n.parking) {
		return nil, nil, false
	}
	vm.slot, vm.rc, vm.cur = slot, rc, t
	vm.slice.begin(vm.instr, vm.eng.opt.Slice)
	raised, t.w.raise, t.w.nest = t.w.raise, nil, nil
	return n.vals, raised, true
}
