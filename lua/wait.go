package lua

import (
	"math"
	"sync"
	"time"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// waiter is what is woken: a task, or a goroutine parked inside a nested call
// of one. A task has one waiter of its own, as it waits for one thing at a time.
type waiter struct {
	t     *task
	nest  *nest
	want  int
	raise glua.LValue // raised in place of giving results
}

// nest is a goroutine that waits inside a nested call.
type nest struct {
	w       waiter
	parking any
	vals    []glua.LValue
}

// waitOn suspends the running thread until the waiter it is given is woken.
// begin registers the waiter. Where the thread can leave the VM's loop it does;
// inside a nested call the goroutine waits.
func (vm *VM) waitOn(L *state, begin func(w *waiter)) int {
	nested, want := isNested(L)
	if nested {
		vals := vm.park(L, begin)
		for _, v := range vals {
			L.Push(v)
		}
		return len(vals)
	}
	w := &vm.cur.w
	w.want = want
	begin(w)
	return vm.leave(opWait, want)
}

// park lets this goroutine wait for a waiter of its own. It raises when the
// process ends meanwhile.
func (vm *VM) park(L *state, begin func(w *waiter)) []glua.LValue {
	n := &nest{parking: vm.slot.NewParking()}
	n.w.t, n.w.nest, n.w.want = vm.cur, n, -1
	begin(&n.w)
	vm.parked = append(vm.parked, n)
	cur, rc, slot := vm.cur, vm.rc, vm.slot
	if !slot.Park(n.parking) {
		// The process is over and this goroutine owns nothing of it any more.
		rc.left = true
		abandon(L)
	}
	vm.cur, vm.rc, vm.slot, vm.running = cur, rc, slot, L
	vm.slice.begin(vm.instr, vm.eng.opt.Slice)
	vm.setLimit(L)
	if v := n.w.raise; v != nil {
		raiseValue(L, v)
	}
	return n.vals
}

// drop forgets a parked goroutine that goes on.
func (vm *VM) drop(n *nest) {
	for i, p := range vm.parked {
		if p == n {
			vm.parked = append(vm.parked[:i], vm.parked[i+1:]...)
			return
		}
	}
}

// abandon unwinds a goroutine whose process has ended: whatever Lua tries to
// catch it, the next instruction raises again.
func abandon(L *state) {
	L.SetContext(gone{})
	raiseValue(L, glua.LString("process has ended"))
}

// gone is the context of threads that must not run any more.
type gone struct{}

func (gone) Deadline() (time.Time, bool) { return time.Time{}, false }
func (gone) Done() <-chan struct{}       { return closedChan }
func (gone) Err() error                  { return errGone }
func (gone) Value(any) any               { return nil }

var errGone = messages.Errorf(messages.Canceled, "process has ended")

// room is where the results of a waiter can be put together. Nothing else is
// there while it waits.
func (w *waiter) room() []glua.LValue {
	if w.nest != nil {
		return nil
	}
	return w.t.buf[:0]
}

// wake lets a waiter go on with these results.
func (vm *VM) wake(w *waiter, vals ...glua.LValue) {
	if w.nest != nil {
		w.nest.vals = vals
	} else if w.t.fn == nil {
		if w.t.tail {
			w.t.args = vals
		} else {
			w.t.args = pad(vals, w.want)
		}
	}
	vm.ready.push(w)
}

// wakeRaise lets a waiter go on by raising v where it waits.
func (vm *VM) wakeRaise(w *waiter, v glua.LValue) {
	w.raise = v
	vm.wake(w)
}

// op is something under way that will come back to the process: a command, a
// timer, a stream of pushes.
type op struct {
	gen    uint32
	w      *waiter
	cmd    *Command
	then   func(answer any, err *messages.Error) // in place of waking w
	fire   func(now time.Time)
	stream *Channel
	stop   func() bool
	busy   bool
}

// newOp takes a slot for an operation; its tag names slot and generation, so
// that an answer that comes late finds nothing.
func (vm *VM) newOp() (uint64, *op) {
	if int(vm.open) >= vm.operations() {
		vm.Kill(messages.Errorf(messages.Unavailable, "operation limit exceeded: %d timers, subscriptions and calls wait at the same time; raise limits.operations of %s if that is right", vm.open, vm.prog.ID))
	}
	var i uint32
	if n := len(vm.free); n > 0 {
		i = vm.free[n-1]
		vm.free = vm.free[:n-1]
	} else {
		i = uint32(len(vm.ops))
		vm.ops = append(vm.ops, op{})
	}
	vm.open++
	vm.opGen++
	o := &vm.ops[i]
	*o = op{gen: vm.opGen, busy: true}
	return uint64(o.gen)<<32 | uint64(i), o
}

func (vm *VM) operations() int {
	if n := vm.prog.Limits.Operations; n > 0 {
		return n
	}
	return defaultOperations
}

func (vm *VM) coroutines() int32 {
	if n := vm.prog.Limits.Coroutines; n > 0 {
		return int32(min(n, math.MaxInt32))
	}
	return defaultOperations
}

func (vm *VM) findOp(tag uint64) *op {
	i := uint32(tag)
	if int(i) >= len(vm.ops) {
		return nil
	}
	if o := &vm.ops[i]; o.busy && o.gen == uint32(tag>>32) {
		return o
	}
	return nil
}

func (vm *VM) closeOp(tag uint64) {
	if o := vm.findOp(tag); o != nil {
		*o = op{}
		vm.free = append(vm.free, uint32(tag))
		vm.open--
	}
}

// ask suspends the running thread until the command is answered.
func (vm *VM) ask(L *state, cmd *Command) int {
	switch body := cmd.Body.(type) {
	case sleep:
		return vm.waitOn(L, func(w *waiter) {
			tag, o := vm.newOp()
			o.fire = func(time.Time) { vm.wake(w) }
			stop := vm.host.After(tag, time.Duration(body))
			vm.findOp(tag).stop = stop
		})
	case *Upgrade:
		vm.upgrade = body
		if nested, _ := isNested(L); nested {
			vm.Kill(errGone)
			L.RaiseError("process is upgraded")
		}
		return vm.leave(opQuit, 0)
	}
	return vm.waitOn(L, func(w *waiter) {
		tag, o := vm.newOp()
		o.w, o.cmd = w, cmd
		vm.host.Ask(tag, cmd)
	})
}

// Answer gives the answer of the command with that tag; an answer that is a
// *messages.Error is a failure. Unknown tags are ignored: their thread has gone.
func (vm *VM) Answer(tag uint64, answer any) {
	o := vm.findOp(tag)
	if o == nil || vm.end != nil {
		return
	}
	w, cmd, then := o.w, o.cmd, o.then
	vm.closeOp(tag)
	err, failed := answer.(*messages.Error)
	if then != nil {
		if failed {
			answer = nil
		}
		then(answer, err)
		return
	}
	c := calls.Get().(*Call)
	*c = Call{vm: vm, collect: true}
	c.out = w.room()
	switch {
	case failed && cmd.Catch != nil:
		c.fail(cmd.Catch(c, err))
	case failed:
		c.fail(err)
	case cmd.Then != nil:
		c.fail(cmd.Then(c, answer))
	default:
		if _, done := answer.(*messages.Done); done {
			answer = true
		}
		c.fail(c.Return(answer))
	}
	raised, out := c.raised, c.out
	*c = Call{}
	calls.Put(c)
	if raised != nil {
		vm.wakeRaise(w, raised)
		return
	}
	vm.wake(w, out...)
}

// calls are used again for the answers of commands.
var calls = sync.Pool{New: func() any { return &Call{} }}

// Fire tells that the time of a timer has come.
func (vm *VM) Fire(tag uint64, now time.Time) {
	o := vm.findOp(tag)
	if o == nil || vm.end != nil {
		return
	}
	fire := o.fire
	vm.closeOp(tag)
	fire(now)
}

// Push adds a value to the stream with that tag.
func (vm *VM) Push(tag uint64, v any) {
	if o := vm.findOp(tag); o != nil && o.stream != nil && vm.end == nil {
		o.stream.Push(v)
	}
}

// queue is a first-in first-out queue that gives its memory back.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) { q.items = append(q.items, v) }

// front is the first item; there must be one. It is valid until the queue changes.
func (q *queue[T]) front() *T { return &q.items[q.head] }

func (q *queue[T]) pop() (T, bool) {
	if q.head == len(q.items) {
		var zero T
		return zero, false
	}
	v := q.items[q.head]
	q.drop()
	return v, true
}

// drop removes the first item; there must be one.
func (q *queue[T]) drop() {
	var zero T
	q.items[q.head] = zero
	q.head++
	switch {
	case q.head == len(q.items):
		if cap(q.items) > 64 {
			q.items = nil
		} else {
			q.items = q.items[:0]
		}
		q.head = 0
	case q.head > 64 && q.head*2 > len(q.items):
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items = q.items[:n]
		q.head = 0
	}
}

// reset empties the queue; it keeps little memory.
func (q *queue[T]) reset() {
	clear(q.items)
	if cap(q.items) > 64 {
		q.items = nil
	}
	q.items, q.head = q.items[:0], 0
}

// remove takes out every item that drop reports.
func (q *queue[T]) remove(drop func(T) bool) {
	kept := q.items[:q.head]
	for _, v := range q.items[q.head:] {
		if !drop(v) {
			kept = append(kept, v)
		}
	}
	clear(q.items[len(kept):])
	q.items = kept
}
