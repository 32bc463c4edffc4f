package messages

// Context is what calls, spawns and asynchronous calls inherit: context values,
// an actor and a scope, the way out and the trace. It is never changed once made; a nil Context is empty.
type Context struct {
	Values map[string]Value
	Actor  *Actor
	Scope  *Scope

	Network string            // entry id of a network; "" for the node's default
	Trace   map[string]string // headers that say what span is around, as W3C names them
}

// Actor is on whose behalf something is done.
type Actor struct {
	ID   string
	Meta *Table
}

// Scope is a set of policies. Its order has no influence.
type Scope struct{ Policies []Policy }

// Policy decides on one action. Effect is "allow", "deny" or "" where it does
// not apply.
type Policy interface {
	ID() string
	Evaluate(a *Actor, action, resource string, meta *Table) Effect
}

// Effect is the outcome of a policy or scope.
type Effect string

// The effects.
const (
	Allow     Effect = "allow"
	Deny      Effect = "deny"
	Undefined Effect = "undefined"
)

// Evaluate asks every policy: any deny wins, otherwise one allow is enough.
func (s *Scope) Evaluate(a *Actor, action, resource string, meta *Table) Effect {
	out := Undefined
	for _, p := range s.Policies {
		switch p.Evaluate(a, action, resource, meta) {
		case Deny:
			return Deny
		case Allow:
			out = Allow
		}
	}
	return out
}

// May reports whether the context allows an action. Where the actor or the
// scope is missing only strict mode refuses.
func (c *Context) May(strict bool, action, resource string, meta *Table) bool {
	if c == nil || c.Actor == nil || c.Scope == nil {
		return !strict
	}
	return c.Scope.Evaluate(c.Actor, action, resource, meta) == Allow
}

// Value returns a context value.
func (c *Context) Value(key string) (Value, bool) {
	if c == nil {
		return nil, false
	}
	v, ok := c.Values[key]
	return v, ok
}

// With returns a Context with more values, which win over those of c.
func (c *Context) With(values map[string]Value) *Context {
	out := c.copy()
	merged := make(map[string]Value, len(out.Values)+len(values))
	for k, v := range out.Values {
		merged[k] = v
	}
	for k, v := range values {
		merged[k] = v
	}
	out.Values = merged
	return out
}

// As returns a Context with this actor.
func (c *Context) As(a *Actor) *Context {
	out := c.copy()
	out.Actor = a
	return out
}

// Within returns a Context with this scope.
func (c *Context) Within(s *Scope) *Context {
	out := c.copy()
	out.Scope = s
	return out
}

// Through returns a Context with this network, or c itself for "".
func (c *Context) Through(network string) *Context {
	if network == "" {
		return c
	}
	out := c.copy()
	out.Network = network
	return out
}

// Around is the headers of the span around; c may be nil.
func (c *Context) Around() map[string]string {
	if c == nil {
		return nil
	}
	return c.Trace
}

// Traced returns a Context inside the span of these headers.
func (c *Context) Traced(headers map[string]string) *Context {
	out := c.copy()
	out.Trace = headers
	return out
}

func (c *Context) copy() *Context {
	if c == nil {
		return &Context{}
	}
	out := *c
	return &out
}
