package lua

import (
	"github.com/troupe-go/troupe/messages"
)

// mailbox is the process's mail: what nobody has asked for yet waits in order,
// inbox and listeners are windows on it.
type mailbox struct {
	waiting   queue[*messages.Mail]
	inbox     *Channel
	events    *Channel
	pending   *queue[any] // lifecycle events before process.events was called; few processes have any
	listeners map[string]*Channel
}

// Deliver puts mail into the mailbox. It is never lost: a listener of its topic
// takes it, else the inbox if the process has asked for it, else it waits.
func (vm *VM) Deliver(m *messages.Mail) {
	mb := &vm.mailbox
	if ch := mb.listeners[m.Topic]; ch != nil {
		ch.Push(m)
		vm.crowded(ch.values.len())
		return
	}
	if mb.inbox != nil {
		mb.inbox.Push(m)
		vm.crowded(mb.inbox.values.len())
		return
	}
	mb.waiting.push(m)
	vm.crowded(mb.waiting.len())
}

// crowded ends the process when more mail waits than it may have.
func (vm *VM) crowded(n int) {
	if most := vm.prog.Limits.Mailbox; most > 0 && n > most {
		vm.Kill(messages.Errorf(messages.Unavailable, "mailbox limit exceeded: %d messages wait; read them faster, or raise limits.mailbox of %s", n, vm.prog.ID))
	}
}

// Event delivers a lifecycle event to process.events().
func (vm *VM) Event(e *messages.Table) {
	if ch := vm.mailbox.events; ch != nil {
		ch.Push(e)
		return
	}
	if vm.mailbox.pending == nil {
		vm.mailbox.pending = &queue[any]{}
	}
	vm.mailbox.pending.push(e)
}

// Listens reports whether the process reads its lifecycle events: without, it
// cannot know that it is asked to end.
func (vm *VM) Listens() bool { return vm.mailbox.events != nil }

// Inbox is the channel of mail without a listener, as *messages.Mail.
func (c *Call) Inbox() *Channel {
	mb := &c.vm.mailbox
	if mb.inbox == nil {
		mb.inbox = c.vm.newChannel(0)
		mb.inbox.subscribe()
		for m, ok := mb.waiting.pop(); ok; m, ok = mb.waiting.pop() {
			mb.inbox.Push(m)
		}
	}
	return mb.inbox
}

// Events is the channel of lifecycle events.
func (c *Call) Events() *Channel {
	mb := &c.vm.mailbox
	if mb.events == nil {
		mb.events = c.vm.newChannel(0)
		mb.events.subscribe()
		if q := mb.pending; q != nil {
			for e, ok := q.pop(); ok; e, ok = q.pop() {
				mb.events.Push(e)
			}
			mb.pending = nil
		}
	}
	return mb.events
}

// Listener is the channel of a topic, or nil.
func (c *Call) Listener(topic string) *Channel { return c.vm.mailbox.listeners[topic] }

// Listen takes a topic away from the inbox and delivers it to ch, in raw values
// unless whole is set. What had come before goes to ch first.
func (c *Call) Listen(topic string, ch *Channel, whole bool) {
	mb := &c.vm.mailbox
	if mb.listeners == nil {
		mb.listeners = map[string]*Channel{}
	}
	mb.listeners[topic] = ch
	ch.subscribe()
	before := ch.onClose
	ch.onClose = func() {
		mb.forget(ch) // later mail goes to the inbox
		if before != nil {
			before()
		}
	}
	if !whole {
		ch.convert = rawMail
	}
	take := func(q *queue[*messages.Mail]) {
		q.remove(func(m *messages.Mail) bool {
			if m.Topic != topic {
				return false
			}
			ch.Push(m)
			return true
		})
	}
	take(&mb.waiting)
	if mb.inbox != nil {
		mb.inbox.values.remove(func(v any) bool {
			m, ok := v.(*messages.Mail)
			if !ok || m.Topic != topic {
				return false
			}
			ch.Push(m)
			return true
		})
	}
}

// Unlisten ends what Listen began, for every topic of ch, and reports whether
// it had. Mail that ch has not delivered goes back to the inbox; later mail goes
// there too.
func (c *Call) Unlisten(ch *Channel) bool {
	if !c.vm.mailbox.forget(ch) {
		return false
	}
	if ch.live { // nothing outside pushes to it any more
		ch.live = false
		c.vm.open--
	}
	left := ch.values
	ch.values = queue[any]{}
	for v, ok := left.pop(); ok; v, ok = left.pop() {
		if m, isMail := v.(*messages.Mail); isMail {
			c.vm.Deliver(m)
		} else {
			ch.values.push(v)
		}
	}
	return true
}

// forget takes ch out of the listeners.
func (mb *mailbox) forget(ch *Channel) (had bool) {
	for topic, l := range mb.listeners {
		if l == ch {
			delete(mb.listeners, topic)
			had = true
		}
	}
	return had
}

// rawMail is what a listener delivers: the value, or a list where the mail has
// several; of a payload of bytes the bytes. A value that a process itself sent
// into the channel stays as it is.
func rawMail(v any) any {
	m, ok := v.(*messages.Mail)
	if !ok {
		return v
	}
	switch len(m.Values) {
	case 0:
		return nil
	case 1:
		if p, ok := m.Values[0].(*messages.Payload); ok && p.Format == messages.FormatBytes {
			return p.Data
		}
		return m.Values[0]
	}
	return &messages.Table{Array: m.Values}
}
