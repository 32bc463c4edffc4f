package scheduler

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

// ErrGoexit is the reason of the failure of an actor whose handler called runtime.Goexit, as t.FailNow does.
var ErrGoexit = errors.New("delivering a message: the handler called runtime.Goexit; return from it instead")

// run is called by the worker that took the mailbox from a queue: the worker's goroutine is the owner now.
func (m *Mailbox) run(c *carrier) {
	for m.batch(c) {
	}
}

// batch delivers messages, lets a Runner run and gives the mailbox up. It returns true after a panic: then the caller
// is still the owner and there may be more.
func (m *Mailbox) batch(c *carrier) (again bool) {
	var msg any
	returned := false
	defer func() {
		if returned {
			return
		}
		r := recover()
		if c.w == nil {
			return // an abandoned goroutine unwinds: the actor is not its own
		}
		if r == nil {
			m.failed(ErrGoexit, msg)
			m.release()
			return
		}
		m.failed(r, msg)
		again = true
	}()
	limit := m.sched.opts.Throughput
	var since time.Duration // of the look at the clock
	for n := 0; ; {
		for ; n < limit; n++ {
			w := m.word.Load()
			if !hasWork(w) {
				break
			}
			if w&systemMask != 0 {
				msg, _ = m.system.pop()
				m.word.Add(^(oneSystem - 1))
				m.deliverSystem(msg)
				continue
			}
			msg, _ = m.user.pop()
			m.word.Add(^(oneUser - 1))
			if m.dead {
				m.deadLetter(msg)
			} else {
				m.invoker.InvokeUserMessage(msg)
			}
			if n%lookAtClock == lookAtClock-1 {
				if now := m.sched.now(); since == 0 {
					since = now
				} else if now-since > longestBatch {
					c.tired, limit = true, n
				}
			}
		}
		msg = nil
		if m.runner != nil && m.word.Load()&suspended == 0 {
			m.runner.Run(c)
			if c.w == nil { // it gave the actor away, or was abandoned
				returned = true
				return false
			}
			m.release()
			break
		}
		if n < limit {
			if m.tryIdle() {
				break
			}
			continue
		}
		if c.tired && !m.tryIdle() {
			m.sched.global.push(task{box: m}) // behind everybody's, not only those of this processor
		} else if !c.tired {
			m.release()
		}
		break
	}
	returned = true
	return false
}

// deliverSystem hands a system message to the actor, or acts on it.
func (m *Mailbox) deliverSystem(msg any) {
	switch msg.(type) {
	case *actor.SuspendMailbox:
		m.word.Or(suspended)
		return
	case *actor.ResumeMailbox:
		m.word.And(^suspended)
		return
	}
	if m.dead {
		m.deliverDead(msg)
		return
	}
	switch msg.(type) {
	case *actor.Stop, *actor.Terminated: // the two that can end an actor
		before, ok := m.process()
		defer m.buryUnless(before, ok)
	}
	m.invoker.InvokeSystemMessage(msg)
	m.findRunner()
}

// findRunner looks again after every system message, for a restart puts a new actor in the place of the old one.
func (m *Mailbox) findRunner() {
	if ctx, ok := m.invoker.(actor.Context); ok {
		a := ctx.Actor()
		if b, ok := m.runner.(bridged); ok && any(b.Runner) == any(a) {
			return
		}
		m.runner = runnerOf(a)
		if b, ok := a.(actors.Boxed); ok {
			b.Boxed(m)
		}
	}
}

// process returns what is registered under the name of the actor.
func (m *Mailbox) process() (actor.Process, bool) {
	ctx, ok := m.invoker.(actor.Context)
	if !ok {
		return nil, false
	}
	return ctx.ActorSystem().ProcessRegistry.GetLocal(ctx.Self().GetId())
}

// buryUnless marks the actor as dead unless it is still registered. The name may be taken by another already, so the
// process counts and not the name.
func (m *Mailbox) buryUnless(before actor.Process, ok bool) {
	if _, known := m.invoker.(actor.Context); !known {
		return
	}
	if now, still := m.process(); ok && still && now == before {
		return
	}
	m.dead = true
	m.runner = nil
	m.word.And(^suspended) // what still waits goes to the dead letters
}

// deliverDead handles a system message for an actor that has stopped. A watcher is answered by the actor; the rest is
// as undeliverable as if the actor had not been found.
func (m *Mailbox) deliverDead(msg any) {
	switch msg.(type) {
	case *actor.Watch, *actor.Unwatch:
		m.invoker.InvokeSystemMessage(msg)
	default:
		ctx := m.invoker.(actor.Context)
		ctx.ActorSystem().DeadLetter.SendSystemMessage(ctx.Self(), msg)
	}
}

func (m *Mailbox) deadLetter(msg any) {
	ctx := m.invoker.(actor.Context)
	ctx.ActorSystem().DeadLetter.SendUserMessage(ctx.Self(), msg)
}

// failed reports a panic to the supervisor of the actor. The actor of a dead mailbox has none any more.
func (m *Mailbox) failed(reason, msg any) {
	if !m.dead {
		m.invoker.EscalateFailure(reason, msg)
		return
	}
	ctx := m.invoker.(actor.Context)
	ctx.Logger().Error("a subscriber of dead letters panicked",
		slog.String("actor", ctx.Self().GetId()), slog.String("reason", fmt.Sprint(reason)),
		slog.String("stack", string(debug.Stack())))
}
