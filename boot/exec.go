package boot

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Exec starts a process and waits for its end. The result is what its main
// returned first; what it failed with is a *messages.Error. Actor and scope are
// those of meta.command.security of its entry. When ctx ends the process is asked
// to end (CANCEL), and Exec waits for that.
func (rt *Runtime) Exec(ctx context.Context, id, host string, args ...any) (any, error) {
	as, err := rt.commandContext(ctx, id)
	if err != nil {
		return nil, err
	}
	end := &ending{ch: make(chan *actors.Ended, 1)}
	reg := rt.node.Sys.ProcessRegistry
	pid, ok := reg.Add(end, fmt.Sprintf("exec/%d", execs.Add(1)))
	if !ok {
		return nil, messages.Errorf(messages.Internal, "starting %s: no name for the answer", id)
	}
	defer reg.Remove(pid)
	got, err := actors.As[*messages.Spawned](rt.node.AskEntry(ctx, host, &actors.SpawnFor{
		Spawn: &messages.Spawn{Process: id, Host: host, Args: valuesOf(args), Context: as}, Notify: pid,
	}))
	if err != nil {
		return nil, err
	}
	e := rt.await(ctx, end, got.PID)
	if e == nil {
		return nil, messages.Errorf(messages.Canceled, "process %s did not end", got.PID)
	}
	if e.Err != nil {
		return nil, e.Err
	}
	return messages.Native(e.Value), nil
}

// await waits for the end of a process; a simulation is driven meanwhile.
func (rt *Runtime) await(ctx context.Context, end *ending, pid string) *actors.Ended {
	if step := actors.Pump(ctx); step != nil {
		for {
			select {
			case e := <-end.ch:
				return e
			default:
				if !step() {
					return nil
				}
			}
		}
	}
	select {
	case e := <-end.ch:
		return e
	case <-rt.stopped:
	case <-ctx.Done():
		if p := rt.node.Procs.Find(pid); p != nil {
			rt.node.Sys.Root.Send(p.Actor, &messages.Cancel{Reason: context.Cause(ctx).Error()})
		}
		select {
		case e := <-end.ch:
			return e
		case <-rt.stopped:
		}
	}
	select {
	case e := <-end.ch: // it ended with the runtime
		return e
	default:
		return nil
	}
}

func (rt *Runtime) commandContext(ctx context.Context, id string) (*messages.Context, error) {
	data, err := rt.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(data.Kind, "process.") {
		return nil, messages.Errorf(messages.Invalid, "%s is of kind %s and not a process", id, data.Kind)
	}
	command, _ := data.Meta["command"].(map[string]any)
	if command["security"] == nil {
		return nil, nil
	}
	parsed, err := registry.ParseID(id)
	if err != nil {
		return nil, err
	}
	as, _, problems := registry.Decode[actors.RunAs](registry.Entry{ID: parsed, Data: command["security"]})
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("reading meta.command.security of %s: %w", id, err)
	}
	return actors.ResolveRunAs(ctx, actors.Env{Node: rt.node, ID: id, Entry: registry.Entry{ID: parsed}}, &as)
}

var execs atomic.Uint64 // names of those who wait, unique in the program

// ending is the process that the end of another one is told to. It needs no
// mailbox: it only passes one message on.
type ending struct{ ch chan *actors.Ended }

func (e *ending) SendUserMessage(_ *actor.PID, m any) {
	_, m, _ = actor.UnwrapEnvelope(m)
	if m, ok := m.(*actors.Ended); ok {
		select {
		case e.ch <- m:
		default:
		}
	}
}
func (e *ending) SendSystemMessage(*actor.PID, any) {}
func (e *ending) Stop(*actor.PID)                   {}

// WaitService waits until a service runs, at most for the given time.
func (rt *Runtime) WaitService(ctx context.Context, id string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	changed := make(chan struct{}, 1)
	stop, err := rt.Subscribe("supervisor.**", func(e *messages.Event) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	for {
		s, err := rt.Service(ctx, id)
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", id, err)
		}
		if s.Status == "running" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			details := ""
			if s.Details != "" {
				details = " (" + s.Details + ")"
			}
			status := s.Status
			if status == "unknown" { // nobody asked for it yet
				status = "not started"
			}
			return messages.Errorf(messages.Timeout, "%s is %s%s and not running after %s; set lifecycle.auto_start: true", id, status, details, limit)
		}
	}
}
