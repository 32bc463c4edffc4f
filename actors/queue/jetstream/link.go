package jetstream

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// patience is how long a server may take for an answer.
const patience = 10 * time.Second

// maxMessage is the largest message of the server inside the node.
const maxMessage = 8 << 20

// link is a connection to a server, and the server if it is inside the node. Its
// methods block.
type link struct {
	env    actors.Env
	lost   chan struct{}
	conn   *nats.Conn
	js     js.JetStream
	server *server.Server

	mu   sync.Mutex
	subs []*subscription // that may not be over
}

// look wakes all subscriptions: the server has forgotten their requests.
func (l *link) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.subs {
		s.look()
	}
}

func connect(env actors.Env, c Server) (queue.Link, error) {
	l := &link{env: env, lost: make(chan struct{})}
	opts := []nats.Option{
		nats.Name("troupe " + env.ID), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.Timeout(patience),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			env.Log.Warn("NATS", "driver", env.ID, "error", err.Error())
		}),
		nats.ReconnectHandler(func(*nats.Conn) { l.look() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				env.Log.Warn("NATS connection lost; connecting again", "driver", env.ID, "error", err.Error())
			}
		}),
	}
	if c.DataDir != "" {
		s, err := embed(env, c)
		if err != nil {
			return nil, messages.Because(messages.Unavailable, "starting the NATS server in "+c.DataDir, err)
		}
		l.server = s
		opts = append(opts, nats.InProcessServer(s))
	}
	var err error
	if l.conn, err = nats.Connect(c.URL, opts...); err == nil {
		l.js, err = js.New(l.conn)
	}
	if err != nil {
		l.Close()
		return nil, messages.Because(messages.Unavailable, "connecting to NATS for "+env.ID, err).WithRetry(true)
	}
	return l, nil
}

// embed starts a server that only this node can reach.
func embed(env actors.Env, c Server) (*server.Server, error) {
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return nil, err
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "troupe", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: c.DataDir, SyncAlways: c.Sync, MaxPayload: maxMessage,
	})
	if err != nil {
		return nil, err
	}
	env.Go(s.Start)
	if !s.ReadyForConnections(patience) || !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errors.New("it did not become ready; is the directory writable, and not in use by another node?")
	}
	return s, nil
}

// drainTime is how long a connection that is closed waits for what is on its way.
const drainTime = 2 * time.Second

// Lost implements queue.Link.
func (l *link) Lost() <-chan struct{} { return l.lost }

// Close implements queue.Link. It is safe on a link that was never whole.
func (l *link) Close() {
	defer close(l.lost)
	if l.conn != nil {
		late := time.After(drainTime)
		l.mu.Lock()
		subs := l.subs
		l.mu.Unlock()
		for _, s := range subs {
			s.End()
		}
		for _, s := range subs {
			select {
			case <-s.over:
			case <-late:
			}
		}
		_ = l.conn.FlushTimeout(time.Second) // what is lost is delivered again
		l.conn.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
}

// streamName makes a name that NATS takes of any name, and never the same of two.
func streamName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

func subject(name string) string { return "queue." + streamName(name) }

// Declare implements queue.Link. A stream that somebody else has made is refused.
func (l *link) Declare(b *queue.Declare, first bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	config := js.StreamConfig{
		Name: streamName(b.Name), Subjects: []string{subject(b.Name)}, Retention: js.WorkQueuePolicy,
		Discard: js.DiscardNew, MaxMsgs: int64(b.Options.JetStream.MaxLength),
	}
	if config.MaxMsgs == 0 {
		config.MaxMsgs = -1
	}
	s, err := l.js.Stream(ctx, config.Name)
	switch {
	case errors.Is(err, js.ErrStreamNotFound):
		_, err = l.js.CreateOrUpdateStream(ctx, config)
	case err == nil:
		now := s.CachedInfo().Config
		if len(now.Subjects) != 1 || now.Subjects[0] != config.Subjects[0] || now.Retention != config.Retention {
			return messages.Errorf(messages.Conflict, "stream %s is not that of a queue; choose another queue_name", config.Name)
		}
		now.MaxMsgs, now.Discard = config.MaxMsgs, config.Discard
		_, err = l.js.UpdateStream(ctx, now)
	}
	if err != nil {
		return unavailable(err)
	}
	if first {
		return l.forgetDelivered(b.Name)
	}
	return nil
}

// forgetDelivered has the messages that were delivered before the server inside
// the node started come again at once, as nobody else can be at work on them, and
// not after ackWait. Their attempts are counted anew.
func (l *link) forgetDelivered(name string) error {
	if l.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.js.DeleteConsumer(ctx, streamName(name), consumerName); err != nil && !errors.Is(err, js.ErrConsumerNotFound) {
		return unavailable(err)
	}
	return nil
}

const consumerName = "troupe"

// consumer makes the place in the stream that all who consume a queue share.
func (l *link) consumer(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := l.js.CreateOrUpdateConsumer(ctx, streamName(name), js.ConsumerConfig{
		Durable: consumerName, AckPolicy: js.AckExplicitPolicy, AckWait: ackWait, MaxDeliver: -1, MaxAckPending: -1,
	})
	return err
}

// rescue has the messages delivered anew that the server keeps and gives to nobody: one
// that was killed may come back so (2.9 does under load), whether they were acknowledged
// or not. It reports whether there can be more of them.
func (l *link) rescue(name string) (more bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := l.js.Consumer(ctx, streamName(name), consumerName)
	if err != nil {
		return true, err
	}
	s, err := l.js.Stream(ctx, streamName(name)) // later: what is settled by then is gone from it
	if err != nil {
		return true, err
	}
	given, state := c.CachedInfo(), s.CachedInfo().State
	if given.NumAckPending > 0 { // what is delivered cannot be told from it
		return true, nil
	}
	if state.Msgs == 0 || state.FirstSeq > given.Delivered.Stream {
		return false, nil
	}
	if err := l.js.DeleteConsumer(ctx, streamName(name), consumerName); err != nil && !errors.Is(err, js.ErrConsumerNotFound) {
		return true, err
	}
	return true, l.consumer(name)
}

// The headers that carry what NATS has no place for.
const (
	headerID     = "Troupe-Id"
	headerFormat = "Troupe-Format"
	headerRest   = "Troupe-Headers" // all headers with their types
)

// tooMany is the code of a stream that is full.
const tooMany = 10077

// Publish implements queue.Link.
func (l *link) Publish(d *queue.Declare, m *queue.Message) error {
	headers := &messages.Table{Object: true}
	for k, v := range m.Headers {
		headers.Set(k, v)
	}
	packed, err := messages.EncodeMsgpack(headers)
	if err != nil {
		return err
	}
	msg := nats.NewMsg(subject(d.Name))
	msg.Header.Set(headerID, m.ID)
	msg.Header.Set(headerFormat, m.Format)
	msg.Header.Set(headerRest, base64.StdEncoding.EncodeToString(packed))
	msg.Data = []byte(m.Body)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = l.js.PublishMsg(ctx, msg)
	var api *js.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && api.ErrorCode == tooMany:
		return messages.Errorf(messages.Unavailable, "the queue is full; try again later, or raise driver_options.jetstream.max_length").WithRetry(true)
	case errors.Is(err, nats.ErrMaxPayload):
		return messages.Errorf(messages.Invalid, "the message has %d bytes, and the server takes %d; keep large data elsewhere and publish where it is", len(m.Body), l.conn.MaxPayload())
	}
	return unavailable(err)
}

// read makes a Message of what NATS delivers. Messages that others have published
// have their NATS headers, and the encoding of the queue.
func read(msg *nats.Msg, d *queue.Declare, sequence uint64) *queue.Message {
	h := msg.Header
	m := &queue.Message{ID: h.Get(headerID), Format: h.Get(headerFormat), Body: string(msg.Data), Headers: map[string]messages.Value{}}
	if m.Format == "" {
		m.Format = d.Codec
	}
	if m.ID == "" {
		m.ID = fmt.Sprint(sequence)
	}
	if packed, err := base64.StdEncoding.DecodeString(h.Get(headerRest)); err == nil && len(packed) > 0 {
		if t, err := messages.DecodeMsgpack(packed); err == nil {
			if t, ok := t.(*messages.Table); ok {
				for i, k := range t.Keys {
					m.Headers[messages.Text(k)] = t.Vals[i]
				}
			}
		}
		return m
	}
	for k, v := range h {
		if !strings.HasPrefix(k, "Troupe-") && !strings.HasPrefix(k, "Nats-") {
			m.Headers[k] = strings.Join(v, ", ")
		}
	}
	return m
}

// Info implements queue.Link. The consumers are those of this node.
func (l *link) Info(d *queue.Declare) (*messages.QueueData, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := l.js.Stream(ctx, streamName(d.Name))
	if err != nil {
		return nil, unavailable(err)
	}
	info := &messages.QueueData{Messages: int(s.CachedInfo().State.Msgs), Ready: true}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.subs {
		if n, open := s.taken(); open && s.queue == d.Queue {
			info.Messages -= n
			info.Consumers++
		}
	}
	info.Messages = max(info.Messages, 0)
	return info, nil
}

func unavailable(err error) error {
	return messages.Because(messages.Unavailable, "NATS", err).WithRetry(true)
}
