package lua

import (
	"math"
	"sync/atomic"
	"time"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// VM is one Lua process. Its methods are called by one goroutine at a time,
// except Kill, which may be called by any.
type VM struct {
	eng  *Engine
	prog *Program
	host Host
	slot Slot
	env  *glua.LTable
	main *glua.LFunction // the entry's function, once its chunk ran

	// The VM is the context of its threads: gopher-lua calls Done before every
	// instruction, which makes it the place to count, preempt and kill.
	instr   int64
	slice   slice
	budget  int64 // instructions it may execute in all
	limit   atomic.Int64
	killed  atomic.Pointer[messages.Error]
	running *state      // the thread that executes
	raising glua.LValue // raised at its next instruction
	size    atomic.Int64
	grown   int64 // large allocations since then

	first  task // runs main
	boot   boot
	runs   uint32 // how often main was started
	opGen  uint32
	cur    *task
	ready  queue[*waiter]
	parked []*nest // goroutines that wait inside nested calls
	rc     *runCtx

	ops      []op
	depth    int16  // drivers inside nested calls
	dropping bool   // mail was dropped
	tasks    int32  // coroutines of coroutine.spawn
	open     int32  // operations and subscriptions that can still wake a thread
	round    uint32 // of Measure when it was last weighed
	free     []uint32

	mailbox mailbox
	onEnd   []*func() // what the run must give back
	upgrade *Upgrade  // it wants to go on with other code
	end     *End
}

// End is how a process ended.
type End struct {
	messages.FunctionResult                 // what main returned
	Err                     *messages.Error // why it failed
	Upgrade                 *Upgrade        // it wants to go on with other code

	one [1]messages.Value // of FunctionResult, mostly
}

// Upgrade is the request to restart main with new code.
type Upgrade struct {
	ID   string // "" for the same entry
	Args []messages.Value
}

// runCtx belongs to one goroutine inside Run.
type runCtx struct {
	base  *state
	left  bool               // the goroutine gave its place away
	vm    atomic.Pointer[VM] // what it runs, or ran last
	out   outcome            // of the thread that was resumed last
	call  Call               // of the function at work
	names [8]glua.LValue     // texts that were boxed last
}

// put keeps rc for the next Run.
func (e *Engine) put(rc *runCtx) {
	rc.out.clear()
	e.bases.Put(rc)
}

// NewVM makes a process that has not started.
func (e *Engine) NewVM(p *Program, host Host) *VM {
	vm := &VM{eng: e, prog: p, host: host, round: e.round.Load()}
	vm.limit.Store(1 << 62)
	return vm
}

// Start runs the entry's chunk, unless this VM has done so before, and then its
// function with args. The work is done by the next Run.
func (vm *VM) Start(args []messages.Value) {
	vm.end = nil
	vm.budget = math.MaxInt64
	if n := vm.prog.steps(); n > 0 {
		vm.budget = vm.instr + n
	}
	vm.runs++
	t := &vm.first
	*t = task{boot: &vm.boot}
	t.w.t = t
	vm.boot = boot{vm: vm, args: args}
	if vm.boot.next(t, nil) {
		vm.ready.push(&t.w)
	}
}

// Runnable reports whether Run has something to do.
func (vm *VM) Runnable() bool {
	return vm.end == nil && (vm.ready.len() > 0 || vm.killed.Load() != nil)
}

// Ended returns how the process ended, or nil while it runs.
func (vm *VM) Ended() *End { return vm.end }

// Instructions is how many VM instructions the process has executed.
func (vm *VM) Instructions() int64 { return vm.instr }

// Kill ends the process at its next instruction, whatever it does. The next Run
// finds it ended with that reason.
func (vm *VM) Kill(reason *messages.Error) {
	vm.killed.CompareAndSwap(nil, reason)
	vm.limit.Store(0)
}

// Killed reports whether the process was ended from outside, or by a limit.
func (vm *VM) Killed() bool { return vm.killed.Load() != nil }

// Run drives every thread that can go on until all wait or the process has
// ended. It reports false when the goroutine gave its place to another one and
// must leave without touching the VM.
func (vm *VM) Run(slot Slot) bool {
	if vm.end != nil {
		return true
	}
	rc := vm.eng.bases.Get().(*runCtx)
	vm.slot, vm.rc = slot, rc
	rc.vm.Store(vm)
	vm.slice.begin(vm.instr, vm.eng.opt.Slice)
	for vm.end == nil {
		if err := vm.killed.Load(); err != nil {
			vm.finish(&End{Err: err})
			break
		}
		w, ok := vm.ready.pop()
		if !ok {
			if vm.open == 0 {
				vm.finish(&End{Err: messages.Errorf(messages.Internal, "all coroutines blocked with no pending operations")})
			}
			break
		}
		if n := w.nest; n != nil {
			vm.drop(n)
			vm.eng.put(rc)
			slot.Unpark(n.parking)
			return false
		}
		vm.cur = w.t
		vm.raising, w.raise = w.raise, nil
		vm.drive(rc, w.t)
		if rc.left {
			return false
		}
	}
	vm.running, vm.cur, vm.rc = nil, nil, nil
	vm.eng.put(rc)
	return true
}

// finish ends the process: every other coroutine ends with it.
func (vm *VM) finish(end *End) {
	vm.end = end
	if vm.upgrade != nil {
		vm.end = &End{Upgrade: vm.upgrade}
	}
	vm.reset()
}

// reset lets go of everything a run has made: coroutines, operations, timers,
// parked goroutines. What the process keeps over an upgrade (mailbox) stays.
func (vm *VM) reset() {
	for _, n := range vm.parked {
		vm.slot.Abandon(n.parking)
	}
	vm.parked = nil
	for i := range vm.ops {
		if o := &vm.ops[i]; o.stop != nil {
			o.stop()
		}
	}
	for i := len(vm.onEnd) - 1; i >= 0; i-- {
		(*vm.onEnd[i])()
	}
	vm.onEnd = nil
	vm.ops, vm.free, vm.open = nil, nil, 0
	vm.ready.reset()
	vm.cur, vm.running = nil, nil
	vm.first, vm.boot = task{}, boot{}
	vm.runs++
	vm.raising = nil
	vm.upgrade, vm.tasks = nil, 0
}

// Recycle makes a VM whose call has ended ready for the next one: its globals
// and the values of its modules stay, the mailbox is emptied. It reports false
// if it was killed and must not be used again.
func (vm *VM) Recycle() bool {
	if vm.killed.Load() != nil {
		return false
	}
	mb := &vm.mailbox
	for _, ch := range []*Channel{mb.inbox, mb.events} {
		if ch != nil {
			ch.live = false
			ch.Close()
		}
	}
	for _, ch := range mb.listeners {
		ch.live = false
		ch.Close()
	}
	*mb = mailbox{}
	vm.end = nil
	return true
}

// Upgrade gives an ended VM new code; the mail that waits stays, for whatever the
// new code listens to.
func (vm *VM) Upgrade(p *Program) {
	vm.mailbox.rewind()
	vm.prog, vm.main, vm.env, vm.end = p, nil, nil, nil
	vm.killed.Store(nil)
}

// Close lets go of the VM. It may be called in any state, once.
func (vm *VM) Close() {
	if vm.end == nil {
		vm.end = &End{Err: messages.Errorf(messages.Canceled, "process was stopped")}
		vm.reset()
	}
	vm.main, vm.env = nil, nil
	vm.mailbox, vm.ready = mailbox{}, queue[*waiter]{}
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Done implements context.Context. It is called before every instruction.
func (vm *VM) Done() <-chan struct{} {
	vm.instr++
	if vm.instr < vm.limit.Load() {
		return nil
	}
	return vm.slow()
}

func (vm *VM) slow() <-chan struct{} {
	if vm.instr >= vm.budget {
		vm.Kill(vm.prog.spent())
	}
	if vm.killed.Load() != nil {
		return closedChan
	}
	th := vm.running
	if round := vm.eng.round.Load(); vm.round != round {
		vm.round = round
		if vm.weigh(); vm.killed.Load() != nil {
			return closedChan
		}
	}
	if v := vm.raising; v != nil {
		vm.raising = nil
		vm.setLimit(th)
		raiseValue(th, v)
	}
	if used, room := frames(th); room-used < 24 && room < vm.eng.opt.MaxFrames {
		growFrames(th)
	}
	if vm.slice.over(vm.instr) {
		cur, rc := vm.cur, vm.rc
		if h, ok := vm.host.(Observed); ok {
			h.Sliced()
		}
		vm.slot.Preempt()
		vm.cur, vm.rc, vm.running = cur, rc, th
		vm.slice.again(vm.instr, vm.eng.opt.Slice)
	}
	vm.setLimit(th)
	return nil
}

// setLimit says when Done has to look up next: at the end of the slice or of the
// budget, when the clock is due, or before the thread could run out of call
// frames. An instruction pushes at most two.
func (vm *VM) setLimit(th *state) {
	limit := min(vm.slice.end, vm.slice.look, vm.budget)
	if used, room := frames(th); room < vm.eng.opt.MaxFrames {
		limit = min(limit, vm.instr+int64(max(1, (room-used)/3)))
	}
	vm.limit.Store(limit)
	if vm.killed.Load() != nil || vm.round != vm.eng.round.Load() {
		vm.limit.Store(0)
	}
}

// Err implements context.Context: the text raised once Done is closed.
func (vm *VM) Err() error {
	if err := vm.killed.Load(); err != nil {
		return err
	}
	return messages.Errorf(messages.Canceled, "process was stopped")
}

// Deadline implements context.Context; there is none.
func (vm *VM) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context; there are none.
func (vm *VM) Value(any) any { return nil }

// step counts work done by Go code of the standard library as instructions.
func step(L *state, n int) error {
	vm := vmOf(L)
	vm.instr += int64(n / 8)
	if vm.instr >= vm.limit.Load() {
		if vm.slow() != nil {
			return vm.Err()
		}
	}
	return nil
}

// vmOf finds the process a thread belongs to.
func vmOf(L *state) *VM {
	switch c := L.Context().(type) {
	case *VM:
		return c
	case *coro:
		return c.VM
	}
	panic("lua: a thread without a process")
}
