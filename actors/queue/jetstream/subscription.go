package jetstream

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
)

const (
	// ackWait is how long the server waits for a sign of life of a message before
	// it delivers it again: after the end of a node nobody else does.
	ackWait = 15 * time.Second
	// pulse is between two signs of life.
	pulse = ackWait / 3
	// requestTime is how long the server keeps a request for messages.
	requestTime = 30 * time.Second
	// requestPause is between two requests while the server does not serve them.
	requestPause = 200 * time.Millisecond
)

// subscription brings messages to an actor. A goroutine of its own asks the server
// for as many as there is room for, one request at a time. (The consumers of the
// client library do not say what they have taken when they are stopped, so that it
// would come again only after ackWait.)
type subscription struct {
	queue string
	limit atomic.Int64
	asked atomic.Int64  // what is still to come of the request
	lost  atomic.Bool   // the server did not serve the request
	wake  chan struct{} // look again
	done  chan struct{} // closed by End
	over  chan struct{} // closed when nothing comes any more

	mu     sync.Mutex
	out    map[*flight]struct{}
	ending bool // nothing is delivered any more
}

// flight is a message that was delivered.
type flight struct {
	sub *subscription
	msg *nats.Msg
}

// Subscribe implements queue.Link.
func (l *link) Subscribe(d *queue.Declare, c *queue.Consume, deliver func(*queue.Delivery)) queue.Subscription {
	s := &subscription{
		queue: d.Queue, out: map[*flight]struct{}{},
		wake: make(chan struct{}, 1), done: make(chan struct{}), over: make(chan struct{}),
	}
	s.limit.Store(int64(c.Limit))
	l.mu.Lock()
	l.subs = append(slices.DeleteFunc(l.subs, func(o *subscription) bool { return o.ended() }), s)
	l.mu.Unlock()
	l.env.Go(func() {
		defer close(s.over)
		inbox := l.conn.NewInbox()
		sub, err := l.conn.Subscribe(inbox, func(m *nats.Msg) { s.receive(l.env, d, deliver, m) })
		if err != nil {
			return // the connection is closed
		}
		drained := make(chan struct{})
		sub.SetClosedHandler(func(string) { close(drained) })
		s.run(l.env, l, d, inbox)
		if sub.Drain() == nil { // what is on its way arrives
			<-drained
		}
		s.giveBack()
	})
	return s
}

// Over implements queue.Subscription.
func (s *subscription) Over() <-chan struct{} { return s.over }

func (s *subscription) run(env actors.Env, l *link, d *queue.Declare, inbox string) {
	ready := false // the server has our consumer
	var connections uint64
	var until time.Time // when the request is over
	next := time.Now().Add(pulse)
	doubt := true // there may be messages that the server gives to nobody
	for {
		now := time.Now()
		if now.After(next) {
			next = now.Add(pulse)
			s.beat()
			if ready && doubt {
				var err error
				if doubt, err = l.rescue(d.Name); err != nil {
					env.Log.Warn("looking for messages that NATS gives to nobody", "queue", d.Queue, "error", err.Error())
					ready = false // it may have no consumer now
				}
			}
		}
		n := l.conn.Stats().Reconnects
		if n != connections {
			connections, doubt = n, true
			s.asked.Store(0)
		}
		if s.lost.Swap(false) || now.After(until) {
			s.asked.Store(0)
		}
		wait := pulse
		taken, _ := s.taken()
		if room := s.limit.Load() - int64(taken); room > 0 && s.asked.Load() <= 0 {
			var err error
			if !ready {
				err = l.consumer(d.Name)
			}
			if err == nil {
				until = now.Add(requestTime + time.Second)
				s.asked.Store(room)
				err = l.request(d.Name, inbox, room)
			}
			if ready = err == nil; !ready {
				env.Log.Warn("taking messages from NATS", "queue", d.Queue, "error", err.Error())
				s.asked.Store(0)
				wait = requestPause
			}
		}
		if !s.pause(wait) {
			return
		}
	}
}

// request asks for messages.
func (l *link) request(name, inbox string, n int64) error {
	body, err := json.Marshal(map[string]any{"batch": n, "expires": requestTime})
	if err != nil {
		return err
	}
	return l.conn.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+streamName(name)+"."+consumerName, inbox, body)
}

// pause waits until there is something to do, and reports whether the subscription
// goes on.
func (s *subscription) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.wake:
	case <-t.C:
	case <-s.done:
		return false
	}
	return true
}

// receive takes what the server sends: a message, or the end of the request.
func (s *subscription) receive(env actors.Env, d *queue.Declare, deliver func(*queue.Delivery), m *nats.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		if status := m.Header.Get("Status"); status != "408" && status != "404" { // timeout, nothing there
			env.Log.Warn("NATS does not serve a queue", "queue", d.Queue, "status", status, "reason", m.Header.Get("Description"))
			time.Sleep(requestPause)
		}
		s.lost.Store(true)
		s.look()
		return
	}
	if s.asked.Add(-1) <= 0 {
		defer s.look()
	}
	f := &flight{s, m}
	if !s.take(f) {
		return
	}
	deliver(&queue.Delivery{Message: read(m, d, meta.Sequence.Stream), Queue: d.Queue, Attempt: int(meta.NumDelivered), Tag: f})
}

// take keeps a message, and reports whether it is to be delivered.
func (s *subscription) take(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out[f] = struct{}{}
	return !s.ending
}

// taken is how many messages are not settled, and whether there can be more.
func (s *subscription) taken() (n int, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out), !s.ending
}

// Resize implements queue.Subscription.
func (s *subscription) Resize(limit int) {
	s.limit.Store(int64(limit))
	s.look()
}

// look wakes the goroutine.
func (s *subscription) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// beat tells the server that the messages are still being handled.
func (s *subscription) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.out {
		_ = f.msg.InProgress() // a lost connection shows elsewhere
	}
}

// End implements queue.Subscription.
func (s *subscription) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.ending = true
		close(s.done)
	}
}

// giveBack returns what is not settled to the server, which by now has no request of
// this subscription any more: it would serve that with what comes back, which nobody
// takes, so that it would come again only after ackWait.
func (s *subscription) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.out {
		_ = f.msg.Nak() // if it is lost the message comes again after ackWait
	}
	clear(s.out)
}

// ended reports whether nothing comes any more.
func (s *subscription) ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// Settle implements queue.Flight. If the server does not hear of it the message
// comes again.
func (f *flight) Settle(o queue.Outcome, attempt int) {
	s := f.sub
	s.mu.Lock()
	_, open := s.out[f]
	if open = open && !s.ending; open {
		delete(s.out, f)
	}
	s.mu.Unlock()
	if !open {
		return
	}
	switch o {
	case queue.Ack:
		_ = f.msg.Ack()
	case queue.Nack:
		_ = f.msg.NakWithDelay(queue.Backoff(attempt))
	}
	s.look()
}
