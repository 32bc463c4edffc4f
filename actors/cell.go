package actors

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
)

// Cell is the actor around every component and entry: it keeps their questions
// to others, their timers and their scripts, and answers for them where they
// fail. All functions given to it run inside the actor, one at a time.
type Cell struct {
	Sys  *actor.ActorSystem
	Log  *slog.Logger
	App  *AppContext
	node *Node

	inner   actor.Actor
	ctx     actor.Context
	tag     uint64
	waiting map[uint64]func(any)
	scripts map[*script]struct{}
	timers  map[*cellTimer]struct{}
	resume  bool // go on after a panic, with the state as it is
	env     Env
}

// Self is the cell's address.
func (c *Cell) Self() *actor.PID { return c.ctx.Self() }

// Context is the Proto.Actor context; it is for use inside the actor only.
func (c *Cell) Context() actor.Context { return c.ctx }

// Ask sends body to another actor and calls then with its answer or error. The tag
// is for Abandon.
func (c *Cell) Ask(to *actor.PID, body any, then func(answer any, err error)) (tag uint64) {
	tag = c.nextTag()
	if c.waiting == nil {
		c.waiting = map[uint64]func(any){}
	}
	c.waiting[tag] = func(v any) { then(Unpack(v)) }
	c.Sys.Root.Send(to, &Request{Tag: tag, From: c.ctx.Self(), Body: body, Sys: c.Sys})
	return tag
}

// cells counts the cells that have asked something.
var cells atomic.Uint64

// nextTag is a number that no cell of the same address has used: an answer for an
// actor that had the name of this one before must not be taken for one of its own.
func (c *Cell) nextTag() uint64 {
	if c.tag == 0 {
		c.tag = cells.Add(1) << 32
	}
	c.tag++
	return c.tag
}

// Abandon tells an actor that what it was asked is not needed any more. Its answer,
// if it gives one, still comes.
func (c *Cell) Abandon(to *actor.PID, tag uint64) {
	c.Sys.Root.Send(to, &Abandon{Tag: tag, From: c.ctx.Self()})
}

// Tell sends body to another actor and expects nothing back.
func (c *Cell) Tell(to *actor.PID, body any) {
	c.Sys.Root.Send(to, &Request{Body: body, Sys: c.Sys})
}

// After calls f after d, unless stop comes first or the actor stops.
func (c *Cell) After(d time.Duration, f func()) (stop func()) {
	t := &cellTimer{f: f}
	if c.timers == nil {
		c.timers = map[*cellTimer]struct{}{}
	}
	c.timers[t] = struct{}{}
	self := c.ctx.Self()
	halt := c.node.Clock.AfterFunc(d, func() { c.Sys.Root.Send(self, t) })
	t.halt = halt
	return func() {
		halt()
		delete(c.timers, t)
	}
}

type cellTimer struct {
	f    func()
	halt func() bool
}

// Go runs f on a goroutine of its own, and then inside the actor with what it
// returned. For calls of libraries that block. If the actor stops first, then is
// not called.
func (c *Cell) Go(f func() (any, error), then func(any, error)) {
	tag, self := c.nextTag(), c.ctx.Self()
	if c.waiting == nil {
		c.waiting = map[uint64]func(any){}
	}
	c.waiting[tag] = func(v any) { then(Unpack(v)) }
	c.node.Go(func() {
		v, err := safely(f)
		if err != nil {
			v = messages.AsError(err)
		}
		c.Sys.Root.Send(self, &Answer{Tag: tag, Body: v})
	})
}

func safely(f func() (any, error)) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = messages.Errorf(messages.Internal, "panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

type scriptKey struct{}

// script is code of an actor that waits in the middle without holding a worker:
// a coroutine that the actor resumes with each answer.
type script struct {
	cell  *Cell
	next  func() (func(), bool)
	stop  func()
	yield func(func()) bool
	value any
}

// Script runs f inside the actor. In it Call, Sleep and Await wait without
// blocking the actor. When the actor stops, they return an error of kind
// Canceled.
func (c *Cell) Script(f func(ctx context.Context)) {
	s := &script{cell: c}
	ctx := context.WithValue(WithApp(context.Background(), c.App), scriptKey{}, s)
	s.next, s.stop = iter.Pull(func(yield func(func()) bool) {
		s.yield = yield
		f(ctx)
	})
	if c.scripts == nil {
		c.scripts = map[*script]struct{}{}
	}
	c.scripts[s] = struct{}{}
	s.step(nil)
}

func (s *script) step(v any) {
	s.value = v
	begin, more := s.next()
	if !more {
		delete(s.cell.scripts, s)
		return
	}
	begin()
}

// wait suspends the script; begin runs outside of it and sees to step being
// called.
func (s *script) wait(begin func()) (any, error) {
	if !s.yield(begin) {
		return nil, messages.Because(messages.Canceled, "waiting", errStopped)
	}
	return Unpack(s.value)
}

func (s *script) ask(to *actor.PID, body any) (any, error) {
	return s.wait(func() {
		s.cell.Ask(to, body, func(v any, err error) {
			if err != nil {
				v = messages.AsError(err)
			}
			s.step(v)
		})
	})
}

// Sleep waits for d inside a script.
func Sleep(ctx context.Context, d time.Duration) error {
	s := ctx.Value(scriptKey{}).(*script)
	_, err := s.wait(func() { s.cell.After(d, func() { s.step(nil) }) })
	return err
}

// Await runs f on a goroutine of its own and waits for it inside a script.
func Await(ctx context.Context, f func() (any, error)) (any, error) {
	s := ctx.Value(scriptKey{}).(*script)
	return s.wait(func() {
		s.cell.Go(f, func(v any, err error) {
			if err != nil {
				v = messages.AsError(err)
			}
			s.step(v)
		})
	})
}

// Until waits inside a script until the function it gives to begin is called,
// from inside the actor, with an answer or error.
func Until(ctx context.Context, begin func(done func(any))) (any, error) {
	s := ctx.Value(scriptKey{}).(*script)
	return s.wait(func() {
		begin(func(v any) {
			if err, ok := v.(error); ok {
				v = messages.AsError(err)
			}
			s.step(v)
		})
	})
}

// Receive implements actor.Actor.
func (c *Cell) Receive(ctx actor.Context) {
	defer c.guard(ctx)
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.ctx = ctx
		c.inner.Receive(ctx)
	case *Answer:
		if f, ok := c.waiting[m.Tag]; ok {
			delete(c.waiting, m.Tag)
			f(m.Body)
		}
	case *cellTimer:
		if _, ok := c.timers[m]; ok {
			delete(c.timers, m)
			m.f()
		}
	case *Request:
		if !c.life(m) {
			c.inner.Receive(ctx)
		}
	case *actor.Stopping:
		for t := range c.timers {
			t.halt()
		}
		for s := range c.scripts {
			s.stop()
		}
		c.inner.Receive(ctx)
	default:
		c.inner.Receive(ctx)
	}
}

// guard answers a request that made its handler panic. The panic of an entry's
// actor goes on to its supervisor; a component keeps its state and goes on.
func (c *Cell) guard(ctx actor.Context) {
	r := recover()
	if r == nil {
		return
	}
	c.Log.Error("actor panicked", "actor", c.env.ID, "message", fmt.Sprintf("%T", ctx.Message()), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	if m, ok := ctx.Message().(*Request); ok {
		m.Reply(messages.Errorf(messages.Internal, "%s panicked while handling %T: %v", c.env.ID, m.Body, r))
	}
	if _, stopping := ctx.Message().(*actor.Stopping); !stopping && !c.resume {
		panic(r)
	}
}

// HandleFailure implements actor.SupervisorStrategy for the children of the
// actor: it decides itself if it can, otherwise a child that panicked is
// stopped. Nothing escalates.
func (c *Cell) HandleFailure(sys *actor.ActorSystem, by actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, message any) {
	if s, ok := c.inner.(actor.SupervisorStrategy); ok {
		s.HandleFailure(sys, by, child, rs, reason, message)
		return
	}
	by.StopChildren(child)
}
