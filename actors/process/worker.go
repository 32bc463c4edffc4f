package process

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// call begins a function call in a worker.
func (p *process) call(r *runCall) {
	w := p.worker
	w.run = r
	if w.pool.measured {
		r.began = p.node.Clock.Now()
	}
	p.self.Context = r.call.Context.Through(r.call.Options.Way())
	p.self.Parent = r.req.By
	p.self.Request = r.more
	if in, ok := r.more.(*inner); ok {
		p.self.Request = in.more
	}
	p.proc = nil // a call that asks for its PID gets a new one
	if o := r.call.Options; o != nil && o.Timeout > 0 {
		self, sys := p.ctx.Self(), p.node.Sys
		left := o.Timeout
		if !r.since.IsZero() { // it has waited for this worker
			left = max(left-p.node.Clock.Now().Sub(r.since), 1)
		}
		stop := p.node.Clock.AfterFunc(left, func() {
			p.vm.Kill(errLate(p.self.Entry, o.Timeout))
			sys.Root.Send(self, &wake{})
		})
		w.late = func() { stop() }
	}
	p.vm.Start(r.call.Args)
}

// finished answers the caller and gives the worker back to its pool.
func (w *worker) finished(p *process, end *lua.End) {
	r := w.run
	w.run = nil
	if r != nil && end.Err != nil {
		p.reportCall(r, end.Err)
	}
	if w.late != nil {
		w.late()
		w.late = nil
	}
	if p.proc != nil { // whoever asked for the PID of this call finds it gone
		p.node.Procs.Remove(p.proc)
		p.untrace()
	}
	var value messages.Value
	if len(end.Values) > 0 {
		value = end.Values[0]
	}
	p.release()
	if p.proc != nil {
		p.ties.Cut(p.node, p.proc.PID, value, end.Err)
		p.proc = nil
	}
	p.self.Context, p.self.Request, p.self.Parent = nil, nil, ""
	p.trap = false
	if r != nil {
		var out any = &end.FunctionResult
		if end.Err != nil {
			out = end.Err
		}
		if !r.began.IsZero() {
			w.measure(p, r, end.Err)
		}
		if in, ok := r.more.(*inner); ok {
			p.node.Sys.Root.Send(w.pool.address, &attempted{in.done, out})
		} else {
			r.req.Reply(out)
		}
	}
	again := p.vm.Recycle() && (r == nil || r.over.CompareAndSwap(false, true)) // else it is being killed
	w.idle = idle{p: p, done: !again}
	p.node.Sys.Root.Send(w.pool.address, &w.idle)
	if !again {
		p.end(nil, end.Err)
		p.ctx.Stop(p.ctx.Self())
	}
}

// measure counts a call: metrics.interceptor of the configuration.
func (w *worker) measure(p *process, r *runCall, failed *messages.Error) {
	labels := map[string]string{"function": p.self.Entry, "status": "ok"}
	if failed != nil {
		labels["status"] = "error"
	}
	p.node.Measure(messages.CounterAdd, "function_calls_total", 1, labels)
	p.node.Measure(messages.HistogramObserve, "function_call_duration_seconds", p.node.Clock.Now().Sub(r.began).Seconds(), labels)
}

// attempted brings the outcome of one attempt to the pool's retry.
type attempted struct {
	done func(any)
	out  any
}

func errLate(id string, limit time.Duration) *messages.Error {
	return messages.Errorf(messages.Timeout, "%s did not finish within %s", id, limit)
}

var errAbandoned = messages.Errorf(messages.Canceled, "caller context canceled")
