package http

import (
	"sync"
	"time"
)

// outbox holds what a relay has still to send to its client, in order. The actor
// of the connection fills it and never waits; the goroutine of the HTTP request
// empties it as fast as the client reads.
type outbox struct {
	mu      sync.Mutex
	changed sync.Cond
	waiting [][]byte
	head    int
	bytes   int             // that wait, with what each costs besides its data
	most    int             // the high-water mark
	pong    []byte          // the answer to the last ping
	pinged  bool            // pong is to be sent
	end     *ending         // nothing comes any more; what waits is still sent
	broken  bool            // nothing is sent any more
	limit   func(time.Time) // sets the deadline of sends, also of one that waits; nil once the transport is gone
}

// ending says why a connection is closed, and with which status.
type ending struct {
	code   int
	reason string
}

const (
	// itemCost is what an item takes besides its data.
	itemCost = 64

	// clientPatience is how long a client may take for each message that was waiting
	// when its connection was closed, and to answer the close.
	clientPatience = 30 * time.Second
)

func newOutbox(most int, limit func(time.Time)) *outbox {
	o := &outbox{most: most, limit: limit}
	o.changed.L = &o.mu
	return o
}

// put adds an item. It reports false where the high-water mark is passed; the
// item is then not taken.
func (o *outbox) put(b []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil || o.broken {
		return true // nobody is there to miss it
	}
	if o.bytes > 0 && o.bytes+len(b)+itemCost > o.most {
		return false
	}
	o.push(b)
	return true
}

func (o *outbox) push(b []byte) {
	o.waiting = append(o.waiting, b)
	o.bytes += len(b) + itemCost
	o.changed.Signal()
}

// ping has the answer to a ping sent before what waits: of several only the last
// one needs it.
func (o *outbox) ping(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pong, o.pinged = append([]byte(nil), payload...), true
	o.changed.Signal()
}

// finish ends the outbox: all that waits is sent first, then last, if there is
// one. Only the first ending counts.
func (o *outbox) finish(e *ending, last []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil || o.broken {
		return
	}
	if last != nil {
		o.push(last)
	}
	o.end = e
	if o.limit != nil {
		o.limit(time.Now().Add(clientPatience))
	}
	o.changed.Signal()
}

// abort ends the outbox at once; a send that waits is given up.
func (o *outbox) abort() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = true
	o.waiting, o.head, o.bytes = nil, 0, 0
	if o.limit != nil {
		o.limit(time.Unix(1, 0))
	}
	o.changed.Signal()
}

// gone says that the transport must not be touched any more.
func (o *outbox) gone() {
	o.mu.Lock()
	o.limit = nil
	o.mu.Unlock()
	o.abort()
}

// drain sends what is put in until the outbox ends, and returns how: nil where it
// was aborted or a send failed.
func (o *outbox) drain(send, pong func([]byte) error) *ending {
	for {
		b, control, more := o.take()
		if !more {
			break
		}
		write := send
		if control {
			write = pong
		}
		if write(b) != nil {
			return nil // the client is gone, or was too slow
		}
		if !control {
			o.sent(len(b))
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return nil
	}
	return o.end
}

// take waits for the next item. It still counts until it is sent.
func (o *outbox) take() (b []byte, pong, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.head == len(o.waiting) && o.end == nil && !o.broken && !o.pinged {
		o.changed.Wait()
	}
	switch {
	case o.broken:
		return nil, false, false
	case o.pinged:
		b, o.pong, o.pinged = o.pong, nil, false
		return b, true, true
	case o.head == len(o.waiting):
		return nil, false, false
	}
	if o.end != nil && o.limit != nil {
		o.limit(time.Now().Add(clientPatience))
	}
	b = o.waiting[o.head]
	o.waiting[o.head] = nil
	if o.head++; o.head > 1024 && o.head*2 > len(o.waiting) {
		o.waiting, o.head = append([][]byte(nil), o.waiting[o.head:]...), 0
	}
	return b, false, true
}

func (o *outbox) sent(n int) {
	o.mu.Lock()
	o.bytes -= n + itemCost
	o.mu.Unlock()
}
