// Package relay routes what Go programs send to processes: to those of this node
// through its mailbox, a pool of workers, to those of a member of the cluster by
// the way to that node.
//
// A Lua process that sends to a process of its own node does so directly: that
// is the local tier without a detour.
package relay

import (
	"context"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component is the relay of a node.
var Component = actors.Component{
	Name:    "relay",
	Doc:     "Routes messages from outside to processes, of this node and of others.",
	Handles: []any{(*actors.Route)(nil)},
	New:     func(env actors.Env) actor.Actor { return &relay{env: env} },
}

// The size of the mailbox where the configuration has none.
const (
	defaultWorkers = 16
	defaultBuffer  = 1024
)

type relay struct {
	env     actors.Env
	workers []*actor.PID
	waiting []int // messages each worker has not delivered yet
	buffer  int
}

// delivered tells the relay that a worker is through with a message.
type delivered struct{ worker int }

// job is a message on its way through a worker.
type job struct {
	req *actors.Request
	to  string
	m   *messages.Mail
}

// Load starts the workers.
func (r *relay) Load(ctx context.Context) (context.Context, error) {
	n := setting(r.env, "supervisor.host.worker_count", defaultWorkers)
	r.buffer = setting(r.env, "supervisor.host.buffer_size", defaultBuffer)
	self := r.env.Cell.Self()
	for i := range n {
		props := actor.PropsFromProducer(func() actor.Actor { return &worker{env: r.env, index: i, relay: self} }, r.env.Props...)
		pid, err := r.env.Cell.Context().SpawnNamed(props, fmt.Sprint(i))
		if err != nil {
			return ctx, messages.Errorf(messages.Internal, "starting the relay's worker %d: %s", i, err)
		}
		r.workers = append(r.workers, pid)
	}
	r.waiting = make([]int, n)
	return ctx, nil
}

func setting(env actors.Env, key string, def int) int {
	switch n := env.Config[key].(type) {
	case int:
		def = n
	case int64:
		def = int(n)
	}
	return max(1, def)
}

// Receive implements actor.Actor.
func (r *relay) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *delivered:
		r.waiting[m.worker]--
	case *actors.Request:
		b, ok := m.Body.(*actors.Route)
		if !ok {
			actors.Unknown(m, r.env.ID)
			return
		}
		r.route(m, b)
	}
}

// route hands a message to the worker of its sender. A full queue pushes back:
// the sender is told to try again.
func (r *relay) route(req *actors.Request, b *actors.Route) {
	if to := r.env.Procs.Find(b.To); to != nil && !to.Here() { // the way to its node keeps the order itself
		if err := to.Send(r.env.Sys, b.Mail); err != nil {
			req.Reply(err)
			return
		}
		req.Done()
		return
	}
	i := Worker(b.Mail.From, len(r.workers))
	if r.waiting[i] >= r.buffer {
		req.Reply(messages.Errorf(messages.Unavailable, "relay: the queue of worker %d is full (%d messages); try again", i, r.buffer).WithRetry(true))
		return
	}
	r.waiting[i]++
	r.env.Sys.Root.Send(r.workers[i], &job{req, b.To, b.Mail})
}

// worker delivers the messages of the senders that fall to it.
type worker struct {
	env   actors.Env
	index int
	relay *actor.PID
}

// Receive implements actor.Actor.
func (w *worker) Receive(ctx actor.Context) {
	j, ok := ctx.Message().(*job)
	if !ok {
		return
	}
	to, err := w.env.Procs.Resolve(j.to)
	if err != nil {
		j.req.Reply(err)
	} else {
		w.env.Sys.Root.Send(to.Actor, j.m)
		j.req.Done()
	}
	w.env.Sys.Root.Send(w.relay, &delivered{w.index})
}
