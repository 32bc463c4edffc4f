package process

import (
	"context"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// HostConfig are the fields of process.host.
type HostConfig struct {
	Host struct {
		Workers        int            `yaml:"workers" min:"0" doc:"Accepted. All hosts of a node share the workers of its scheduler, one for each CPU."`
		QueueSize      int            `yaml:"queue_size" default:"1024" min:"0" doc:"Accepted. The run queue grows as needed."`
		LocalQueueSize int            `yaml:"local_queue_size" default:"256" min:"0" doc:"Accepted. The run queue grows as needed."`
		Rest           map[string]any `yaml:",inline"`
	} `yaml:"host" doc:"Sizes of the host."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs; auto_start must be true for it to be usable."`
}

func (rt *Runtime) hostKind() actors.Kind {
	return actors.Define(actors.Spec[HostConfig]{
		Name: "process.host", Doc: "A place where Lua processes run.", Service: true,
		Serve: func(env actors.Env, c HostConfig) actor.Actor {
			workers := c.Host.Workers
			if workers == 0 {
				workers = runtime.GOMAXPROCS(0)
			}
			return &host{nursery: newNursery(rt, env, c.Lifecycle.StopTimeout), workers: workers}
		},
	})
}

// nursery is the part of an actor that has processes as its children.
type nursery struct {
	rt    *Runtime
	env   actors.Env
	props *actor.Props
	next  *process // what the props' producer returns
	up    bool
	grace time.Duration

	children map[string]*process // by actor id
	calls    map[callKey]*process
	empty    func() // called when the last child is gone
	made     int
}

type callKey struct {
	from string
	tag  uint64
}

func newNursery(rt *Runtime, env actors.Env, stopTimeout time.Duration) nursery {
	return nursery{rt: rt, env: env, grace: stopTimeout * 3 / 4, children: map[string]*process{}, calls: map[callKey]*process{}}
}

// spawnActor starts the actor of a process as a child.
func (n *nursery) spawnActor(p *process, name string) error {
	if n.props == nil {
		n.props = actor.PropsFromProducer(func() actor.Actor { return n.next }, n.env.Props...)
	}
	n.next = p
	pid, err := n.env.Cell.Context().SpawnNamed(n.props, name)
	n.next = nil
	if err != nil {
		return messages.Errorf(messages.Internal, "starting %s: %s", p.self.Entry, err)
	}
	n.children[pid.Id] = p
	n.made++
	p.address = pid
	return nil
}

// start starts a process and answers req with note(PID); before it runs, the
// caller knows of it and those who watch it are known.
func (n *nursery) start(s *messages.Spawn, terminal *lua.Terminal, more func(*spawned)) (*process, *messages.Error) {
	d := n.rt.lookup(s.Process)
	if n.up && (d == nil || !d.is("process.lua")) {
		return nil, messages.Errorf(messages.NotFound, "process not found: %s", s.Process)
	}
	return n.launch(d, s, terminal, more)
}

// launch is start for code that need not be an entry.
func (n *nursery) launch(d *definition, s *messages.Spawn, terminal *lua.Terminal, more func(*spawned)) (*process, *messages.Error) {
	if !n.up {
		return nil, messages.Errorf(messages.Unavailable, "host %s is not running", n.env.ID)
	}
	pid, uniq := n.env.Procs.Next(n.env.ID)
	p := &process{
		rt: n.rt, node: n.env.Node, def: d, source: s.Process, spawn: &spawned{req: s}, started: n.env.Clock.Now(),
		self: lua.Self{Entry: s.Process, Host: n.env.ID, Parent: s.Parent, Context: s.Context.Through(s.Options.Way()), Strict: n.env.Strict, Terminal: terminal},
	}
	if s.Monitor {
		p.ties.WatchedBy(s.Parent)
	}
	if s.Link {
		p.ties.Link(s.Parent)
	}
	if more != nil {
		more(p.spawn)
	}
	p.vm = n.rt.Engine.NewVM(d.program, p)
	p.remember()
	if err := n.spawnActor(p, strconv.FormatUint(uniq, 16)); err != nil {
		p.vm.Close()
		return nil, messages.AsError(err)
	}
	p.proc = &actors.Proc{PID: pid, Actor: p.address, Life: p}
	for _, m := range s.Mail {
		n.env.Sys.Root.Send(p.address, m)
	}
	n.env.Procs.Add(p.proc)
	return p, nil
}

// spawn answers messages.Spawn: with a name that is taken, the mail goes to the
// one who has it.
func (n *nursery) spawn(req *actors.Request, s *messages.Spawn, terminal *lua.Terminal, more func(*spawned)) {
	if s.Name != "" && n.signal(req, s) {
		return
	}
	p, err := n.start(s, terminal, more)
	if err != nil {
		req.Reply(err)
		return
	}
	if s.Name != "" {
		if _, ok := n.env.Procs.Name(s.Name, p.proc.PID); !ok {
			n.env.Procs.Remove(p.proc)
			p.Kill(messages.Errorf(messages.AlreadyExists, "name %s was taken meanwhile", s.Name))
			n.again(req)
			return
		}
	}
	n.reply(req, s, &messages.Spawned{PID: p.proc.PID})
	n.begin(p)
}

// again has a request handled once more, after what is in the mailbox.
func (n *nursery) again(req *actors.Request) {
	n.env.Cell.Context().Send(n.env.Cell.Self(), req)
}

// reply answers a spawn; who wants ties to the process takes note of them.
func (n *nursery) reply(req *actors.Request, s *messages.Spawn, done *messages.Spawned) {
	if s.Link || s.Monitor {
		req.Reply(&actors.SpawnedTied{Spawned: done, Link: s.Link, Monitor: s.Monitor})
	} else {
		req.Reply(done)
	}
}

// begin lets a process run, once everybody who must know of it does.
func (n *nursery) begin(p *process) {
	n.env.Sys.Root.Send(p.address, &begin{})
	if n.env.Listeners.Load() > 0 {
		n.env.Publish(&messages.Event{System: "process", Kind: "started", Path: p.proc.PID, Data: &messages.Table{Keys: []messages.Value{"pid", "entry"}, Vals: []messages.Value{p.proc.PID, p.self.Entry}}})
	}
}

// signal gives the mail of a spawn to the process that has its name already. It
// reports false if nobody has it.
func (n *nursery) signal(req *actors.Request, s *messages.Spawn) bool {
	owner := n.env.Procs.Find(n.env.Procs.Named(s.Name))
	if owner == nil {
		return false
	}
	n.tie(req, s, owner, func() {
		for _, m := range s.Mail {
			n.env.Sys.Root.Send(owner.Actor, m)
		}
		n.reply(req, s, &messages.Spawned{PID: owner.PID, Existed: true})
	})
	return true
}

// tie monitors and links a process that runs already, as the spawn that found it
// asks, before it calls then: who calls spawn_monitored waits for an EXIT, whoever
// started the process. If the process is at its end, another is started in its
// place.
func (n *nursery) tie(req *actors.Request, s *messages.Spawn, owner *actors.Proc, then func()) {
	var asked []any
	if s.Monitor {
		asked = append(asked, &messages.Monitor{By: s.Parent})
	}
	if s.Link {
		asked = append(asked, &messages.Link{By: s.Parent})
	}
	var next func()
	next = func() {
		if len(asked) == 0 {
			then()
			return
		}
		body := asked[0]
		asked = asked[1:]
		n.env.Cell.Ask(owner.Actor, body, func(_ any, err error) {
			switch {
			case err == nil || messages.IsKind(err, messages.AlreadyExists): // it is monitored already
				next()
			case messages.IsKind(err, messages.NotFound):
				n.again(req)
			default:
				req.Reply(err)
			}
		})
	}
	next()
}

// exec answers req with the result of a process it starts.
func (n *nursery) exec(req *actors.Request, s *messages.Spawn, terminal *lua.Terminal) *process {
	p, err := n.start(s, terminal, func(sp *spawned) { sp.notify, sp.awaited = req, true })
	if err != nil {
		req.Reply(err)
		return nil
	}
	n.begin(p)
	return p
}

// callLike starts a process for a caller of a function.
func (n *nursery) callLike(req *actors.Request, s *messages.Spawn) {
	var answered atomic.Bool
	var late func() bool
	p, err := n.start(s, nil, func(sp *spawned) {
		sp.awaited = true
		if o := s.Options; o != nil && o.Timeout > 0 {
			self, sys := n.env.PID(n.env.ID), n.env.Sys
			late = n.env.Clock.AfterFunc(o.Timeout, func() {
				if answered.CompareAndSwap(false, true) {
					req.Reply(errLate(s.Process, o.Timeout))
					sys.Root.Send(self, &actors.Abandon{From: req.From, Tag: req.Tag})
				}
			})
		}
		sp.ended = func(_ string, v messages.Value, err *messages.Error) {
			if !answered.CompareAndSwap(false, true) {
				return
			}
			if late != nil {
				late()
			}
			if err != nil {
				req.Reply(err)
				return
			}
			req.Reply(&messages.FunctionResult{Values: []messages.Value{v}})
		}
	})
	if err != nil {
		if late != nil {
			late()
		}
		req.Reply(err)
		return
	}
	n.calls[callKey{req.From.Id, req.Tag}] = p
	n.begin(p)
}

// abandoned tells a process that its caller does not wait any more.
func (n *nursery) abandoned(a *actors.Abandon) {
	k := callKey{a.From.Id, a.Tag}
	if p := n.calls[k]; p != nil {
		delete(n.calls, k)
		n.env.Sys.Root.Send(p.address, &messages.Cancel{Reason: errAbandoned.Message})
	}
}

// terminated notes that a child is gone.
func (n *nursery) terminated(t *actor.Terminated) {
	p := n.children[t.Who.Id]
	if p == nil {
		return
	}
	delete(n.children, t.Who.Id)
	for k, c := range n.calls {
		if c == p {
			delete(n.calls, k)
		}
	}
	if len(n.children) == 0 && n.empty != nil {
		f := n.empty
		n.empty = nil
		f()
	}
}

// close ends all children: each is asked to, and ended if it does not in time.
func (n *nursery) close(ctx context.Context) error {
	n.up = false
	if len(n.children) == 0 {
		return nil
	}
	for _, p := range n.children {
		n.env.Sys.Root.Send(p.address, &hostStopping{})
	}
	_, err := actors.Until(ctx, func(done func(any)) {
		halt := n.env.Cell.After(n.grace, func() {
			for _, p := range n.children {
				p.Kill(messages.Errorf(messages.Canceled, "host %s is stopping", n.env.ID))
			}
		})
		n.empty = func() {
			halt()
			done(nil)
		}
	})
	return err
}

// host is the actor of a process.host.
type host struct {
	nursery
	workers int
}

// Start implements actors.Starter.
func (h *host) Start(context.Context) error {
	h.up = true
	return nil
}

// Stop implements actors.Stopper.
func (h *host) Stop(ctx context.Context) error {
	return h.close(ctx)
}

// Receive implements actor.Actor.
func (h *host) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		h.terminated(m)
	case *actors.Abandon:
		h.abandoned(m)
	case *actors.Request:
		switch b := m.Body.(type) {
		case *messages.Spawn:
			h.spawn(m, b, nil, nil)
		case *messages.Exec:
			h.exec(m, b.Spawn, nil)
		case *callProcess:
			h.callLike(m, b.Spawn)
		case *actors.SpawnFor:
			h.spawnFor(m, b, nil)
		case *messages.Hosts:
			d := messages.HostData{ID: h.env.ID, Workers: h.workers, Processes: len(h.children), Executed: h.made}
			if h.env.Load != nil {
				d.Stolen, d.Waiting = h.env.Load()
			}
			m.Reply(d)
		default:
			m.Reply(actors.NotAnswered(h.env.ID, m.Body))
		}
	}
}

// spawnFor starts a process for an actor that is told of its end.
func (n *nursery) spawnFor(req *actors.Request, b *actors.SpawnFor, terminal *lua.Terminal) {
	notify := b.Notify
	n.spawn(req, b.Spawn, terminal, func(sp *spawned) {
		sp.ended = func(pid string, v messages.Value, err *messages.Error) {
			n.env.Sys.Root.Send(notify, &actors.Ended{PID: pid, Value: v, Err: err})
		}
	})
}
