package lua

import (
	"fmt"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// task is a coroutine that the process schedules: main, or one made by
// coroutine.spawn. Inside it stands a stack of gopher-lua threads, one for each
// pcall and resume under way, so that waiting works from any of them.
type task struct {
	w     waiter
	th    *state          // the innermost thread
	fn    *glua.LFunction // what th starts with; nil once it has started
	args  []glua.LValue   // what it goes on with
	buf   [2]glua.LValue  // where few args are
	tail  bool            // it left from a tail call of its last function: the results are its own
	stack []frame         // the threads below, innermost last
	co    *coro           // a spawned coroutine's object
	boot  *boot           // main only
}

// frame is a thread that waits for the one above it.
type frame struct {
	th      *state
	kind    opKind
	tail    bool
	want    int // results its caller wants, negative for all
	handler glua.LValue
	co      *coro
}

// maxNesting bounds pcalls and resumes inside one another.
const maxNesting = 190

// opKind is why a thread left the VM's loop.
type opKind uint8

const (
	opNone opKind = iota
	opWait
	opPcall
	opXpcall
	opResume
	opWrap
	opYield
	opQuit
	opHandled // a pcall whose function failed: the handler runs
)

// request is what a thread wants when it leaves.
type request struct {
	kind    opKind
	args    []glua.LValue
	handler glua.LValue
	co      *coro
	want    int
}

func (vm *VM) newTask() *task {
	t := &task{}
	t.w.t = t
	return t
}

// leave suspends the running thread with a request to the driver. It is the
// return value of a Go function that gopher-lua called from its own loop.
func (vm *VM) leave(kind opKind, want int) int {
	vm.rc.out.kind, vm.rc.out.want = kind, want
	return -1
}

// drive runs a task until it waits or ends.
func (vm *VM) drive(rc *runCtx, t *task) {
	for {
		out := vm.resume(rc, t)
		if rc.left {
			return
		}
		switch out.kind {
		case opWait:
			return
		case opQuit:
			vm.finish(&End{})
			return
		case opNone: // the innermost thread ended
			if vm.killed.Load() != nil {
				return
			}
			if !vm.unwind(t, out) {
				vm.taskEnded(t, out)
				return
			}
		default:
			vm.push(t, out)
		}
	}
}

// outcome is what came of resuming a thread.
type outcome struct {
	request
	ret []glua.LValue
	err glua.LValue // what was raised; nil if nothing
	bt  []messages.Frame
}

// clear forgets what came last. A thread that waits has left nothing.
func (o *outcome) clear() {
	if o.kind == opWait {
		o.kind = opNone
		return
	}
	*o = outcome{}
}

// resume lets the innermost thread of t go on until it leaves or ends. What it
// returns is valid until the next one.
func (vm *VM) resume(rc *runCtx, t *task) *outcome {
	th, fn, args := t.th, t.fn, t.args
	t.fn, t.args = nil, nil
	out := &rc.out
	out.clear()
	if t.tail { // it had already ended but for the results of its tail call
		t.tail = false
		vm.release(th)
		if v := vm.raising; v != nil {
			vm.raising = nil
			out.err = v
			return out
		}
		out.ret = args
		return out
	}
	th.G = rc.base.G
	borrowAllocator(th, rc.base)
	vm.running = th
	vm.setLimit(th)
	if vm.raising != nil {
		vm.limit.Store(0)
	}
	st, ret, err, bt := protectedResume(rc.base, th, fn, args)
	switch {
	case rc.left:
	case st == glua.ResumeError:
		*out = outcome{err: err, bt: bt}
	case out.kind == opNone:
		vm.release(th)
		out.ret = ret
	default:
		t.tail = st == glua.ResumeOK
	}
	return out
}

// protectedResume starts a thread with fn, or lets it go on where fn is nil. What
// was raised, and Go panics of gopher-lua, stay inside the process.
func protectedResume(base, th *state, fn *glua.LFunction, args []glua.LValue) (st glua.ResumeState, ret []glua.LValue, raised glua.LValue, bt []messages.Frame) {
	defer func() {
		if r := recover(); r != nil {
			st, ret, raised = glua.ResumeError, nil, whatRaised(r)
			bt = whereabouts(th)
			base.SetTop(0)
			base.G.CurrentThread = base
			th.Parent, th.Dead = nil, true
		}
	}()
	if fn == nil { // as Resume does, without a list of what the thread has left
		th.Parent, base.G.CurrentThread = base, th
		for _, v := range args {
			th.Push(v)
		}
		loop(th)
		if used, _ := frames(th); used > 0 {
			base.SetTop(0)
			return glua.ResumeYield, nil, nil, nil
		}
		for i := 2; i <= base.GetTop(); i++ { // after true
			ret = append(ret, base.Get(i))
		}
		if len(ret) == 0 {
			ret = append(ret, glua.LNil)
		}
		base.SetTop(0)
		return glua.ResumeOK, ret, nil, nil
	}
	st, err, ret := base.Resume(th, fn, args...)
	if err != nil {
		raised, bt = whatRaised(err), backtrace(th)
	}
	return st, ret, raised, bt
}

// whatRaised is the Lua value of an error of gopher-lua.
func whatRaised(r any) glua.LValue {
	var v glua.LValue = glua.LString(fmt.Sprint(r))
	if e, ok := r.(*glua.ApiError); ok {
		v = e.Object
	}
	s, ok := v.(glua.LString)
	switch {
	case !ok:
		return v
	case s == "lua callstack overflow" || s == "registry overflow":
		return glua.LString("stack overflow")
	}
	return glua.LString(strings.TrimPrefix(string(s), callerChunk+":1: ")) // no line of the program
}

// push carries out a request that changes the stack of threads.
func (vm *VM) push(t *task, out *outcome) {
	if out.kind == opYield {
		vm.yield(t, out)
		return
	}
	if len(t.stack) >= maxNesting {
		overflow := glua.LString("stack overflow (too many nested pcalls or coroutines)")
		if out.kind == opWrap {
			vm.throw(t, overflow)
			return
		}
		t.args = pad([]glua.LValue{glua.LFalse, overflow}, out.want)
		return
	}
	f := frame{th: t.th, kind: out.kind, tail: t.tail, want: out.want, handler: out.handler, co: out.co}
	t.stack = append(t.stack, f)
	t.tail = false
	switch out.kind {
	case opPcall, opXpcall:
		t.th = vm.thread(f.th.Env)
		t.fn, t.args = vm.callable(t.th, out.args[0], out.args[1:])
	case opResume, opWrap:
		co := out.co
		co.status = "running"
		if p := t.innerCoro(len(t.stack) - 1); p != nil {
			p.status = "normal"
		}
		t.stack = append(t.stack, co.saved...)
		co.saved = nil
		t.th, t.fn, t.tail = co.th, co.fn, co.tail
		t.args = out.args
		if co.fn == nil && !co.tail {
			t.args = pad(out.args, co.want)
		}
		co.fn = nil
	}
}

// innerCoro is the coroutine that stack[:n] runs in.
func (t *task) innerCoro(n int) *coro {
	for i := n - 1; i >= 0; i-- {
		if t.stack[i].co != nil {
			return t.stack[i].co
		}
	}
	return t.co
}

// throw raises v in the innermost thread of t when it goes on.
func (vm *VM) throw(t *task, v glua.LValue) {
	vm.raising = v
	t.args = nil
}

// yield gives values to the nearest resume; the pcalls in between stay with the
// coroutine.
func (vm *VM) yield(t *task, out *outcome) {
	i := len(t.stack) - 1
	for i >= 0 && t.stack[i].co == nil {
		i--
	}
	if i < 0 {
		vm.throw(t, glua.LString("attempt to yield from outside a coroutine"))
		return
	}
	f := t.stack[i]
	co := f.co
	co.th, co.tail, co.want, co.status = t.th, t.tail, out.want, "suspended"
	co.saved = append([]frame(nil), t.stack[i+1:]...)
	t.stack = t.stack[:i]
	vm.backTo(t, f, f.results(out.args))
}

// results puts true in front of what pcall and resume give, or false before
// what an error handler made of an error.
func (f *frame) results(vs []glua.LValue) []glua.LValue {
	if f.kind == opWrap {
		return vs
	}
	return append([]glua.LValue{glua.LBool(f.kind != opHandled)}, vs...)
}

// callable gives the function and arguments that call v on a thread of its own.
// gopher-lua cannot start a thread with a Go function, so those are called from
// a Lua function of one line.
func (vm *VM) callable(th *state, v glua.LValue, args []glua.LValue) (*glua.LFunction, []glua.LValue) {
	if fn, ok := v.(*glua.LFunction); ok && !fn.IsG {
		return fn, args
	}
	return th.NewFunctionFromProto(vm.eng.caller), append([]glua.LValue{v}, args...)
}

func (vm *VM) backTo(t *task, f frame, results []glua.LValue) {
	t.th, t.tail, t.fn = f.th, f.tail, nil
	t.args = results
	if !f.tail {
		t.args = pad(results, f.want)
	}
	if p := t.innerCoro(len(t.stack)); p != nil {
		p.status = "running"
	}
}

// unwind gives what a thread ended with to the one below. It reports false if
// there is none.
func (vm *VM) unwind(t *task, out *outcome) bool {
	n := len(t.stack) - 1
	if n < 0 {
		return false
	}
	f := t.stack[n]
	t.stack = t.stack[:n]
	if f.co != nil {
		f.co.status = "dead"
	}
	if out.err == nil {
		vm.backTo(t, f, f.results(out.ret))
		return true
	}
	switch {
	case f.kind == opWrap:
		vm.backTo(t, f, nil)
		vm.throw(t, out.err)
	case f.kind == opXpcall && f.handler != nil: // the handler runs where the function ran
		h := f.handler
		f.handler, f.kind = nil, opHandled
		t.stack = append(t.stack, f)
		t.th, t.tail = vm.thread(f.th.Env), false
		t.fn, t.args = vm.callable(t.th, h, []glua.LValue{out.err})
	default:
		vm.backTo(t, f, []glua.LValue{glua.LFalse, out.err})
	}
	return true
}

// taskEnded is what happens when the outermost function of a task returned or
// raised: main ends the process, an unhandled error of any coroutine too.
func (vm *VM) taskEnded(t *task, out *outcome) {
	if t.co != nil {
		t.co.status = "dead"
		vm.tasks--
	}
	if out.err != nil {
		vm.finish(&End{Err: vm.failure(out.err, out.bt)})
		return
	}
	if t.boot == nil {
		return
	}
	if !t.boot.next(t, out.ret) {
		return
	}
	vm.ready.push(&t.w)
}

// failure makes the error of a process of what its Lua raised.
func (vm *VM) failure(v glua.LValue, bt []messages.Frame) *messages.Error {
	if e, ok := errorOf(v); ok {
		if len(e.Stack) == 0 {
			c := *e
			c.Stack = bt
			return &c
		}
		return e
	}
	text := vm.eng.text(v)
	if v == glua.LNil {
		text = "nil"
	}
	return &messages.Error{Message: text, Stack: bt}
}

// thread returns a thread of this process, used or new.
func (vm *VM) thread(env *glua.LTable) *state {
	th, _ := vm.eng.threads.Get().(*state)
	if th == nil {
		th = newThread(vm.eng.pristine)
	}
	th.Dead = false
	th.SetContext(vm)
	th.Env = env
	return th
}

// release keeps a thread that ended well for the next user.
func (vm *VM) release(th *state) {
	if _, visible := th.Context().(*coro); visible || !th.Dead {
		return // Lua may still hold it; or it never ended
	}
	if clearRegisters(th) {
		th.Parent = nil
		th.SetContext(noVM)
		vm.eng.threads.Put(th)
	}
}

var noVM = &VM{}

// pad makes vs exactly want values long, unless all are wanted.
func pad(vs []glua.LValue, want int) []glua.LValue {
	if want < 0 {
		return vs
	}
	for len(vs) < want {
		vs = append(vs, glua.LNil)
	}
	return vs[:want]
}
