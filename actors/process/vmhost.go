package process

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The methods below make process the lua.Host of its VM.

// Self implements lua.Host.
func (p *process) Self() *lua.Self { return &p.self }

// PID implements lua.Host. A function call becomes known under a PID of its own
// when it first asks for it.
func (p *process) PID() string {
	if p.proc == nil {
		p.register(p.self.Host)
	}
	return p.proc.PID
}

// register makes the process known.
func (p *process) register(host string) {
	pid, _ := p.node.Procs.Next(host)
	p.show(pid, p.self.Entry)
	p.proc = &actors.Proc{PID: pid, Actor: p.ctx.Self(), Life: p}
	p.node.Procs.Add(p.proc)
}

// Now implements lua.Host.
func (p *process) Now() time.Time { return p.node.Clock.Now() }

// TrapLinks tells whether links deliver events.
func (p *process) TrapLinks() bool { return p.trap }

// Ask implements lua.Host: it finds the actor that handles the command.
func (p *process) Ask(tag uint64, cmd *lua.Command) {
	req := &actors.Request{Tag: tag, From: p.ctx.Self(), Body: cmd.Body, Sys: p.node.Sys}
	if p.proc != nil {
		req.By = p.proc.PID
	}
	if cmd.Go != nil {
		p.await(tag, cmd.Go)
		return
	}
	var to *actor.PID
	switch b := cmd.Body.(type) {
	case *messages.FunctionCall:
		to = p.find(b.Function)
		p.asked = append(p.asked, outstanding{tag, to})
	case *messages.Signal:
		p.node.Signal(req, b)
		return
	case *messages.Subscribe:
		b.By = p.PID()
		p.streams = true
	case *messages.Spawn:
		if b.Link {
			to = p.find(cmd.To)
			p.asked = append(p.asked, outstanding{tag, to})
		}
	case *messages.Exec:
		to = p.node.PID(cmd.To)
		p.asked = append(p.asked, outstanding{tag, to})
	case *messages.EvalRun:
		if to = p.node.Commands.Lookup(b); to != nil {
			p.asked = append(p.asked, outstanding{tag, to})
		}
	}
	if to == nil {
		if cmd.To != "" {
			to = p.find(cmd.To)
		} else if to = p.node.Commands.Lookup(cmd.Body); to == nil {
			req.Reply(messages.Errorf(messages.Unavailable, "nothing on this node handles %T", cmd.Body))
			return
		}
	}
	p.node.Sys.Root.Send(to, req)
}

// find is the address of an entry's actor.
func (p *process) find(id string) *actor.PID {
	if p.callee == nil || p.callee.name != id {
		p.callee = &callee{id, p.node.PID(id)}
	}
	return p.callee.pid
}

// await runs a blocking call of a library on a goroutine of its own.
func (p *process) await(tag uint64, f func(<-chan struct{}) (any, error)) {
	ctx, cancel := context.WithCancel(context.Background())
	self, sys := p.ctx.Self(), p.node.Sys
	p.blocking = append(p.blocking, blockingCall{tag, cancel})
	p.node.Go(func() {
		defer cancel()
		v, err := guarded(ctx, f)
		if err != nil {
			v = messages.AsError(err)
		}
		sys.Root.Send(self, &actors.Answer{Tag: tag, Body: v})
	})
}

// Tell implements lua.Host.
func (p *process) Tell(body any) {
	if o, ok := body.(*messages.SetOptions); ok {
		p.trap = o.TrapLinks
		return
	}
	switch b := body.(type) {
	case *lua.Command:
		p.node.Sys.Root.Send(p.node.PID(b.To), &actors.Request{Body: b.Body, Sys: p.node.Sys})
		return
	case *lua.MailDropped:
		p.node.Log.Warn("a full mailbox drops messages", "pid", p.PID(), "entry", b.Entry)
		return
	case *messages.Unsubscribe:
		b.By = p.PID()
	case *lua.Forget:
		for i, o := range p.asked {
			if o.tag == b.Tag {
				p.asked = slices.Delete(p.asked, i, i+1)
				p.node.Sys.Root.Send(o.to, &actors.Abandon{Tag: o.tag, From: p.ctx.Self()})
				return
			}
		}
		return
	}
	p.tell(body)
}

// Push implements lua.Host.
func (p *process) Push(tag uint64, v any) {
	p.node.Sys.Root.Send(p.ctx.Self(), &messages.Push{Tag: tag, Value: v})
}

// Send implements lua.Host.
func (p *process) Send(dest string, m *messages.Mail) *messages.Error {
	to := p.dest.proc
	if to == nil || p.dest.name != dest || !to.Alive() {
		var err *messages.Error
		if to, err = p.node.Procs.Resolve(dest); err != nil {
			return err
		}
		if dest[0] == '{' { // a name may move to another process
			p.dest = destCache{dest, to}
		}
	}
	if t := p.traced.Load(); t != nil {
		t.sent(p, dest, m)
	}
	err := to.Send(p.node.Sys, m)
	if err != nil { // the way to its node may be another one now
		p.dest = destCache{}
	}
	return err
}

// Resolve gives the PID of a PID or registered name.
func (p *process) Resolve(dest string) (string, *messages.Error) {
	to, err := p.node.Procs.Resolve(dest)
	if err != nil {
		return "", err
	}
	return to.PID, nil
}

// Publish implements lua.Host.
func (p *process) Publish(e *messages.Event) { p.node.Publish(e) }

// After implements lua.Host.
func (p *process) After(tag uint64, d time.Duration) func() bool {
	self, sys := p.ctx.Self(), p.node.Sys
	return p.node.Clock.AfterFunc(d, func() { sys.Root.Send(self, &fired{tag}) })
}

// Log implements lua.Host.
func (p *process) Log(level int, logger, location, message string, fields []any) {
	log := p.node.Log
	if !log.Enabled(context.Background(), slog.Level(level)) {
		return
	}
	args := make([]any, 0, len(fields)+6)
	if logger != "" {
		args = append(args, "logger", logger)
	}
	args = append(args, fields...)
	log.Log(context.Background(), slog.Level(level), message, append(args, "pid", p.PID(), "location", location)...)
}
