package amqp_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/uuid"
	"github.com/rabbitmq/amqp091-go"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/actors/queue/amqp"
	"github.com/troupe-go/troupe/actors/queue/queuetest"
	"github.com/troupe-go/troupe/messages"
)

// broker is where the tests find a broker. Its queues expire by themselves.
func broker(t *testing.T) string {
	t.Helper()
	return actorstest.Server(t, "TROUPE_AMQP")
}

func fields(t *testing.T) string { return at(broker(t)) }

func at(url string) string {
	return fmt.Sprintf("url: %q, default_queue_expiry: 1m, reconnect_delay: 20ms", url)
}

func TestContract(t *testing.T) {
	broker(t)
	queuetest.Contract(t, queuetest.Driver{Kind: amqp.Kind, Fields: fields, Name: func(*testing.T) string { return "troupe-test-" + uuid.NewString() }})
}

// newNode starts a node with a driver and a queue of the broker.
func newNode(t *testing.T, fields, options string, got chan *queue.Delivery) (n *actors.Node, name string) {
	t.Helper()
	name = "troupe-test-" + uuid.NewString()
	taker := actors.Component{Name: "taker", New: func(actors.Env) actor.Actor {
		return actorstest.Answers(func(_ actor.Context, body any) any {
			if d, ok := body.(*queue.Delivery); ok {
				got <- d
			}
			return nil
		})
	}}
	n = actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{taker, actorstest.Entries},
		Kinds:      append(queue.Kinds(), amqp.Kind),
	})
	if err := actorstest.Create(t, n, "  - {name: drv, kind: queue.driver.amqp, "+fields+"}\n  - {name: jobs, kind: queue.queue, driver: drv, queue_name: "+name+options+"}\n"); err != nil {
		t.Fatal(err)
	}
	actorstest.Must[*messages.Done](t, n, "app:drv", &actors.Start{})
	t.Cleanup(func() { actorstest.Must[*messages.Done](t, n, "app:drv", &actors.Stop{}) })
	return n, name
}

func publish(t *testing.T, n *actors.Node, data messages.Value, headers map[string]messages.Value) error {
	t.Helper()
	_, err := actorstest.Ask(t, n, "app:jobs", &messages.QueuePublish{Data: data, Headers: headers})
	return err
}

func consume(t *testing.T, n *actors.Node, o queue.AMQPConsumer) {
	t.Helper()
	actorstest.Must[*messages.Done](t, n, "app:jobs", &queue.Consume{Queue: "app:jobs", To: n.PID("taker"), Limit: 3, Options: queue.ConsumerOptions{AMQP: o}})
}

// take waits for a delivery and settles it.
func take(t *testing.T, n *actors.Node, got chan *queue.Delivery, o queue.Outcome) *queue.Delivery {
	t.Helper()
	select {
	case d := <-got:
		n.Sys.Root.Send(n.PID("app:jobs"), &actors.Request{Body: &queue.Settle{Delivery: d, Outcome: o}, Sys: n.Sys})
		return d
	case <-time.After(time.Minute):
		t.Fatal("nothing was delivered")
		return nil
	}
}

// connection is one of somebody else.
func connection(t *testing.T) *amqp091.Channel {
	t.Helper()
	conn, err := amqp091.Dial(broker(t))
	if err != nil {
		t.Fatal(err)
	}
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return ch
}

func TestRefusals(t *testing.T) {
	n, _ := newNode(t, fields(t), ", driver_options: {amqp: {max_length: 2}}", nil)
	for range 2 {
		if err := publish(t, n, "x", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := publish(t, n, "x", nil); !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes || !strings.Contains(err.Error(), "full") {
		t.Errorf("publishing to a full queue gave %v", err)
	}
	if err := publish(t, n, "x", map[string]messages.Value{strings.Repeat("n", 300): 1.0}); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("a header with a long name gave %v", err)
	}
	if i := actorstest.Must[*messages.QueueData](t, n, "app:jobs", &messages.QueueInfo{}); i.Messages != 2 {
		t.Errorf("%+v", i)
	}
}

// Options that the broker has otherwise are refused, and the queue stays as it is.
func TestOtherOptions(t *testing.T) {
	n, name := newNode(t, fields(t), "", nil)
	list := "  - {name: drv, kind: queue.driver.amqp, " + fields(t) + "}\n  - {name: jobs, kind: queue.queue, driver: drv, queue_name: " + name + ", driver_options: {amqp: {durable: false}}}\n"
	if err := actorstest.Update(t, n, "app:jobs", list); !messages.IsKind(err, messages.Conflict) {
		t.Errorf("other options gave %v", err)
	}
	if err := publish(t, n, "x", nil); err != nil {
		t.Error(err)
	}
}

// What others publish is delivered, and keeps its id when it was rejected.
func TestOthers(t *testing.T) {
	got := make(chan *queue.Delivery, 10)
	n, name := newNode(t, fields(t), "", got)
	consume(t, n, queue.AMQPConsumer{Tag: "mine", Exclusive: true})
	err := connection(t).Publish("", name, false, false, amqp091.Publishing{
		Body: []byte(`{"n":1}`), ContentType: "text/whatever",
		Headers: amqp091.Table{"s": "x", "i": int32(7), "b": true, "t": amqp091.Table{"in": "side"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	first := take(t, n, got, queue.Nack)
	if first.Body != `{"n":1}` || first.Format != messages.FormatJSON || first.ID == "" || first.Headers["s"] != "x" || first.Headers["i"] != 7.0 || first.Headers["b"] != true || first.Attempt != 1 {
		t.Errorf("got %+v", first.Message)
	}
	second := take(t, n, got, queue.Ack)
	if second.ID != first.ID || second.Body != first.Body || len(second.Headers) != len(first.Headers) || second.Attempt != 2 {
		t.Errorf("got %+v, attempt %d", second.Message, second.Attempt)
	}
}

// A queue that somebody deletes at the broker is made again.
func TestDeletedQueue(t *testing.T) {
	got := make(chan *queue.Delivery, 10)
	n, name := newNode(t, fields(t), "", got)
	ch := connection(t)
	if _, err := ch.QueueDelete(name, false, false, false); err != nil {
		t.Fatal(err)
	}
	if err := publish(t, n, "a", nil); err != nil {
		t.Fatal(err)
	}
	consume(t, n, queue.AMQPConsumer{})
	if d := take(t, n, got, queue.Ack); d.Body != `"a"` {
		t.Errorf("got %s", d.Body)
	}
	if _, err := ch.QueueDelete(name, false, false, false); err != nil {
		t.Fatal(err)
	}
	if err := publish(t, n, "b", nil); err != nil {
		t.Fatal(err)
	}
	if d := take(t, n, got, queue.Ack); d.Body != `"b"` {
		t.Errorf("got %s", d.Body)
	}
}

// proxy stands before the broker, so that connections can be cut.
type proxy struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn

	mute atomic.Bool // what the broker says does not come through
	deaf atomic.Bool // nobody reads what the broker is sent, until the connections are cut
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l}
	var busy sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		busy.Wait()
	})
	busy.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			for _, c := range [][2]net.Conn{{in, out}, {out, in}} {
				busy.Go(func() {
					var to io.Writer = &answers{p, in}
					if c[0] != in {
						to = &questions{p, out}
					}
					_, _ = io.Copy(to, c[1])
					_ = c[0].Close()
				})
			}
		}
	})
	return p
}

// before puts a proxy before the broker and returns the address there.
func before(t *testing.T) (*proxy, string) {
	t.Helper()
	uri, err := amqp091.ParseURI(broker(t))
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, fmt.Sprintf("%s:%d", uri.Host, uri.Port))
	uri.Host, uri.Port = "127.0.0.1", p.Addr().(*net.TCPAddr).Port
	return p, uri.String()
}

// answers are what a broker says to a client.
type answers struct {
	proxy *proxy
	to    io.Writer
}

func (a *answers) Write(b []byte) (int, error) {
	if a.proxy.mute.Load() {
		return len(b), nil
	}
	return a.to.Write(b)
}

// questions are what a client says to a broker.
type questions struct {
	proxy *proxy
	to    net.Conn
}

func (q *questions) Write(b []byte) (int, error) {
	if q.proxy.deaf.Load() {
		for q.proxy.deaf.Load() {
			time.Sleep(time.Millisecond)
		}
		return 0, io.ErrClosedPipe
	}
	return q.to.Write(b)
}

// A broker that reads nothing does not hold up a publisher for ever.
func TestDeafBroker(t *testing.T) {
	p, url := before(t)
	n, _ := newNode(t, at(url)+", heartbeat: 1h", "", nil)
	p.deaf.Store(true)
	err := publish(t, n, strings.Repeat("x", 50<<20), nil)
	if !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes {
		t.Errorf("publishing gave %v", err)
	}
	p.deaf.Store(false)
	actorstest.Until(t, n, "the connection is there again", func() bool { return publish(t, n, "again", nil) == nil })
}

// A message is not published until the broker has said so: where the connection is
// lost before, it is to be published again, although the broker may have it.
func TestLostConfirm(t *testing.T) {
	p, url := before(t)
	n, name := newNode(t, at(url), "", nil)
	other := connection(t)
	for range 3 {
		if _, err := other.QueuePurge(name, false); err != nil {
			t.Fatal(err)
		}
		p.mute.Store(true)
		result := make(chan error, 1)
		go func() { result <- publish(t, n, "doubtful", nil) }()
		actorstest.Until(t, n, "the broker has it", func() bool {
			m, ok, err := other.Get(name, true)
			return err == nil && ok && string(m.Body) == `"doubtful"`
		})
		select {
		case err := <-result:
			t.Errorf("publishing gave %v before the broker said anything", err)
		default:
		}
		p.cut()
		p.mute.Store(false)
		if err := <-result; !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes {
			t.Errorf("publishing gave %v", err)
		}
		actorstest.Until(t, n, "the connection is there again", func() bool { return publish(t, n, "again", nil) == nil })
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// A connection that is cut is made again, and everything goes on.
func TestReconnect(t *testing.T) {
	p, url := before(t)
	got := make(chan *queue.Delivery, 100)
	n, _ := newNode(t, at(url), "", got)
	consume(t, n, queue.AMQPConsumer{})
	for i := range 4 {
		body := fmt.Sprint("message ", i)
		actorstest.Until(t, n, "the broker takes a message", func() bool {
			err := publish(t, n, body, nil)
			if err != nil && !messages.IsKind(err, messages.Unavailable) {
				t.Errorf("publishing gave %v", err)
			}
			return err == nil
		})
		for {
			if d := take(t, n, got, queue.Ack); strings.Contains(d.Body, body) { // before it there may be what was not settled
				break
			}
		}
		p.cut()
	}
}

func TestNoBroker(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: []actors.Kind{amqp.Kind}})
	if err := actorstest.Create(t, n, `
  - {name: absent, kind: queue.driver.amqp, url: "amqp://127.0.0.1:1/"}
  - {name: wrong, kind: queue.driver.amqp, url: "http://x"}
  - {name: cert, kind: queue.driver.amqp, url: "amqps://127.0.0.1:1/", tls: {cert: x, key: y}}
  - {name: ca, kind: queue.driver.amqp, tls: {enabled: true, ca: x}}
`); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"absent": messages.Unavailable, "wrong": messages.Invalid, "cert": messages.Invalid, "ca": messages.Invalid} {
		if _, err := actorstest.Ask(t, n, "app:"+name, &actors.Start{}); !messages.IsKind(err, kind) {
			t.Errorf("starting %s gave %v", name, err)
		}
	}
}
