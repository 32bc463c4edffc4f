package process

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// FunctionConfig are the fields of function.lua.
type FunctionConfig struct {
	Source           `yaml:",inline"`
	FunctionSettings `yaml:",inline"`
}

// FunctionSettings are the fields of functions apart from their code.
type FunctionSettings struct {
	Method  string         `yaml:"method" required:"true" doc:"The function to call: what the chunk returns, or the field of that name in the table it returns."`
	Pool    PoolConfig     `yaml:"pool" doc:"How calls are executed."`
	Limits  CallLimits     `yaml:"limits" doc:"What a call may use; one that uses more ends."`
	Options map[string]any `yaml:"meta.options" doc:"Default options of calls: timeout, network, retry."`

	Activity *Activity `yaml:"meta.temporal.activity" doc:"Makes the function an activity of Temporal."`
}

// Validate implements registry.Validator.
func (c *FunctionConfig) Validate() error { return checkOptions(c.Options) }

// PoolConfig says how the calls of a function are executed.
type PoolConfig struct {
	Type      string `yaml:"type" oneof:"inline|lazy|static|adaptive" doc:"inline: a state of its own for every call; lazy, adaptive: workers on demand up to max_size; static: a fixed number. Without it, it follows from the sizes."`
	Size      int    `yaml:"size" min:"0" doc:"Workers of a static pool without workers."`
	Workers   int    `yaml:"workers" min:"0" doc:"Workers of a static pool."`
	Buffer    int    `yaml:"buffer" min:"0" doc:"Expected length of the request queue; it grows as needed."`
	WarmStart bool   `yaml:"warm_start" doc:"Create states before the first call."`
	MaxSize   int    `yaml:"max_size" default:"16" min:"0" doc:"Upper limit of a lazy or adaptive pool."`
}

// plan is a pool's decision about its size.
type plan struct {
	kind string
	max  int // workers at most, 0 for no limit
	warm int // workers made at once
	keep int // workers that stay without work
}

// plan follows entries.md, section 3.1.
func (c PoolConfig) plan() plan {
	kind := c.Type
	if kind == "" {
		switch {
		case c.Workers > 0:
			kind = "static"
		case c.Size == 0 || c.MaxSize > 0:
			kind = "lazy"
		default:
			kind = "inline"
		}
	}
	p := plan{kind: kind}
	switch kind {
	case "static":
		p.max = c.Workers
		if p.max == 0 {
			p.max = c.Size
		}
		if p.max == 0 {
			p.max = 8
		}
		p.keep = p.max
	case "lazy", "adaptive":
		if p.max = c.MaxSize; p.max == 0 {
			p.max = 16
		}
	}
	if c.WarmStart {
		p.warm = max(1, p.keep)
	}
	return p
}

func (rt *Runtime) functionKind() actors.Kind {
	return actors.Define(actors.Spec[FunctionConfig]{
		Name: "function.lua", Doc: "A Lua function, called by its id.",
		Serve: func(env actors.Env, c FunctionConfig) actor.Actor { return rt.newFunction(env, c) },
	})
}

func (rt *Runtime) newFunction(env actors.Env, c FunctionConfig) actor.Actor {
	f := &function{code: code{rt: rt, env: env, entry: env.Entry, source: c.Source, method: c.Method, limits: c.Limits.lua()}, nursery: newNursery(rt, env, 0)}
	f.plan = c.Pool.plan()
	f.measured, _ = env.Config["metrics.interceptor.enabled"].(bool)
	f.options = callOptions(env.Entry, c.Limits.Time)
	f.swap = f.newGeneration
	return f
}

// function is the actor of a function.lua: the pool of its workers. When the
// code changes a new generation of workers takes over; calls that run finish on
// the old one.
type function struct {
	code
	nursery
	plan    plan
	options *messages.CallOptions

	measured bool // calls are counted
	gen      *generation
	queue    []*runCall
	count    int // workers of the current generation
	address  *actor.PID
	reaper   func()
}

// generation is a set of workers with the same code.
type generation struct {
	def   *definition
	host  string // "ns:name#lua.N"
	idle  []*process
	older bool
}

// worker is the part of a process that serves a pool.
type worker struct {
	pool *function
	gen  *generation
	run  *runCall // the call it is at

	given *runCall // the call it was given last; the pool's
	used  time.Time
	late  func() // stops the timeout of the call
	idle  idle   // the note to the pool: it is read before the next call begins
}

// runCall is one call on its way through the pool.
type runCall struct {
	req   *actors.Request
	call  *messages.FunctionCall
	more  any         // what only the called function sees: an HTTP request
	began time.Time   // where calls are measured
	over  atomic.Bool // it has ended, or its caller has left

	since time.Time // since when it waits for a worker, where it has a timeout
	late  func()    // stops the timeout of waiting
}

// overdue tells the pool that the timeout of a waiting call is over.
type overdue struct{ *runCall }

// idle tells the pool that a worker is free, or must be replaced.
type idle struct {
	p    *process
	done bool // it must not be used again
}

// newGeneration makes def the code of all calls from now on.
func (f *function) newGeneration(d *definition) {
	if old := f.gen; old != nil {
		old.older = true
		for _, p := range old.idle {
			f.dismiss(p)
		}
		old.idle = nil
	}
	f.gen = &generation{def: d, host: fmt.Sprintf("%s#lua.%d", f.code.env.ID, d.generation+1)}
	f.count = 0
	for range f.plan.warm {
		if p := f.hire(); p != nil {
			f.gen.idle = append(f.gen.idle, p)
		}
	}
	f.serve()
}

// Update implements actors.Updater.
func (f *function) Update(ctx context.Context, e registry.Entry) error {
	c := functionConfig(e)
	before, options := f.plan, f.options
	f.plan, f.options = c.Pool.plan(), callOptions(e, c.Limits.Time)
	if err := f.rt().update(ctx, &f.code, e, c.Source, c.Method, c.Limits.lua()); err != nil {
		f.plan, f.options = before, options
		return err
	}
	return nil
}

func (f *function) rt() *Runtime { return f.code.rt }

// Unload implements actors.Unloader: calls that run finish, waiting ones too.
func (f *function) Unload(ctx context.Context) error {
	f.rt().store(f.code.env.ID, nil)
	f.nursery.up = false
	for _, p := range f.gen.idle {
		f.dismiss(p)
	}
	f.gen.idle = nil
	f.gen.older = true
	for _, r := range f.queue {
		r.req.Reply(messages.Errorf(messages.NotFound, "function not found: %s", f.code.env.ID))
	}
	f.queue = nil
	if len(f.children) == 0 {
		return nil
	}
	_, err := actors.Until(ctx, func(done func(any)) {
		f.empty = func() { done(nil) }
	})
	return err
}

// Receive implements actor.Actor.
func (f *function) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		f.up, f.address = true, ctx.Self()
	case *actors.Request:
		switch b := m.Body.(type) {
		case *messages.FunctionCall:
			f.accept(m, &runCall{req: m, call: b})
		case *actors.CallWith:
			f.accept(m, &runCall{req: m, call: b.FunctionCall, more: b.Request})
		default:
			f.code.answer(m)
		}
	case *idle:
		f.free(m)
	case *attempted:
		m.done(m.out)
	case *actors.Abandon:
		f.forget(m)
	case *overdue:
		f.expire(m.runCall)
	case *actor.Terminated:
		f.terminated(m)
	}
}

// accept begins a call. Interceptors cost something, so a call goes past them
// where there are none and it is not to be retried.
func (f *function) accept(req *actors.Request, r *runCall) {
	if f.gen == nil || !f.up {
		req.Reply(messages.Errorf(messages.NotFound, "function not found: %s", f.code.env.ID))
		return
	}
	o := r.call.Options.Over(f.options)
	if o != r.call.Options {
		c := *r.call
		c.Options = o
		r.call = &c
	}
	if len(f.code.env.Interceptors) > 0 || o != nil && o.Retry != nil && o.Retry.MaxAttempts > 1 {
		f.intercept(req, r)
		return
	}
	f.submit(r)
}

// intercept runs a call inside the interceptors of the node and the one that
// retries.
func (f *function) intercept(req *actors.Request, r *runCall) {
	id := f.code.env.ID
	list := append(slices.Clone(f.code.env.Interceptors), actors.Retrying(f.code.env.Random))
	next := actors.Next(func(ctx context.Context, call *messages.FunctionCall) (*messages.FunctionResult, error) {
		return actors.As[*messages.FunctionResult](actors.Until(ctx, func(done func(any)) {
			f.submit(&runCall{req: &actors.Request{Tag: req.Tag, From: req.From, By: req.By, Sys: req.Sys}, call: call, more: &inner{r.more, done}})
		}))
	})
	for _, i := range slices.Backward(list) {
		inside := next
		next = func(ctx context.Context, call *messages.FunctionCall) (*messages.FunctionResult, error) {
			return i(ctx, id, call, inside)
		}
	}
	f.code.env.Cell.Script(func(ctx context.Context) {
		v, err := next(ctx, r.call)
		if err != nil {
			req.Reply(err)
			return
		}
		req.Reply(v)
	})
}

// inner is a call whose outcome goes to the interceptors in place of the caller.
type inner struct {
	more any
	done func(any)
}

// fail ends a call that no worker has begun.
func (r *runCall) fail(err *messages.Error) {
	if in, ok := r.more.(*inner); ok {
		in.done(err)
		return
	}
	r.req.Reply(err)
}

// submit gives a call to a worker, or lets it wait for one.
func (f *function) submit(r *runCall) {
	if len(f.queue) == 0 {
		if p := f.take(); p != nil {
			f.give(p, r)
			return
		}
	}
	f.queue = append(f.queue, r)
	if o := r.call.Options; o != nil && o.Timeout > 0 {
		clock, sys, self := f.code.env.Clock, f.code.env.Sys, f.address
		r.since = clock.Now()
		stop := clock.AfterFunc(o.Timeout, func() { sys.Root.Send(self, &overdue{r}) })
		r.late = func() { stop() }
	}
}

// expire ends a call that has waited for a worker as long as it may.
func (f *function) expire(r *runCall) {
	if i := slices.Index(f.queue, r); i >= 0 {
		f.queue = slices.Delete(f.queue, i, i+1)
		r.fail(errLate(f.code.env.ID, r.call.Options.Timeout))
	}
}

// serve gives waiting calls to workers.
func (f *function) serve() {
	for len(f.queue) > 0 {
		p := f.take()
		if p == nil {
			return
		}
		f.give(p, f.shift())
	}
}

// shift takes the call that has waited longest.
func (f *function) shift() *runCall {
	r := f.queue[0]
	f.queue[0] = nil
	if f.queue = f.queue[1:]; len(f.queue) == 0 {
		f.queue = nil
	}
	if r.late != nil {
		r.late()
	}
	return r
}

// take finds a free worker or makes one; nil if there can be no more.
func (f *function) take() *process {
	g := f.gen
	if n := len(g.idle); n > 0 {
		p := g.idle[n-1]
		g.idle[n-1] = nil
		g.idle = g.idle[:n-1]
		return p
	}
	if f.plan.max == 0 || f.count < f.plan.max {
		return f.hire()
	}
	return nil
}

// hire makes a worker.
func (f *function) hire() *process {
	env := f.code.env
	p := &process{rt: f.rt(), node: env.Node, def: f.gen.def, source: env.ID, worker: &worker{pool: f, gen: f.gen}, started: env.Clock.Now()}
	p.self = lua.Self{Entry: env.ID, Host: f.gen.host, Strict: env.Strict, Function: true}
	p.vm = f.rt().Engine.NewVM(f.gen.def.program, p)
	p.remember()
	// No other worker ever had the name: an answer that comes late finds nobody.
	if err := f.spawnActor(p, strconv.FormatUint(f.rt().workers.Add(1), 10)); err != nil {
		p.vm.Close()
		env.Log.Error("starting a worker", "function", env.ID, "error", err)
		return nil
	}
	f.count++
	return p
}

// dismiss ends a worker without work.
func (f *function) dismiss(p *process) {
	f.code.env.Sys.Root.Send(p.address, &messages.Terminate{})
}

// free takes a worker back that has finished its call.
func (f *function) free(m *idle) {
	w := m.p.worker
	if m.done || w.gen.older || f.plan.kind == "inline" {
		if !w.gen.older {
			f.count--
		}
		if !m.done {
			f.dismiss(m.p)
		}
		f.serve()
		return
	}
	if len(f.queue) > 0 {
		f.give(m.p, f.shift())
		return
	}
	w.used = f.code.env.Clock.Now()
	f.gen.idle = append(f.gen.idle, m.p)
	f.reapLater()
}

// idleTime is how long a worker of a lazy pool stays without work.
const idleTime = 30 * time.Second

// reapLater sees to it that workers without work go.
func (f *function) reapLater() {
	if f.reaper != nil || f.plan.keep > 0 {
		return
	}
	f.reaper = f.code.env.Cell.After(idleTime, func() {
		f.reaper = nil
		now := f.code.env.Clock.Now()
		kept := f.gen.idle[:0]
		for _, p := range f.gen.idle {
			if now.Sub(p.worker.used) >= idleTime {
				f.count--
				f.dismiss(p)
			} else {
				kept = append(kept, p)
			}
		}
		clear(f.gen.idle[len(kept):])
		f.gen.idle = kept
		if len(kept) > 0 {
			f.reapLater()
		}
	})
}

// forget ends a call whose caller does not need it any more. Both one that waits
// and one that runs are answered all the same: whoever must know that it is over
// waits for that.
func (f *function) forget(a *actors.Abandon) {
	for i, r := range f.queue {
		if r.req.Tag == a.Tag && r.req.From.Equal(a.From) {
			f.queue = slices.Delete(f.queue, i, i+1)
			if r.late != nil {
				r.late()
			}
			r.fail(errAbandoned)
			return
		}
	}
	for _, p := range f.children {
		r := p.worker.given
		if r == nil || r.req.From == nil || r.req.Tag != a.Tag || !r.req.From.Equal(a.From) {
			continue
		}
		if r.over.CompareAndSwap(false, true) { // a message would not reach one that computes
			p.Kill(errAbandoned)
		}
		return
	}
}

// give hands a call to a worker.
func (f *function) give(p *process, r *runCall) {
	p.worker.given = r
	f.code.env.Sys.Root.Send(p.address, r)
}
