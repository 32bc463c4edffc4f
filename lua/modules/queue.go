package modules

import (
	"maps"
	"slices"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// delivery is a message on its way through the handler of a queue.consumer, as the
// called function finds it in its Self. Nothing of it waits.
type delivery interface {
	Message() (id string, headers map[string]messages.Value, err error)
	Ack() error
	Nack() error
}

var queueModule = lua.Module{
	Name:  "queue",
	Doc:   "Publishing to queues, and the message that the handler of a queue.consumer is called with.",
	Class: []lua.Class{lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig:        "publish(queue_id: string, data: any, headers?: table): boolean, error?",
			Doc:        "Puts data into a queue. Headers are strings, numbers and booleans. A full queue is an Unavailable that can be retried, a refused permission an Invalid.",
			Permission: "queue.publish, queue.publish.queue",
			Ask:        queuePublish,
			Try:        `return queue.publish("", 1)`, Gives: "nil, queue ID required",
		},
		{
			Sig: "message(): Message, error?",
			Doc: "The message that the function was called with. Only the function that a queue.consumer calls has one, not what it calls.",
			Do: func(c *lua.Call) error {
				d, ok := c.Process().Request.(delivery)
				if !ok {
					return messages.Errorf(messages.Invalid, "no delivery found in context")
				}
				return c.Return(&queueMessage{d}, nil)
			},
			Try: `return queue.message()`, Gives: "nil, no delivery found in context",
		},
		{
			Sig: "info(queue_id: string): table, error?",
			Doc: "{message_count, consumer_count, ready}: how many messages wait for a consumer, how many consumers there are, and whether the driver is ready.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				id, err := queueID(c)
				if err != nil {
					return nil, err
				}
				return lua.Ask(id, &messages.QueueInfo{}, func(c *lua.Call, d *messages.QueueData) error {
					return c.Return(map[string]any{"message_count": d.Messages, "consumer_count": d.Consumers, "ready": d.Ready}, nil)
				}), nil
			},
		},
	},
	Types: []lua.Type{{
		Name: "Message", Doc: "The message a handler was called with. It is of use until the handler returns.", Of: (*queueMessage)(nil),
		Methods: []lua.Func{
			{Sig: "id(): string, error?", Doc: "The id of the message, the same at every delivery.", Do: func(c *lua.Call) error {
				id, _, err := c.Self().(*queueMessage).Message()
				if err != nil {
					return err
				}
				return c.Return(id, nil)
			}},
			{Sig: "header(key: string): any, error?", Doc: "A header, or nil.", Do: func(c *lua.Call) error {
				_, headers, err := c.Self().(*queueMessage).Message()
				if err != nil {
					return err
				}
				return c.Return(headers[c.String(0)], nil)
			}},
			{Sig: "headers(): table, error?", Doc: "All headers.", Do: func(c *lua.Call) error {
				_, headers, err := c.Self().(*queueMessage).Message()
				if err != nil {
					return err
				}
				t := &messages.Table{Object: true}
				for _, k := range slices.Sorted(maps.Keys(headers)) {
					t.Set(k, headers[k])
				}
				return c.Return(t, nil)
			}},
			settleMethod("ack(): boolean, error?", "Says that the message is done, whatever the handler returns.", delivery.Ack),
			settleMethod("nack(): boolean, error?", "Rejects the message: it comes again, whatever the handler returns.", delivery.Nack),
		},
	}},
}

type queueMessage struct{ delivery }

func settleMethod(sig, doc string, settle func(delivery) error) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Do: func(c *lua.Call) error {
		if err := settle(c.Self().(*queueMessage).delivery); err != nil {
			return err
		}
		return c.Return(true, nil)
	}}
}

// queueID reads the id of a queue's entry.
func queueID(c *lua.Call) (string, error) {
	id := c.String(0)
	if id == "" {
		return "", messages.Errorf(messages.Invalid, "queue ID required")
	}
	if _, _, ok := splitID(id); !ok {
		return "", messages.Errorf(messages.NotFound, "queue not found: %s", id)
	}
	return id, nil
}

func queuePublish(c *lua.Call) (*lua.Command, error) {
	id, err := queueID(c)
	if err != nil {
		return nil, err
	}
	if !c.Allowed("queue.publish", "") || !c.Allowed("queue.publish.queue", id) {
		return nil, messages.Errorf(messages.Invalid, "not allowed to publish to queue: %s", id)
	}
	data := c.Value(1)
	if t, ok := data.(*messages.Table); data == nil || ok && t.Len() == 0 {
		return nil, messages.Errorf(messages.Invalid, "message data cannot be empty")
	}
	headers, err := queueHeaders(c.Pairs(2))
	if err != nil {
		return nil, err
	}
	return lua.Tell(id, &messages.QueuePublish{Data: data, Headers: headers, Trace: c.Process().Context.Around()}), nil
}

// queueHeaders reads the headers from keys and values in turn.
func queueHeaders(pairs []any) (map[string]messages.Value, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	out := make(map[string]messages.Value, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, messages.Errorf(messages.Invalid, "header %s: names of headers must be strings", messages.Text(pairs[i]))
		}
		switch v := pairs[i+1].(type) {
		case string, float64, bool:
			out[name] = v
		default:
			return nil, messages.Errorf(messages.Invalid, "header %s: a string, number or boolean is expected", name)
		}
	}
	return out, nil
}
