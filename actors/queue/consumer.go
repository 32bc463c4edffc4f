package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ConsumerConfig are the fields of queue.consumer.
type ConsumerConfig struct {
	Queue       string           `yaml:"queue" required:"true" ref:"queue.queue" doc:"The queue."`
	Func        string           `yaml:"func" required:"true" ref:"function.*" doc:"The handler: a function that is called with the decoded body of each message. An error or false rejects the message, anything else acknowledges it, unless the handler did so itself."`
	Concurrency int              `yaml:"concurrency" default:"1" doc:"Calls of the handler at a time, 1000 at most; below 1 the default."`
	Prefetch    int              `yaml:"prefetch" default:"10" doc:"Messages taken that are not settled, shared by all workers, 10000 at most and never fewer than concurrency; below 1 the default."`
	AutoAck     bool             `yaml:"auto_ack" doc:"Messages count as settled once they are given to the handler: at most once in place of at least once."`
	Options     ConsumerOptions  `yaml:"driver_options" doc:"Options of the drivers; each reads its own part."`
	Lifecycle   actors.Lifecycle `yaml:"lifecycle" doc:"When it runs; its security gives the handler its actor and scope."`
}

// ConsumerOptions are the options of a consumer for each driver.
type ConsumerOptions struct {
	AMQP AMQPConsumer `yaml:"amqp" doc:"Options of queue.driver.amqp."`
}

// AMQPConsumer are those of queue.driver.amqp.
type AMQPConsumer struct {
	Exclusive bool   `yaml:"exclusive" doc:"Nobody else may take messages from the queue."`
	NoLocal   bool   `yaml:"no_local" doc:"Passed on; RabbitMQ does not know it."`
	NoWait    bool   `yaml:"no_wait" doc:"Do not wait for the broker's answer when the consumer begins."`
	Tag       string `yaml:"consumer_tag" doc:"Name of the consumer at the broker; one is made up if left out."`
}

const (
	maxConcurrency  = 1000
	maxPrefetch     = 10_000
	defaultPrefetch = 10
)

// Validate implements registry.Validator.
func (c *ConsumerConfig) Validate() error {
	if c.Concurrency > maxConcurrency {
		return fmt.Errorf("concurrency %d exceeds maximum %d", c.Concurrency, maxConcurrency)
	}
	if c.Prefetch > maxPrefetch {
		return fmt.Errorf("prefetch %d exceeds maximum %d", c.Prefetch, maxPrefetch)
	}
	return nil
}

func (c ConsumerConfig) complete() ConsumerConfig {
	if c.Concurrency < 1 {
		c.Concurrency = 1
	}
	if c.Prefetch < 1 {
		c.Prefetch = defaultPrefetch
	}
	c.Prefetch = max(c.Prefetch, c.Concurrency)
	return c
}

// Consumer is the kind queue.consumer.
var Consumer = actors.Define(actors.Spec[ConsumerConfig]{
	Name: "queue.consumer", Doc: "Calls a function with every message of a queue.", Service: true, Front: true,
	Serve: func(env actors.Env, c ConsumerConfig) actor.Actor {
		return &consumer{env: env, config: c.complete()}
	},
})

// consumer is the actor of a queue.consumer.
type consumer struct {
	env     actors.Env
	config  ConsumerConfig
	as      *messages.Context // what the handler runs as
	up      bool
	waiting []*Delivery
	running map[*job]struct{}
	idle    func() // called when the last handler has returned
}

// job is a call of the handler.
type job struct {
	*handled
	to  *actor.PID
	tag uint64
}

// Start implements actors.Starter.
func (c *consumer) Start(ctx context.Context) error {
	as, err := actors.ResolveRunAs(ctx, c.env, c.config.Lifecycle.Security)
	if err != nil {
		return err
	}
	c.as, c.up = as, true
	if c.running == nil {
		c.running = map[*job]struct{}{}
	}
	_ = c.cancel(ctx) // what was not settled when the queue went away comes back, if there is any
	if err := c.consume(ctx, c.config); err != nil {
		c.up = false
		return err
	}
	c.env.Cell.Context().Watch(c.queue())
	return nil
}

func (c *consumer) queue() *actor.PID { return c.env.PID(c.config.Queue) }

func (c *consumer) consume(ctx context.Context, config ConsumerConfig) error {
	_, err := actors.Call(ctx, c.env.Sys, c.queue(), &Consume{Queue: c.config.Queue, To: c.env.Cell.Self(), Limit: config.Prefetch, Options: config.Options})
	if err != nil {
		return messages.Wrap(err, "consuming "+c.config.Queue)
	}
	return nil
}

// cancel has nothing delivered any more, and what is not settled delivered again.
func (c *consumer) cancel(ctx context.Context) error {
	_, err := actors.Call(ctx, c.env.Sys, c.queue(), &Cancel{Queue: c.config.Queue, To: c.env.Cell.Self()})
	return err
}

// Update implements actors.Updater: handlers that run go on; another queue needs
// another consumer.
func (c *consumer) Update(ctx context.Context, e registry.Entry) error {
	config, _, problems := registry.Decode[ConsumerConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	config = config.complete()
	if config.Queue != c.config.Queue {
		return actors.ErrReplace
	}
	if c.up {
		env := c.env
		env.Entry = e
		as, err := actors.ResolveRunAs(ctx, env, config.Lifecycle.Security)
		if err != nil {
			return err
		}
		if err := c.consume(ctx, config); err != nil {
			return err
		}
		c.as = as
	}
	c.config, c.env.Entry = config, e
	c.work()
	return nil
}

// Stop implements actors.Stopper: no new messages, the handlers are cancelled and
// waited for, and what they did not settle is delivered again.
func (c *consumer) Stop(ctx context.Context) error {
	c.halt()
	left := 0
	if len(c.running) > 0 {
		_, err := actors.Until(ctx, func(done func(any)) {
			late := c.env.Cell.After(c.patience(), func() {
				c.idle = nil
				done(nil)
			})
			c.idle = func() {
				c.idle = nil
				late()
				done(nil)
			}
		})
		if err != nil {
			return err
		}
		left = len(c.running)
		for j := range c.running {
			j.abandon()
		}
		clear(c.running)
	}
	if err := c.cancel(ctx); err != nil && !messages.IsKind(err, messages.NotFound) {
		return err
	}
	if left > 0 {
		return messages.Errorf(messages.Timeout, "stopping %s: stop timeout, %d handlers did not end; their messages are delivered again", c.env.ID, left)
	}
	return nil
}

// halt begins nothing more, and cancels the handlers. What they do not settle, and
// what waits for one, is given back by Cancel: what goes back earlier would be
// delivered to this consumer again, and again.
func (c *consumer) halt() {
	c.up = false
	c.env.Cell.Context().Unwatch(c.queue())
	c.waiting = nil
	for j := range c.running {
		c.env.Cell.Abandon(j.to, j.tag)
	}
}

// patience is how long handlers may take to end: somewhat less than the
// supervisor waits.
func (c *consumer) patience() time.Duration {
	d := c.config.Lifecycle.StopTimeout
	if d <= 0 {
		d = 10 * time.Second
	}
	return d * 3 / 4
}

// Receive implements actor.Actor.
func (c *consumer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Delivery:
		if !c.up {
			return
		}
		c.waiting = append(c.waiting, m)
		c.work()
	case *actor.Terminated:
		if c.up && m.Who.Equal(c.queue()) {
			c.halt()
			c.env.Cell.Tell(c.env.PID("supervisor"), &actors.ServiceEnded{ID: c.env.ID, Err: messages.Errorf(messages.Unavailable, "queue %s is gone", c.config.Queue)})
		}
	case *actors.Request:
		actors.Unknown(m, c.env.ID)
	}
}

func (c *consumer) tell(d *Delivery, o Outcome, reason string) {
	c.env.Sys.Root.Send(c.queue(), &actors.Request{Body: &Settle{Delivery: d, Outcome: o, Reason: reason}, Sys: c.env.Sys})
}

// work gives waiting messages to the handler.
func (c *consumer) work() {
	for c.up && len(c.waiting) > 0 && len(c.running) < c.config.Concurrency {
		d := c.waiting[0]
		c.waiting[0] = nil
		c.waiting = c.waiting[1:]
		c.handle(d)
	}
}

func (c *consumer) handle(d *Delivery) {
	body, err := messages.Decode(&messages.Payload{Format: d.Format, Data: d.Body})
	if err != nil {
		err = messages.Wrap(err, "decoding the message as "+d.Format)
		c.failed(d, err)
		c.tell(d, Nack, err.Error())
		return
	}
	to := c.queue()
	j := &job{to: c.env.PID(c.config.Func), handled: &handled{delivery: d}}
	j.settle = func(o Outcome, reason string) {
		c.env.Sys.Root.Send(to, &actors.Request{Body: &Settle{Delivery: d, Outcome: o, Reason: reason}, Sys: c.env.Sys})
	}
	if c.config.AutoAck {
		_ = j.Ack() // nobody has settled it before
	}
	c.running[j] = struct{}{}
	as, end := c.begin(d)
	j.tag = c.env.Cell.Ask(j.to, &actors.CallWith{
		FunctionCall: &messages.FunctionCall{Function: c.config.Func, Args: []messages.Value{body}, Context: as},
		Request:      j.handled,
	}, func(v any, err error) {
		end(rejection(v, err))
		c.finished(j, v, err)
	})
}

// finished settles what the handler did not.
func (c *consumer) finished(j *job, v any, err error) {
	switch err := rejection(v, err); {
	case err == nil:
		j.release(Ack, "")
	case !c.up: // it was cancelled
		j.abandon()
	default:
		c.failed(j.delivery, err)
		j.release(Nack, err.Error())
	}
	if _, ok := c.running[j]; !ok { // the stop did not wait for it
		return
	}
	delete(c.running, j)
	if c.idle != nil && len(c.running) == 0 {
		c.idle()
	}
	c.work()
}

// rejection is why the outcome of a handler rejects the message, nil if it does
// not.
func rejection(v any, err error) error {
	if err != nil {
		return err
	}
	result, _ := v.(*messages.FunctionResult)
	if result == nil || len(result.Values) == 0 {
		return nil
	}
	switch first := result.Values[0].(type) {
	case *messages.Error:
		return first
	case bool:
		if !first {
			return messages.Errorf(messages.Invalid, "the handler returned false")
		}
	}
	return nil
}

func (c *consumer) failed(d *Delivery, err error) {
	c.env.Log.Warn("queue handler failed", "consumer", c.env.ID, "queue", d.Queue, "function", c.config.Func, "message", d.ID, "attempt", d.Attempt, "error", err.Error())
}
