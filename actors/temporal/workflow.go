package temporal

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// inbox gives every signal of a workflow to its run, whatever it is called and in
// the order they came: the channels of the SDK keep those of one name only.
type inbox struct {
	interceptor.WorkflowInboundInterceptorBase
	mail []*messages.Mail
}

type inboxKey struct{}

type inboxes struct {
	interceptor.WorkerInterceptorBase
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (*inboxes) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &inbox{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (i *inbox) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	return i.Next.ExecuteWorkflow(workflow.WithValue(ctx, inboxKey{}, i), in)
}

// HandleSignal implements interceptor.WorkflowInboundInterceptor.
func (i *inbox) HandleSignal(ctx workflow.Context, in *interceptor.HandleSignalInput) error {
	var list arguments
	if err := dataConverter.FromPayloads(in.Arg, &list); err != nil {
		return messages.Wrap(err, "reading signal "+in.SignalName)
	}
	from := ""
	if h, ok := ctx.Value(headerKey{}).(*header); ok {
		from = h.from
	}
	i.mail = append(i.mail, messages.NewMail(from, in.SignalName, list...))
	return nil
}

// run is one run of a workflow: the machine and what it waits for. Everything in
// it happens in the coroutines of the SDK, one at a time and, when the workflow is
// run again, in the same order.
type run struct {
	w     *runner
	ctx   workflow.Context // is not canceled when the workflow is asked to end
	info  *workflow.Info
	inbox *inbox
	vm    *lua.VM
	slot  *slot
	self  lua.Self
	pid   string

	todo    []func()                       // what the machine wants done, once it rests
	happens []func()                       // what it is to be told
	cancels map[uint64]workflow.CancelFunc // of commands under way
	broken  any                            // what the SDK panicked with inside the machine
	trap    bool
	chance  *rand.Rand

	outbox  []arguments // mail for those who are no workflows
	sending bool
}

// workflow runs every workflow of a worker: the entry is found by the type.
func (w *runner) workflow(ctx workflow.Context, args converter.EncodedValues) (any, error) {
	info := workflow.GetInfo(ctx)
	var list arguments
	if args.HasValues() {
		if err := args.Get(&list); err != nil {
			return nil, toTemporal(messages.Because(messages.Invalid, "reading the arguments of "+info.WorkflowType.Name, err).WithRetry(false))
		}
	}
	id, ok := w.catalog.typed(w.env.ID, info.WorkflowType.Name)
	if !ok {
		// It fails the task, not the workflow: the entry may only be missing here.
		panic("there is no workflow of type " + info.WorkflowType.Name + " for worker " + w.env.ID)
	}
	r := &run{w: w, info: info, slot: newSlot(), pid: pidOf(w.env.ID, info.WorkflowExecution.ID), cancels: map[uint64]workflow.CancelFunc{}}
	r.ctx, _ = workflow.NewDisconnectedContext(ctx)
	r.inbox, _ = ctx.Value(inboxKey{}).(*inbox)
	r.self = lua.Self{Entry: id, Host: w.env.ID, Strict: w.env.Strict, Workflow: true}
	if h, ok := ctx.Value(headerKey{}).(*header); ok {
		r.self.Parent = h.from
		look, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var err error
		if r.self.Context, err = h.context(look, w.env.Node); err != nil {
			panic(err)
		}
	}
	vm, err := w.code.NewWorkflow(id, r)
	if err != nil {
		panic(err)
	}
	r.vm = vm
	defer r.close()
	workflow.Go(ctx, func(ctx workflow.Context) {
		ctx.Done().Receive(ctx, nil)
		r.happen(func() { r.canceled() })
	})
	vm.Start(list)
	end := r.loop()
	return r.result(ctx, end)
}

// close lets go of the machine, also where the SDK drops a workflow in the middle.
func (r *run) close() {
	r.todo, r.happens, r.cancels = nil, nil, nil
	r.vm.Close()
	close(r.slot.over)
}

func (r *run) happen(f func()) { r.happens = append(r.happens, f) }

// loop lets the machine run, does what it wants and tells it what happens, until
// it has ended.
func (r *run) loop() *lua.End {
	for {
		if r.vm.Runnable() {
			r.slot.step(r.vm, r.w.computes())
			if r.broken != nil {
				panic(r.broken)
			}
		}
		todo := r.todo
		r.todo = nil
		for _, f := range todo {
			f()
		}
		if end := r.vm.Ended(); end != nil {
			if r.vm.Killed() { // it used too much, which says nothing of the workflow
				panic(end.Err)
			}
			r.flush()
			return end
		}
		if r.vm.Runnable() {
			continue
		}
		r.wait(func() bool { return len(r.happens) > 0 || r.inbox != nil && len(r.inbox.mail) > 0 })
		if r.inbox != nil {
			mail := r.inbox.mail
			r.inbox.mail = nil
			for _, m := range mail {
				r.vm.Deliver(m)
			}
		}
		happens := r.happens
		r.happens = nil
		for _, f := range happens {
			f()
		}
	}
}

// wait waits for a condition. Only the end of the workflow as a whole ends it
// otherwise, and then nothing behind it runs.
func (r *run) wait(until func() bool) {
	if err := workflow.Await(r.ctx, until); err != nil {
		panic(err)
	}
}

// flush waits for the mail that the workflow has sent.
func (r *run) flush() { r.wait(func() bool { return len(r.outbox) == 0 && !r.sending }) }

// result is what the workflow ends with.
func (r *run) result(ctx workflow.Context, end *lua.End) (any, error) {
	switch {
	case end.Upgrade != nil:
		typ := r.info.WorkflowType.Name
		if id := end.Upgrade.ID; id != "" {
			e, err := r.w.catalog.workflow(id)
			if err != nil {
				return nil, toTemporal(messages.AsError(err))
			}
			typ = typeOf(e)
		}
		return nil, workflow.NewContinueAsNewError(ctx, typ, arguments(end.Upgrade.Args))
	case end.Err != nil && end.Err.Has(messages.Canceled) && ctx.Err() != nil:
		return nil, temporal.NewCanceledError(end.Err.Error())
	case end.Err != nil:
		return nil, toTemporal(end.Err)
	case len(end.Values) == 0 || end.Values[0] == nil:
		return nil, nil
	}
	return end.Values[0], nil
}

// canceled tells the machine that the workflow is asked to end.
func (r *run) canceled() {
	r.vm.Event(&messages.Table{
		Keys: []messages.Value{"kind", "at", "from", "reason"},
		Vals: []messages.Value{"pid.cancel", float64(r.Now().Unix()), "", ""},
	})
}

// exit tells the machine that a child it monitors has ended.
func (r *run) exit(pid string, value messages.Value, err *messages.Error) {
	result := &messages.Table{Object: true}
	if value != nil {
		result.Set("value", value)
	}
	if err != nil {
		result.Set("error", err)
	}
	r.vm.Event(&messages.Table{
		Keys: []messages.Value{"kind", "at", "from", "result"},
		Vals: []messages.Value{"pid.exit", float64(r.Now().Unix()), pid, result},
	})
}

// await tells the machine the outcome of a future.
func (r *run) await(ctx workflow.Context, f workflow.Future, then func(v messages.Value, err *messages.Error)) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		v, err := get(ctx, f)
		r.happen(func() { then(v, err) })
	})
}

func get(ctx workflow.Context, f workflow.Future) (messages.Value, *messages.Error) {
	var v any
	err := f.Get(ctx, &v)
	if errors.Is(err, temporal.ErrNoData) {
		err = nil
	}
	return messages.ValueOf(v), fromTemporal(err)
}

// under is a context that the answer of a command can be given up with.
func (r *run) under(tag uint64) workflow.Context {
	ctx, cancel := workflow.WithCancel(r.ctx)
	r.cancels[tag] = cancel
	return ctx
}

func (r *run) answer(tag uint64, v any) {
	delete(r.cancels, tag)
	r.vm.Answer(tag, v)
}

// answered is answer for the outcome of a call.
func (r *run) answered(tag uint64, v any, err *messages.Error) {
	if err != nil {
		v = err
	}
	r.answer(tag, v)
}

// call runs a function as an activity.
func (r *run) call(tag uint64, b *messages.FunctionCall) {
	opt, err := activityOptions(b.Options)
	queue, local := "", false
	if err == nil {
		queue, local, err = r.w.activityRoute(b.Function, opt.TaskQueue)
	}
	if err != nil {
		r.answer(tag, messages.AsError(err))
		return
	}
	then := func(v messages.Value, err *messages.Error) {
		r.answered(tag, &messages.FunctionResult{Values: []messages.Value{v}}, err)
	}
	ctx := workflow.WithValue(r.under(tag), headerKey{}, headerOf(r.pid, b.Context, r.w.traced))
	if local {
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
			ScheduleToCloseTimeout: opt.ScheduleToCloseTimeout, StartToCloseTimeout: opt.StartToCloseTimeout, RetryPolicy: opt.RetryPolicy,
		})
		r.await(ctx, workflow.ExecuteLocalActivity(ctx, r.w.callLocal, append(arguments{b.Function}, b.Args...)), then)
		return
	}
	opt.TaskQueue = queue
	ctx = workflow.WithActivityOptions(ctx, opt)
	r.await(ctx, workflow.ExecuteActivity(ctx, b.Function, arguments(b.Args)), then)
}

// start starts a child. With exec it waits for its end.
func (r *run) start(tag uint64, s *messages.Spawn, exec bool) {
	fail := func(err error) { r.answer(tag, messages.AsError(err)) }
	switch {
	case s.Link:
		fail(refused("links"))
		return
	case s.Name != "":
		fail(messages.Errorf(messages.Invalid, "a workflow cannot have a registered name; give it an id with the option temporal.workflow.id"))
		return
	}
	e, err := r.w.catalog.workflow(s.Process)
	if err != nil {
		fail(err)
		return
	}
	host := s.Host
	if host == "" {
		host = workerOf(e, "workflow")
	}
	to := route{queue: r.info.TaskQueueName}
	if host != r.w.env.ID {
		if to, err = r.w.catalog.route(host); err != nil {
			fail(err)
			return
		}
	}
	opt, err := childOptions(s.Options, to.queue)
	if err != nil {
		fail(err)
		return
	}
	ctx := workflow.WithValue(r.under(tag), headerKey{}, headerOf(r.pid, s.Context, r.w.traced))
	ctx = workflow.WithChildOptions(ctx, opt)
	child := workflow.ExecuteChildWorkflow(ctx, typeOf(e), arguments(s.Args))
	if exec {
		r.await(ctx, child, func(v messages.Value, err *messages.Error) { r.answered(tag, v, err) })
		return
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		var at workflow.Execution
		if err := child.GetChildWorkflowExecution().Get(ctx, &at); err != nil {
			r.happen(func() { r.answer(tag, fromTemporal(err)) })
			return
		}
		pid := pidOf(host, at.ID)
		for _, m := range s.Mail {
			child.SignalChildWorkflow(ctx, m.Topic, arguments(m.Values))
		}
		r.happen(func() { r.answer(tag, &messages.Spawned{PID: pid}) })
		if !s.Monitor {
			return
		}
		v, err := get(ctx, child)
		r.happen(func() { r.exit(pid, v, err) })
	})
}

// signal carries out what another process is told.
func (r *run) signal(tag uint64, s *messages.Signal) {
	switch s.Body.(type) {
	case *messages.Cancel, *messages.Terminate:
	default:
		r.answer(tag, refused("monitors and links"))
		return
	}
	_, stop := s.Body.(*messages.Terminate)
	if id, there := r.neighbour(s.To); there && !stop {
		ctx := r.under(tag)
		r.await(ctx, workflow.RequestCancelExternalWorkflow(ctx, id, ""), func(_ messages.Value, err *messages.Error) {
			r.answered(tag, &messages.Done{}, err)
		})
		return
	}
	task := arguments{relayTerminate, s.To, r.pid, ""}
	if c, ok := s.Body.(*messages.Cancel); ok {
		task = arguments{relayCancel, s.To, r.pid, c.Reason}
	}
	ctx := r.local(r.under(tag))
	r.await(ctx, workflow.ExecuteLocalActivity(ctx, r.w.relay, task), func(_ messages.Value, err *messages.Error) {
		r.answered(tag, &messages.Done{}, err)
	})
}

// neighbour is the id of a workflow that a PID stands for, where the server of
// this one knows it.
func (r *run) neighbour(pid string) (id string, ok bool) {
	host, id, ok := splitPID(pid)
	if !ok || host == r.w.env.ID {
		return id, ok
	}
	to, err := r.w.catalog.route(host)
	return id, err == nil && to.client == r.w.client
}

func (r *run) local(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: patience, RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, MaximumAttempts: 5},
	})
}

// send sends mail: to a workflow as a signal, to others through the worker, one
// after the other.
func (r *run) send(dest string, m *messages.Mail) {
	if dest == r.pid {
		r.happen(func() { r.vm.Deliver(m) })
		return
	}
	if id, ok := r.neighbour(dest); ok {
		ctx := workflow.WithValue(r.ctx, headerKey{}, &header{from: r.pid})
		f := workflow.SignalExternalWorkflow(ctx, id, "", m.Topic, arguments(m.Values))
		workflow.Go(ctx, func(ctx workflow.Context) {
			if err := f.Get(ctx, nil); err != nil {
				workflow.GetLogger(ctx).Warn("a message of a workflow did not arrive", "to", dest, "topic", m.Topic, "error", err.Error())
			}
		})
		return
	}
	r.outbox = append(r.outbox, append(arguments{relaySend, dest, r.pid, m.Topic}, m.Values...))
	if r.sending {
		return
	}
	r.sending = true
	workflow.Go(r.local(r.ctx), func(ctx workflow.Context) {
		for len(r.outbox) > 0 {
			next := r.outbox[0]
			r.outbox = r.outbox[1:]
			if err := workflow.ExecuteLocalActivity(ctx, r.w.relay, next).Get(ctx, nil); err != nil {
				workflow.GetLogger(ctx).Warn("a message of a workflow did not arrive", "to", next[1], "topic", next[3], "error", err.Error())
			}
		}
		r.sending = false
	})
}

func refused(what string) *messages.Error {
	return messages.Errorf(messages.Invalid, "%s are not supported in workflows", what)
}
