// Package jetstream is the queue driver for NATS JetStream: a server inside the
// node that keeps its queues on disk, or a remote one. It stands apart from package
// queue because of what it brings along.
package jetstream

import (
	"context"
	"maps"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Config are the fields of queue.driver.jetstream.
type Config struct {
	DataDir   string           `yaml:"data_dir" doc:"Directory of the queues of a server inside this node. Only one node may use it at a time. Exclusive with url."`
	Sync      bool             `yaml:"sync" doc:"With data_dir: a message is on the disk before its publisher hears of it. Without it a message survives the end of the process, but perhaps not that of the machine."`
	URL       string           `yaml:"url" doc:"Servers to connect to, as in nats://user:password@host:4222, separated by commas. Exclusive with data_dir."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Validate implements registry.Validator.
func (c *Config) Validate() error {
	if (c.DataDir == "") == (c.URL == "") {
		return messages.Errorf(messages.Invalid, "give either data_dir, for a server inside the node, or url, for a remote one")
	}
	return nil
}

// Kind is queue.driver.jetstream.
var Kind = actors.Define(actors.Spec[Config]{
	Name: "queue.driver.jetstream", Service: true,
	Doc: "Queues in NATS JetStream, on this node's disk or on a server. Each queue is a stream of its name with the subject queue.NAME.",
	Serve: func(env actors.Env, c Config) actor.Actor {
		return &driver{env: env, config: c, queues: map[string]*stream{}}
	},
})

// driver is the actor of the entry.
type driver struct {
	env    actors.Env
	config Config
	link   *link // nil while it does not run
	queues map[string]*stream
}

// stream is a queue.
type stream struct {
	*queue.Declare
	subs map[string]*subscription // by the address of who consumes
}

// Update implements actors.Updater: another server needs another driver.
func (d *driver) Update(_ context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[Config](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	if c.DataDir != d.config.DataDir || c.Sync != d.config.Sync || c.URL != d.config.URL {
		return actors.ErrReplace
	}
	d.config = c
	return nil
}

// Start implements actors.Starter: queues that were declared before are there when
// it returns, and those who consume them get messages.
func (d *driver) Start(ctx context.Context) error {
	l, err := actors.As[*link](actors.Await(ctx, func() (any, error) { return connect(d.env, d.config) }))
	if err != nil {
		return err
	}
	for _, q := range maps.Clone(d.queues) {
		if _, err := actors.Await(ctx, func() (any, error) {
			err := l.declare(q.Declare)
			if err == nil {
				err = l.forgetDelivered(q.Name)
			}
			if err != nil {
				l.close()
			}
			return nil, err
		}); err != nil {
			return messages.Wrap(err, "declaring queue "+q.Queue)
		}
	}
	d.link = l
	for _, q := range d.queues {
		for _, s := range q.subs {
			s.begin(d.env, l, q.Declare)
		}
	}
	return nil
}

// Stop implements actors.Stopper: what was delivered and not settled is delivered
// again, here or elsewhere.
func (d *driver) Stop(ctx context.Context) error {
	l := d.link
	if l == nil {
		return nil
	}
	d.link = nil
	for _, q := range d.queues {
		for to, s := range q.subs {
			q.subs[to] = newSubscription(s.to, int(s.limit.Load()))
		}
	}
	_, err := actors.Await(ctx, func() (any, error) {
		l.close()
		return nil, nil
	})
	return err
}

// Receive implements actor.Actor.
func (d *driver) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		d.abort()
	case *actors.Request:
		switch b := m.Body.(type) {
		case *queue.Declare:
			d.env.Cell.Serve(m, func(ctx context.Context) (any, error) { return nil, d.declare(ctx, b) })
		case *queue.Settle:
			if f, ok := b.Delivery.Tag.(*flight); ok {
				f.settle(b.Outcome, b.Delivery.Attempt)
			}
		case *queue.Forget:
			d.forget(b.Queue)
			m.Done()
		case *queue.Put:
			d.with(m, b.Queue, func(q *stream) { d.put(m, q, b.Message) })
		case *queue.Info:
			d.with(m, b.Queue, func(q *stream) { d.info(m, q) })
		case *queue.Consume:
			d.with(m, b.Queue, func(q *stream) {
				d.consume(q, b)
				m.Done()
			})
		case *queue.Cancel:
			if q := d.queues[b.Queue]; q != nil {
				d.cancel(q, b.To.Id)
			}
			m.Done()
		default:
			actors.Unknown(m, d.env.ID)
		}
	}
}

// abort ends what runs when the actor ends without a stop.
func (d *driver) abort() {
	for id := range d.queues {
		d.forget(id)
	}
	if l := d.link; l != nil {
		d.env.Go(l.close)
	}
}

// with calls f for a queue that is there, while the driver runs.
func (d *driver) with(m *actors.Request, id string, f func(*stream)) {
	q := d.queues[id]
	switch {
	case q == nil:
		m.Reply(queue.Undeclared(id, d.env.ID))
	case d.link == nil:
		m.Reply(messages.Errorf(messages.Unavailable, "driver %s of queue %s does not run; start it", d.env.ID, id).WithRetry(true))
	default:
		f(q)
	}
}

// declare makes the stream of a queue, now or once the driver runs.
func (d *driver) declare(ctx context.Context, b *queue.Declare) error {
	if l := d.link; l != nil {
		if _, err := actors.Await(ctx, func() (any, error) { return nil, l.declare(b) }); err != nil {
			return err
		}
	}
	q := d.queues[b.Queue]
	if q == nil {
		q = &stream{subs: map[string]*subscription{}}
		d.queues[b.Queue] = q
	}
	if q.Declare != nil && q.Name != b.Name && d.link != nil { // another stream
		for to, s := range q.subs {
			s.end()
			q.subs[to] = newSubscription(s.to, int(s.limit.Load()))
			q.subs[to].begin(d.env, d.link, b)
		}
	}
	q.Declare = b
	return nil
}

func (d *driver) forget(id string) {
	if q := d.queues[id]; q != nil {
		for to := range q.subs {
			d.cancel(q, to)
		}
		delete(d.queues, id)
	}
}

func (d *driver) consume(q *stream, b *queue.Consume) {
	if s := q.subs[b.To.Id]; s != nil {
		s.resize(b.Limit)
		return
	}
	s := newSubscription(b.To, b.Limit)
	q.subs[b.To.Id] = s
	s.begin(d.env, d.link, q.Declare)
}

func (d *driver) cancel(q *stream, to string) {
	if s := q.subs[to]; s != nil {
		delete(q.subs, to)
		s.end()
	}
}

func (d *driver) put(m *actors.Request, q *stream, msg *queue.Message) {
	l, name := d.link, q.Name
	d.env.Go(func() {
		if err := l.publish(name, msg); err != nil {
			m.Reply(messages.Wrap(err, "publishing to queue "+q.Queue))
			return
		}
		m.Done()
	})
}

func (d *driver) info(m *actors.Request, q *stream) {
	l, name, out := d.link, q.Name, 0
	for _, s := range q.subs {
		out += s.taken()
	}
	consumers := len(q.subs)
	d.env.Go(func() {
		n, err := l.length(name)
		if err != nil {
			m.Reply(err)
			return
		}
		m.Reply(&messages.QueueData{Messages: max(n-out, 0), Consumers: consumers, Ready: true})
	})
}
