package process

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// process is the actor of a Lua process, or of one worker of a function's pool.
// Its Receive only hands events to the VM; the Lua runs in Run, which the
// mailbox calls after each batch of messages.
type process struct {
	rt     *Runtime
	node   *actors.Node
	vm     *lua.VM
	ctx    actor.Context
	self   lua.Self
	proc   *actors.Proc
	def    *definition
	source string // the entry it was started with; self.Entry is the one it runs

	spawn    *spawned // how it was started; nil for a worker
	worker   *worker  // nil for a process
	trap     bool
	ties     actors.Ties
	asked    []outstanding
	early    map[string]*messages.Exit // of processes it may yet hear that it is linked to
	streams  bool                      // it has subscribed to the bus
	stopped  bool
	started  time.Time
	steps    atomic.Int64
	state    atomic.Int32
	turns    uint8
	waiting  atomic.Int32 // messages that the VM has not taken
	box      atomic.Value // where others wait: interface{ UserMessageCount() int }
	shown    atomic.Pointer[messages.ProcessData]
	dest     destCache
	callee   *callee
	address  *actor.PID
	blocking []blockingCall
	traced   atomic.Pointer[tracing] // who looks at its messages; nil for nobody
}

// destCache remembers where mail went last: programs send to few others.
type destCache struct {
	name string
	proc *actors.Proc
}

// callee remembers the address of the function that was called last, or of the
// host where a process was started.
type callee struct {
	name string
	pid  *actor.PID
}

// outstanding is a request that must be taken back if the process ends first.
type outstanding struct {
	tag uint64
	to  *actor.PID
}

// spawned is what a host gives a process to start with.
type spawned struct {
	req     *messages.Spawn
	notify  *actors.Request // answered with the result of the process
	awaited bool            // somebody is told of its error
	ended   func(pid string, value messages.Value, err *messages.Error)
}

// The states of a process, for whoever looks.
const (
	stateReady int32 = iota
	stateRunning
	stateWaiting
	stateEnded
)

var stateNames = [...]string{"ready", "running", "waiting", "ended"}

// begin starts a process: the messages before it are handled, its PID is known.
type begin struct{}

// fired tells that a timer's time has come.
type fired struct{ tag uint64 }

// Receive implements actor.Actor.
func (p *process) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Mail:
		if p.vm != nil {
			if t := p.traced.Load(); t != nil {
				t.got(p, m)
			}
			p.vm.Deliver(m)
		}
	case *actors.Answer:
		p.answered(m)
	case *fired:
		if p.vm != nil {
			p.vm.Fire(m.tag, p.node.Clock.Now())
		}
	case *messages.Push:
		if p.vm != nil {
			p.vm.Push(m.Tag, m.Value)
		}
	case *runCall:
		p.call(m)
	case *begin:
		p.vm.Start(p.spawn.req.Args)
		p.spawn.req = nil
	case *messages.Cancel:
		p.cancel(m)
	case *hostStopping:
		p.hostStops(m)
	case *messages.Exit:
		p.exit(m)
	case *actors.Request:
		p.request(m)
	case *wake:
	case *messages.Terminate:
		p.end(nil, nil)
		ctx.Stop(ctx.Self())
	case *actor.Started:
		p.ctx = ctx
	case *actor.Stopping:
		if !p.stopped {
			p.end(nil, messages.Errorf(messages.Canceled, "process was stopped"))
		}
	}
}

// hostStopping asks a process to end with its host. One that does not read its
// events, and does not begin to within a moment, could not do so in any time and
// is ended.
type hostStopping struct{ again bool }

// moment is how long a process has to begin to read its events.
const moment = 200 * time.Millisecond

func (p *process) hostStops(m *hostStopping) {
	if !m.again {
		p.cancel(&messages.Cancel{Reason: "host stopping"})
	}
	if p.stopped || p.vm.Listens() {
		return
	}
	if m.again {
		p.vm.Kill(messages.Errorf(messages.Canceled, "host %s is stopping", p.self.Host))
		return
	}
	self, sys := p.ctx.Self(), p.node.Sys
	p.node.Clock.AfterFunc(moment, func() { sys.Root.Send(self, &hostStopping{again: true}) })
}

// stopService asks the process of a service to end. Answered with whether it
// reads its events.
type stopService struct{}

// wake makes the mailbox run the process once more: something was changed from
// outside, as by Kill.
type wake struct{}

// Runnable implements actors.Runner.
func (p *process) Runnable() bool { return p.vm != nil && !p.stopped && p.vm.Runnable() }

// Run implements actors.Runner.
func (p *process) Run(slot actors.Slot) bool {
	if !p.Runnable() {
		if p.vm != nil && !p.stopped {
			p.note()
		}
		return true
	}
	p.state.Store(stateRunning)
	if !p.vm.Run(slot) {
		return false
	}
	if p.turns++; p.turns%lookAtMailbox == 1 {
		p.note()
	} else {
		p.steps.Store(p.vm.Instructions())
	}
	p.state.Store(stateWaiting)
	if end := p.vm.Ended(); end != nil {
		p.ended(end)
	}
	return true
}

// lookAtMailbox is after how many turns a process that takes its messages counts
// those that are left; one that takes none counts with each that comes.
const lookAtMailbox = 32

// note keeps what others can see of the VM, which is not theirs to look at.
func (p *process) note() {
	if n := p.vm.Instructions(); p.steps.Load() != n {
		p.steps.Store(n)
	}
	if n := int32(p.vm.Waiting()); p.waiting.Load() != n {
		p.waiting.Store(n)
	}
}

// Sliced implements lua.Observed.
func (p *process) Sliced() { p.note() }

// Boxed implements actors.Boxed.
func (p *process) Boxed(box interface{ UserMessageCount() int }) { p.box.Store(box) }

// ended is what follows when main is over.
func (p *process) ended(end *lua.End) {
	if u := end.Upgrade; u != nil {
		p.upgrade(u)
		return
	}
	var value messages.Value
	if len(end.Values) > 0 {
		value = end.Values[0]
	}
	if p.worker != nil {
		p.worker.finished(p, end)
		return
	}
	p.end(value, end.Err)
	p.ctx.Stop(p.ctx.Self())
}

// upgrade goes on with other code; PID, mailbox, names, monitors and links stay.
// What the code before waits for and listens to ends with it.
func (p *process) upgrade(u *lua.Upgrade) {
	id := u.ID
	if id == "" {
		id = p.self.Entry
	}
	d := p.rt.lookup(id)
	if d == nil {
		p.end(nil, messages.Errorf(messages.NotFound, "upgrading %s: process %s not found", p.proc.PID, id))
		p.ctx.Stop(p.ctx.Self())
		return
	}
	p.show(p.proc.PID, id)
	p.def, p.self.Entry = d, id
	p.remember()
	p.release()
	p.vm.Upgrade(d.program)
	p.vm.Start(u.Args)
	p.node.Sys.Root.Send(p.ctx.Self(), &wake{})
}

// end lets go of everything the process owns, once: it is unknown from now on,
// and whoever monitors it, is linked to it or waits for it is told.
func (p *process) end(value messages.Value, err *messages.Error) {
	if p.stopped {
		return
	}
	p.stopped = true
	p.state.Store(stateEnded)
	pid := ""
	if p.proc != nil {
		pid = p.proc.PID
		p.node.Procs.Remove(p.proc)
	}
	if err != nil && p.spawn != nil {
		p.report(pid, err)
	}
	p.untrace()
	p.vm.Close()
	p.release()
	p.ties.Cut(p.node, pid, value, err)
	if s := p.spawn; s != nil {
		if s.ended != nil {
			s.ended(pid, value, err)
		}
		if s.notify != nil {
			switch {
			case err != nil:
				s.notify.Reply(err)
			default:
				s.notify.Reply(&ended{value})
			}
		}
		if p.node.Listeners.Load() > 0 {
			p.node.Publish(&messages.Event{System: "process", Kind: "stopped", Path: pid, Data: &messages.Table{Keys: []messages.Value{"pid", "entry"}, Vals: []messages.Value{pid, p.self.Entry}}})
		}
	}
}

// ended is the result of a process, as its host's callers get it.
type ended struct{ value messages.Value }

// release takes back what the process still waits for and what is subscribed.
func (p *process) release() {
	for _, b := range p.blocking {
		b.cancel()
	}
	p.blocking = nil
	for _, o := range p.asked {
		p.node.Sys.Root.Send(o.to, &actors.Abandon{Tag: o.tag, From: p.ctx.Self()})
	}
	p.asked = nil
	if p.streams && p.proc != nil {
		p.streams = false
		p.tell(&messages.Unsubscribe{By: p.proc.PID})
	}
}

func (p *process) tell(body any) {
	if to := p.node.Commands.Lookup(body); to != nil {
		p.node.Sys.Root.Send(to, &actors.Request{Body: body, Sys: p.node.Sys})
	}
}

// answered gives an answer to the thread that waits for it. Of a process it
// started linked or monitored, the process takes note first.
func (p *process) answered(m *actors.Answer) {
	if len(p.asked) > 0 {
		p.asked = slices.DeleteFunc(p.asked, func(o outstanding) bool { return o.tag == m.Tag })
	}
	if len(p.blocking) > 0 {
		p.blocking = slices.DeleteFunc(p.blocking, func(b blockingCall) bool { return b.tag == m.Tag })
	}
	body := m.Body
	switch b := body.(type) {
	case *actors.SpawnedTied:
		if b.Link {
			p.ties.Link(b.PID)
		}
		if b.Monitor {
			p.ties.Watch(b.PID)
		}
		if m := p.early[b.PID]; m != nil && p.vm != nil {
			p.exit(m)
		}
		body = b.Spawned
	case *ended:
		body = b.value
	case *actors.Tied:
		p.ties.Note(b)
		body = &messages.Done{}
	}
	if len(p.asked) == 0 {
		p.early = nil
	}
	if p.vm != nil {
		p.vm.Answer(m.Tag, body)
	}
}

// cancel delivers a CANCEL event; what the process makes of it is its affair.
func (p *process) cancel(m *messages.Cancel) {
	p.event(m.From, &messages.Table{
		Keys: []messages.Value{"kind", "at", "from", "reason"},
		Vals: []messages.Value{"pid.cancel", p.unix(), m.From, m.Reason},
	})
}

// exit is told that another process ended.
func (p *process) exit(m *messages.Exit) {
	linked := p.ties.Ended(m)
	if m.Links && !linked && len(p.asked) > 0 {
		if p.early == nil {
			p.early = map[string]*messages.Exit{}
		}
		p.early[m.From] = m
	}
	result := &messages.Table{Object: true}
	if m.Result != nil {
		result.Set("value", m.Result)
	}
	if m.Err != nil {
		result.Set("error", m.Err)
	}
	event := func(kind string) *messages.Table {
		return &messages.Table{
			Keys: []messages.Value{"kind", "at", "from", "result"},
			Vals: []messages.Value{kind, p.unix(), m.From, result},
		}
	}
	switch {
	case m.Monitors && m.Lost:
		p.event(m.From, event("pid.link.down"))
	case m.Monitors:
		p.event(m.From, event("pid.exit"))
	}
	if linked {
		switch {
		case m.Err == nil:
		case p.trap:
			p.event(m.From, event("pid.link.down"))
		default:
			p.vm.Kill(messages.Because("", linkedFailed, m.Err))
		}
	}
}

func (p *process) unix() float64 { return float64(p.node.Clock.Now().Unix()) }

// request answers what other actors ask of a process.
func (p *process) request(m *actors.Request) {
	if p.proc == nil { // meant for a call that is over
		m.Reply(messages.Errorf(messages.NotFound, "process not found: the call has ended"))
		return
	}
	if p.stopped {
		m.Gone()
		return
	}
	if p.ties.Answer(m, p.proc.PID) {
		return
	}
	switch b := m.Body.(type) {
	case *messages.Cancel:
		p.cancel(b)
		m.Done()
	case *stopService:
		p.cancel(&messages.Cancel{Reason: "service stopping"})
		m.Reply(p.vm.Listens())
	case *messages.SetOptions:
		p.trap = b.TrapLinks
		m.Done()
	default:
		m.Reply(messages.Errorf(messages.Invalid, "a process does not answer %T", m.Body))
	}
}

// Kill ends the process from any goroutine.
func (p *process) Kill(reason *messages.Error) {
	p.vm.Kill(reason)
	p.node.Sys.Root.Send(p.address, &wake{})
}

// show notes what others can see of the process once that has changed: what may
// change must not be read from other goroutines. Most processes never change.
func (p *process) show(pid, source string) {
	d := p.data(pid, source)
	p.shown.Store(&d)
}

func (p *process) data(pid, source string) messages.ProcessData {
	d := messages.ProcessData{PID: pid, Host: p.self.Host, Source: source, Parent: p.self.Parent, Started: p.started}
	if c := p.self.Context; c != nil && c.Actor != nil {
		d.Actor = c.Actor.ID
	}
	return d
}

// Info is what others can see of it, from any goroutine.
func (p *process) Info() messages.ProcessData {
	var d messages.ProcessData
	if shown := p.shown.Load(); shown != nil {
		d = *shown
	} else {
		d = p.data(p.proc.PID, p.source)
	}
	d.State, d.Steps, d.Memory = stateNames[p.state.Load()], p.steps.Load(), p.vm.Memory()
	d.Mailbox = int(p.waiting.Load())
	if box, ok := p.box.Load().(interface{ UserMessageCount() int }); ok {
		d.Mailbox += box.UserMessageCount()
	}
	return d
}
