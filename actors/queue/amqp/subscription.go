package amqp

import (
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rabbitmq/amqp091-go"

	"github.com/troupe-go/troupe/actors/queue"
)

// subscription takes messages from a queue. A goroutine of its own says to the
// broker what became of them, in order; another one takes what comes.
type subscription struct {
	link    *link
	queue   *queue.Declare
	options queue.AMQPConsumer
	deliver func(*queue.Delivery)
	wake    chan struct{}
	over    chan struct{}

	mu   sync.Mutex
	todo []func()             // for the goroutine
	out  map[*flight]struct{} // delivered and not settled; nil after End

	// of the goroutine
	channels []*amqp091.Channel // the last one takes messages, the others have some to settle
	stop     func() error       // ends the delivery on the last one
	ended    bool
}

// flight is a message that was delivered.
type flight struct {
	sub  *subscription
	msg  *amqp091.Delivery
	id   string
	wait *time.Timer // of one that is held back until its time
}

// Subscribe implements queue.Link.
func (l *link) Subscribe(d *queue.Declare, c *queue.Consume, deliver func(*queue.Delivery)) queue.Subscription {
	s := &subscription{
		link: l, queue: d, options: c.Options.AMQP, deliver: deliver,
		wake: make(chan struct{}, 1), over: make(chan struct{}), out: map[*flight]struct{}{},
	}
	l.mu.Lock()
	l.subs[s] = struct{}{}
	l.mu.Unlock()
	s.Resize(c.Limit)
	l.env.Go(s.run)
	return s
}

// do has the goroutine call f.
func (s *subscription) do(f func()) {
	s.mu.Lock()
	s.todo = append(s.todo, f)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) run() {
	defer func() {
		s.link.mu.Lock()
		delete(s.link.subs, s)
		s.link.mu.Unlock()
		close(s.over)
	}()
	for !s.ended {
		select {
		case <-s.wake:
		case <-s.link.lost:
			s.End()
		}
		s.mu.Lock()
		todo := s.todo
		s.todo = nil
		s.mu.Unlock()
		for _, f := range todo {
			f()
		}
	}
	for _, ch := range s.channels {
		_ = ch.Close() // what is not settled goes back to the queue
	}
}

// Over implements queue.Subscription.
func (s *subscription) Over() <-chan struct{} { return s.over }

// End implements queue.Subscription.
func (s *subscription) End() {
	s.mu.Lock()
	for f := range s.out {
		if f.wait != nil {
			f.wait.Stop()
		}
	}
	s.out = nil
	s.mu.Unlock()
	s.do(func() { s.ended = true })
}

// Resize implements queue.Subscription. A channel keeps the limit it began with, so
// there is a new one; what came on the old one is settled there.
func (s *subscription) Resize(limit int) {
	if most := s.link.server.Prefetch; most > 0 {
		limit = min(limit, most)
	}
	s.do(func() { s.restart(limit) })
}

// restartPause is between two tries to take messages from a queue.
const restartPause = time.Second

// restart begins with another limit, or once more after the broker has ended the
// channel or refused to begin.
func (s *subscription) restart(limit int) {
	if s.ended {
		return
	}
	var err error
	if s.stop != nil {
		err = s.stop()
		s.stop = nil
	}
	if err == nil {
		err = s.begin(limit)
	}
	if err != nil {
		s.link.env.Log.Warn("taking messages from AMQP", "queue", s.queue.Queue, "error", err.Error())
		s.restartLater(limit)
	}
}

func (s *subscription) restartLater(limit int) {
	time.AfterFunc(restartPause, func() { s.do(func() { s.restart(limit) }) })
}

func (s *subscription) begin(limit int) error {
	if err := s.link.Declare(s.queue, false); err != nil { // it may have been deleted
		return err
	}
	ch, err := s.link.in.Channel()
	if err != nil {
		return err
	}
	s.channels = append(s.channels, ch)
	if err := ch.Qos(limit, 0, false); err != nil {
		return err
	}
	o := s.options
	tag := o.Tag
	if tag == "" {
		tag = "troupe-" + uuid.NewString()
	}
	stopped := make(chan struct{})
	deliveries, err := ch.Consume(s.queue.Name, tag, false, o.Exclusive, o.NoLocal, o.NoWait, nil)
	if err != nil {
		return err
	}
	s.stop = func() error {
		close(stopped)
		return ch.Cancel(tag, false)
	}
	s.link.env.Go(func() {
		for d := range deliveries {
			s.receive(&d)
		}
		select {
		case <-stopped:
		case <-s.over:
		default:
			s.do(func() { s.stop = nil })
			s.restartLater(limit)
		}
	})
	return nil
}

// receive passes a message on, at once or when its time has come.
func (s *subscription) receive(d *amqp091.Delivery) {
	m, before, after := read(d, s.queue.Codec)
	f := &flight{sub: s, msg: d, id: m.ID}
	delivery := &queue.Delivery{Message: m, Queue: s.queue.Queue, Attempt: before + 1, Tag: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return // it goes back with its channel
	}
	s.out[f] = struct{}{}
	// The clocks of nodes differ: never longer than the delay can be.
	if wait := min(time.Until(after), queue.Backoff(before)); before > 0 && wait > 0 {
		f.wait = time.AfterFunc(wait, func() {
			s.mu.Lock()
			_, open := s.out[f]
			f.wait = nil
			s.mu.Unlock()
			if open {
				s.deliver(delivery)
			}
		})
		return
	}
	s.deliver(delivery)
}

// held is how many messages wait for their time.
func (s *subscription) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for f := range s.out {
		if f.wait != nil {
			n++
		}
	}
	return n
}

// Settle implements queue.Flight. If the broker does not hear of it the message
// comes again.
func (f *flight) Settle(o queue.Outcome, attempt int) {
	s := f.sub
	s.mu.Lock()
	_, open := s.out[f]
	delete(s.out, f)
	s.mu.Unlock()
	if !open {
		return
	}
	s.do(func() {
		switch o {
		case queue.Ack:
			_ = f.msg.Ack(false)
		case queue.Nack:
			f.reject(attempt)
		}
	})
}

// reject puts the message at the end of its queue. Where that cannot be, it goes
// back to where it was, after the delay.
func (f *flight) reject(attempt int) {
	s := f.sub
	if err := s.link.send(s.queue, again(f.msg, f.id, attempt, time.Now())); err != nil {
		time.AfterFunc(queue.Backoff(attempt), func() { s.do(func() { _ = f.msg.Nack(false, true) }) })
		return
	}
	_ = f.msg.Ack(false)
}
