package queue

import (
	"maps"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// tracer makes the spans of queues; there is none where they are switched off.
func tracer(env actors.Env) (actors.Tracer, bool) {
	t, ok := actors.TracerKey.Lookup(env.App)
	on, _ := env.Config["otel.queue.enabled"].(bool)
	return t, ok && on
}

// publish passes a message on to the driver, within a span that the message names
// for those who consume it.
func (q *queue) publish(m *actors.Request, p *Put, around map[string]string) {
	t, ok := tracer(q.env)
	if !ok {
		q.pass(m, q.driver(), p)
		return
	}
	span := t.Begin(actors.SpanProducer, "publish "+q.env.ID, around)
	span.Set("messaging.destination.name", q.env.ID)
	span.Set("messaging.message.id", p.Message.ID)
	headers := maps.Clone(p.Message.Headers)
	if headers == nil {
		headers = map[string]messages.Value{}
	}
	for name, v := range span.Headers() {
		headers[name] = v
	}
	p.Message.Headers = headers
	q.env.Cell.Ask(q.driver(), p, func(v any, err error) {
		span.End(err)
		if err != nil {
			m.Reply(err)
			return
		}
		m.Reply(v)
	})
}

// begin begins the span of a handler, inside the one that the message names. end
// must be called once the handler has returned.
func (c *consumer) begin(d *Delivery) (as *messages.Context, end func(error)) {
	t, ok := tracer(c.env)
	if !ok {
		return c.as, func(error) {}
	}
	around := map[string]string{}
	for _, name := range t.Headers() {
		if v, ok := d.Headers[name].(string); ok {
			around[name] = v
		}
	}
	span := t.Begin(actors.SpanConsumer, "process "+d.Queue, around)
	span.Set("messaging.destination.name", d.Queue)
	span.Set("messaging.message.id", d.ID)
	span.Set("messaging.delivery.attempt", d.Attempt)
	return c.as.Traced(span.Headers()), span.End
}
