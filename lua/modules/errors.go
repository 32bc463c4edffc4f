package modules

import (
	"fmt"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var errorsModule = lua.Module{
	Name:   "errors",
	Doc:    "Error objects: text with a kind, whether trying again can help, details and the stack. They keep all of it across calls, messages and processes.",
	Class:  []lua.Class{lua.Deterministic},
	Global: true,
	Consts: []lua.Const{
		{Name: "NOT_FOUND", Value: messages.NotFound, Doc: "Does not exist."},
		{Name: "ALREADY_EXISTS", Value: messages.AlreadyExists, Doc: "Exists already."},
		{Name: "INVALID", Value: messages.Invalid, Doc: "Wrong arguments or state."},
		{Name: "PERMISSION_DENIED", Value: messages.PermissionDenied, Doc: "Not allowed."},
		{Name: "UNAVAILABLE", Value: messages.Unavailable, Doc: "Not reachable or not running now."},
		{Name: "INTERNAL", Value: messages.Internal, Doc: "A fault inside."},
		{Name: "CANCELED", Value: messages.Canceled, Doc: "Called off."},
		{Name: "CONFLICT", Value: messages.Conflict, Doc: "Somebody else changed it."},
		{Name: "TIMEOUT", Value: messages.Timeout, Doc: "Took too long."},
		{Name: "RATE_LIMITED", Value: messages.RateLimited, Doc: "Too many requests."},
		{Name: "UNKNOWN", Value: messages.Unknown, Doc: "No kind."},
	},
	Funcs: []lua.Func{
		{
			Sig: "new(of: string|table): Error",
			Doc: "Makes an error object of a message, or of {message, kind?, retryable?, details?}.",
			Do:  newError,
			Try: `local e = errors.new{message = "gone", kind = errors.NOT_FOUND, retryable = false}; return e:kind(), e:message(), e:retryable(), tostring(e)`, Gives: "NotFound, gone, false, gone",
		},
		{
			Sig: "wrap(err: Error|string, context: string): Error",
			Doc: "Puts context in front of an error; kind, retryable and details stay, message() is that of the inner error.",
			Do: func(c *lua.Call) error {
				inner, ok := c.Object(0).(*messages.Error)
				if !ok {
					inner = &messages.Error{Message: c.String(0), Stack: c.Stack()}
				}
				return c.Return(messages.Wrap(inner, c.String(1)))
			},
			Try: `local e = errors.wrap(errors.new{message = "refused", kind = errors.TIMEOUT}, "reading"); return tostring(e), e:message(), e:kind()`, Gives: "reading: refused, refused, Timeout",
		},
		{
			Sig: "is(value: any, kind: string): boolean",
			Doc: "Reports whether value is an error object of that kind, itself or one of its causes.",
			Do: func(c *lua.Call) error {
				e, _ := c.Object(0).(*messages.Error)
				return c.Return(e.Has(c.String(1)))
			},
			Try: `return errors.is(errors.new{message = "m", kind = errors.INVALID}, errors.INVALID), errors.is("text", errors.INVALID)`, Gives: "true, false",
		},
		{
			Sig: "call_stack(err: any): table?",
			Doc: "Returns {thread, frames = {{source, line, name}}} of an error object, or nil.",
			Do: func(c *lua.Call) error {
				e, ok := c.Object(0).(*messages.Error)
				if !ok || len(stackOf(e)) == 0 {
					return c.Return(nil)
				}
				var frames []any
				for _, f := range stackOf(e) {
					frames = append(frames, map[string]any{"source": f.Source, "line": f.Line, "name": f.Name})
				}
				return c.Return(map[string]any{"thread": "main", "frames": frames})
			},
		},
	},
	Types: []lua.Type{{
		Name: "Error",
		Doc:  "An error object.",
		Of:   (*messages.Error)(nil),
		Text: func(v any) string { return v.(*messages.Error).Error() },
		Methods: []lua.Func{
			{Sig: "kind(): string", Doc: "One of the kinds, \"\" for none.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Error).Kind) }},
			{Sig: "message(): string", Doc: "The message without the contexts that wrap put in front.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Error).Root().Message) }},
			{Sig: "retryable(): boolean?", Doc: "Whether trying again can help; nil where nothing is known.", Do: func(c *lua.Call) error {
				switch c.Self().(*messages.Error).Retry {
				case messages.RetryYes:
					return c.Return(true)
				case messages.RetryNo:
					return c.Return(false)
				}
				return c.Return(nil)
			}},
			{Sig: "details(): table?", Doc: "More about it, or nil.", Do: func(c *lua.Call) error {
				if d := c.Self().(*messages.Error).Details; d.Len() > 0 {
					return c.Return(d)
				}
				return c.Return(nil)
			}},
			{Sig: "stack(): string", Doc: "Where it was made, as text.", Do: func(c *lua.Call) error {
				var lines []string
				for _, f := range stackOf(c.Self().(*messages.Error)) {
					line := fmt.Sprintf("%s:%d", f.Source, f.Line)
					if f.Name != "" {
						line += " in " + f.Name
					}
					lines = append(lines, line)
				}
				return c.Return(strings.Join(lines, "\n"))
			}},
		},
	}},
}

// stackOf is the stack of the innermost error that has one.
func stackOf(e *messages.Error) []messages.Frame {
	var out []messages.Frame
	for ; e != nil; e = e.Cause {
		if len(e.Stack) > 0 {
			out = e.Stack
		}
	}
	return out
}

func newError(c *lua.Call) error {
	if c.TypeOf(0) != "table" {
		return c.Return(&messages.Error{Message: c.String(0), Stack: c.Stack()})
	}
	t := c.Table(0)
	e := &messages.Error{Stack: c.Stack()}
	var ok bool
	if e.Message, ok = t.Get("message").(string); !ok {
		return lua.ArgError(1, "message: string expected in the table")
	}
	if k := t.Get("kind"); k != nil {
		if e.Kind, ok = k.(string); !ok {
			return lua.ArgError(1, "kind: string expected in the table")
		}
	}
	if b, ok := t.Get("retryable").(bool); ok {
		e.Retry = messages.RetryNo
		if b {
			e.Retry = messages.RetryYes
		}
	}
	e.Details, _ = t.Get("details").(*messages.Table)
	return c.Return(e)
}
