package lua

import (
	"math"
	"slices"
	"time"
	"unsafe"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/messages"
)

// Call is one call of a declared function: its arguments, which fit its
// signature, its results, and the process around it. Arguments count from 0;
// the object of a method is not one of them. A Call is valid until its function
// returns.
type Call struct {
	vm      *VM
	L       *state
	first   int
	pushed  int
	name    string
	collect bool // results of a command, in out
	out     []glua.LValue
	raised  glua.LValue
}

func (c *Call) at(i int) glua.LValue { return c.L.Get(c.first + i) }

// Len is how many arguments were given.
func (c *Call) Len() int { return c.L.GetTop() - c.first + 1 }

// Has reports whether argument i was given and is not nil.
func (c *Call) Has(i int) bool { return c.at(i) != glua.LNil }

// TypeOf is the Lua type of argument i, "nil" where it is missing.
func (c *Call) TypeOf(i int) string { return c.at(i).Type().String() }

// String is argument i as text: "" where it was left out.
func (c *Call) String(i int) string {
	switch v := c.at(i).(type) {
	case glua.LString:
		return string(v)
	case *glua.LNilType:
		return ""
	default:
		return c.vm.eng.text(v)
	}
}

// Text is what tostring makes of argument i.
func (c *Call) Text(i int) string {
	v := c.at(i)
	if meta := metatable(v); meta != nil {
		if fn := stdlib.Contents(meta).RawGetString("__tostring"); fn != glua.LNil {
			c.L.Push(fn)
			c.L.Push(v)
			c.L.Call(1, 1)
			s := c.L.Get(-1)
			c.L.Pop(1)
			return c.vm.eng.text(s)
		}
	}
	return c.vm.eng.text(v)
}

// metatable is that of a table, whatever it shows Lua in its place.
func metatable(v glua.LValue) *glua.LTable {
	t, ok := v.(*glua.LTable)
	if !ok {
		return nil
	}
	meta, _ := t.Metatable.(*glua.LTable)
	return meta
}

// Number is argument i, 0 where it was left out.
func (c *Call) Number(i int) float64 {
	n, _ := c.at(i).(glua.LNumber)
	return float64(n)
}

// Int is argument i, 0 where it was left out.
func (c *Call) Int(i int) int { return int(c.Number(i)) }

// Bool reports whether argument i is true in the sense of Lua.
func (c *Call) Bool(i int) bool { return glua.LVAsBool(c.at(i)) }

// Value is the frozen copy of argument i.
func (c *Call) Value(i int) messages.Value { return fromLua(c.at(i)) }

// Encodable is the frozen copy of argument i for an encoder: objects that a copy
// does not keep are NaN, which is null in JSON, so that they keep their place.
func (c *Call) Encodable(i int) messages.Value { return freeze(c.at(i), nil, 0, math.NaN()) }

// Values are frozen copies of the arguments from i on.
func (c *Call) Values(i int) []messages.Value {
	n := c.Len() - i
	if n <= 0 {
		return nil
	}
	out := make([]messages.Value, n)
	for j := range out {
		out[j] = fromLua(c.at(i + j))
	}
	return out
}

// Mail makes mail of the arguments from i on.
func (c *Call) Mail(topic string, i int) *messages.Mail {
	pid := c.vm.host.PID()
	if c.Len() == i+1 {
		return messages.NewMailOf(pid, topic, fromLua(c.at(i)))
	}
	return messages.NewMail(pid, topic, c.Values(i)...)
}

// Table is the frozen copy of argument i, nil where it is no table.
func (c *Call) Table(i int) *messages.Table {
	t, _ := fromLua(c.at(i)).(*messages.Table)
	return t
}

// Object is the Go value of an object given as argument i, nil for anything
// else.
func (c *Call) Object(i int) any {
	if ud, ok := c.at(i).(*glua.LUserData); ok {
		return ud.Value
	}
	return nil
}

// Field is the Go value of an object, or the frozen copy of anything else, at the
// end of a path of keys, strings and ints, from the table that is argument i. It
// finds objects, which a frozen copy does not keep.
func (c *Call) Field(i int, path ...any) any {
	v := c.at(i)
	for _, key := range path {
		t, ok := v.(*glua.LTable)
		if !ok {
			return nil
		}
		switch t = stdlib.Contents(t); key := key.(type) {
		case int:
			v = t.RawGetInt(key)
		case string:
			v = t.RawGetString(key)
		}
	}
	return objectOrValue(v)
}

// Pairs are the keys and values of the table that is argument i in turn, the
// values as Field gives them.
func (c *Call) Pairs(i int) []any { return pairs(c.at(i)) }

// ItemPairs are the Pairs of the table that is element n, from 0, of the list
// that is argument i.
func (c *Call) ItemPairs(i, n int) []any {
	t, ok := c.at(i).(*glua.LTable)
	if !ok {
		return nil
	}
	return pairs(stdlib.Contents(t).RawGetInt(n + 1))
}

func pairs(v glua.LValue) []any {
	t, ok := v.(*glua.LTable)
	if !ok {
		return nil
	}
	t = stdlib.Contents(t)
	var out []any
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		out = append(out, fromLua(k), objectOrValue(v))
	}
	return out
}

// Items are the elements of the list that is argument i, as Field gives them.
func (c *Call) Items(i int) []any {
	t, ok := c.at(i).(*glua.LTable)
	if !ok {
		return nil
	}
	t = stdlib.Contents(t)
	out := make([]any, t.Len())
	for j := range out {
		out[j] = objectOrValue(t.RawGetInt(j + 1))
	}
	return out
}

func objectOrValue(v glua.LValue) any {
	if ud, ok := v.(*glua.LUserData); ok {
		return ud.Value
	}
	return fromLua(v)
}

// Predicate is the function under a key of the table that is argument i: calling it
// calls the function and reports whether its first result is true in the sense of
// Lua. It is nil where there is no function. What the function raises goes
// through the caller; it is for use before the declared function returns.
func (c *Call) Predicate(i int, key string) func(args ...any) bool {
	t, ok := c.at(i).(*glua.LTable)
	if !ok {
		return nil
	}
	fn, ok := stdlib.Contents(t).RawGetString(key).(*glua.LFunction)
	if !ok {
		return nil
	}
	return func(args ...any) bool {
		c.L.Push(fn)
		for _, a := range args {
			c.L.Push(c.vm.eng.toLua(a))
		}
		c.L.Call(len(args), 1)
		v := c.L.Get(-1)
		c.L.Pop(1)
		return glua.LVAsBool(v)
	}
}

// Self is the Go value of the object a method was called on.
func (c *Call) Self() any { return c.L.Get(1).(*glua.LUserData).Value }

// SelfValue returns the object itself: for methods that return their object.
func (c *Call) SelfValue() any { return c.L.Get(1) }

// Return gives the results: Values, plain Go data, errors, or objects of
// declared types. It always returns nil, so that a function can end with it.
func (c *Call) Return(vs ...any) error {
	for _, v := range vs {
		lv := c.vm.eng.toLua(v)
		if c.collect {
			c.out = append(c.out, lv)
		} else {
			c.L.Push(lv)
			c.pushed++
		}
	}
	return nil
}

// ReturnName is Return of a text that many calls give, such as a topic or a PID:
// while it is the same string, it is boxed for Lua only once.
func (c *Call) ReturnName(s string) error {
	if len(s) == 0 || len(s) > maxName || c.collect {
		return c.Return(s)
	}
	kept := &c.vm.rc.names[uintptr(unsafe.Pointer(unsafe.StringData(s)))>>4%uintptr(len(c.vm.rc.names))]
	had, _ := (*kept).(glua.LString)
	if len(had) != len(s) || unsafe.StringData(string(had)) != unsafe.StringData(s) {
		*kept = glua.LString(s)
	}
	return c.Return(*kept)
}

// maxName is how long the texts are that a worker keeps boxed, in bytes.
const maxName = 128

// Host carries out what the process wants.
func (c *Call) Host() Host { return c.vm.host }

// Process says who calls.
func (c *Call) Process() *Self { return c.vm.host.Self() }

// Location is "ns:name:line" of the code that calls.
func (c *Call) Location() string {
	if c.L == nil {
		return c.vm.prog.ID
	}
	return location(c.L)
}

// Stack is the Lua stack of the caller, innermost first.
func (c *Call) Stack() []messages.Frame {
	if c.L == nil {
		return nil
	}
	return whereabouts(c.L)
}

// Allowed reports whether the process may do action with resource.
func (c *Call) Allowed(action, resource string) bool {
	self := c.Process()
	if self.Context == nil && !self.Strict {
		return true
	}
	return self.Context.May(self.Strict, action, resource, &messages.Table{Keys: []messages.Value{"pid"}, Vals: []messages.Value{c.vm.host.PID()}})
}

// Modules lists the modules of the runtime.
func (c *Call) Modules() []Module { return c.vm.eng.Modules() }

// HasModule reports whether there is a module of that name.
func (c *Call) HasModule(name string) bool {
	known, _ := c.vm.eng.HasModule(name)
	return known
}

// NewChannel makes a channel of the process with a buffer of size values.
func (c *Call) NewChannel(size int) *Channel { return c.vm.newChannel(size) }

// NewStream makes a channel that is pushed to from outside under the tag it
// returns, until it is closed. onClose ends the subscription behind it.
func (c *Call) NewStream(onClose func()) (*Channel, uint64) {
	ch := c.vm.newChannel(0)
	tag, o := c.vm.newOp()
	o.stream = ch
	vm := c.vm
	ch.tag = tag
	ch.onClose = func() {
		vm.closeOp(tag)
		if onClose != nil {
			onClose()
		}
	}
	return ch, tag
}

// Start carries a command out without waiting for it; done is called inside the
// process with its answer or failure. cancel forgets it: done is not called, and the host is told to Forget it.
func (c *Call) Start(cmd *Command, done func(answer any, err *messages.Error)) (cancel func()) {
	vm := c.vm
	tag, o := vm.newOp()
	o.cmd, o.then = cmd, done
	vm.host.Ask(tag, cmd)
	return func() {
		if vm.findOp(tag) != nil {
			vm.closeOp(tag)
			vm.host.Tell(&Forget{tag})
		}
	}
}

// OnEnd has f called when the process, or the call of a function, ends however
// it ends: to give back what it holds. The last one is called first. f must not
// block. forget takes f back, for what was given back before; calling it again
// does nothing.
func (c *Call) OnEnd(f func()) (forget func()) {
	vm, e := c.vm, &f
	vm.onEnd = append(vm.onEnd, e)
	return func() {
		if i := slices.Index(vm.onEnd, e); i >= 0 {
			vm.onEnd = slices.Delete(vm.onEnd, i, i+1)
		}
	}
}

// Sleep is the command that waits for d.
func Sleep(d time.Duration) *Command { return &Command{Body: sleep(d)} }

type sleep time.Duration

// Timer calls a function inside the process when its time has come.
type Timer struct {
	vm   *VM
	tag  uint64
	fire func(now time.Time)
}

// NewTimer makes a timer that calls fire after d, once.
func (c *Call) NewTimer(d time.Duration, fire func(now time.Time)) *Timer {
	t := &Timer{vm: c.vm, fire: fire}
	t.Reset(d)
	return t
}

// Stop reports whether it came before the timer fired; then it never does.
func (t *Timer) Stop() bool {
	o := t.vm.findOp(t.tag)
	if o == nil {
		return false
	}
	o.stop()
	t.vm.closeOp(t.tag)
	return true
}

// Reset makes the timer fire after d from now, and reports whether it was
// still pending.
func (t *Timer) Reset(d time.Duration) bool {
	pending := t.Stop()
	tag, o := t.vm.newOp()
	t.tag = tag
	o.fire = t.fire
	stop := t.vm.host.After(tag, d)
	t.vm.findOp(tag).stop = stop
	return pending
}

// Quit ends the process so that it goes on with other code. It does not return
// to Lua.
func (c *Call) Quit(u *Upgrade) *Command { return &Command{Body: u} }
