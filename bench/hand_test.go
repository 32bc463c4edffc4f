package bench

import (
	"sync"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// What someone writes by hand without Troupe: a goroutine with a channel for
// each process, and a gopher-lua state from a pool.

// handSource holds the same workloads as app/, on send and receive.
const handSource = `
function ping(peer, n)
    for i = 1, n do send(peer, self, i) receive() end
    send(peer, self, -1)
end
function pong()
    while true do
        local from, n = receive()
        if n == -1 then return end
        send(from, self, 1)
    end
end
function node(next)
    while true do
        local _, n = receive()
        if n <= 0 then send(next, self, -1) return end
        send(next, self, n - 1)
    end
end
function sender(to, n)
    for i = 1, n do send(to, self, i) end
end
function receiver(n)
    for _ = 1, n do receive() end
end
function reply()
    local from = receive()
    send(from, self, 1)
end
`

type handMail struct {
	from *handProc
	n    float64
}

type handProc struct {
	in chan handMail
	ud *lua.LUserData
}

func newHandProc(buffer int) *handProc {
	p := &handProc{in: make(chan handMail, buffer)}
	p.ud = &lua.LUserData{Value: p}
	return p
}

var handStates = sync.Pool{New: func() any {
	l := lua.NewState()
	l.SetGlobal("send", l.NewFunction(func(l *lua.LState) int {
		to, from := l.CheckUserData(1).Value.(*handProc), l.CheckUserData(2).Value.(*handProc)
		to.in <- handMail{from, float64(l.CheckNumber(3))}
		return 0
	}))
	l.SetGlobal("receive", l.NewFunction(func(l *lua.LState) int {
		m := <-l.GetGlobal("self").(*lua.LUserData).Value.(*handProc).in
		l.Push(m.from.ud)
		l.Push(lua.LNumber(m.n))
		return 2
	}))
	if err := l.DoString(handSource); err != nil {
		panic(err)
	}
	return l
}}

// run runs a function of handSource as p, to its end.
func (p *handProc) run(name string, args ...lua.LValue) {
	l := handStates.Get().(*lua.LState)
	l.SetGlobal("self", p.ud)
	if err := l.CallByParam(lua.P{Fn: l.GetGlobal(name), Protect: true}, args...); err != nil {
		panic(err)
	}
	handStates.Put(l)
}

func handPairs(pairs, rounds int) int {
	var all sync.WaitGroup
	for range pairs {
		a, b := newHandProc(1), newHandProc(1)
		all.Go(func() { b.run("pong") })
		all.Go(func() { a.run("ping", b.ud, lua.LNumber(rounds)) })
	}
	all.Wait()
	return 2 * pairs * rounds
}

func handRing(size, n int) int {
	procs := make([]*handProc, size)
	for i := range procs {
		procs[i] = newHandProc(2)
	}
	var all sync.WaitGroup
	for i, p := range procs {
		all.Go(func() { p.run("node", procs[(i+1)%size].ud) })
	}
	procs[0].in <- handMail{procs[0], float64(n)}
	all.Wait()
	return n
}

func handFanIn(senders, each int) int {
	var all sync.WaitGroup
	to := newHandProc(1024)
	for range senders {
		p := newHandProc(1)
		all.Go(func() { p.run("sender", to.ud, lua.LNumber(each)) })
	}
	to.run("receiver", lua.LNumber(senders*each))
	all.Wait()
	return senders * each
}

func handSpawns(n int) int {
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			boss := newHandProc(1)
			for i := w; i < n; i += 32 {
				p := newHandProc(1)
				go p.run("reply")
				p.in <- handMail{boss, 1}
				<-boss.in
			}
		})
	}
	all.Wait()
	return n
}

// handIdle measures n processes that wait for their first message.
func handIdle(n int) float64 {
	before := memory()
	procs := make([]*handProc, n)
	var all sync.WaitGroup
	for i := range procs {
		procs[i] = newHandProc(1)
		all.Go(func() { procs[i].run("receiver", lua.LNumber(1)) })
	}
	after := memory()
	for _, p := range procs {
		p.in <- handMail{p, 1}
	}
	all.Wait()
	return float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / float64(n)
}

// A call of an empty function in a pooled state.
func handCalls(b *testing.B) {
	states := sync.Pool{New: func() any {
		l := lua.NewState()
		if err := l.DoString("function empty(...) return ... end"); err != nil {
			panic(err)
		}
		return l
	}}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l := states.Get().(*lua.LState)
			if err := l.CallByParam(lua.P{Fn: l.GetGlobal("empty"), NRet: 1, Protect: true}, lua.LNumber(1)); err != nil {
				b.Error(err)
			}
			l.Pop(1)
			states.Put(l)
		}
	})
}
