package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var pubsubModule = lua.Module{
	Name:   "pubsub",
	Doc:    "Raw subscriptions to topics of the own mailbox, the low-level form of process.listen. Both functions are globals too.",
	Class:  []lua.Class{lua.Process},
	Global: true,

	Sandbox: []string{"subscribe", "unsubscribe"},
	Funcs: []lua.Func{
		{
			Sig:    "subscribe(topic: string, channel: Channel): Channel, error?",
			Doc:    "Delivers the messages of a topic to a channel of the process, and returns the channel.",
			Global: true,
			Do: func(c *lua.Call) error {
				topic, ch := c.String(0), c.Object(1).(*lua.Channel)
				if err := checkTopic(topic); err != nil {
					return err
				}
				had := c.Listener(topic)
				switch {
				case had == ch:
				case had != nil:
					return messages.Errorf(messages.AlreadyExists, "topic %q is already subscribed with another channel: unsubscribe that one first", topic)
				case ch.Closed():
					return messages.Errorf(messages.Invalid, "cannot subscribe a closed channel to topic %q: make a new one", topic)
				default:
					c.Listen(topic, ch, false)
				}
				return c.Return(ch, nil)
			},
			Try: `local ch = channel.new(1); return subscribe("a", ch) == ch, process.listen("a") == ch`, Gives: "true, true",
		},
		{
			Sig:    "unsubscribe(channel: Channel): boolean, error?",
			Doc:    "Ends the subscriptions of a channel, which stays open.",
			Global: true,
			Do: func(c *lua.Call) error {
				if !c.Unlisten(c.Object(0).(*lua.Channel)) {
					return c.Return(false, errNoListener)
				}
				return c.Return(true, nil)
			},
			Try: `local ch = channel.new(1); subscribe("a", ch); return unsubscribe(ch), (unsubscribe(ch))`, Gives: "true, false",
		},
	},
}
