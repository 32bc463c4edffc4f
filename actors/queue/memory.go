package queue

import (
	"cmp"
	"context"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// MemoryConfig are the fields of queue.driver.memory.
type MemoryConfig struct {
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Memory is a driver whose queues do not survive the end of the node. It keeps
// them from when its entry is loaded until it is deleted, whether it runs or not.
var Memory = actors.Define(actors.Spec[MemoryConfig]{
	Name: "queue.driver.memory", Doc: "Queues in this node's memory: bounded, gone when the node ends.", Service: true,
	Serve: func(env actors.Env, _ MemoryConfig) actor.Actor {
		return &memory{env: env, queues: map[string]*memoryQueue{}}
	},
})

type memory struct {
	env    actors.Env
	queues map[string]*memoryQueue
	tag    uint64
}

// memoryQueue is one queue: its messages are in exactly one of ready, delayed and
// out.
type memoryQueue struct {
	max       int
	ready     []*stored // by place
	delayed   map[*stored]func()
	out       map[uint64]*stored // delivered and not settled, by tag
	consumers []*memoryConsumer
	next      int // consumer whose turn it is
	place     uint64
}

type stored struct {
	message *Message
	place   uint64 // in the order of the queue
	attempt int    // deliveries so far
	by      *memoryConsumer
}

type memoryConsumer struct {
	to    *actor.PID
	limit int
	out   int
}

// Update implements actors.Updater: there is nothing but the lifecycle.
func (m *memory) Update(context.Context, registry.Entry) error { return nil }

// Receive implements actor.Actor.
func (m *memory) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *Declare:
		q := m.queues[b.Queue]
		if q == nil {
			q = &memoryQueue{delayed: map[*stored]func(){}, out: map[uint64]*stored{}}
			m.queues[b.Queue] = q
		}
		q.max = b.Options.Memory.MaxLength
		req.Done()
	case *Forget:
		req.Reply(m.forget(b))
	case *Settle:
		if q := m.queues[b.Delivery.Queue]; q != nil {
			m.settle(b.Delivery.Queue, q, b)
		}
	case *Put:
		m.with(req, b.Queue, func(q *memoryQueue) any { return m.put(b, q) })
	case *Consume:
		m.with(req, b.Queue, func(q *memoryQueue) any {
			c := q.consumer(b.To)
			if c == nil {
				c = &memoryConsumer{to: b.To}
				q.consumers = append(q.consumers, c)
			}
			c.limit = b.Limit
			m.deliver(b.Queue, q)
			return done
		})
	case *Cancel:
		m.with(req, b.Queue, func(q *memoryQueue) any {
			m.cancel(q, b.To)
			m.deliver(b.Queue, q)
			return done
		})
	case *Info:
		m.with(req, b.Queue, func(q *memoryQueue) any {
			return &messages.QueueData{Messages: len(q.ready) + len(q.delayed), Consumers: len(q.consumers), Ready: true}
		})
	default:
		actors.Unknown(req, m.env.ID)
	}
}

func (m *memory) with(req *actors.Request, id string, f func(*memoryQueue) any) {
	q := m.queues[id]
	if q == nil {
		req.Reply(Undeclared(id, m.env.ID))
		return
	}
	req.Reply(f(q))
}

func (m *memory) forget(b *Forget) any {
	q := m.queues[b.Queue]
	if q == nil {
		return done
	}
	if n := len(q.ready) + len(q.delayed) + len(q.out); b.Unused && n > 0 {
		return messages.Errorf(messages.Invalid, "queue %s: %d messages in %s would be lost with another driver; let a consumer take them first", b.Queue, n, m.env.ID)
	}
	for _, stop := range q.delayed {
		stop()
	}
	delete(m.queues, b.Queue)
	return done
}

func (m *memory) put(b *Put, q *memoryQueue) any {
	if len(q.ready)+len(q.delayed) >= q.max {
		return messages.Errorf(messages.Unavailable, "queue %s is full: %d messages wait; try again later, or raise driver_options.memory.max_length", b.Queue, q.max).WithRetry(true)
	}
	q.append(&stored{message: b.Message})
	m.deliver(b.Queue, q)
	return done
}

// append gives a message the last place.
func (q *memoryQueue) append(s *stored) {
	q.place++
	s.place = q.place
	q.ready = append(q.ready, s)
}

// restore gives a message back the place it had.
func (q *memoryQueue) restore(s *stored) {
	i, _ := slices.BinarySearchFunc(q.ready, s, func(a, b *stored) int { return cmp.Compare(a.place, b.place) })
	q.ready = slices.Insert(q.ready, i, s)
}

func (q *memoryQueue) consumer(to *actor.PID) *memoryConsumer {
	for _, c := range q.consumers {
		if c.to.Equal(to) {
			return c
		}
	}
	return nil
}

// free is the next consumer in turn that may get another message.
func (q *memoryQueue) free() *memoryConsumer {
	for range q.consumers {
		q.next = (q.next + 1) % len(q.consumers)
		if c := q.consumers[q.next]; c.out < c.limit {
			return c
		}
	}
	return nil
}

// deliver sends what waits to the consumers that have room.
func (m *memory) deliver(id string, q *memoryQueue) {
	for len(q.ready) > 0 {
		c := q.free()
		if c == nil {
			return
		}
		s := q.ready[0]
		q.ready[0] = nil
		q.ready = q.ready[1:]
		m.tag++
		s.attempt++
		s.by = c
		c.out++
		q.out[m.tag] = s
		m.env.Sys.Root.Send(c.to, &Delivery{Message: s.message, Queue: id, Attempt: s.attempt, To: c.to, Driver: m.env.Cell.Self(), Tag: m.tag})
	}
}

func (m *memory) settle(id string, q *memoryQueue, b *Settle) {
	tag, _ := b.Delivery.Tag.(uint64)
	s := q.out[tag]
	if s == nil {
		return
	}
	delete(q.out, tag)
	s.by.out--
	if b.Outcome == Nack {
		q.delayed[s] = m.env.Cell.After(Backoff(s.attempt), func() {
			delete(q.delayed, s)
			q.append(s)
			m.deliver(id, q)
		})
	}
	m.deliver(id, q)
}

// cancel takes back what a consumer has not settled.
func (m *memory) cancel(q *memoryQueue, to *actor.PID) {
	c := q.consumer(to)
	if c == nil {
		return
	}
	q.consumers = slices.DeleteFunc(q.consumers, func(o *memoryConsumer) bool { return o == c })
	for tag, s := range q.out {
		if s.by == c {
			delete(q.out, tag)
			s.attempt-- // no handler has decided about it
			q.restore(s)
		}
	}
}
