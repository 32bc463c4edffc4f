package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The kinds of lifecycle events.
const (
	eventCancel   = "pid.cancel"
	eventExit     = "pid.exit"
	eventLinkDown = "pid.link.down"
)

var processModule = lua.Module{
	Name:   "process",
	Doc:    "Processes: messages, starting and watching others, names. A PID is a plain string; wherever a destination is expected, a registered name will do.",
	Class:  []lua.Class{lua.Process, lua.Nondeterministic, lua.Workflow},
	Global: true,

	Sandbox: []string{"pid", "id", "send", "inbox", "events", "listen", "unlisten", "event"},
	Funcs: append([]lua.Func{
		{
			Sig: "pid(): string, error?",
			Doc: "PID of the running process. A function call has one too.",
			// One result, as it cannot fail: a nil after it would be a second value of
			// process.send(to, "hello", process.pid()).
			Do: func(c *lua.Call) error { return c.Return(c.Host().PID()) },
		},
		{
			Sig: "id(): string, error?",
			Doc: "Entry id of the running code.",
			Do:  func(c *lua.Call) error { return c.Return(c.Process().Entry) },
		},
		{
			Sig:        "send(destination?: string, topic?: string, ...: any): boolean, error?",
			Doc:        "Sends one message with any number of values, which are copied. Never waits. An error that contains \"not found\" means that the process is dead.",
			Permission: "process.send",
			Do:         processSend,
		},
		{
			Sig: "inbox(): Channel",
			Doc: "Channel of Message objects, of all topics without a listener.",
			Do:  func(c *lua.Call) error { return c.Return(c.Inbox()) },
			Try: `return process.inbox() == process.inbox()`, Gives: "true",
		},
		{
			Sig: "events(): Channel",
			Doc: "Channel of lifecycle events, as tables: kind, at (unix seconds), from; EXIT and LINK_DOWN have result = {value, error}, CANCEL has reason.",
			Do:  func(c *lua.Call) error { return c.Return(c.Events()) },
			Try: `return process.events() == process.events()`, Gives: "true",
		},
		{
			Sig: "listen(topic: string, options?: table): Channel, error?",
			Doc: "Channel for exactly this topic, which no longer goes to the inbox. It delivers the values of messages (a list where a message has several), with {message = true} Message objects. The same topic gives the same channel.",
			Do:  processListen,
			Try: `return process.listen("a") == process.listen("a"), process.listen("a") == process.listen("b")`, Gives: "true, false",
		},
		{
			Sig: "unlisten(channel: Channel): boolean, error?",
			Doc: "Ends a listen and closes the channel; what it had not delivered goes to the inbox.",
			Do: func(c *lua.Call) error {
				ch := c.Object(0).(*lua.Channel)
				if !c.Unlisten(ch) {
					return c.Return(false, errNoListener)
				}
				ch.Close()
				return c.Return(true, nil)
			},
			Try: `local ch = process.listen("a"); return process.unlisten(ch), ch:receive()`, Gives: "true, nil, false",
		},
		{
			Sig: "get_options(): table",
			Doc: "The options of the process: {trap_links = boolean}.",
			Do: func(c *lua.Call) error {
				return c.Return(map[string]any{"trap_links": c.Host().TrapLinks()})
			},
		},
		{
			Sig: "set_options(options: any): boolean, error?",
			Doc: "Changes the options. With trap_links = true the failure of a linked process is delivered as LINK_DOWN; else it ends this process.",
			Do:  processSetOptions,
		},
	}, processStarting...),
	Tables: []lua.Table{
		processNames,
		{Name: "event", Doc: "The kinds of lifecycle events.", Consts: []lua.Const{
			{Name: "CANCEL", Doc: "The process is asked to end.", Value: eventCancel},
			{Name: "EXIT", Doc: "A monitored process has ended.", Value: eventExit},
			{Name: "LINK_DOWN", Doc: "A linked process has failed.", Value: eventLinkDown},
		}},
	},
	Types: []lua.Type{
		{
			Name: "Message",
			Doc:  "A message from the inbox.",
			Of:   (*messages.Mail)(nil),
			Text: func(v any) string { return "process.Message{topic=" + v.(*messages.Mail).Topic + "}" },
			Methods: []lua.Func{
				{Sig: "topic(): string", Doc: "The topic.", Do: func(c *lua.Call) error { return c.ReturnName(c.Self().(*messages.Mail).Topic) }},
				{Sig: "from(): string", Doc: "PID of the sender, \"\" if unknown.", Do: func(c *lua.Call) error { return c.ReturnName(c.Self().(*messages.Mail).From) }},
				{
					Sig: "payload(): any",
					Doc: "nil if the message had no value, a Payload if it had one, a list of Payloads if it had several. payload():data() is the value.",
					Do:  func(c *lua.Call) error { return c.Return(wrapPayloads(c.Self().(*messages.Mail).Values)) },
				},
			},
		},
		spawnBuilder,
	},
}

var errNoListener = messages.Errorf(messages.NotFound, "channel is not subscribed to a topic")

// resolver is a host that knows which PID has a name, so that a permission can
// be checked for the process that is meant.
type resolver interface {
	Resolve(dest string) (pid string, err *messages.Error)
}

// target is the PID a permission to reach dest is checked for.
func target(c *lua.Call, dest string) string {
	if strings.HasPrefix(dest, "{") {
		return dest
	}
	if r, ok := c.Host().(resolver); ok {
		if pid, err := r.Resolve(dest); err == nil {
			return pid
		}
	}
	return dest
}

func processSend(c *lua.Call) error {
	if c.Len() < 2 {
		return messages.Errorf(messages.Invalid, "send requires at least destination and topic arguments")
	}
	for i, name := range []string{"destination", "topic"} {
		if !c.Has(i) {
			return lua.ArgError(i+1, name+": string expected, got nil")
		}
	}
	dest, topic := c.String(0), c.String(1)
	if strings.HasPrefix(topic, "@") {
		return messages.Errorf(messages.Invalid, "cannot send to @ topics")
	}
	if !mayReach(c, "process.send", dest) {
		return denied("not allowed to send to process: %s", dest)
	}
	if err := c.Host().Send(dest, c.Mail(topic, 2)); err != nil {
		return err
	}
	return c.Return(true, nil)
}

// mayReach checks a permission on a destination. Without a security context
// nothing is to be resolved.
func mayReach(c *lua.Call, action, dest string) bool {
	if self := c.Process(); self.Context == nil && !self.Strict {
		return true
	}
	return c.Allowed(action, target(c, dest))
}

// checkTopic refuses topics that nobody may listen to.
func checkTopic(topic string) *messages.Error {
	switch {
	case topic == "":
		return messages.Errorf(messages.Invalid, "topic cannot be empty")
	case topic[0] == '@':
		return messages.Errorf(messages.Invalid, "cannot listen to @ topics")
	}
	return nil
}

func processListen(c *lua.Call) error {
	topic := c.String(0)
	if err := checkTopic(topic); err != nil {
		return err
	}
	if ch := c.Listener(topic); ch != nil {
		return c.Return(ch, nil)
	}
	whole, _ := c.Field(1, "message").(bool)
	ch := c.NewChannel(1)
	c.Listen(topic, ch, whole)
	return c.Return(ch, nil)
}

func processSetOptions(c *lua.Call) error {
	t := c.Table(0)
	if t == nil {
		return c.Return(false, messages.Errorf(messages.Invalid, "options parameter must be a table"))
	}
	for i, k := range t.Keys {
		if k != "trap_links" {
			return c.Return(false, messages.Errorf(messages.Invalid, "option %s is not supported", messages.Text(t.Keys[i])))
		}
	}
	if len(t.Array) > 0 {
		return c.Return(false, messages.Errorf(messages.Invalid, "option 1 is not supported"))
	}
	switch trap := t.Get("trap_links").(type) {
	case nil:
	case bool:
		c.Host().Tell(&messages.SetOptions{TrapLinks: trap})
	default:
		return c.Return(false, messages.Errorf(messages.Invalid, "trap_links must be a boolean"))
	}
	return c.Return(true, nil)
}
