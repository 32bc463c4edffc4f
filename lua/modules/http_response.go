package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// httpResponse is what http.response returns.
type httpResponse struct{ x exchange }

// setter makes a method that changes what is not sent yet; it returns nothing or
// an error.
func setter(f func(x exchange, c *lua.Call) error) func(*lua.Call) error {
	return func(c *lua.Call) error {
		return sent(c, f(c.Self().(*httpResponse).x, c))
	}
}

// sent returns what came of a write: nothing or an error.
func sent(c *lua.Call, err error) error {
	if err != nil {
		return c.Return(messages.AsError(err))
	}
	return nil
}

// sender is the command of a method that writes; it returns nothing or an error.
func sender(f func() error) *lua.Command {
	return &lua.Command{
		Go:    func(<-chan struct{}) (any, error) { return nil, f() },
		Then:  func(*lua.Call, any) error { return nil },
		Catch: func(c *lua.Call, err *messages.Error) error { return c.Return(err) },
	}
}

var responseType = lua.Type{
	Name: "Response", Doc: "The response. Its methods return nothing, or an error, and cannot be chained.", Of: (*httpResponse)(nil),
	Methods: []lua.Func{
		{Sig: "set_status(code: integer): error?", Doc: "Sets the status, 200 to 599. Invalid once the headers are sent.", Do: setter(func(x exchange, c *lua.Call) error { return x.SetStatus(c.Int(0)) })},
		{Sig: "set_header(name: string, value: string): error?", Doc: "Sets a header. Invalid once the headers are sent.", Do: setter(func(x exchange, c *lua.Call) error { return x.SetHeader(c.String(0), c.String(1)) })},
		{Sig: "set_content_type(type: string): error?", Doc: "Sets the content type. Invalid once the headers are sent.", Do: setter(func(x exchange, c *lua.Call) error { return x.SetContentType(c.String(0)) })},
		{Sig: "set_transfer(mode: string): error?", Doc: "chunked sends every write at once; sse makes the body a stream of events. Invalid once the headers are sent.", Do: setter(func(x exchange, c *lua.Call) error { return x.SetTransfer(c.String(0)) })},
		{Sig: "write(data: string): error?", Doc: "Sends a part of the body; waits while the client does not take it.", Ask: func(c *lua.Call) (*lua.Command, error) {
			x, data := c.Self().(*httpResponse).x, []byte(c.String(0))
			if done, err := x.Buffer(data, false); done {
				return nil, sent(c, err)
			}
			return sender(func() error { return x.Write(data) }), nil
		}},
		{Sig: "write_json(value: any): error?", Doc: "Sends a value as JSON, with the content type application/json where no headers are sent yet.", Ask: func(c *lua.Call) (*lua.Command, error) {
			x := c.Self().(*httpResponse).x
			b, err := messages.EncodeJSON(c.Value(0))
			if err != nil {
				return nil, sent(c, messages.Wrap(err, "encoding the response"))
			}
			if done, err := x.Buffer(b, true); done {
				return nil, sent(c, err)
			}
			return sender(func() error { return x.WriteJSON(b) }), nil
		}},
		{Sig: "write_event(event: table): error?", Doc: "Sends one server-sent event of {name = …, data = …}, the data as JSON, at once. Raises where one of the two is missing.", Ask: func(c *lua.Call) (*lua.Command, error) {
			x, t := c.Self().(*httpResponse).x, c.Table(0)
			name, ok := t.Get("name").(string)
			if !ok || name == "" {
				return nil, lua.ArgError(1, "name: string expected in the table")
			}
			data := t.Get("data")
			if data == nil {
				return nil, lua.ArgError(1, "data expected in the table")
			}
			b, err := messages.EncodeJSON(data)
			return sender(func() error {
				if err != nil {
					return messages.Wrap(err, "encoding the event")
				}
				return x.WriteEvent(name, b)
			}), nil
		}},
		{Sig: "flush(): error?", Doc: "Sends what was written, and the headers.", Ask: func(c *lua.Call) (*lua.Command, error) {
			return sender(c.Self().(*httpResponse).x.Flush), nil
		}},
	},
}
