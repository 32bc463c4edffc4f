package temporal

import (
	"context"
	"maps"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// headerName is the header that carries what a call inherits.
const headerName = "troupe"

// header travels with whatever is started or sent: who does so, and the context it
// gives on. Policies go by their ids, and those who receive them look them up.
type header struct {
	from     string // PID
	values   map[string]messages.Value
	actor    *messages.Actor
	policies []string // nil without a scope
	scoped   bool
	trace    map[string]string
}

type headerKey struct{}

// headerOf is what goes with a call in context c. The trace goes along only where
// calls of Temporal are to be traced.
func headerOf(from string, c *messages.Context, traced bool) *header {
	h := &header{from: from}
	if c == nil {
		return h
	}
	h.values, h.actor = c.Values, c.Actor
	if traced {
		h.trace = c.Trace
	}
	if c.Scope != nil {
		h.scoped = true
		for _, p := range c.Scope.Policies {
			h.policies = append(h.policies, p.ID())
		}
	}
	return h
}

// table is the header as a value.
func (h *header) table() *messages.Table {
	t := (&messages.Table{Object: true}).Set("from", h.from)
	fields := func(name string, keys []string, get func(string) messages.Value) {
		sub := &messages.Table{Object: true}
		for _, k := range keys {
			sub.Set(k, get(k))
		}
		t.Set(name, sub)
	}
	if len(h.values) > 0 {
		fields("values", slices.Sorted(maps.Keys(h.values)), func(k string) messages.Value { return h.values[k] })
	}
	if len(h.trace) > 0 {
		fields("trace", slices.Sorted(maps.Keys(h.trace)), func(k string) messages.Value { return h.trace[k] })
	}
	if h.actor != nil {
		a := (&messages.Table{Object: true}).Set("id", h.actor.ID)
		if h.actor.Meta != nil {
			a.Set("meta", h.actor.Meta)
		}
		t.Set("actor", a)
	}
	if h.scoped {
		t.Set("policies", messages.ValueOf(slices.Concat([]string{}, h.policies)))
	}
	return t
}

func headerFrom(t *messages.Table) *header {
	h := &header{}
	h.from, _ = t.Get("from").(string)
	if v, ok := t.Get("values").(*messages.Table); ok {
		h.values = map[string]messages.Value{}
		for i, k := range v.Keys {
			h.values[messages.Text(k)] = v.Vals[i]
		}
	}
	if v, ok := t.Get("trace").(*messages.Table); ok {
		h.trace = map[string]string{}
		for i, k := range v.Keys {
			h.trace[messages.Text(k)] = messages.Text(v.Vals[i])
		}
	}
	if v, ok := t.Get("actor").(*messages.Table); ok {
		h.actor = &messages.Actor{}
		h.actor.ID, _ = v.Get("id").(string)
		h.actor.Meta, _ = v.Get("meta").(*messages.Table)
	}
	if v, ok := t.Get("policies").(*messages.Table); ok {
		h.scoped = true
		for _, p := range v.Array {
			h.policies = append(h.policies, messages.Text(p))
		}
	}
	return h
}

// context is that of what was started with the header. It waits for the policies
// to be looked up.
func (h *header) context(ctx context.Context, n *actors.Node) (*messages.Context, error) {
	if h == nil || len(h.values) == 0 && h.actor == nil && !h.scoped && len(h.trace) == 0 {
		return nil, nil
	}
	out := &messages.Context{Values: h.values, Actor: h.actor, Trace: h.trace}
	if h.scoped {
		var err error
		if out.Scope, err = actors.As[*messages.Scope](actors.Call(ctx, n.Sys, n.PID("security"), &messages.ScopeOf{Policies: h.policies})); err != nil {
			return nil, messages.Wrap(err, "looking up the policies of the caller")
		}
	}
	return out, nil
}

// propagator puts the header of a context into what leaves and takes it from what
// comes.
type propagator struct{}

func (propagator) inject(v any, w workflow.HeaderWriter) error {
	h, ok := v.(*header)
	if !ok {
		return nil
	}
	p, err := dataConverter.ToPayload(h.table())
	if err != nil {
		return messages.Wrap(err, "the context of the call")
	}
	w.Set(headerName, p)
	return nil
}

func (propagator) extract(r workflow.HeaderReader) (*header, error) {
	p, ok := r.Get(headerName)
	if !ok {
		return nil, nil
	}
	v, err := dataConverter.value(p)
	if err != nil {
		return nil, messages.Wrap(err, "the context of the call")
	}
	t, _ := v.(*messages.Table)
	return headerFrom(t), nil
}

// Inject implements workflow.ContextPropagator.
func (p propagator) Inject(ctx context.Context, w workflow.HeaderWriter) error {
	return p.inject(ctx.Value(headerKey{}), w)
}

// InjectFromWorkflow implements workflow.ContextPropagator.
func (p propagator) InjectFromWorkflow(ctx workflow.Context, w workflow.HeaderWriter) error {
	return p.inject(ctx.Value(headerKey{}), w)
}

// Extract implements workflow.ContextPropagator.
func (p propagator) Extract(ctx context.Context, r workflow.HeaderReader) (context.Context, error) {
	h, err := p.extract(r)
	if h != nil {
		ctx = context.WithValue(ctx, headerKey{}, h)
	}
	return ctx, err
}

// ExtractToWorkflow implements workflow.ContextPropagator.
func (p propagator) ExtractToWorkflow(ctx workflow.Context, r workflow.HeaderReader) (workflow.Context, error) {
	h, err := p.extract(r)
	if h != nil {
		ctx = workflow.WithValue(ctx, headerKey{}, h)
	}
	return ctx, err
}
