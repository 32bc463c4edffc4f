package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// subscription is a stream of events.
type subscription struct{ ch *lua.Channel }

var eventsModule = lua.Module{
	Name:  "events",
	Doc:   "The event bus: for observation; programs that need guarantees use messages or queues.",
	Class: []lua.Class{lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig:        "subscribe(system?: string, kind?: string): Subscription, error?",
			Doc:        "Subscribes to the events of a system, of one kind or all. Both are patterns: segments separated by dots, * for one segment, ** for any number, (a|b) for alternatives. Only events sent after it returned are seen; none of these is lost.",
			Permission: "events.subscribe",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				system := c.String(0)
				if system == "" {
					return nil, messages.Errorf(messages.Invalid, "system is required")
				}
				if !c.Allowed("events.subscribe", system) {
					return nil, messages.Errorf(messages.Invalid, "not allowed to subscribe to events from system: %s", system)
				}
				host, by := c.Host(), c.Host().PID()
				var tag uint64
				var ch *lua.Channel
				ch, tag = c.NewStream(func() { host.Tell(&messages.Unsubscribe{By: by, Tag: tag}) })
				return &lua.Command{
					Body:  &messages.Subscribe{System: system, Kind: c.String(1), By: by, Tag: tag},
					Then:  func(c *lua.Call, _ any) error { return c.Return(&subscription{ch}, nil) },
					Catch: func(_ *lua.Call, err *messages.Error) error { ch.Close(); return err },
				}, nil
			},
		},
		{
			Sig:        "send(system?: string, kind?: string, path?: string, data?: any): boolean, error?",
			Doc:        "Publishes an event. It does not wait for its subscribers.",
			Permission: "events.send",
			Do: func(c *lua.Call) error {
				for i, name := range []string{"system", "kind", "path"} {
					if c.String(i) == "" {
						return messages.Errorf(messages.Invalid, "%s is required", name)
					}
				}
				if system := c.String(0); !c.Allowed("events.send", system) {
					return denied("not allowed to send events to system: %s", system)
				}
				c.Host().Publish(&messages.Event{System: c.String(0), Kind: c.String(1), Path: c.String(2), Data: c.Value(3)})
				return c.Return(true, nil)
			},
			Try: `return events.send("shop", "order.created", "orders/7", {total = 12})`, Gives: "true, nil",
		},
	},
	Types: []lua.Type{{
		Name: "Subscription",
		Doc:  "A subscription to events. It ends with the process.",
		Of:   (*subscription)(nil),
		Methods: []lua.Func{
			{Sig: "channel(): Channel", Doc: "Delivers tables {system, kind, path, data}.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*subscription).ch) }},
			{Sig: "close(): boolean", Doc: "Ends the subscription and closes the channel. Closing again does nothing.", Do: func(c *lua.Call) error {
				c.Self().(*subscription).ch.Close()
				return c.Return(true)
			}},
		},
	}},
}
