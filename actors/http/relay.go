package http

import (
	"context"
	"encoding/base64"
	"errors"
	nethttp "net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// A relay joins a client that stays connected to a process: what the client sends
// becomes mail of the process, what is sent to the PID of the connection goes to
// the client. The connection is an actor below its http.service; the goroutine of
// the HTTP request carries its bytes.

// relayKind is what the two relays differ in.
type relayKind struct {
	prefix     string // of its topics
	header     string // in which a function asks for it
	detachable bool   // there may be no target; there are time limits

	// frame is what mail becomes on the wire, nil where it does not concern the
	// client.
	frame func(o *relayOptions, topic string, values []messages.Value) ([]byte, error)
	// last is sent behind everything else when the connection is closed; nil for
	// nothing.
	last func(reason string) []byte

	closed string // reason of a close that gives none
}

// The statuses that connections are closed with (RFC 6455, 7.4.1).
const (
	closeNormal    = 1000
	closeGoingAway = 1001
	closePolicy    = 1008
	closeInternal  = 1011
)

const targetExited = "target process exited"

// serving is one run of an http.service, as its connections see it.
type serving struct {
	self *actor.PID
	soft context.Context // ends when connections shall be closed
	hard context.Context // ends when they are broken off
	quit func()
	kill func()
}

type servingKey struct{}

func newServing(self *actor.PID) *serving {
	s := &serving{self: self}
	s.soft, s.quit = context.WithCancel(context.Background())
	s.hard, s.kill = context.WithCancel(context.Background())
	return s
}

// connect asks an http.service for the process of a connection. Answered with the
// *actor.PID of its actor, or Unavailable while the service does not run.
type connect struct {
	kind    *relayKind
	options relayOptions
	out     *outbox
	source  string // id of the endpoint
	as      *messages.Context
}

// begin starts the process of a connection: it is known from now on.
type begin struct{}

// fromClient is a message of the client.
type fromClient struct{ value messages.Value }

// disconnected tells that the transport is closed: nothing follows.
type disconnected struct{}

// broken ends a connection at once.
type broken struct{ reason *messages.Error }

// drained tells that the service stops.
type drained struct{}

// connect makes the process of a connection.
func (s *service) connect(req *actors.Request, b *connect) {
	if s.server == nil {
		req.Reply(messages.Errorf(messages.Unavailable, "%s does not run", s.env.ID))
		return
	}
	pid, uniq := s.env.Procs.Next(s.env.ID)
	c := &connection{connect: b}
	props := s.env.SpawnProps(pid, registry.Entry{}, false, func(env actors.Env) actor.Actor {
		c.env = env
		return c
	})
	address, err := s.env.Cell.Context().SpawnNamed(props, strconv.FormatUint(uniq, 16))
	if err != nil {
		req.Reply(messages.Errorf(messages.Internal, "starting the process of a connection: %s", err))
		return
	}
	info := messages.ProcessData{PID: pid, Host: s.env.ID, Source: b.source, State: "running", Started: s.env.Clock.Now()}
	if b.as != nil && b.as.Actor != nil {
		info.Actor = b.as.Actor.ID
	}
	sys := s.env.Sys
	c.started = info.Started
	c.proc = &actors.Proc{
		PID: pid, Actor: address,
		Kill: func(reason *messages.Error) { sys.Root.Send(address, &broken{reason}) },
		Info: func() messages.ProcessData { return info },
	}
	s.env.Procs.Add(c.proc)
	sys.Root.Send(address, &begin{})
	req.Reply(address)
}

// connection is the process of a connection.
type connection struct {
	*connect
	env      actors.Env
	proc     *actors.Proc
	ties     actors.Ties
	started  time.Time
	count    int       // messages of the client, or events sent to it
	last     time.Time // when an event was sent
	quiet    bool      // nothing was sent since the last beat
	closing  bool
	over     bool
	reason   string
	stopBeat func()
	stopIdle func()
}

// Receive implements actor.Actor.
func (c *connection) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *begin:
		c.begin()
	case *messages.Mail:
		c.mail(m)
	case *fromClient:
		c.count++
		c.send(c.options.target, c.options.topic, m.value)
	case *messages.Exit:
		switch linked := c.ties.Ended(m); {
		case linked && m.Err != nil:
			c.end(messages.Because("", "linked process failed", m.Err))
			ctx.Stop(ctx.Self())
		case m.Monitors && m.From == c.options.target:
			c.options.target = "" // it gets no leave
			c.close(closeGoingAway, targetExited)
		}
	case *messages.Cancel:
		c.cancel(m)
	case *drained:
		c.close(closeGoingAway, "server is stopping")
	case *disconnected:
		c.end(nil)
		ctx.Stop(ctx.Self())
	case *broken:
		c.end(m.reason)
		ctx.Stop(ctx.Self())
	case *actor.Stopping:
		c.end(messages.Errorf(messages.Canceled, "process was stopped"))
	case *actors.Request:
		c.request(m)
	}
}

func (c *connection) request(m *actors.Request) {
	if c.ties.Answer(m, c.proc.PID) {
		return
	}
	if b, ok := m.Body.(*messages.Cancel); ok {
		c.cancel(b)
		m.Done()
		return
	}
	actors.Unknown(m, "the process of a connection")
}

func (c *connection) cancel(m *messages.Cancel) {
	reason := m.Reason
	if reason == "" {
		reason = c.kind.closed
	}
	c.close(closeNormal, reason)
}

func (c *connection) begin() {
	c.last, c.quiet = c.started, true
	if c.options.target != "" {
		c.attach()
	} else {
		ready := (&messages.Table{}).Set("stream_pid", c.proc.PID).Set("message_topic", c.options.topic)
		c.put(event("ready", []messages.Value{c.withMetadata(ready)}))
	}
	c.beat()
	c.watchIdle()
	if hard := c.options.hard; hard > 0 {
		c.limitLife(hard)
	}
}

// attach joins the target, whose end is the end of the connection.
func (c *connection) attach() {
	target := c.options.target
	gone := func() {
		if c.options.target == target {
			c.options.target = ""
			c.close(closeGoingAway, targetExited)
		}
	}
	p := c.env.Procs.Find(target)
	if p == nil {
		gone()
		return
	}
	c.ties.Watch(target)
	c.env.Cell.Ask(p.Actor, &messages.Monitor{By: c.proc.PID}, func(_ any, err error) {
		if messages.IsKind(err, messages.NotFound) {
			gone()
		}
	})
	c.say("join", c.client())
}

// detach leaves the target.
func (c *connection) detach() {
	target := c.options.target
	if target == "" {
		return
	}
	c.say("leave", c.client())
	c.ties.Unwatch(target)
	if p := c.env.Procs.Find(target); p != nil {
		c.env.Cell.Tell(p.Actor, &messages.Monitor{By: c.proc.PID, Off: true})
	}
	c.options.target = ""
}

// client is what the target is told about the connection.
func (c *connection) client() *messages.Table {
	return c.withMetadata((&messages.Table{}).Set("client_pid", c.proc.PID))
}

func (c *connection) withMetadata(t *messages.Table) *messages.Table {
	if c.options.metadata != nil {
		t.Set("metadata", c.options.metadata)
	}
	return t
}

func (c *connection) say(what string, v messages.Value) {
	c.send(c.options.target, c.kind.prefix+"."+what, v)
}

func (c *connection) send(to, topic string, v messages.Value) {
	if p := c.env.Procs.Find(to); p != nil {
		c.env.Sys.Root.Send(p.Actor, messages.NewMail(c.proc.PID, topic, v))
	}
}

// beat sends heartbeats from now on, and keeps a quiet connection open.
func (c *connection) beat() {
	if c.stopBeat != nil {
		c.stopBeat()
		c.stopBeat = nil
	}
	if c.options.heartbeat <= 0 || c.closing {
		return
	}
	c.stopBeat = c.env.Cell.After(c.options.heartbeat, func() {
		c.stopBeat = nil
		if c.options.target != "" {
			uptime := c.env.Clock.Now().Sub(c.started).Round(time.Millisecond)
			c.say("heartbeat", c.client().Set("uptime", uptime.String()).Set("message_count", float64(c.count)))
		}
		if c.kind.detachable && c.quiet {
			c.out.put([]byte(": ping\n\n")) // where it has no room the connection is not quiet
		}
		c.quiet = true
		c.beat()
	})
}

// mail is what was sent to the connection: an order, or something for the client.
func (c *connection) mail(m *messages.Mail) {
	if c.closing {
		return
	}
	switch m.Topic {
	case c.kind.prefix + ".control":
		c.control(m)
		return
	case c.kind.prefix + ".close":
		reason := c.kind.closed
		if len(m.Values) > 0 {
			if s, ok := plain(m.Values[0]).(string); ok && s != "" {
				reason = s
			}
		}
		c.close(closeNormal, reason)
		return
	}
	b, err := c.kind.frame(&c.options, m.Topic, m.Values)
	if err != nil {
		c.env.Log.Error("a message cannot be sent to the client", "pid", c.proc.PID, "topic", m.Topic, "from", m.From, "error", err.Error())
		return
	}
	if b != nil {
		if c.kind.detachable {
			c.count++
			c.last = c.env.Clock.Now()
		}
		c.put(b)
	}
}

func (c *connection) put(b []byte) {
	c.quiet = false
	if c.out.put(b) {
		return
	}
	text := "client too slow: more than " + strconv.Itoa(c.out.most) + " bytes wait for it"
	c.env.Log.Warn("connection closed: "+text, "pid", c.proc.PID, "endpoint", c.source)
	c.close(closePolicy, text)
}

// control changes the options; one that is wrong changes nothing.
func (c *connection) control(m *messages.Mail) {
	var t *messages.Table
	if len(m.Values) > 0 {
		t, _ = plain(m.Values[0]).(*messages.Table)
	}
	next, err := c.options.with(c.env.Procs, c.kind, t)
	if err != nil {
		c.env.Log.Warn("control message ignored", "pid", c.proc.PID, "topic", m.Topic, "from", m.From, "error", err.Error())
		return
	}
	before := c.options
	if next.target != before.target {
		c.detach()
	}
	c.options = next
	if next.target != before.target && next.target != "" {
		c.attach()
	}
	if next.heartbeat != before.heartbeat {
		c.beat()
	}
	if next.idle != before.idle {
		c.watchIdle()
	}
	if next.hard != before.hard && next.hard > 0 {
		c.limitLife(next.hard - c.env.Clock.Now().Sub(c.started))
	}
}

// watchIdle closes a stream to which nothing was sent for too long.
func (c *connection) watchIdle() {
	if c.stopIdle != nil {
		c.stopIdle()
		c.stopIdle = nil
	}
	if c.options.idle <= 0 || c.closing {
		return
	}
	left := c.options.idle - c.env.Clock.Now().Sub(c.last)
	if left <= 0 {
		c.close(closeNormal, "idle timeout")
		return
	}
	c.stopIdle = c.env.Cell.After(left, c.watchIdle)
}

// limitLife closes a stream after d, unless the limit was changed meanwhile.
func (c *connection) limitLife(d time.Duration) {
	limit := c.options.hard
	c.env.Cell.After(max(d, 0), func() {
		if c.options.hard == limit {
			c.close(closeNormal, "hard timeout")
		}
	})
}

// close has the client told why, after everything that waits for it, and then
// the connection closed.
func (c *connection) close(code int, reason string) {
	if c.closing {
		return
	}
	c.closing, c.reason = true, reason
	var last []byte
	if c.kind.last != nil {
		last = c.kind.last(reason)
	}
	c.out.finish(&ending{code, reason}, last)
}

// end is the end of the process, once: the target and all who watch it are told.
func (c *connection) end(err *messages.Error) {
	if c.over {
		return
	}
	c.over = true
	if err != nil {
		c.close(closeInternal, "connection terminated") // the error is not the client's
	}
	c.detach()
	c.env.Procs.Remove(c.proc)
	var result messages.Value
	if err == nil && c.reason != "" {
		result = c.reason
	}
	c.ties.Cut(c.env.Node, c.proc.PID, result, err)
}

// plain is a value without the payload around it.
func plain(v messages.Value) messages.Value {
	if p, ok := v.(*messages.Payload); ok {
		if decoded, err := messages.Decode(p); err == nil {
			return decoded
		}
	}
	return v
}

// appendData appends the values of mail as JSON: none is null, one itself, more
// are a list. Bytes, which JSON cannot hold, become base64.
func appendData(dst []byte, values []messages.Value) ([]byte, error) {
	if len(values) == 0 {
		return append(dst, "null"...), nil
	}
	if len(values) > 1 {
		dst = append(dst, '[')
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = messages.AppendJSON(dst, textual(v)); err != nil {
			return dst, err
		}
	}
	if len(values) > 1 {
		dst = append(dst, ']')
	}
	return dst, nil
}

// textual is a value of mail with bytes as base64.
func textual(v messages.Value) messages.Value {
	p, ok := v.(*messages.Payload)
	v = plain(v)
	s, is := v.(string)
	if is && (ok && p.Format == messages.FormatBytes || !utf8.ValidString(s)) {
		return base64.StdEncoding.EncodeToString([]byte(s))
	}
	return v
}

// connectTo asks the service of a request for the process of its connection.
func connectTo(env actors.Env, r *nethttp.Request, b *connect) (*serving, *actor.PID, error) {
	live, ok := r.Context().Value(servingKey{}).(*serving)
	if !ok {
		return nil, nil, errors.New("the request does not come from an http.service")
	}
	b.source, b.as = endpointOf(r.Context()), identity(r.Context())
	pid, err := actors.As[*actor.PID](actors.Call(r.Context(), env.Sys, live.self, b))
	return live, pid, err
}
