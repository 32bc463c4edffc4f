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
	read time.Duration   // longest time to read a request; 0 for no limit
	soft context.Context // ends when connections shall be closed
	hard context.Context // ends when they are broken off
	quit func()
	kill func()
}

type servingKey struct{}

func newServing(self *actor.PID, read time.Duration) *serving {
	s := &serving{self: self, read: read}
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
		PID: pid, Actor: address, Life: &connected{sys, address, info},
	}
	s.env.Procs.Add(c.proc)
	sys.Root.Send(address, &begin{})
	req.Reply(address)
}

// connected is what others can do with a connection.
type connected struct {
	sys  *actor.ActorSystem
	to   *actor.PID
	info messages.ProcessData
}

// Kill implements actors.Life.
func (c *connected) Kill(reason *messages.Error) { c.sys.Root.Send(c.to, &broken{reason}) }

// Info implements actors.Life.
func (c *connected) Info() messages.ProcessData { return c.info }

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
