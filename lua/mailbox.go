package lua

import (
	"fmt"
	"maps"
	"slices"

	"github.com/troupe-go/troupe/messages"
)

// mailbox is the process's mail: what nobody has asked for yet waits in order,
// inbox and listeners are windows on it.
type mailbox struct {
	waiting   queue[*messages.Mail]
	inbox     *Channel
	events    *Channel
	pending   *queue[any] // lifecycle events before process.events was called; few processes have any
	bytes     int         // at most what the mail that waits holds, where that is limited
	listeners map[string]*Channel
	taken     *messages.Mail // by Lua, last, until it waits for more
}

// Handling is the mail that Lua has taken last, nil if it has taken none or waits
// for more.
func (vm *VM) Handling() *messages.Mail { return vm.mailbox.taken }

// Deliver puts mail into the mailbox: a listener of its topic takes it, else the
// inbox if the process has asked for it, else it waits. It is never lost, unless
// the entry says that a full mailbox drops mail.
func (vm *VM) Deliver(m *messages.Mail) {
	mb := &vm.mailbox
	ch := mb.listeners[m.Topic]
	if ch == nil {
		ch = mb.inbox
	}
	if l := &vm.prog.Limits; (l.Mailbox > 0 || l.MailboxBytes > 0) && !vm.admits(ch, m) {
		return
	}
	if ch != nil {
		ch.Push(m)
		return
	}
	mb.waiting.push(m)
}

// What happens to mail that comes to a mailbox at its limit.
const (
	DropNewest = "drop_new" // the mail that comes is dropped
	DropOldest = "drop_old" // the mail that has waited longest is
)

// admits reports whether m may join those who wait: in ch, or where nobody has
// asked for mail if that is nil. It makes room, or ends the process, as the
// limits say.
func (vm *VM) admits(ch *Channel, m *messages.Mail) bool {
	l, mb := &vm.prog.Limits, &vm.mailbox
	n := mb.waiting.len()
	if ch != nil {
		n = ch.values.len()
	}
	if l.MailboxBytes > 0 {
		if mb.bytes += m.Size(); mb.bytes > l.MailboxBytes { // mail that was taken is subtracted here
			mb.bytes = m.Size() + mb.size()
		}
	}
	for n+1 > l.Mailbox && l.Mailbox > 0 || mb.bytes > l.MailboxBytes && l.MailboxBytes > 0 {
		switch {
		case l.MailboxFull == DropNewest:
			mb.bytes -= m.Size()
			vm.drops()
			return false
		case l.MailboxFull == DropOldest && n > 0:
			mb.bytes -= mb.dropOldest(ch)
			n--
			vm.drops()
		default:
			what, limit := fmt.Sprintf("%d messages wait", n+1), "mailbox"
			if l.Mailbox == 0 || n < l.Mailbox {
				what, limit = fmt.Sprintf("the messages that wait hold %d bytes", mb.bytes), "mailbox_bytes"
			}
			vm.Kill(messages.Errorf(messages.Unavailable, "mailbox limit exceeded: %s; read them faster, or raise limits.%s of %s", what, limit, vm.prog.ID))
			return true
		}
	}
	return true
}

// size is what all mail that waits holds, in bytes.
func (mb *mailbox) size() (sum int) {
	for _, m := range mb.waiting.items[mb.waiting.head:] {
		sum += m.Size()
	}
	channel := func(ch *Channel) {
		for _, v := range ch.values.items[ch.values.head:] {
			if m, ok := v.(*messages.Mail); ok {
				sum += m.Size()
			}
		}
	}
	if mb.inbox != nil {
		channel(mb.inbox)
	}
	for _, ch := range mb.listeners {
		channel(ch)
	}
	return sum
}

// Waiting is how many messages wait for the process to take them.
func (vm *VM) Waiting() int {
	mb := &vm.mailbox
	n := mb.waiting.len()
	if mb.inbox != nil {
		n += mb.inbox.values.len()
	}
	for _, ch := range mb.listeners {
		n += ch.values.len()
	}
	return n
}

// dropOldest drops what has waited longest and returns the size of that.
func (mb *mailbox) dropOldest(ch *Channel) int {
	if ch == nil {
		m, _ := mb.waiting.pop()
		return m.Size()
	}
	v, _ := ch.values.pop()
	if m, ok := v.(*messages.Mail); ok {
		return m.Size()
	}
	return 0
}

// drops tells the host, the first time, that mail is dropped.
func (vm *VM) drops() {
	if !vm.dropping {
		vm.dropping = true
		vm.host.Tell(&MailDropped{vm.prog.ID})
	}
}

// MailDropped tells the host of a process, once, that its mailbox is full and
// that mail is dropped, as the entry wants.
type MailDropped struct{ Entry string }

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

// rewind forgets the channels that deliver mail; what they have not delivered waits
// again, as do lifecycle events.
func (mb *mailbox) rewind() {
	again := func(ch *Channel) {
		for v, ok := ch.values.pop(); ok; v, ok = ch.values.pop() {
			if m, isMail := v.(*messages.Mail); isMail {
				mb.waiting.push(m)
			}
		}
	}
	if mb.inbox != nil {
		again(mb.inbox)
	}
	for _, topic := range slices.Sorted(maps.Keys(mb.listeners)) {
		again(mb.listeners[topic])
	}
	if ch := mb.events; ch != nil && ch.values.len() > 0 {
		mb.pending = &ch.values
	}
	mb.inbox, mb.events, mb.listeners, mb.taken = nil, nil, nil, nil
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
