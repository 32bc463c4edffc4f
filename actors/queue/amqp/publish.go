package amqp

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/rabbitmq/amqp091-go"

	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// The headers that count the deliveries of a message, and say when the next one may
// be.
const (
	headerAttempt = "x-troupe-attempt"
	headerAfter   = "x-troupe-after"
)

// The content types of the codecs.
var contentTypes = map[string]string{messages.FormatJSON: "application/json", messages.FormatMsgpack: "application/msgpack"}

// maxName is the longest name of a header in bytes.
const maxName = 255

// Publish implements queue.Link.
func (l *link) Publish(d *queue.Declare, m *queue.Message) error {
	p := amqp091.Publishing{
		MessageId: m.ID, ContentType: contentTypes[m.Format], Body: []byte(m.Body), Headers: amqp091.Table{},
		DeliveryMode: amqp091.Transient, Timestamp: time.Now(),
	}
	if p.ContentType == "" {
		p.ContentType = m.Format
	}
	if d.Options.AMQP.Durable {
		p.DeliveryMode = amqp091.Persistent
	}
	for k, v := range m.Headers {
		if len(k) > maxName {
			return messages.Errorf(messages.Invalid, "the name of header %.20s… has %d bytes, and AMQP takes %d", k, len(k), maxName)
		}
		p.Headers[k] = v
	}
	return l.send(d, p)
}

// send returns once the broker is responsible for a message. A queue that the
// broker has deleted meanwhile is declared again.
func (l *link) send(d *queue.Declare, p amqp091.Publishing) error {
	if l.blocked.Load() {
		return messages.Errorf(messages.Unavailable, "the broker takes no messages at the moment: it is short of memory or disk").WithRetry(true)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range 2 {
		confirm, err := l.pub.PublishWithDeferredConfirm("", d.Name, true, false, p)
		if err != nil {
			return unavailable(err)
		}
		ack, err := confirm.WaitContext(ctx)
		switch {
		case err != nil:
			return unavailable(err)
		case !ack && l.pub.IsClosed():
			return errLost
		case !ack:
			return messages.Errorf(messages.Unavailable, "the broker refused the message: the queue is full; try again later, or raise driver_options.amqp.max_length").WithRetry(true)
		}
		back, err := l.returned(d.Name, p.MessageId)
		if err != nil || !back {
			return err
		}
		if err := l.Declare(d, false); err != nil {
			return err
		}
	}
	return messages.Errorf(messages.Unavailable, "the broker does not keep queue %s", d.Name).WithRetry(true)
}

// returnedAsk asks whether a message came back for lack of a queue.
type returnedAsk struct {
	key   string
	reply chan bool
}

// errLost says that nobody knows what became of a message.
var errLost = messages.Errorf(messages.Unavailable, "the connection was lost").WithRetry(true)

func (l *link) returned(name, id string) (bool, error) {
	ask := returnedAsk{name + "\n" + id, make(chan bool, 1)}
	select {
	case l.asks <- ask:
		return <-ask.reply, nil
	case <-l.lost:
		return false, errLost
	}
}

// keepReturns remembers what came back until it is asked for. The library hands a
// return over before it confirms the message, so that the question always comes
// behind it.
func (l *link) keepReturns() {
	back := map[string]bool{}
	for {
		select {
		case r, ok := <-l.returns:
			if !ok {
				return
			}
			back[r.RoutingKey+"\n"+r.MessageId] = true
		case a := <-l.asks:
			a.reply <- back[a.key]
			delete(back, a.key)
		}
	}
}

// again is a message with what the next delivery must know.
func again(d *amqp091.Delivery, id string, attempt int, now time.Time) amqp091.Publishing {
	headers := amqp091.Table{}
	for k, v := range d.Headers {
		headers[k] = v
	}
	headers[headerAttempt] = int64(attempt)
	headers[headerAfter] = now.Add(queue.Backoff(attempt)).UnixMilli()
	return amqp091.Publishing{
		Headers: headers, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, DeliveryMode: d.DeliveryMode,
		Priority: d.Priority, CorrelationId: d.CorrelationId, ReplyTo: d.ReplyTo, Expiration: d.Expiration,
		MessageId: id, Timestamp: d.Timestamp, Type: d.Type, AppId: d.AppId, Body: d.Body,
	}
}

// read makes a Message of what the broker delivers, and says how often it was
// delivered before and from when on it may be again. Others may have published it.
func read(d *amqp091.Delivery, codec string) (m *queue.Message, before int, after time.Time) {
	m = &queue.Message{ID: d.MessageId, Format: codec, Body: string(d.Body), Headers: map[string]messages.Value{}}
	for format, content := range contentTypes {
		if d.ContentType == content || d.ContentType == format {
			m.Format = format
		}
	}
	if m.ID == "" {
		m.ID = uuid.NewString()
	}
	for k, v := range d.Headers {
		switch k {
		case headerAttempt:
			if n, ok := v.(int64); ok && n > 0 && n < 1<<40 {
				before = int(n)
			}
		case headerAfter:
			if ms, ok := v.(int64); ok {
				after = time.UnixMilli(ms)
			}
		default:
			m.Headers[k] = messages.ValueOf(v)
		}
	}
	return m, before, after
}
