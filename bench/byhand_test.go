package bench

import (
	"sync"

	glua "github.com/yuin/gopher-lua"
)

// What a Go developer would write without an actor runtime: a goroutine with a
// gopher-lua state of its own for each process, and a channel for its mail.
type handmade struct {
	in  chan handMail
	end func()
}

// handMail is a message, as the actors have it.
type handMail struct {
	from  glua.LValue
	topic string
	value glua.LValue
}

var protoCache sync.Map // compiled source

// run runs src on a state from the pool. Lua finds send(to, topic, value) and
// receive(), which gives topic, value and sender, and its arguments in "...".
func (h *handmade) run(src string, args ...glua.LValue) {
	L := statePool.Get().(*glua.LState)
	self := h.ref()
	L.SetGlobal("receive", L.NewFunction(func(L *glua.LState) int {
		m := <-h.in
		L.Push(glua.LString(m.topic))
		L.Push(m.value)
		L.Push(m.from)
		return 3
	}))
	L.SetGlobal("send", L.NewFunction(func(L *glua.LState) int {
		L.CheckUserData(1).Value.(*handmade).in <- handMail{self, L.CheckString(2), L.Get(3)}
		return 0
	}))
	fn, ok := protoCache.Load(src)
	if !ok {
		f, err := L.LoadString(src)
		if err != nil {
			panic(err)
		}
		fn = f.Proto
		protoCache.Store(src, fn)
	}
	if err := L.CallByParam(glua.P{Fn: L.NewFunctionFromProto(fn.(*glua.FunctionProto)), Protect: true}, args...); err != nil {
		panic(err)
	}
	statePool.Put(L)
	if h.end != nil {
		h.end()
	}
}

var statePool = sync.Pool{New: func() any {
	return glua.NewState(glua.Options{RegistrySize: 256, CallStackSize: 64, MinimizeStackMemory: true})
}}

func newHandmade(room int, end func()) *handmade {
	return &handmade{in: make(chan handMail, room), end: end}
}

func (h *handmade) ref() glua.LValue { return &glua.LUserData{Value: h} }

func handPairs(pairs, rounds int) int {
	var all sync.WaitGroup
	for range pairs {
		all.Add(1)
		pong, ping := newHandmade(1, nil), newHandmade(1, all.Done)
		go pong.run(`while true do local topic, n, from = receive() if topic == "stop" then return end send(from, "pong", 1) end`)
		go ping.run(`local peer, n = ... for i = 1, n do send(peer, "ping", i) receive() end send(peer, "stop")`, pong.ref(), glua.LNumber(rounds))
	}
	all.Wait()
	return 2 * pairs * rounds
}

func handRing(size, hops int) int {
	var all sync.WaitGroup
	all.Add(size)
	ring := make([]*handmade, size)
	for i := range ring {
		ring[i] = newHandmade(1, all.Done)
	}
	for i, h := range ring {
		go h.run(`local nxt = ... while true do local _, n = receive() if n <= 0 then if n > -1000 then send(nxt, "token", n - 1) end return end send(nxt, "token", n - 1) end`, ring[(i+1)%size].ref())
	}
	ring[0].in <- handMail{glua.LNil, "token", glua.LNumber(hops)}
	all.Wait()
	return hops
}

func handFanIn(senders, each int) int {
	var all sync.WaitGroup
	all.Add(1)
	to := newHandmade(64, all.Done)
	go to.run(`local n = ... for i = 1, n do receive() end`, glua.LNumber(senders*each))
	for range senders {
		go newHandmade(1, nil).run(`local to, n = ... for i = 1, n do send(to, "x", i) end`, to.ref(), glua.LNumber(each))
	}
	all.Wait()
	return senders * each
}

func handSpawns(width, n int) int {
	replies := newHandmade(width, nil)
	one := func() {
		h := newHandmade(1, nil)
		go h.run(`local _, _, from = receive() send(from, "reply", 1)`)
		h.in <- handMail{replies.ref(), "hello", glua.LNil}
	}
	left, running := n, 0
	for ; left > 0 && running < width; running++ {
		one()
		left--
	}
	for running > 0 {
		<-replies.in
		if left > 0 {
			one()
			left--
		} else {
			running--
		}
	}
	return n
}
