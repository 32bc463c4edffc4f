package amqp

import (
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rabbitmq/amqp091-go"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// patience is how long the broker may take for an answer.
const patience = 10 * time.Second

// link is a connection to a broker: two, since a broker that is short of memory
// stops reading from those who publish, and must hear what is acknowledged.
type link struct {
	env    actors.Env
	server Server
	in     *amqp091.Connection // messages are taken from it
	out    *amqp091.Connection
	pub    *amqp091.Channel // confirms what is published

	returns chan amqp091.Return
	asks    chan returnedAsk
	blocked atomic.Bool
	lost    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	subs map[*subscription]struct{} // that are not over
}

func connect(env actors.Env, s Server) (queue.Link, error) {
	l := &link{
		env: env, server: s, lost: make(chan struct{}), subs: map[*subscription]struct{}{},
		returns: make(chan amqp091.Return), asks: make(chan returnedAsk),
	}
	if err := l.open(); err != nil {
		l.Close()
		var known *messages.Error
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, messages.Because(messages.Unavailable, "connecting to the AMQP broker for "+env.ID, err).WithRetry(true)
	}
	return l, nil
}

func (l *link) open() (err error) {
	url, config, err := l.server.dial(l.env.ID)
	if err != nil {
		return err
	}
	for _, c := range []**amqp091.Connection{&l.in, &l.out} {
		if *c, err = amqp091.DialConfig(url, config); err != nil {
			return err
		}
		l.watch((*c).NotifyClose(make(chan *amqp091.Error, 1)))
	}
	if l.pub, err = l.out.Channel(); err != nil {
		return err
	}
	if err := l.pub.Confirm(false); err != nil {
		return err
	}
	l.watch(l.pub.NotifyClose(make(chan *amqp091.Error, 1)))
	l.pub.NotifyReturn(l.returns)
	blocked := l.out.NotifyBlocked(make(chan amqp091.Blocking, 1))
	l.env.Go(func() {
		for b := range blocked {
			l.blocked.Store(b.Active)
		}
	})
	l.env.Go(l.keepReturns)
	return nil
}

// watch ends the link when a part of it is closed.
func (l *link) watch(closed chan *amqp091.Error) {
	l.env.Go(func() {
		if err := <-closed; err != nil {
			l.env.Log.Warn("AMQP", "driver", l.env.ID, "error", err.Error())
		}
		l.fail()
	})
}

func (l *link) fail() { l.once.Do(func() { close(l.lost) }) }

// conn is a connection that fails where the broker does not read what it is sent: the
// library would wait for it without end, also in what is to take a limited time.
type conn struct{ net.Conn }

func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// dial is how a connection is made.
func (s Server) dial(id string) (string, amqp091.Config, error) {
	uri, err := amqp091.ParseURI(s.URL)
	if err != nil {
		return "", amqp091.Config{}, messages.Errorf(messages.Invalid, "url of %s: %s", id, err)
	}
	url := s.URL
	if rest, plain := strings.CutPrefix(url, "amqp://"); plain && s.TLS.Enabled {
		url = "amqps://" + rest
	}
	config := amqp091.Config{
		Vhost: s.Vhost, Heartbeat: s.Heartbeat, FrameSize: s.FrameSize, ChannelMax: uint16(s.ChannelMax), //nolint:gosec // the field has a maximum
		Properties: amqp091.NewConnectionProperties(),
	}
	dial := amqp091.DefaultDial(s.ConnectionTimeout)
	config.Dial = func(network, addr string) (net.Conn, error) {
		c, err := dial(network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{c}, nil
	}
	name := s.Name
	if name == "" {
		name = "troupe " + id
	}
	config.Properties.SetClientConnectionName(name)
	switch s.Auth {
	case "EXTERNAL":
		config.SASL = []amqp091.Authentication{&amqp091.ExternalAuth{}}
	case "AMQPLAIN":
		config.SASL = []amqp091.Authentication{uri.AMQPlainAuth()}
	default:
		config.SASL = []amqp091.Authentication{uri.PlainAuth()}
	}
	if strings.HasPrefix(url, "amqps://") {
		config.TLSClientConfig, err = s.TLS.build()
		if err == nil && config.TLSClientConfig.ServerName == "" {
			config.TLSClientConfig.ServerName = uri.Host
		}
	}
	return url, config, err
}

// Lost implements queue.Link.
func (l *link) Lost() <-chan struct{} { return l.lost }

// closeTime is how long a link that is closed waits for what is under way.
const closeTime = 2 * time.Second

// Close implements queue.Link. It is safe on a link that was never whole.
func (l *link) Close() {
	late := time.After(closeTime)
	for _, s := range l.living() {
		s.End()
		select {
		case <-s.over:
		case <-late:
		}
	}
	for _, c := range []*amqp091.Connection{l.in, l.out} {
		if c != nil {
			_ = c.CloseDeadline(time.Now().Add(closeTime)) // it may be closed already
		}
	}
	l.fail()
}

// arguments are those a queue is declared with.
func (s Server) arguments(o queue.AMQPOptions) amqp091.Table {
	args := amqp091.Table{}
	first := func(name string, values ...time.Duration) {
		for _, d := range values {
			if d > 0 {
				args[name] = d.Milliseconds()
				return
			}
		}
	}
	first("x-message-ttl", o.TTL, s.MessageTTL, s.QueueTTL)
	first("x-expires", o.Expiry, s.QueueExpiry)
	if o.MaxLength > 0 {
		args["x-max-length"] = int64(o.MaxLength)
		args["x-overflow"] = "reject-publish"
	}
	return args
}

// Declare implements queue.Link.
func (l *link) Declare(d *queue.Declare, _ bool) error {
	ch, err := l.out.Channel()
	if err != nil {
		return unavailable(err)
	}
	o := d.Options.AMQP
	_, err = ch.QueueDeclare(d.Name, o.Durable, o.AutoDelete, false, false, l.server.arguments(o))
	var refused *amqp091.Error
	if errors.As(err, &refused) && (refused.Code == amqp091.PreconditionFailed || refused.Code == amqp091.ResourceLocked) {
		return messages.Errorf(messages.Conflict, "the broker has %s with other options: %s", d.Name, refused.Reason)
	}
	if err != nil {
		return unavailable(err)
	}
	_ = ch.Close() // it has done its work
	return nil
}

// Info implements queue.Link. Messages that wait for their next delivery count,
// although the broker has delivered them.
func (l *link) Info(d *queue.Declare) (*messages.QueueData, error) {
	ch, err := l.out.Channel()
	if err != nil {
		return nil, unavailable(err)
	}
	o := d.Options.AMQP
	q, err := ch.QueueDeclarePassive(d.Name, o.Durable, o.AutoDelete, false, false, nil)
	if err != nil {
		return nil, unavailable(err)
	}
	_ = ch.Close() // it has done its work
	info := &messages.QueueData{Messages: q.Messages, Consumers: q.Consumers, Ready: true}
	for _, s := range l.living() {
		if s.queue.Queue == d.Queue {
			info.Messages += s.held()
		}
	}
	return info, nil
}

// living are the subscriptions that are not over.
func (l *link) living() []*subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*subscription, 0, len(l.subs))
	for s := range l.subs {
		out = append(out, s)
	}
	return out
}

func unavailable(err error) error {
	return messages.Because(messages.Unavailable, "AMQP", err).WithRetry(true)
}
