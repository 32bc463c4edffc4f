package queue

import (
	"sync"

	"github.com/troupe-go/troupe/messages"
)

// handled is a delivery as the handler sees it through the Lua module queue. It
// may be used from any goroutine and at any time.
type handled struct {
	delivery *Delivery
	settle   func(Outcome, string)

	mu    sync.Mutex
	state state
}

type state int

const (
	open     state = iota
	settled        // by the handler
	released       // the handler has returned
)

var (
	errSettled  = messages.Errorf(messages.Invalid, "queue.Message already settled")
	errReleased = messages.Errorf(messages.Invalid, "queue.Message released")
)

// Message is the message, as long as the handler runs.
func (h *handled) Message() (id string, headers map[string]messages.Value, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == released {
		return "", nil, errReleased
	}
	return h.delivery.ID, h.delivery.Headers, nil
}

// Ack is done with the message.
func (h *handled) Ack() error { return h.decide(Ack, "") }

// Nack has the message delivered again.
func (h *handled) Nack() error { return h.decide(Nack, "rejected by the handler") }

func (h *handled) decide(o Outcome, reason string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.state {
	case settled:
		return errSettled
	case released:
		return errReleased
	}
	h.state = settled
	h.settle(o, reason)
	return nil
}

// abandon ends the use of the message, which its consumer gives back.
func (h *handled) abandon() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = released
}

// release ends the use of the message and settles it if the handler did not.
func (h *handled) release(o Outcome, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == open {
		h.settle(o, reason)
	}
	h.state = released
}
