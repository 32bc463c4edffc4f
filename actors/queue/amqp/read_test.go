package amqp

import (
	"fmt"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"

	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// Whatever a broker delivers, a message comes of it, and what is published again
// for it counts on.
func FuzzRead(f *testing.F) {
	f.Add("id", "application/json", "name", "value", int64(3), int64(1_700_000_000_000), []byte("{}"))
	f.Add("", "", headerAttempt, "x", int64(-1), int64(-1), []byte(nil))
	f.Fuzz(func(t *testing.T, id, content, name, value string, attempt, after int64, body []byte) {
		d := &amqp091.Delivery{MessageId: id, ContentType: content, Body: body, Headers: amqp091.Table{headerAttempt: attempt, headerAfter: after, name: value}}
		m, before, _ := read(d, messages.FormatJSON)
		if m.ID == "" || m.Format == "" || m.Body != string(body) || before < 0 {
			t.Errorf("got %+v", m)
		}
		p := again(d, m.ID, before+1, time.Now())
		next, n, at := read(&amqp091.Delivery{MessageId: p.MessageId, ContentType: p.ContentType, Body: p.Body, Headers: p.Headers}, messages.FormatJSON)
		if next.ID != m.ID || next.Format != m.Format || next.Body != m.Body || len(next.Headers) != len(m.Headers) || n != before+1 || time.Until(at) > queue.Backoff(n) {
			t.Errorf("got %+v, %d, %s after %+v, %d", next, n, at, m, before)
		}
	})
}

func TestArguments(t *testing.T) {
	s := Server{MessageTTL: time.Second, QueueTTL: time.Minute, QueueExpiry: time.Hour}
	for _, c := range []struct {
		server  Server
		options queue.AMQPOptions
		want    string
	}{
		{Server{}, queue.AMQPOptions{}, ""},
		{s, queue.AMQPOptions{}, "map[x-expires:3600000 x-message-ttl:1000]"},
		{s, queue.AMQPOptions{TTL: 2 * time.Second, Expiry: time.Minute, MaxLength: 5}, "map[x-expires:60000 x-max-length:5 x-message-ttl:2000 x-overflow:reject-publish]"},
		{Server{QueueTTL: time.Minute}, queue.AMQPOptions{}, "map[x-message-ttl:60000]"},
	} {
		if got := fmt.Sprint(c.server.arguments(c.options)); got != c.want && !(c.want == "" && got == "map[]") {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestDial(t *testing.T) {
	base := Server{URL: "amqp://u:p@host:1234/v", ConnectionTimeout: time.Second}
	url, c, err := base.dial("app:drv")
	if err != nil || url != base.URL || c.Properties["connection_name"] != "troupe app:drv" || c.SASL[0].Mechanism() != "PLAIN" || c.TLSClientConfig != nil {
		t.Errorf("got %s, %+v, %v", url, c, err)
	}
	other := base
	other.Name, other.Auth, other.Vhost, other.TLS = "mine", "EXTERNAL", "w", TLS{Enabled: true}
	url, c, err = other.dial("app:drv")
	if err != nil || url != "amqps://u:p@host:1234/v" || c.Properties["connection_name"] != "mine" || c.SASL[0].Mechanism() != "EXTERNAL" || c.Vhost != "w" || c.TLSClientConfig.ServerName != "host" {
		t.Errorf("got %s, %+v, %v", url, c, err)
	}
	other.Auth, other.TLS.ServerName = "AMQPLAIN", "name"
	if _, c, err = other.dial("app:drv"); err != nil || c.SASL[0].Mechanism() != "AMQPLAIN" || c.TLSClientConfig.ServerName != "name" {
		t.Errorf("got %+v, %v", c, err)
	}
}

// A message that was confirmed counts as published only where it is known that it did
// not come back.
func TestReturned(t *testing.T) {
	l := &link{returns: make(chan amqp091.Return), asks: make(chan returnedAsk), lost: make(chan struct{})}
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.keepReturns()
	}()
	l.returns <- amqp091.Return{RoutingKey: "jobs", MessageId: "a"}
	for i, want := range []bool{true, false} {
		if back, err := l.returned("jobs", "a"); back != want || err != nil {
			t.Errorf("question %d: %v, %v", i, back, err)
		}
	}
	if back, err := l.returned("jobs", "b"); back || err != nil {
		t.Errorf("of another message: %v, %v", back, err)
	}
	l.returns <- amqp091.Return{RoutingKey: "jobs", MessageId: "c"}
	close(l.returns)
	<-over
	l.fail()
	if _, err := l.returned("jobs", "c"); !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes {
		t.Errorf("without a connection: %v", err)
	}
}
