// Package modules declares the Lua modules of the runtime. Each module is one
// value of lua.Module; none of them knows the Lua engine or an actor: they check
// arguments and permissions and say what the process wants done.
package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// denied is the error of a refused permission.
func denied(format string, args ...any) *messages.Error {
	return messages.Errorf(messages.PermissionDenied, format, args...)
}

// splitID splits an entry id at its first colon. ok is false unless both parts
// are there.
func splitID(id string) (ns, name string, ok bool) {
	ns, name, _ = strings.Cut(id, ":")
	return ns, name, ns != "" && name != ""
}

// asID reads an id that a program gives as text or as {ns = …, name = …}.
func asID(v messages.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case *messages.Table:
		ns, _ := v.Get("ns").(string)
		name, _ := v.Get("name").(string)
		return ns + ":" + name, ns != "" && name != ""
	}
	return "", false
}

// wrapPayload gives a value its format; a payload stays as it is.
func wrapPayload(v messages.Value) *messages.Payload {
	switch v := v.(type) {
	case *messages.Payload:
		return v
	case *messages.Error:
		return &messages.Payload{Format: messages.FormatError, Data: v}
	}
	return &messages.Payload{Format: messages.FormatLua, Data: v}
}

// wrapPayloads is nothing, one payload, or a list of payloads: what messages and
// futures deliver.
func wrapPayloads(vs []messages.Value) any {
	switch len(vs) {
	case 0:
		return nil
	case 1:
		return wrapPayload(vs[0])
	}
	list := make([]*messages.Payload, len(vs))
	for i, v := range vs {
		list[i] = wrapPayload(v)
	}
	return list
}

// inherit is what a builder adds to the context, actor and scope of its process.
// It is copied, never changed.
type inherit struct {
	values map[string]messages.Value
	actor  *messages.Actor
	scope  *messages.Scope
}

// with returns a copy with the string keys of t, which win.
func (in inherit) with(t *messages.Table) inherit {
	merged := make(map[string]messages.Value, len(in.values)+t.Len())
	for k, v := range in.values {
		merged[k] = v
	}
	for i, k := range t.Keys {
		if key, ok := k.(string); ok {
			merged[key] = t.Vals[i]
		}
	}
	in.values = merged
	return in
}

// context is that of what c starts.
func (in inherit) context(c *lua.Call) *messages.Context {
	ctx := c.Process().Context
	if len(in.values) > 0 {
		ctx = ctx.With(in.values)
	}
	if in.actor != nil {
		ctx = ctx.As(in.actor)
	}
	if in.scope != nil {
		ctx = ctx.Within(in.scope)
	}
	return ctx
}

// callOptions reads the options that argument i gives a call. A network needs a
// permission of its own.
func callOptions(c *lua.Call, i int) (*messages.CallOptions, error) {
	o, err := messages.OptionsFrom(c.Table(i))
	if err != nil || o == nil {
		return nil, err
	}
	if o.Network != "" && !c.Allowed("network.select", o.Network) {
		return nil, denied("not allowed to select network: %s", o.Network)
	}
	return o, nil
}

// orFalse gives the results of functions that answer false in place of nil when
// they fail.
func orFalse(c *lua.Call, err *messages.Error) error { return c.Return(false, err) }
