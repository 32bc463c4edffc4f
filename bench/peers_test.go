package bench

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

func protoSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
}

type ping struct{ from *actor.PID }

type pong struct{}

func protoPairs(pairs, rounds int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	var all sync.WaitGroup
	answer := &pong{}
	echo := actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(*ping); ok {
			c.Send(m.from, answer)
		}
	})
	for range pairs {
		all.Add(1)
		peer := sys.Root.Spawn(echo)
		left, msg := rounds, &ping{}
		sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			switch c.Message().(type) {
			case *actor.Started:
				msg.from = c.Self()
				c.Send(peer, msg)
			case *pong:
				if left--; left == 0 {
					all.Done()
					return
				}
				c.Send(peer, msg)
			}
		}))
	}
	all.Wait()
	return 2 * pairs * rounds
}

func goPairs(pairs, rounds int) int {
	var all sync.WaitGroup
	for range pairs {
		there, back := make(chan int), make(chan int)
		go func() {
			for v := range there {
				back <- v
			}
		}()
		all.Go(func() {
			for i := range rounds {
				there <- i
				<-back
			}
			close(there)
		})
	}
	all.Wait()
	return 2 * pairs * rounds
}

type token struct{ left int }

func protoRing(size, n int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	done := make(chan struct{})
	nodes := make([]*actor.PID, size)
	for i := range nodes {
		nodes[i] = sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if m, ok := c.Message().(*token); ok {
				if m.left == 0 {
					close(done)
					return
				}
				c.Send(nodes[(i+1)%size], &token{m.left - 1})
			}
		}))
	}
	sys.Root.Send(nodes[0], &token{n})
	<-done
	return n
}

func goRing(size, n int) int {
	chans := make([]chan int, size)
	for i := range chans {
		chans[i] = make(chan int, 1)
	}
	done := make(chan struct{})
	var all sync.WaitGroup
	for i := range chans {
		all.Go(func() {
			for v := range chans[i] {
				if v == 0 {
					close(done)
					return
				}
				chans[(i+1)%size] <- v - 1
			}
		})
	}
	chans[0] <- n
	<-done
	for i := range chans {
		close(chans[i])
	}
	all.Wait()
	return n
}

func protoFanIn(senders, each int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	done := make(chan struct{})
	left := senders * each
	to := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*pong); ok {
			if left--; left == 0 {
				close(done)
			}
		}
	}))
	msg := &pong{}
	send := actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Started); ok {
			for range each {
				c.Send(to, msg)
			}
		}
	})
	for range senders {
		sys.Root.Spawn(send)
	}
	<-done
	return senders * each
}

func goFanIn(senders, each int) int {
	ch := make(chan int, 1024)
	for range senders {
		go func() {
			for i := range each {
				ch <- i
			}
		}()
	}
	for range senders * each {
		<-ch
	}
	return senders * each
}

func protoSpawns(n int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	props := actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*ping); ok {
			c.Respond(&pong{})
			c.Stop(c.Self())
		}
	})
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := w; i < n; i += 32 {
				pid := sys.Root.Spawn(props)
				_, _ = sys.Root.RequestFuture(pid, &ping{}, time.Minute).Result()
			}
		})
	}
	all.Wait()
	return n
}

func goSpawns(n int) int {
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := w; i < n; i += 32 {
				in, out := make(chan int), make(chan int)
				go func() { out <- <-in }()
				in <- 1
				<-out
			}
		})
	}
	all.Wait()
	return n
}

func protoIdle(n int) float64 {
	sys := protoSystem()
	defer sys.Shutdown()
	props := actor.PropsFromFunc(func(actor.Context) {})
	before := memory()
	pids := make([]*actor.PID, n)
	for i := range pids {
		pids[i] = sys.Root.Spawn(props)
	}
	after := memory()
	runtime.KeepAlive(pids)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}

func goIdle(n int) float64 {
	stop := make(chan struct{})
	defer close(stop)
	before := memory()
	for range n {
		in := make(chan int)
		go func() {
			select {
			case <-in:
			case <-stop:
			}
		}()
	}
	after := memory()
	return float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / float64(n)
}

func protoAsk(n int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	answer := &pong{}
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*ping); ok {
			c.Respond(answer)
		}
	}))
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := w; i < n; i += 8 {
				_, _ = sys.Root.RequestFuture(pid, &ping{}, time.Minute).Result()
			}
		})
	}
	all.Wait()
	return n
}

func goAsk(n int) int {
	type call struct{ reply chan int }
	in := make(chan call)
	go func() {
		for c := range in {
			c.reply <- 1
		}
	}()
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			reply := make(chan int, 1)
			for i := w; i < n; i += 8 {
				in <- call{reply}
				<-reply
			}
		})
	}
	all.Wait()
	close(in)
	return n
}

// entries makes an application of n functions.
func entries(n int) fstest.MapFS {
	var b strings.Builder
	b.WriteString("version: \"1.0\"\nnamespace: app\nentries:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: f%d, kind: function.lua, method: main, source: 'return {main = function(a) return a + %d end}'}\n", i, i)
	}
	if n == 0 {
		return fstest.MapFS{}
	}
	return fstest.MapFS{"_index.yaml": {Data: []byte(b.String())}}
}

func protoEvents(subscribers, n int) int {
	sys := protoSystem()
	defer sys.Shutdown()
	var left sync.WaitGroup
	left.Add(subscribers * n)
	for range subscribers {
		pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if _, ok := c.Message().(*pong); ok {
				left.Done()
			}
		}))
		sys.EventStream.Subscribe(func(e any) { sys.Root.Send(pid, e) })
	}
	for range n {
		sys.EventStream.Publish(&pong{})
	}
	left.Wait()
	return n
}

func goEvents(subscribers, n int) int {
	var left sync.WaitGroup
	left.Add(subscribers * n)
	chans := make([]chan *pong, subscribers)
	for i := range chans {
		chans[i] = make(chan *pong, 256)
		go func() {
			for range chans[i] {
				left.Done()
			}
		}()
	}
	for range n {
		for _, ch := range chans {
			ch <- &pong{}
		}
	}
	left.Wait()
	for _, ch := range chans {
		close(ch)
	}
	return n
}

// protoRestarts has 32 actors that panic and are restarted, one for one.
func protoRestarts(n int) {
	sys := protoSystem()
	defer sys.Shutdown()
	var left sync.WaitGroup
	left.Add(n / 32 * 32)
	restart := actor.NewOneForOneStrategy(1<<30, time.Hour, func(any) actor.Directive { return actor.RestartDirective })
	for range 32 {
		todo := n / 32
		sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if _, ok := c.Message().(*actor.Started); !ok {
				return
			}
			child := actor.PropsFromFunc(func(c actor.Context) {
				switch c.Message().(type) {
				case *actor.Started:
					c.Send(c.Self(), &ping{})
				case *ping:
					if todo == 0 {
						return
					}
					todo--
					left.Done()
					panic("crash")
				}
			})
			c.Spawn(child)
		}, actor.WithSupervisor(restart)))
	}
	left.Wait()
}
