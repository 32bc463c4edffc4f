package lua

import (
	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// Channel connects the coroutines of one process, or is a window on what comes
// from outside: the mailbox, a timer, a subscription. Values pushed from
// outside are never lost and never wait: they queue behind the buffer.
type Channel struct {
	vm      *VM
	size    int
	values  queue[any] // Lua values of send, any Go value from outside
	recv    queue[selected]
	send    queue[selected]
	closed  bool
	live    bool // a subscription: something outside can still push
	convert func(any) any
	onClose func()
	tag     uint64
	ud      *glua.LUserData
}

// selected is one waiter at one channel: a plain send or receive, or one case
// of a select.
type selected struct {
	w     *waiter
	run   uint32      // the run of the process it belongs to; later ones do not know it
	value glua.LValue // what it sends
	sel   *selection
}

// selection is a select that waits.
type selection struct {
	channels []*Channel
}

// NewChannel makes a channel of the process with a buffer of size values.
func (vm *VM) newChannel(size int) *Channel { return &Channel{vm: vm, size: size} }

// subscribe marks the channel as one that something outside can push to: a
// process that waits for it is not stuck.
func (ch *Channel) subscribe() {
	if !ch.live {
		ch.live = true
		ch.vm.open++
	}
}

// Push hands v to the first receiver that waits, or queues it. A closed channel
// drops it. v is any Go value that functions may return.
func (ch *Channel) Push(v any) {
	if ch.closed {
		return
	}
	if w, sel, ok := ch.receiver(); ok {
		ch.give(w, sel, v, true)
		return
	}
	ch.values.push(v)
}

// receiver takes the first receiver that still waits, sender the first sender. A
// channel that a function's state keeps in a global may hold waiters of calls
// that have ended. (They are taken apart in the queue: copies of whole structs
// cost more than all the rest.)
func (ch *Channel) receiver() (*waiter, *selection, bool) {
	for q := &ch.recv; q.len() > 0; {
		s := q.front()
		w, sel, run := s.w, s.sel, s.run
		if q.drop(); run == ch.vm.runs {
			return w, sel, true
		}
	}
	return nil, nil, false
}

func (ch *Channel) sender() (s selected, ok bool) {
	for !ok && ch.send.len() > 0 {
		s, ok = ch.send.pop()
		ok = ok && s.run == ch.vm.runs
	}
	return s, ok
}

// Discard drops the values that are queued.
func (ch *Channel) Discard() { ch.values = queue[any]{} }

// OnTake has f called with each value from outside when Lua takes it; what f
// returns is what Lua gets.
func (ch *Channel) OnTake(f func(v any) any) { ch.convert = f }

// Len is how many values are queued.
func (ch *Channel) Len() int { return ch.values.len() }

// Closed reports whether the channel was closed.
func (ch *Channel) Closed() bool { return ch.closed }

// Close wakes all who wait; queued values can still be received. Closing again
// does nothing.
func (ch *Channel) Close() {
	if ch.closed {
		return
	}
	ch.closed = true
	if ch.live {
		ch.live = false
		ch.vm.open--
	}
	for {
		w, sel, ok := ch.receiver()
		if !ok {
			break
		}
		ch.give(w, sel, nil, false)
	}
	for {
		s, ok := ch.sender()
		if !ok {
			break
		}
		s.sel.leave(ch)
		if s.sel == nil {
			ch.vm.wakeRaise(s.w, glua.LString(closedText))
		}
	}
	if f := ch.onClose; f != nil {
		ch.onClose = nil
		f()
	}
}

// lua is a queued value in Lua.
func (ch *Channel) lua(v any) glua.LValue {
	if m, ok := v.(*messages.Mail); ok {
		ch.vm.mailbox.taken = m
	}
	if ch.convert != nil {
		v = ch.convert(v)
	}
	return ch.vm.eng.toLua(v)
}

// give wakes a waiting receiver.
func (ch *Channel) give(w *waiter, sel *selection, v any, ok bool) {
	var val glua.LValue = glua.LNil
	if ok {
		val = ch.lua(v)
	}
	if sel != nil {
		sel.leave(ch)
		ch.vm.wake(w, ch.result(val, ok))
		return
	}
	ch.vm.wake(w, append(w.room(), val, glua.LBool(ok))...)
}

// leave takes the other cases of a select out of their queues.
func (sel *selection) leave(from *Channel) {
	if sel == nil {
		return
	}
	for _, ch := range sel.channels {
		if ch == from && len(sel.channels) == 1 {
			continue
		}
		mine := func(o selected) bool { return o.sel == sel }
		ch.recv.remove(mine)
		ch.send.remove(mine)
	}
}

// result is the table that select returns.
func (ch *Channel) result(v glua.LValue, ok bool) *glua.LTable {
	t := ch.vm.eng.tmpl.CreateTable(0, 3)
	t.RawSetString("channel", ch.vm.eng.toLua(ch))
	t.RawSetString("value", v)
	t.RawSetString("ok", glua.LBool(ok))
	return t
}

// tryReceive takes a value if there is one; ready is also true for a closed
// channel, with ok false.
func (ch *Channel) tryReceive() (v glua.LValue, ok, ready bool) {
	if q, has := ch.values.pop(); has {
		v = ch.lua(q)
		if s, waits := ch.sender(); waits { // the first waiting sender moves up
			ch.values.push(s.value)
			ch.sent(s)
		}
		return v, true, true
	}
	if s, waits := ch.sender(); waits {
		ch.sent(s)
		return s.value, true, true
	}
	return glua.LNil, false, ch.closed
}

// sent wakes a sender whose value was taken.
func (ch *Channel) sent(s selected) {
	s.sel.leave(ch)
	if s.sel != nil {
		ch.vm.wake(s.w, ch.result(glua.LNil, true))
		return
	}
	ch.vm.wake(s.w, glua.LTrue)
}

// trySend hands v over or buffers it. The channel must be open.
func (ch *Channel) trySend(v glua.LValue) bool {
	if w, sel, ok := ch.receiver(); ok {
		ch.give(w, sel, v, true)
		return true
	}
	if ch.values.len() < ch.size {
		ch.values.push(v)
		return true
	}
	return false
}

// chanCase is one case of a select.
type chanCase struct {
	ch    *Channel
	send  bool
	value glua.LValue
}

func channelArg(L *state, n int) *Channel {
	if ud, ok := L.Get(n).(*glua.LUserData); ok {
		if ch, ok := ud.Value.(*Channel); ok {
			return ch
		}
	}
	raiseArg(L, n, "channel", "channel expected, got "+L.Get(n).Type().String())
	return nil
}

const closedText = "send on closed channel"

func chanReceive(vm *VM, L *state) int {
	ch := channelArg(L, 1)
	if v, ok, ready := ch.tryReceive(); ready {
		L.Push(v)
		L.Push(glua.LBool(ok))
		return 2
	}
	if ch.live { // it is through with the mail before: that must not outlive its use
		vm.mailbox.taken = nil
	}
	return vm.waitOn(L, func(w *waiter) { ch.recv.push(selected{w: w, run: vm.runs}) })
}

func chanSend(vm *VM, L *state) int {
	ch := channelArg(L, 1)
	v := L.Get(2)
	if ch.closed {
		raiseValue(L, glua.LString(where(L)+closedText))
	}
	if ch.trySend(v) {
		L.Push(glua.LTrue)
		return 1
	}
	return vm.waitOn(L, func(w *waiter) { ch.send.push(selected{w: w, run: vm.runs, value: v}) })
}

func pushCase(vm *VM, L *state, send bool) int {
	ch := channelArg(L, 1)
	var v glua.LValue = glua.LNil
	if send {
		v = L.Get(2)
	}
	L.Push(vm.eng.toLua(&chanCase{ch: ch, send: send, value: v}))
	return 1
}

func chanSelect(vm *VM, L *state) int {
	list, ok := L.Get(1).(*glua.LTable)
	if !ok {
		raiseArg(L, 1, "select", "cases: table expected, got "+L.Get(1).Type().String())
	}
	orElse := glua.LVAsBool(L.Get(2)) || glua.LVAsBool(list.RawGetString("default"))
	var cases []*chanCase
	for i := 1; i <= list.Len(); i++ {
		if ud, ok := list.RawGetInt(i).(*glua.LUserData); ok {
			if c, ok := ud.Value.(*chanCase); ok {
				cases = append(cases, c)
			}
		}
	}
	for _, c := range cases {
		if !c.send {
			if v, ok, ready := c.ch.tryReceive(); ready {
				L.Push(c.ch.result(v, ok))
				return 1
			}
		} else if !c.ch.closed && c.ch.trySend(c.value) {
			L.Push(c.ch.result(glua.LNil, true))
			return 1
		}
	}
	if orElse {
		t := L.CreateTable(0, 2)
		t.RawSetString("default", glua.LTrue)
		t.RawSetString("ok", glua.LTrue)
		L.Push(t)
		return 1
	}
	return vm.waitOn(L, func(w *waiter) {
		sel := &selection{}
		for _, c := range cases {
			if c.send && c.ch.closed {
				continue
			}
			if !c.send && c.ch == vm.mailbox.inbox {
				vm.mailbox.taken = nil
			}
			sel.channels = append(sel.channels, c.ch)
			if c.send {
				c.ch.send.push(selected{w: w, run: vm.runs, value: c.value, sel: sel})
			} else {
				c.ch.recv.push(selected{w: w, run: vm.runs, sel: sel})
			}
		}
	})
}

// Channel is the module channel.
var channelModule = Module{
	Name:   "channel",
	Doc:    "Channels connect the coroutines of one process.",
	Class:  []Class{Process},
	Global: true,

	Sandbox: []string{"new", "select"},
	Funcs: []Func{
		{
			Sig: "new(size?: integer): Channel",
			Doc: "Makes a channel with a buffer of size values; without one a send waits for its receiver.",
			Do: func(c *Call) error {
				n := c.Int(0)
				if n < 0 {
					return ArgError(1, "size must not be negative")
				}
				return c.Return(c.vm.newChannel(n))
			},
		},
		{
			Sig: "select(cases: table, default?: boolean): table",
			Doc: "Waits until one of the cases can go on, tries them in order, and returns {channel, value, ok}. With default = true in the table or as second argument it returns {default = true, ok = true} where none can.",
			raw: chanSelect,
			Try: `local a, b = channel.new(1), channel.new(1); b:send("hi"); local r = channel.select{a:case_receive(), b:case_receive()}; return r.channel == b, r.value, r.ok`, Gives: "true, hi, true",
		},
	},
	Types: []Type{
		{
			Name: "Channel",
			Doc:  "A channel of this process. It cannot be sent to another one.",
			Of:   (*Channel)(nil),
			Methods: []Func{
				{Sig: "send(value: any): boolean", Doc: "Waits until the value was received or buffered. Raises on a closed channel.", raw: chanSend},
				{
					Sig: "receive(): any, boolean", Doc: "Waits for a value and returns it and true; nil and false from a closed channel that is empty.", raw: chanReceive,
					Try: `local c = channel.new(1); c:send(5); c:close(); local a, ok = c:receive(); local b, more = c:receive(); return a, ok, b, more`, Gives: "5, true, nil, false",
				},
				{Sig: "close()", Doc: "Waiting receivers get nil and false, waiting senders raise. Buffered values can still be received. Closing again does nothing.", Do: func(c *Call) error {
					c.Self().(*Channel).Close()
					return nil
				}},
				{Sig: "case_send(value: any): Case", Doc: "A case for select.", raw: func(vm *VM, L *state) int { return pushCase(vm, L, true) }},
				{Sig: "case_receive(): Case", Doc: "A case for select.", raw: func(vm *VM, L *state) int { return pushCase(vm, L, false) }},
			},
		},
		{Name: "Case", Doc: "A case of channel.select.", Of: (*chanCase)(nil)},
	},
}
