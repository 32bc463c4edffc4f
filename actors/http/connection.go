package http

import (
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

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
	if c.over {
		m.Gone()
		return
	}
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
