// Package queue serves message queues: drivers hold them, queues encode and
// decide about rejected messages, and consumers hand messages to functions.
package queue

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/uuid"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Memory, Queue, Consumer} }

// Config are the fields of queue.queue.
type Config struct {
	Driver     string        `yaml:"driver" required:"true" ref:"queue.driver.*" doc:"The driver that holds the queue."`
	Name       string        `yaml:"queue_name" doc:"Name at the broker; the name of the entry if left out."`
	Codec      string        `yaml:"codec" default:"json/plain" oneof:"json/plain|application/msgpack" doc:"How bodies are encoded. Messages that wait keep the encoding they were published with."`
	Options    DriverOptions `yaml:"driver_options" doc:"Options of the drivers; each reads its own part."`
	DeadLetter DeadLetter    `yaml:"dead_letter" doc:"Where messages go that are rejected again and again."`
}

// DriverOptions are the options of a queue for each driver.
type DriverOptions struct {
	Memory    MemoryOptions    `yaml:"memory" doc:"Options of queue.driver.memory."`
	AMQP      AMQPOptions      `yaml:"amqp" doc:"Options of queue.driver.amqp. A broker refuses to change them for a queue that it has."`
	JetStream JetStreamOptions `yaml:"jetstream" doc:"Options of queue.driver.jetstream."`
}

// MemoryOptions are those of queue.driver.memory.
type MemoryOptions struct {
	MaxLength int `yaml:"max_length" default:"1000" min:"0" doc:"Messages that may wait; publishing more is an error. 0 for the default."`
}

// AMQPOptions are those of queue.driver.amqp.
type AMQPOptions struct {
	Durable    bool          `yaml:"durable" default:"true" doc:"The queue and its messages survive a restart of the broker."`
	AutoDelete bool          `yaml:"auto_delete" doc:"The broker deletes the queue after its last consumer."`
	TTL        time.Duration `yaml:"message_ttl" min:"0s" doc:"The broker drops messages that wait longer; 0 for the driver's default_message_ttl."`
	Expiry     time.Duration `yaml:"queue_expiry" min:"0s" doc:"The broker deletes the queue if nobody uses it for this long; 0 for the driver's default_queue_expiry."`
	MaxLength  int           `yaml:"max_length" min:"0" doc:"Messages that may wait; publishing more is an error. 0 for no limit."`
}

// JetStreamOptions are those of queue.driver.jetstream.
type JetStreamOptions struct {
	MaxLength int `yaml:"max_length" min:"0" doc:"Messages that are not acknowledged; publishing more is an error. 0 for no limit."`
}

// DeadLetter says what becomes of messages that are rejected again and again.
type DeadLetter struct {
	Queue       string `yaml:"queue" ref:"queue.queue" doc:"The queue they go to, with the headers x-death-reason, x-death-queue and x-death-attempts. Without it they come again for ever."`
	MaxAttempts int    `yaml:"max_attempts" default:"5" min:"0" doc:"Deliveries after which a rejected message goes there; 0 for the default. It has no effect without queue."`
}

// The headers of a message in a dead letter queue.
const (
	headerReason   = "x-death-reason"
	headerQueue    = "x-death-queue"
	headerAttempts = "x-death-attempts"
)

const (
	defaultLength   = 1000
	defaultAttempts = 5
)

// complete fills what is 0, which stands for the default.
func (c Config) complete(id registry.ID) Config {
	if c.Name == "" {
		c.Name = id.Name
	}
	if c.Options.Memory.MaxLength == 0 {
		c.Options.Memory.MaxLength = defaultLength
	}
	if c.DeadLetter.MaxAttempts == 0 {
		c.DeadLetter.MaxAttempts = defaultAttempts
	}
	return c
}

// Queue is the kind queue.queue.
var Queue = actors.Define(actors.Spec[Config]{
	Name: "queue.queue", Doc: "A queue. Rejected messages come again, behind the others, after a delay that grows from 5 ms to 1 s.",
	Serve: func(env actors.Env, c Config) actor.Actor {
		return &queue{env: env, config: c.complete(env.Entry.ID), consumers: map[string]*Consume{}}
	},
})

// queue is the actor of a queue. It stands between publishers, consumers and the
// driver, and sees to it that the driver knows what it must, also a new one.
type queue struct {
	env       actors.Env
	config    Config
	consumers map[string]*Consume // by address
	retry     func()              // stops the timer of attach
}

// Load implements actors.Loader.
func (q *queue) Load(ctx context.Context) (context.Context, error) {
	if q.config.DeadLetter.Queue == q.env.ID {
		return ctx, messages.Errorf(messages.Invalid, "queue %s is its own dead letter queue; name another one", q.env.ID)
	}
	return ctx, q.attach(ctx)
}

// Update implements actors.Updater: what waits stays. Messages that another driver
// would not find keep the queue with its own.
func (q *queue) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[Config](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	if c.Driver != q.config.Driver {
		_, err := actors.Call(ctx, q.env.Sys, q.driver(), &Forget{Queue: q.env.ID, Unused: true})
		if err != nil && !messages.IsKind(err, messages.NotFound) {
			return err
		}
		q.env.Cell.Context().Unwatch(q.driver())
	}
	old, entry := q.config, q.env.Entry
	q.config, q.env.Entry = c.complete(e.ID), e
	_, err := q.Load(ctx)
	if err == nil {
		return nil
	}
	q.config, q.env.Entry = old, entry
	if back := q.attach(ctx); back != nil {
		q.env.Log.Error("going back to the queue before", "queue", q.env.ID, "error", back.Error())
	}
	return err
}

// Unload implements actors.Unloader.
func (q *queue) Unload(ctx context.Context) error {
	if q.retry != nil {
		q.retry()
	}
	q.env.Cell.Context().Unwatch(q.driver())
	_, err := actors.Call(ctx, q.env.Sys, q.driver(), &Forget{Queue: q.env.ID})
	if messages.IsKind(err, messages.NotFound) { // the driver has gone before
		return nil
	}
	return err
}

func (q *queue) driver() *actor.PID { return q.env.PID(q.config.Driver) }

// attach makes queue and consumers known to the driver.
func (q *queue) attach(ctx context.Context) error {
	driver, c := q.driver(), q.config
	if _, err := actors.Call(ctx, q.env.Sys, driver, &Declare{Queue: q.env.ID, Name: c.Name, Codec: c.Codec, Options: c.Options}); err != nil {
		return messages.Wrap(err, "declaring queue "+q.env.ID)
	}
	q.env.Cell.Context().Watch(driver)
	for _, consume := range q.consumers {
		if _, err := actors.Call(ctx, q.env.Sys, driver, consume); err != nil {
			return err
		}
	}
	return nil
}

// attachDelay is between two tries to reach a driver that has failed.
const attachDelay = 100 * time.Millisecond

// attachAgain waits for a driver that has failed, or was replaced, to be there
// again.
func (q *queue) attachAgain() {
	q.retry = q.env.Cell.After(attachDelay, func() {
		q.retry = nil
		q.env.Cell.Script(func(ctx context.Context) {
			if err := q.attach(ctx); err != nil {
				q.attachAgain()
			}
		})
	})
}

// Receive implements actor.Actor.
func (q *queue) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		if m.Who.Equal(q.driver()) {
			q.attachAgain()
		} else if c := q.consumers[m.Who.Id]; c != nil {
			q.cancel(&actors.Request{Sys: q.env.Sys}, &Cancel{Queue: q.env.ID, To: c.To})
		}
	case *actors.Request:
		q.request(m)
	}
}

func (q *queue) request(m *actors.Request) {
	switch b := m.Body.(type) {
	case *messages.QueuePublish:
		p, err := q.encode(b)
		if err != nil {
			m.Reply(err)
			return
		}
		q.publish(m, p, b.Trace)
	case *Put:
		q.pass(m, q.driver(), &Put{Queue: q.env.ID, Message: b.Message})
	case *messages.QueueInfo:
		q.pass(m, q.driver(), &Info{Queue: q.env.ID})
	case *Consume:
		if _, again := q.consumers[b.To.Id]; !again {
			q.env.Cell.Context().Watch(b.To)
		}
		q.consumers[b.To.Id] = b
		q.pass(m, q.driver(), b)
	case *Cancel:
		q.env.Cell.Context().Unwatch(b.To)
		q.cancel(m, b)
	case *Settle:
		q.settle(b)
	default:
		actors.Unknown(m, q.env.ID)
	}
}

// pass has the driver answer a request in place of the queue.
func (q *queue) pass(m *actors.Request, to *actor.PID, body any) {
	q.env.Sys.Root.Send(to, &actors.Request{Tag: m.Tag, From: m.From, By: m.By, Body: body, Sys: m.Sys})
}

func (q *queue) cancel(m *actors.Request, b *Cancel) {
	delete(q.consumers, b.To.Id)
	q.pass(m, q.driver(), b)
}

func (q *queue) encode(b *messages.QueuePublish) (*Put, error) {
	p, ok := b.Data.(*messages.Payload)
	if !ok {
		p = &messages.Payload{Format: messages.FormatLua, Data: b.Data}
	}
	p, err := messages.Transcode(p, q.config.Codec)
	if err != nil {
		return nil, messages.Wrap(err, "publishing to queue "+q.env.ID)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, messages.Because(messages.Internal, "publishing to queue "+q.env.ID, err)
	}
	return &Put{Queue: q.env.ID, Message: &Message{ID: id.String(), Format: p.Format, Body: messages.Text(p.Data), Headers: b.Headers}}, nil
}

// settle passes the outcome on to the driver. A message that was rejected too
// often moves to the dead letter queue; if it cannot, it is rejected once more.
func (q *queue) settle(b *Settle) {
	d, dead := b.Delivery, q.config.DeadLetter
	if b.Outcome != Nack || dead.Queue == "" || d.Attempt < dead.MaxAttempts {
		q.env.Cell.Tell(d.Driver, b)
		return
	}
	headers := maps.Clone(d.Headers)
	if headers == nil {
		headers = map[string]messages.Value{}
	}
	headers[headerReason], headers[headerQueue], headers[headerAttempts] = shorten(b.Reason), q.env.ID, float64(d.Attempt)
	letter := *d.Message
	letter.Headers = headers
	q.env.Cell.Ask(q.env.PID(dead.Queue), &Put{Message: &letter}, func(_ any, err error) {
		if err != nil {
			q.env.Log.Error("message did not reach the dead letter queue and is tried again", "queue", q.env.ID, "dead_letter", dead.Queue, "message", d.ID, "error", err.Error())
			q.env.Cell.Tell(d.Driver, b)
			return
		}
		q.env.Log.Warn("message went to the dead letter queue", "queue", q.env.ID, "dead_letter", dead.Queue, "message", d.ID, "attempts", d.Attempt, "reason", b.Reason)
		q.env.Cell.Tell(d.Driver, &Settle{Delivery: d, Outcome: Ack})
	})
}

// shorten keeps headers within what brokers take.
func shorten(s string) string {
	const most = 1000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
