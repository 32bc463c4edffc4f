package temporal

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// execution is a workflow that processes of this node have to do with.
type execution struct {
	pid, id string
	run     string // "" for the one of the moment
	ties    actors.Ties
	unwatch context.CancelFunc                // gives up the wait for its end; nil while nobody waits
	queue   []func(ctx context.Context) error // what it is to be told, in order
	busy    bool
}

// toRun is what a process has for a workflow.
type toRun struct {
	pid, id string
	mail    *messages.Mail
	req     *actors.Request
}

// guest finds workflows for processes that send to them. Whether there is one of
// that id only the server knows.
func (w *worker) guest(pid, id string) *actors.Proc {
	self, sys := w.env.PID(w.env.ID), w.env.Sys
	return actors.ProcGuest(pid, self, func(m *messages.Mail) *messages.Error {
		sys.Root.Send(self, &toRun{pid: pid, id: id, mail: m})
		return nil
	}, func(req *actors.Request, body any) {
		to := *req
		to.Body = body
		sys.Root.Send(self, &toRun{pid: pid, id: id, req: &to})
	})
}

func (w *worker) execution(pid, id string) *execution {
	x := w.runs[id]
	if x == nil {
		x = &execution{pid: pid, id: id}
		w.runs[id] = x
	}
	return x
}

// forget lets go of an execution that nobody has to do with any more.
func (w *worker) forget(x *execution) {
	switch {
	case !x.ties.None():
	case x.unwatch != nil:
		x.unwatch()
	case w.runs[x.id] == x && !x.busy:
		delete(w.runs, x.id)
	}
}

func (w *worker) toRun(m *toRun) {
	if w.conn == nil {
		if m.req != nil {
			m.req.Reply(messages.Errorf(messages.Unavailable, "host %s is not running", w.env.ID))
		} else {
			w.env.Log.Warn("a message did not reach its workflow: the worker is not running", "to", m.pid, "topic", m.mail.Topic)
		}
		return
	}
	x := w.execution(m.pid, m.id)
	if m.mail != nil {
		conn := w.conn
		w.tell(x, func(ctx context.Context) error {
			ctx = context.WithValue(ctx, headerKey{}, &header{from: m.mail.From})
			err := conn.SignalWorkflow(ctx, x.id, "", m.mail.Topic, arguments(m.mail.Values))
			if err != nil {
				w.env.Log.Warn("a message did not reach its workflow", "to", m.pid, "topic", m.mail.Topic, "error", err.Error())
			}
			return err
		})
		return
	}
	req := m.req
	switch b := req.Body.(type) {
	case *messages.Cancel:
		w.answer(x, req, func(ctx context.Context, c *connection) error { return c.CancelWorkflow(ctx, x.id, "") })
	case *messages.Terminate:
		reason := "process was terminated"
		if b.Reason != nil {
			reason = b.Reason.Error()
		}
		w.answer(x, req, func(ctx context.Context, c *connection) error { return c.TerminateWorkflow(ctx, x.id, "", reason) })
	case *messages.Monitor, *messages.Link:
		w.tie(x, req)
	default:
		req.Reply(messages.Errorf(messages.Invalid, "a workflow does not answer %T", b))
		w.forget(x)
	}
}

// tell has the server tell a workflow something, behind what it was told before.
func (w *worker) tell(x *execution, f func(ctx context.Context) error) {
	x.queue = append(x.queue, f)
	if x.busy {
		return
	}
	x.busy = true
	w.next(x)
}

func (w *worker) next(x *execution) {
	if len(x.queue) == 0 {
		x.busy = false
		w.forget(x)
		return
	}
	f, life := x.queue[0], w.life
	x.queue = x.queue[1:]
	w.env.Cell.Go(func() (any, error) {
		ctx, cancel := context.WithTimeout(life, patience)
		defer cancel()
		return nil, f(ctx)
	}, func(any, error) { w.next(x) })
}

// answer is tell for a request.
func (w *worker) answer(x *execution, req *actors.Request, f func(ctx context.Context, c *connection) error) {
	conn := w.conn
	w.tell(x, func(ctx context.Context) error {
		err := f(ctx, conn)
		if err != nil {
			req.Reply(notFound(x.pid, err))
			return err
		}
		req.Done()
		return nil
	})
}

func notFound(pid string, err error) *messages.Error {
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return messages.Errorf(messages.NotFound, "pid not found: %s", pid)
	}
	return fromTemporal(err)
}

// tie answers Monitor and Link, once it is sure that there is such a workflow.
func (w *worker) tie(x *execution, req *actors.Request) {
	if m, ok := req.Body.(*messages.Monitor); ok && m.Off {
		w.tied(&tied{x, req})
		return
	}
	if l, ok := req.Body.(*messages.Link); ok && l.Off {
		w.tied(&tied{x, req})
		return
	}
	conn := w.conn
	w.tell(x, func(ctx context.Context) error {
		_, err := conn.DescribeWorkflowExecution(ctx, x.id, "")
		if err != nil {
			req.Reply(notFound(x.pid, err))
			return err
		}
		w.env.Sys.Root.Send(w.env.PID(w.env.ID), &tied{x, req})
		return nil
	})
}

// tied goes on with tie inside the actor.
type tied struct {
	*execution
	req *actors.Request
}

func (w *worker) tied(m *tied) {
	m.ties.Answer(m.req, m.pid)
	w.watch(m.execution)
	w.forget(m.execution)
}

// watch waits for the end of a workflow, as long as somebody is tied to it, and
// then tells them.
func (w *worker) watch(x *execution) {
	if x.unwatch != nil || w.conn == nil || x.ties.None() {
		return
	}
	ctx, cancel := context.WithCancel(w.life)
	x.unwatch = cancel
	conn, run := w.conn, x.run
	w.env.Cell.Go(func() (any, error) {
		v, err := outcome(ctx, conn.GetWorkflow(ctx, x.id, run))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return &actors.Ended{PID: x.pid, Value: v, Err: err}, nil
	}, func(v any, _ error) {
		cancel()
		x.unwatch = nil
		if end, ok := v.(*actors.Ended); ok {
			x.ties.Cut(w.env.Node, x.pid, end.Value, end.Err)
			x.run = ""
		}
		w.watch(x) // the worker was started again meanwhile, or somebody came
		w.forget(x)
	})
}

func (w *worker) stopped() error {
	return messages.Errorf(messages.Unavailable, "host %s was stopped", w.env.ID).WithRetry(true)
}

// outcome waits for the end of a run.
func outcome(ctx context.Context, run client.WorkflowRun) (messages.Value, *messages.Error) {
	var v any
	err := run.Get(ctx, &v)
	return messages.ValueOf(v), fromTemporal(err)
}

// begin starts a workflow.
func (w *worker) begin(ctx context.Context, s *messages.Spawn) (client.WorkflowRun, error) {
	e, err := w.catalog.workflow(s.Process)
	if err != nil {
		return nil, err
	}
	if s.Name != "" {
		return nil, messages.Errorf(messages.Invalid, "a workflow cannot have a registered name; give it an id with the option temporal.workflow.id")
	}
	opt, err := startOptions(s.Options, w.queue)
	if err != nil {
		return nil, err
	}
	conn, life := w.conn, w.life
	return actors.As[client.WorkflowRun](actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(life, patience)
		defer cancel()
		ctx = context.WithValue(ctx, headerKey{}, headerOf(s.Parent, s.Context, w.traced))
		run, err := conn.ExecuteWorkflow(ctx, opt, typeOf(e), arguments(s.Args))
		switch {
		case err != nil && life.Err() != nil:
			return nil, w.stopped()
		case err != nil:
			return nil, messages.Wrap(fromTemporal(err), "starting workflow "+s.Process)
		}
		for _, m := range s.Mail {
			ctx := context.WithValue(ctx, headerKey{}, &header{from: m.From})
			if err := conn.SignalWorkflow(ctx, run.GetID(), "", m.Topic, arguments(m.Values)); err != nil {
				return nil, messages.Wrap(fromTemporal(err), "sending to workflow "+run.GetID())
			}
		}
		return run, nil
	}))
}

func (w *worker) spawn(ctx context.Context, s *messages.Spawn) (any, error) {
	run, err := w.begin(ctx, s)
	if err != nil {
		return nil, err
	}
	pid := pidOf(w.env.ID, run.GetID())
	note := &messages.Spawned{PID: pid}
	if !s.Monitor && !s.Link {
		return note, nil
	}
	x := w.execution(pid, run.GetID())
	if x.unwatch == nil {
		x.run = run.GetRunID()
	}
	if s.Monitor {
		x.ties.WatchedBy(s.Parent)
	}
	if s.Link {
		x.ties.Link(s.Parent)
	}
	// The parent must know of it before it hears of its end.
	w.env.Cell.After(0, func() { w.watch(x) })
	return &actors.SpawnedTied{Spawned: note, Link: s.Link, Monitor: s.Monitor}, nil
}

// callKey is who waits for the end of a workflow it started.
type callKey struct {
	from string
	tag  uint64
}

// exec answers with the result of a workflow that it starts. A caller who leaves
// leaves the workflow running.
func (w *worker) exec(req *actors.Request, s *messages.Spawn) {
	w.env.Cell.Script(func(ctx context.Context) {
		run, err := w.begin(ctx, s)
		if err != nil {
			req.Reply(err)
			return
		}
		life := w.life
		wait, cancel := context.WithCancel(life)
		k := callKey{req.From.Id, req.Tag}
		w.calls[k] = cancel
		v, err := actors.Await(ctx, func() (any, error) {
			v, err := outcome(wait, run)
			switch {
			case err != nil && life.Err() != nil:
				return nil, w.stopped()
			case err != nil:
				return nil, err
			}
			return v, nil
		})
		delete(w.calls, k)
		cancel()
		if err != nil {
			req.Reply(err)
			return
		}
		req.Reply(v)
	})
}

// linkEnded ends the workflows that a process was linked to which has failed.
func (w *worker) linkEnded(m *messages.Exit) {
	for _, x := range w.runs {
		linked := x.ties.Ended(m)
		w.forget(x)
		if !linked || m.Err == nil || w.conn == nil {
			continue
		}
		conn := w.conn
		w.tell(x, func(ctx context.Context) error {
			return conn.TerminateWorkflow(ctx, x.id, "", "linked process failed: "+m.Err.Error())
		})
	}
}
