package queue

import (
	"context"
	"maps"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Link is a connection to a broker. All methods may block, except Subscribe.
type Link interface {
	// Declare makes a queue, or takes over what has changed. The first time is that
	// after the connection was made.
	Declare(d *Declare, first bool) error

	// Publish returns once the broker is responsible for the message.
	Publish(d *Declare, m *Message) error

	// Info is the state of a queue.
	Info(d *Declare) (*messages.QueueData, error)

	// Subscribe begins to give messages to deliver, on goroutines of its own. The
	// Tag of each Delivery is a Flight.
	Subscribe(d *Declare, c *Consume, deliver func(*Delivery)) Subscription

	// Close ends all subscriptions and the connection.
	Close()

	// Lost is closed when the connection is over, by Close or otherwise.
	Lost() <-chan struct{}
}

// Subscription is one Consume on a Link. Its methods do not block.
type Subscription interface {
	Resize(limit int)
	End()                  // what is not settled goes back to the broker
	Over() <-chan struct{} // closed after End, when it has gone
}

// Flight is a message that was delivered and not settled.
type Flight interface {
	// Settle does not block. What is settled before the End of the subscription
	// counts; later, or a second time, it does nothing.
	Settle(o Outcome, attempt int)
}

// Broker is the actor of a driver that is connected to a broker: it knows the
// queues and those who consume them, and connects again when the connection is
// lost. S is what the connection depends on.
type Broker[S comparable] struct {
	Env     actors.Env
	Server  S
	Decode  func(registry.Entry) (S, error)
	Connect func(env actors.Env, s S) (Link, error)
	Retry   func(attempt int) time.Duration // before the connection is tried again

	link   Link // nil while there is none
	up     bool
	queues map[string]*brokerQueue
}

type brokerQueue struct {
	*Declare
	consumers map[string]*brokerConsumer // by address
}

type brokerConsumer struct {
	*Consume
	sub Subscription // nil while there is no link
}

// lost tells the actor that a connection is over.
type lost struct{ link Link }

// Update implements actors.Updater: another server needs another driver.
func (b *Broker[S]) Update(_ context.Context, e registry.Entry) error {
	s, err := b.Decode(e)
	if err == nil && s != b.Server {
		return actors.ErrReplace
	}
	return err
}

// Start implements actors.Starter: queues that were declared before are there when
// it returns, and those who consume them get messages.
func (b *Broker[S]) Start(ctx context.Context) error {
	if err := b.connect(ctx); err != nil {
		return err
	}
	b.up = true
	return nil
}

func (b *Broker[S]) connect(ctx context.Context) error {
	var declared []*Declare
	for _, q := range b.queues {
		declared = append(declared, q.Declare)
	}
	l, err := actors.As[Link](actors.Await(ctx, func() (any, error) {
		l, err := b.Connect(b.Env, b.Server)
		if err != nil {
			return nil, err
		}
		for _, d := range declared {
			if err := l.Declare(d, true); err != nil {
				l.Close()
				return nil, messages.Wrap(err, "declaring queue "+d.Queue)
			}
		}
		return l, nil
	}))
	if err != nil {
		return err
	}
	b.link = l
	self, sys := b.Env.Cell.Self(), b.Env.Sys
	b.Env.Go(func() {
		<-l.Lost()
		sys.Root.Send(self, &lost{l})
	})
	for _, q := range b.queues {
		for _, c := range q.consumers {
			b.subscribe(q, c)
		}
	}
	return nil
}

// connectAgain tries until there is a connection, or the driver is stopped.
func (b *Broker[S]) connectAgain(attempt int) {
	b.Env.Cell.After(b.Retry(attempt), func() {
		b.Env.Cell.Script(func(ctx context.Context) {
			if !b.up || b.link != nil {
				return
			}
			err := b.connect(ctx)
			switch {
			case err != nil:
				b.Env.Log.Warn("connecting to the broker again", "driver", b.Env.ID, "attempt", attempt, "error", err.Error())
				b.connectAgain(attempt + 1)
			case !b.up: // it was stopped meanwhile
				b.abort()
			default:
				b.Env.Log.Info("connected to the broker again", "driver", b.Env.ID)
			}
		})
	})
}

// unlink takes the connection out of use and returns it.
func (b *Broker[S]) unlink() Link {
	l := b.link
	b.link = nil
	for _, q := range b.queues {
		for _, c := range q.consumers {
			if c.sub != nil {
				c.sub.End()
				c.sub = nil
			}
		}
	}
	return l
}

// Stop implements actors.Stopper: what was delivered and not settled is delivered
// again, here or elsewhere.
func (b *Broker[S]) Stop(ctx context.Context) error {
	b.up = false
	l := b.unlink()
	if l == nil {
		return nil
	}
	_, err := actors.Await(ctx, func() (any, error) {
		l.Close()
		return nil, nil
	})
	return err
}

// abort ends what runs when nobody can wait for it.
func (b *Broker[S]) abort() {
	if l := b.unlink(); l != nil {
		b.Env.Go(l.Close)
	}
}

// Receive implements actor.Actor.
func (b *Broker[S]) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		b.up = false
		b.abort()
	case *lost:
		if b.up && m.link == b.link {
			b.Env.Log.Warn("connection to the broker lost", "driver", b.Env.ID)
			b.abort()
			b.connectAgain(1)
		}
	case *actors.Request:
		b.request(m)
	}
}

func (b *Broker[S]) request(m *actors.Request) {
	switch r := m.Body.(type) {
	case *Declare:
		b.Env.Cell.Serve(m, func(ctx context.Context) (any, error) { return nil, b.declare(ctx, r) })
	case *Settle:
		if f, ok := r.Delivery.Tag.(Flight); ok {
			f.Settle(r.Outcome, r.Delivery.Attempt)
		}
	case *Forget:
		b.Env.Cell.Serve(m, func(ctx context.Context) (any, error) {
			q := b.queues[r.Queue]
			delete(b.queues, r.Queue)
			if q != nil {
				for to := range maps.Clone(q.consumers) {
					b.cancel(ctx, q, to)
				}
			}
			return nil, nil
		})
	case *Cancel:
		b.Env.Cell.Serve(m, func(ctx context.Context) (any, error) {
			if q := b.queues[r.Queue]; q != nil {
				b.cancel(ctx, q, r.To.Id)
			}
			return nil, nil
		})
	case *Consume:
		b.with(m, r.Queue, func(q *brokerQueue, _ Link) {
			b.consume(q, r)
			m.Done()
		})
	case *Put:
		b.with(m, r.Queue, func(q *brokerQueue, l Link) {
			d := q.Declare
			b.Env.Go(func() {
				if err := l.Publish(d, r.Message); err != nil {
					m.Reply(messages.Wrap(err, "publishing to queue "+d.Queue))
					return
				}
				m.Done()
			})
		})
	case *Info:
		b.with(m, r.Queue, func(q *brokerQueue, l Link) {
			d := q.Declare
			b.Env.Go(func() {
				info, err := l.Info(d)
				if err != nil {
					m.Reply(messages.Wrap(err, "asking about queue "+d.Queue))
					return
				}
				m.Reply(info)
			})
		})
	default:
		actors.Unknown(m, b.Env.ID)
	}
}

// with calls f for a queue that is there, while there is a connection.
func (b *Broker[S]) with(m *actors.Request, id string, f func(*brokerQueue, Link)) {
	q := b.queues[id]
	switch {
	case q == nil:
		m.Reply(Undeclared(id, b.Env.ID))
	case b.link == nil:
		m.Reply(messages.Errorf(messages.Unavailable, "driver %s of queue %s is not connected; start it, or try again later", b.Env.ID, id).WithRetry(true))
	default:
		f(q, b.link)
	}
}

// declare makes a queue, now or once there is a connection.
func (b *Broker[S]) declare(ctx context.Context, d *Declare) error {
	if l := b.link; l != nil {
		if _, err := actors.Await(ctx, func() (any, error) { return nil, l.Declare(d, false) }); err != nil {
			return err
		}
	}
	q := b.queues[d.Queue]
	if q == nil {
		if b.queues == nil {
			b.queues = map[string]*brokerQueue{}
		}
		b.queues[d.Queue] = &brokerQueue{Declare: d, consumers: map[string]*brokerConsumer{}}
		return nil
	}
	moved := q.Name != d.Name
	q.Declare = d
	for _, c := range q.consumers {
		if moved && c.sub != nil {
			c.sub.End()
			b.subscribe(q, c)
		}
	}
	return nil
}

func (b *Broker[S]) consume(q *brokerQueue, r *Consume) {
	c := q.consumers[r.To.Id]
	switch {
	case c == nil:
		c = &brokerConsumer{}
		q.consumers[r.To.Id] = c
	case c.sub != nil && c.Options == r.Options:
		c.Consume = r
		c.sub.Resize(r.Limit)
		return
	case c.sub != nil:
		c.sub.End()
	}
	c.Consume = r
	b.subscribe(q, c)
}

func (b *Broker[S]) subscribe(q *brokerQueue, c *brokerConsumer) {
	self, sys, to := b.Env.Cell.Self(), b.Env.Sys, c.To
	c.sub = b.link.Subscribe(q.Declare, c.Consume, func(d *Delivery) {
		d.To, d.Driver = to, self
		sys.Root.Send(to, d)
	})
}

// cancel waits until what is not settled has gone back.
func (b *Broker[S]) cancel(ctx context.Context, q *brokerQueue, to string) {
	c := q.consumers[to]
	delete(q.consumers, to)
	if c == nil || c.sub == nil {
		return
	}
	c.sub.End()
	_, _ = actors.Await(ctx, func() (any, error) { // Close ends it in any case
		<-c.sub.Over()
		return nil, nil
	})
}
