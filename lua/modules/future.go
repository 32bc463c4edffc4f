package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// future is the result of a call that goes on in the background. Only its
// process touches it.
type future struct {
	ch       *lua.Channel
	stop     func()
	complete bool
	canceled bool
	values   []messages.Value
	err      *messages.Error
}

var errCanceled = messages.Errorf(messages.Canceled, "async call was canceled")

// startFuture begins a call and returns its future.
func startFuture(c *lua.Call, call *messages.FunctionCall) error {
	f := &future{ch: c.NewChannel(1)}
	f.stop = c.Start(&lua.Command{Body: call}, f.done)
	return c.Return(f, nil)
}

// done takes the answer of the call.
func (f *future) done(answer any, err *messages.Error) {
	f.complete = true
	r, ok := answer.(*messages.FunctionResult)
	switch {
	case err != nil:
		f.err = err
	case ok:
		f.values = trimNils(r.Values)
	default:
		f.err = messages.Errorf(messages.Internal, "a function call was answered with %T", answer)
	}
	if f.err != nil {
		f.ch.Push(f.err)
	} else {
		f.ch.Push(f.value())
	}
	f.ch.Close()
}

// value is a Payload, or a list of them where there are several values.
func (f *future) value() any {
	if len(f.values) == 0 {
		return wrapPayload(nil)
	}
	return wrapPayloads(f.values)
}

// failure is why there is no value, nil if there is one or may still be.
func (f *future) failure() *messages.Error {
	if f.canceled {
		return errCanceled
	}
	return f.err
}

func (f *future) cancel() {
	if f.canceled {
		return
	}
	f.canceled, f.complete = true, true
	f.stop()
	f.ch.Close()
}

// trimNils drops nils at the end: "return v, nil" is one value.
func trimNils(vs []messages.Value) []messages.Value {
	for len(vs) > 0 && vs[len(vs)-1] == nil {
		vs = vs[:len(vs)-1]
	}
	return vs
}

func futureChannel(c *lua.Call) error { return c.Return(c.Self().(*future).ch) }

var futureType = lua.Type{
	Name: "Future",
	Doc:  "A call that goes on in the background.",
	Of:   (*future)(nil),
	Methods: []lua.Func{
		{Sig: "response(): Channel", Doc: "Delivers one Payload, an error object, or a list of Payloads where the function returned several values; then it closes. A canceled future only closes it.", Do: futureChannel},
		{Sig: "channel(): Channel", Doc: "The same as response.", Do: futureChannel},
		{Sig: "is_complete(): boolean", Doc: "Whether the call is over.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*future).complete) }},
		{Sig: "is_canceled(): boolean", Doc: "Whether cancel was called.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*future).canceled) }},
		{
			Sig: "result(): any, error?", Doc: "Does not wait: nil and nil while the call goes on, nil and an error if it failed or was canceled, else a Payload or a list of Payloads.",
			Do: func(c *lua.Call) error {
				f := c.Self().(*future)
				if err := f.failure(); err != nil {
					return err
				}
				if !f.complete {
					return c.Return(nil, nil)
				}
				return c.Return(f.value(), nil)
			},
		},
		{
			Sig: "error(): error?, boolean", Doc: "The error, as the cause of Internal \"async call failed\", and whether there is one.",
			Do: func(c *lua.Call) error {
				if err := c.Self().(*future).failure(); err != nil {
					return c.Return(messages.Because(messages.Internal, "async call failed", err), true)
				}
				return c.Return(nil, false)
			},
		},
		{
			Sig: "cancel(): boolean, error?", Doc: "Gives the call up. Whether the function still runs is up to it; its result is not delivered.",
			Do: func(c *lua.Call) error {
				c.Self().(*future).cancel()
				return c.Return(true, nil)
			},
		},
	},
}
