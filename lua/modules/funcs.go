package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// executor is the state of an Executor. It is copied, never changed.
type executor struct {
	inherit
	options *messages.CallOptions
}

// checkFunctionID says what is wrong with the id of a function.
func checkFunctionID(id string) error {
	ns, name, _ := strings.Cut(id, ":")
	switch {
	case id == "":
		return messages.Errorf(messages.Invalid, "function ID required")
	case ns == "" || ns == id:
		return messages.Errorf(messages.Invalid, "namespace required in function ID")
	case name == "":
		return messages.Errorf(messages.Invalid, "name required in function ID")
	}
	return nil
}

// call makes the call that c was given as id and arguments.
func (x *executor) call(c *lua.Call) (*messages.FunctionCall, error) {
	id := c.String(0)
	if err := checkFunctionID(id); err != nil {
		return nil, err
	}
	if !c.Allowed("funcs.call", id) {
		return nil, denied("not allowed: %s", id)
	}
	return &messages.FunctionCall{Function: id, Args: c.Values(1), Context: x.context(c), Options: x.options}, nil
}

// waitFor is the command that carries a call out and returns its first value.
func waitFor(call *messages.FunctionCall) *lua.Command {
	return &lua.Command{Body: call, Then: firstValue}
}

func firstValue(c *lua.Call, answer any) error {
	r, ok := answer.(*messages.FunctionResult)
	switch {
	case !ok:
		return messages.Errorf(messages.Internal, "a call was answered with %T", answer)
	case len(r.Values) == 0:
		return c.Return(nil, nil)
	}
	return c.Return(r.Values[0], nil)
}

// callFuncs declares call and async; from gives the executor.
func callFuncs(from func(c *lua.Call) *executor) []lua.Func {
	return []lua.Func{
		{
			Sig:        "call(id?: string, ...: any): any, error?",
			Doc:        "Calls a function, or a process with a default host, and waits for its result. The error is the one it returned or raised.",
			Permission: "funcs.call",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				call, err := from(c).call(c)
				if err != nil {
					return nil, err
				}
				return waitFor(call), nil
			},
		},
		{
			Sig:        "async(id?: string, ...: any): Future, error?",
			Doc:        "Starts a call and returns at once.",
			Permission: "funcs.call",
			Do: func(c *lua.Call) error {
				call, err := from(c).call(c)
				if err != nil {
					return err
				}
				return startFuture(c, call)
			},
		},
	}
}

var funcsModule = lua.Module{
	Name:  "funcs",
	Doc:   "Calling functions. Context values, actor and scope are inherited by the function.",
	Class: []lua.Class{lua.Workflow, lua.Nondeterministic},
	Funcs: append(callFuncs(func(*lua.Call) *executor { return &executor{} }), lua.Func{
		Sig: "new(): Executor",
		Doc: "A builder for calls.",
		Do:  func(c *lua.Call) error { return c.Return(&executor{}) },
		Try: `local a = funcs.new(); return a:with_context({x = 1}) ~= a`, Gives: "true",
	}),
	Types: []lua.Type{
		{
			Name: "Executor",
			Doc:  "Says how functions are called. Every with_ method returns a new executor; refused, nil and PermissionDenied.",
			Of:   (*executor)(nil),
			Methods: append([]lua.Func{
				{
					Sig: "with_context(values: table): Executor, error?", Doc: "Adds context values; they win over inherited ones.", Permission: "funcs.context",
					Do: func(c *lua.Call) error {
						if !c.Allowed("funcs.context", "context") {
							return denied("not allowed to call functions with custom context")
						}
						out := *c.Self().(*executor)
						out.inherit = out.with(c.Table(0))
						return c.Return(&out, nil)
					},
				},
				{
					Sig: "with_actor(actor: Actor): Executor, error?", Doc: "The actor of the function.", Permission: "funcs.security",
					Do: func(c *lua.Call) error {
						if !c.Allowed("funcs.security", "security") {
							return denied("not allowed to call functions with custom security context")
						}
						out := *c.Self().(*executor)
						out.actor = c.Object(0).(*messages.Actor)
						return c.Return(&out, nil)
					},
				},
				{
					Sig: "with_scope(scope: Scope): Executor, error?", Doc: "The scope of the function.", Permission: "funcs.security",
					Do: func(c *lua.Call) error {
						if !c.Allowed("funcs.security", "security") {
							return denied("not allowed to call functions with custom security context")
						}
						out := *c.Self().(*executor)
						out.scope = c.Object(0).(*messages.Scope)
						return c.Return(&out, nil)
					},
				},
				{
					Sig: "with_options(options: table): Executor, error?",
					Doc: "Replaces the options: timeout (milliseconds), network (entry id), retry = {max_attempts, initial_delay, max_delay, backoff_factor, jitter, retry_kinds, skip_kinds}; in workflows also those of activities, such as [\"activity.start_to_close_timeout\"].",
					Do: func(c *lua.Call) error {
						o, err := callOptions(c, 0)
						if err != nil {
							return err
						}
						out := *c.Self().(*executor)
						out.options = o
						return c.Return(&out, nil)
					},
				},
			}, callFuncs(func(c *lua.Call) *executor { return c.Self().(*executor) })...),
		},
		futureType,
	},
}
