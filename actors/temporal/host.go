package temporal

import (
	"context"
	crand "crypto/rand"
	"log/slog"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The methods below make run the lua.Host of its machine. What needs the SDK is
// done once the machine rests: it panics where a workflow does not do again what
// it did before, and a program must not catch that.

// Self implements lua.Host.
func (r *run) Self() *lua.Self { return &r.self }

// PID implements lua.Host.
func (r *run) PID() string { return r.pid }

// Now implements lua.Host.
func (r *run) Now() time.Time { return workflow.Now(r.ctx) }

// Started implements lua.Recorder.
func (r *run) Started() time.Time { return r.info.WorkflowStartTime }

// TrapLinks implements lua.Host.
func (r *run) TrapLinks() bool { return r.trap }

// Push implements lua.Host. Nothing pushes into a workflow from outside.
func (r *run) Push(uint64, any) {}

// Publish implements lua.Host; the module for it is not one of workflows.
func (r *run) Publish(*messages.Event) {}

// Record implements lua.Recorder.
func (r *run) Record(make func() string) (out string) {
	defer func() {
		if p := recover(); p != nil {
			r.broken = p
			r.vm.Kill(messages.Errorf(messages.Internal, "the workflow does not do again what it did before"))
		}
	}()
	var data []byte
	if err := workflow.SideEffect(r.ctx, func(workflow.Context) any { return []byte(make()) }).Get(&data); err != nil {
		panic(err)
	}
	return string(data)
}

// Chance implements lua.Recorder: of the numbers only the seed is recorded.
func (r *run) Chance() *rand.Rand {
	if r.chance == nil {
		var seed [32]byte
		copy(seed[:], r.Record(func() string {
			_, _ = crand.Read(seed[:]) // never fails
			return string(seed[:])
		}))
		r.chance = rand.New(rand.NewChaCha8(seed))
	}
	return r.chance
}

// After implements lua.Host.
func (r *run) After(tag uint64, d time.Duration) (stop func() bool) {
	var cancel workflow.CancelFunc
	stopped, fired := false, false
	r.todo = append(r.todo, func() {
		if stopped {
			return
		}
		var ctx workflow.Context
		ctx, cancel = workflow.WithCancel(r.ctx)
		f := workflow.NewTimer(ctx, max(0, d))
		workflow.Go(ctx, func(ctx workflow.Context) {
			if f.Get(ctx, nil) != nil {
				return
			}
			r.happen(func() {
				if !stopped {
					fired = true
					r.vm.Fire(tag, r.Now())
				}
			})
		})
	})
	return func() bool {
		if stopped || fired {
			return false
		}
		stopped = true
		r.todo = append(r.todo, func() {
			if cancel != nil {
				cancel()
			}
		})
		return true
	}
}

// Ask implements lua.Host.
func (r *run) Ask(tag uint64, cmd *lua.Command) {
	r.todo = append(r.todo, func() { r.ask(tag, cmd) })
}

func (r *run) ask(tag uint64, cmd *lua.Command) {
	if cmd.Go != nil { // modules that are let in compute only
		v, err := cmd.Go(nil)
		r.answered(tag, v, messages.AsError(err))
		return
	}
	switch b := cmd.Body.(type) {
	case *messages.FunctionCall:
		r.call(tag, b)
	case *messages.Spawn:
		r.start(tag, b, false)
	case *messages.Exec:
		r.start(tag, b.Spawn, true)
	case *messages.Signal:
		r.signal(tag, b)
	case *messages.WorkflowVersion:
		r.answer(tag, int(workflow.GetVersion(r.ctx, b.Change, workflow.Version(b.Min), workflow.Version(b.Max))))
	case *messages.WorkflowAttrs:
		r.answered(tag, &messages.Done{}, r.attrs(b))
	case *messages.WorkflowInfo:
		r.answer(tag, map[string]any{
			"workflow_id": r.info.WorkflowExecution.ID, "run_id": r.info.WorkflowExecution.RunID, "workflow_type": r.info.WorkflowType.Name,
			"task_queue": r.info.TaskQueueName, "namespace": r.info.Namespace, "attempt": int(r.info.Attempt),
			"history_length": r.info.GetCurrentHistoryLength(), "history_size": r.info.GetCurrentHistorySize(),
		})
	case *messages.ContractGet, *messages.ContractOpen, *messages.ContractImplementations, *messages.TemplateOpen:
		r.lookUp(tag, cmd) // what entries say is part of the code
	default:
		r.answer(tag, messages.Errorf(messages.Invalid, "this is not supported in workflows; call a function that does it as an activity"))
	}
}

// lookUp asks an actor of the node for what follows from entries alone.
func (r *run) lookUp(tag uint64, cmd *lua.Command) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := r.w.env.Node
	to := n.Commands.Lookup(cmd.Body)
	if cmd.To != "" {
		to = n.PID(cmd.To)
	}
	if to == nil {
		r.answer(tag, messages.Errorf(messages.Unavailable, "nothing on this node handles %T", cmd.Body))
		return
	}
	v, err := actors.Call(ctx, n.Sys, to, cmd.Body)
	r.answered(tag, v, messages.AsError(err))
}

func (r *run) attrs(b *messages.WorkflowAttrs) *messages.Error {
	if search := valuesOf(b.Search); search != nil {
		//lint:ignore SA1019 programs do not say of what type they are
		if err := workflow.UpsertSearchAttributes(r.ctx, search); err != nil {
			return messages.Because(messages.Invalid, "search attributes", err)
		}
	}
	if memo := valuesOf(b.Memo); memo != nil {
		if err := workflow.UpsertMemo(r.ctx, memo); err != nil {
			return messages.Because(messages.Invalid, "memo", err)
		}
	}
	return nil
}

// Tell implements lua.Host.
func (r *run) Tell(body any) {
	switch b := body.(type) {
	case *messages.SetOptions:
		r.trap = b.TrapLinks
	case *lua.Forget:
		r.todo = append(r.todo, func() {
			if cancel := r.cancels[b.Tag]; cancel != nil {
				delete(r.cancels, b.Tag)
				cancel()
			}
		})
	case *lua.MailDropped:
		r.w.env.Log.Warn("a full mailbox drops messages", "pid", r.pid, "entry", b.Entry)
	}
}

// Send implements lua.Host.
func (r *run) Send(dest string, m *messages.Mail) *messages.Error {
	r.todo = append(r.todo, func() { r.send(dest, m) })
	return nil
}

// Log implements lua.Host. A workflow that is run again says nothing twice.
func (r *run) Log(level int, logger, location, message string, fields []any) {
	log := r.w.env.Log
	if workflow.IsReplaying(r.ctx) && !r.w.options.LogReplay || !log.Enabled(context.Background(), slog.Level(level)) {
		return
	}
	args := append([]any{}, fields...)
	if logger != "" {
		args = append(args, "logger", logger)
	}
	log.Log(context.Background(), slog.Level(level), message, append(args, "pid", r.pid, "location", location)...)
}
