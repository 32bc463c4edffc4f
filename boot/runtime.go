package boot

import (
	"context"
	"fmt"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Node is what the actors of this runtime share. Embedders reach their own
// actors with it.
func (rt *Runtime) Node() *actors.Node { return rt.node }

// Plan tells how the runtime was started.
func (rt *Runtime) Plan() Plan {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.plan
}

// up is an error once the runtime stops.
func (rt *Runtime) up() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.stopping {
		return messages.Errorf(messages.Unavailable, "the runtime is stopped")
	}
	return nil
}

// ask sends a command to the component that handles it.
func (rt *Runtime) ask(ctx context.Context, body any) (any, error) { return rt.node.Ask(ctx, body) }

// Ask sends a command to the component that handles its type and waits for the
// answer or the end of ctx.
func (rt *Runtime) Ask(ctx context.Context, body any) (any, error) {
	if err := rt.up(); err != nil {
		return nil, err
	}
	return rt.ask(ctx, body)
}

// Call runs the function with that id and waits until it has returned or ctx
// ends; then the call is cancelled. Arguments are Go data as messages.ValueOf
// takes it. The result is the function's first, as plain Go data: nil, bool,
// int64, float64, string, []any or map[string]any. What the function returned or
// raised as an error is a *messages.Error.
func (rt *Runtime) Call(ctx context.Context, id string, args ...any) (any, error) {
	values, err := rt.CallValues(ctx, id, args...)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	return messages.Native(values[0]), nil
}

// CallValues is Call with everything the function returned, unchanged.
func (rt *Runtime) CallValues(ctx context.Context, id string, args ...any) ([]messages.Value, error) {
	if err := rt.up(); err != nil {
		return nil, err
	}
	r, err := actors.As[*messages.FunctionResult](rt.node.AskEntry(ctx, id, &messages.FunctionCall{Function: id, Args: valuesOf(args)}))
	if err != nil {
		return nil, err
	}
	return r.Values, nil
}

// Spawn starts a process and returns its PID. host is the id of a process host;
// "" stands for the only one there is.
func (rt *Runtime) Spawn(ctx context.Context, id, host string, args ...any) (string, error) {
	if err := rt.up(); err != nil {
		return "", err
	}
	if host == "" {
		var err error
		if host, err = rt.onlyHost(ctx, "process.host"); err != nil {
			return "", err
		}
	}
	got, err := actors.As[*messages.Spawned](rt.node.AskEntry(ctx, host, &messages.Spawn{Process: id, Host: host, Args: valuesOf(args)}))
	if err != nil {
		return "", err
	}
	return got.PID, nil
}

func (rt *Runtime) onlyHost(ctx context.Context, kind string) (string, error) {
	hosts, err := rt.Find(ctx, map[string]any{".kind": kind})
	switch {
	case err != nil:
		return "", err
	case len(hosts) == 0:
		return "", messages.Errorf(messages.NotFound, "no %s found in registry; declare one", kind)
	case len(hosts) > 1:
		return "", messages.Errorf(messages.Invalid, "there are %d entries of kind %s; name the one to use", len(hosts), kind)
	}
	return hosts[0].ID, nil
}

// Send sends a message to a process by PID or registered name, through the relay:
// it returns once the message is in the mailbox of the process, and fails with a
// retryable Unavailable where the relay has no room;
// each value becomes a payload of the message.
func (rt *Runtime) Send(dest, topic string, values ...any) error {
	if err := rt.up(); err != nil {
		return err
	}
	if topic == "" || topic[0] == '@' {
		return messages.Errorf(messages.Invalid, "sending to %s: topic %q must not be empty or begin with @", dest, topic)
	}
	_, err := rt.Ask(rt.base, &actors.Route{To: dest, Mail: messages.NewMail("", topic, valuesOf(values)...)})
	return err
}

// Subscribe has f called with every event whose topic, system and kind with a
// dot between, matches the pattern: "*" is one segment, "**" any number, "(a|b)"
// alternatives. Events come one after the other in their order; f must not
// block. After stop returned, and once it is done with an event, f is not called
// any more.
func (rt *Runtime) Subscribe(pattern string, f func(*messages.Event)) (stop func(), err error) {
	if err := rt.up(); err != nil {
		return nil, err
	}
	bus := rt.node.PID("bus")
	sub := &actors.SubscribeGo{Pattern: pattern, Func: f}
	if _, err := actors.Call(rt.base, rt.node.Sys, bus, sub); err != nil {
		return nil, fmt.Errorf("subscribing to %q: %w", pattern, err)
	}
	return sub.Stop, nil
}

// Publish puts an event on the bus.
func (rt *Runtime) Publish(system, kind, path string, data any) {
	if rt.up() == nil {
		rt.node.Publish(&messages.Event{System: system, Kind: kind, Path: path, Data: messages.ValueOf(data)})
	}
}

// Processes returns the processes of the node, by PID.
func (rt *Runtime) Processes(ctx context.Context) ([]messages.ProcessData, error) {
	return actors.As[[]messages.ProcessData](rt.Ask(ctx, &messages.Processes{}))
}

// Kill ends a process at once, by PID or registered name; reason, unless it is
// "", is put in front of the error that it ends with.
func (rt *Runtime) Kill(ctx context.Context, dest, reason string) error {
	_, err := rt.Ask(ctx, &messages.Signal{To: dest, Body: actors.Termination(reason)})
	return err
}

// Trace calls f with each message that a process, by PID or registered name, gets
// or sends from now on, one after the other, and with its lifecycle events. It
// returns nil when the process has ended, and otherwise the error of ctx, or why
// there is nothing to trace. Where f is too slow events are dropped, and the next
// one says how many; the process never waits.
func (rt *Runtime) Trace(ctx context.Context, dest string, f func(messages.TraceEvent)) error {
	if err := rt.up(); err != nil {
		return err
	}
	t, err := rt.node.Trace(dest)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(rt.base, cancel)()
	return t.Run(ctx, func(e messages.TraceEvent) error { f(e); return nil })
}

// Get returns an entry of the current version, or an error of kind NotFound.
func (rt *Runtime) Get(ctx context.Context, id string) (*messages.EntryData, error) {
	return actors.As[*messages.EntryData](rt.Ask(ctx, &messages.RegistryGet{ID: id}))
}

// Find returns the entries of the current version that match a filter, as
// registry.CompileFilter reads it, of any Go values that entries can hold; all for
// nil.
func (rt *Runtime) Find(ctx context.Context, filter map[string]any) ([]*messages.EntryData, error) {
	if filter != nil {
		plain, err := registry.Normalize(filter)
		if err != nil {
			return nil, messages.Because(messages.Invalid, "finding entries", err)
		}
		filter = plain.(map[string]any)
	}
	return actors.As[[]*messages.EntryData](rt.Ask(ctx, &messages.RegistryFind{Filter: filter}))
}

// Services returns the states of all services, by id.
func (rt *Runtime) Services(ctx context.Context) ([]messages.ServiceData, error) {
	return actors.As[[]messages.ServiceData](rt.Ask(ctx, &messages.ServiceStates{}))
}

// Service returns the state of one service, or an error of kind NotFound.
func (rt *Runtime) Service(ctx context.Context, id string) (messages.ServiceData, error) {
	return actors.As[messages.ServiceData](rt.Ask(ctx, &messages.ServiceState{ID: id}))
}

func valuesOf(args []any) []messages.Value {
	out := make([]messages.Value, len(args))
	for i, a := range args {
		out[i] = messages.ValueOf(a)
	}
	return out
}
