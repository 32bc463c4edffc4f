package lua

import (
	"unsafe"
	"weak"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/messages"
)

// gopher-lua does not count what Lua allocates. So the engine weighs: on Measure,
// which the node calls after collections of a heap that has grown, every process
// that runs walks what it holds, and ends if that is more than it may.

// maxArray is the longest array part of a table: assigning to an index below it
// fills everything up to there, in one instruction.
const maxArray = 8 << 20

func init() { glua.MaxArrayIndex = maxArray } // of all states of the program

// SetMemory is how many bytes a process may hold where its program does not say;
// 0 for no limit.
func (e *Engine) SetMemory(bytes int64) { e.memory.Store(bytes) }

// Measure has every process that runs now, or next, find out what it holds. It
// does not wait for them and may be called by any goroutine.
func (e *Engine) Measure() {
	e.round.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.runs[:0]
	for _, w := range e.runs {
		if rc := w.Value(); rc != nil {
			kept = append(kept, w)
			if vm := rc.vm.Load(); vm != nil {
				vm.limit.Store(0) // its next instruction looks up
			}
		}
	}
	e.runs = kept
}

// track makes the VM of a goroutine's Run known to Measure.
func (e *Engine) track(rc *runCtx) {
	e.mu.Lock()
	e.runs = append(e.runs, weak.Make(rc))
	e.mu.Unlock()
}

// Memory is how many bytes the process held when it was last measured, 0 if it
// never was. It may be called by any goroutine.
func (vm *VM) Memory() int64 { return vm.size.Load() }

// largeText is how long a text must be to be noted when it becomes part of
// another one.
const largeText = 256 << 10

// note is the function noteName: it returns its argument.
func note(L *state) int {
	if s, ok := L.Get(1).(glua.LString); ok && len(s) >= largeText {
		vmOf(L).grow(len(s))
	}
	L.SetTop(1) // a call in its place gives all its results
	return 1
}

// bindNote gives a chunk that reads the global noteName the function itself in its
// place, out of reach of programs that write to their globals.
func (e *Engine) bindNote(chunk *glua.FunctionProto) {
	for pc, word := range chunk.Code {
		if i := decode(word); i.op == glua.OP_GETGLOBAL && chunk.Constants[i.bx] == glua.LString(noteName) {
			chunk.Code[pc] = uint32(glua.OP_LOADK)<<26 | uint32(i.a)<<18 | uint32(len(chunk.Constants))
			chunk.Constants = append(chunk.Constants, e.note)
			return
		}
	}
}

// account is told by the standard library what it is about to allocate.
func account(L *state, bytes int) error {
	vm := vmOf(L)
	if vm.grow(bytes); vm.killed.Load() != nil {
		return vm.Err()
	}
	return nil
}

// grow notes large allocations: after a quarter of what the process may hold,
// the collector is not waited for.
func (vm *VM) grow(bytes int) {
	vm.grown += int64(bytes)
	if most := vm.mayHold(); most > 0 && vm.grown > most/4 {
		vm.weigh()
	}
}

// mayHold is how many bytes the process may hold, 0 for no limit.
func (vm *VM) mayHold() int64 {
	if most := vm.prog.Limits.Memory; most > 0 {
		return most
	}
	return vm.eng.memory.Load()
}

// weigh measures the process and ends it if it holds too much.
func (vm *VM) weigh() {
	vm.grown = 0
	most := vm.mayHold()
	w := weigher{seen: map[unsafe.Pointer]struct{}{}, most: most}
	if most <= 0 {
		w.most = 1 << 62
	}
	size := w.vm(vm)
	vm.size.Store(size)
	if size > w.most {
		vm.Kill(messages.Errorf(messages.Unavailable, "memory limit exceeded: the process holds more than %d bytes; let go of what it does not need, or raise limits.memory of %s", most, vm.prog.ID))
	}
}

// weigher adds up what is reachable, each thing once. It stops when it has found
// more than most.
type weigher struct {
	seen map[unsafe.Pointer]struct{}
	todo []any
	sum  int64
	most int64
}

// The size of things, as Go lays them out; maps with what they need on average.
const (
	tableBytes    = int64(unsafe.Sizeof(glua.LTable{}))
	functionBytes = int64(unsafe.Sizeof(glua.LFunction{}))
	upvalueBytes  = int64(unsafe.Sizeof(glua.Upvalue{}))
	threadBytes   = 1300
	objectBytes   = 64
	valueBytes    = 16
	dictBytes     = 48 // of one key in a map of values
	mailBytes     = 96
)

func (w *weigher) vm(vm *VM) int64 {
	w.add(vm.env)
	w.add(vm.main)
	w.task(&vm.first)
	w.task(vm.cur)
	w.thread(vm.running)
	for _, r := range vm.ready.items[vm.ready.head:] {
		w.waiter(r)
	}
	for i := range vm.ops {
		if o := &vm.ops[i]; o.busy {
			w.sum += int64(unsafe.Sizeof(*o))
			w.waiter(o.w)
			w.channel(o.stream)
		}
	}
	for _, n := range vm.parked {
		w.waiter(&n.w)
	}
	mb := &vm.mailbox
	for _, m := range mb.waiting.items[mb.waiting.head:] {
		w.add(m)
	}
	if q := mb.pending; q != nil {
		for _, e := range q.items[q.head:] {
			w.add(e)
		}
	}
	w.channel(mb.inbox)
	w.channel(mb.events)
	for _, ch := range mb.listeners {
		w.channel(ch)
	}
	for len(w.todo) > 0 && w.sum <= w.most {
		v := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.open(v)
	}
	return w.sum
}

// first reports whether p was not met before.
func (w *weigher) first(p unsafe.Pointer) bool {
	if p == nil {
		return false
	}
	n := len(w.seen)
	w.seen[p] = struct{}{}
	return len(w.seen) > n
}

// add counts a value itself; what it holds is opened later.
func (w *weigher) add(v any) {
	switch v := v.(type) {
	case glua.LNumber, float64:
		w.sum += 8
	case glua.LString:
		w.text(string(v))
	case string:
		w.text(v)
	case *glua.LTable:
		if v != nil && w.first(unsafe.Pointer(v)) && !stdlib.IsFrozen(v) {
			w.todo = append(w.todo, v)
		}
	case *glua.LFunction:
		if v != nil && !v.IsG && w.first(unsafe.Pointer(v)) {
			w.todo = append(w.todo, v)
		}
	case *glua.LUserData:
		if w.first(unsafe.Pointer(v)) {
			w.sum += objectBytes
			w.add(v.Value)
		}
	case *state:
		w.thread(v)
	case *Channel:
		w.channel(v)
	case *messages.Mail:
		if w.first(unsafe.Pointer(v)) {
			w.sum += mailBytes
			for _, x := range v.Values {
				w.add(x)
			}
		}
	case *messages.Error:
		for ; v != nil && w.first(unsafe.Pointer(v)); v = v.Cause {
			w.sum += objectBytes
			w.text(v.Message)
			w.add(v.Details)
		}
	case *messages.Payload:
		if w.first(unsafe.Pointer(v)) {
			w.sum += objectBytes
			w.add(v.Data)
		}
	case *messages.Table:
		if v != nil && w.first(unsafe.Pointer(v)) {
			w.todo = append(w.todo, v)
		}
	}
}

// text counts a string: its box, and once what it is a part of.
func (w *weigher) text(s string) {
	w.sum += valueBytes
	if len(s) > 0 && (len(s) < valueBytes || w.first(unsafe.Pointer(unsafe.StringData(s)))) {
		w.sum += int64(len(s))
	}
}

// open counts what a table or function holds.
func (w *weigher) open(v any) {
	switch v := v.(type) {
	case *glua.LTable:
		w.table(v)
	case *messages.Table:
		w.sum += objectBytes + valueBytes*int64(cap(v.Array)+cap(v.Keys)+cap(v.Vals))
		for _, list := range [][]messages.Value{v.Array, v.Keys, v.Vals} {
			for _, x := range list {
				w.add(x)
			}
		}
	case *glua.LFunction:
		w.sum += functionBytes
		w.add(v.Env)
		for _, u := range v.Upvalues {
			if w.first(unsafe.Pointer(u)) {
				w.sum += upvalueBytes
				w.add(u.Value())
			}
		}
	}
}

func (w *weigher) table(t *glua.LTable) {
	p := unsafe.Pointer(t)
	w.sum += tableBytes
	w.add(t.Metatable)
	array := *at[[]glua.LValue](p, layout.array)
	w.sum += valueBytes * int64(cap(array)+cap(*at[[]glua.LValue](p, layout.keys)))
	for _, v := range array {
		if w.sum > w.most {
			return
		}
		w.add(v)
	}
	for k, v := range *at[map[glua.LValue]glua.LValue](p, layout.dict) {
		w.sum += 2 * dictBytes // in the table and in its order of keys
		w.add(k)
		w.add(v)
	}
	for k, v := range *at[map[string]glua.LValue](p, layout.strdict) {
		w.sum += 2 * dictBytes
		w.text(k)
		w.add(v)
	}
}

func (w *weigher) thread(th *state) {
	if th == nil || !w.first(unsafe.Pointer(th)) {
		return
	}
	reg := *at[unsafe.Pointer](unsafe.Pointer(th), layout.reg)
	array := *at[[]glua.LValue](reg, layout.regArray)
	_, room := frames(th)
	w.sum += threadBytes + valueBytes*int64(cap(array)) + int64(room/framesPerSegment)*8
	w.add(th.Env)
	for _, v := range array {
		w.add(v)
	}
	if co, ok := th.Context().(*coro); ok {
		w.thread(co.th)
		w.add(co.fn)
		for i := range co.saved {
			w.thread(co.saved[i].th)
		}
	}
}

func (w *weigher) task(t *task) {
	if t == nil || !w.first(unsafe.Pointer(t)) {
		return
	}
	w.sum += int64(unsafe.Sizeof(*t))
	w.thread(t.th)
	w.add(t.fn)
	for _, v := range t.args {
		w.add(v)
	}
	for i := range t.stack {
		w.thread(t.stack[i].th)
	}
}

func (w *weigher) waiter(r *waiter) {
	if r == nil {
		return
	}
	w.task(r.t)
	if r.nest != nil {
		for _, v := range r.nest.vals {
			w.add(v)
		}
	}
}

func (w *weigher) channel(ch *Channel) {
	if ch == nil || !w.first(unsafe.Pointer(ch)) {
		return
	}
	w.sum += int64(unsafe.Sizeof(*ch)) + valueBytes*int64(cap(ch.values.items))
	for _, v := range ch.values.items[ch.values.head:] {
		w.add(v)
	}
	for _, q := range []*queue[selected]{&ch.recv, &ch.send} {
		for _, s := range q.items[q.head:] {
			w.sum += int64(unsafe.Sizeof(s))
			w.waiter(s.w)
			w.add(s.value)
		}
	}
}
