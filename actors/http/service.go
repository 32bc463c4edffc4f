package http

import (
	"context"
	"errors"
	"log/slog"
	"net"
	nethttp "net/http"
	"reflect"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ServiceConfig are the fields of http.service.
type ServiceConfig struct {
	Addr     string `yaml:"addr" required:"true" doc:"Listen address, as in :8080 or 127.0.0.1:9090."`
	Timeouts struct {
		Read  time.Duration `yaml:"read" min:"0s" doc:"Longest time to read a request; 0 for no limit."`
		Write time.Duration `yaml:"write" min:"0s" doc:"Longest time from the end of a request's headers to the end of the response; 0 for no limit."`
		Idle  time.Duration `yaml:"idle" default:"5m" min:"0s" doc:"How long a connection may wait for its next request; 0 for no limit."`
	} `yaml:"timeouts" doc:"Timeouts of connections."`
	Host struct {
		BufferSize  int `yaml:"buffer_size" default:"1024" min:"0" doc:"Accepted. Mailboxes grow as needed."`
		WorkerCount int `yaml:"worker_count" min:"0" doc:"Accepted. All services share the workers of the scheduler."`
	} `yaml:"host" doc:"Sizes of the relay."`
	Network   string           `yaml:"network" ref:"network.socks5" doc:"Network through which the listener is bound; none of the networks there are can listen."`
	TLS       TLSConfig        `yaml:"tls" doc:"Encryption; plain HTTP without it."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs; its security is that of every request."`
}

// Validate implements registry.Validator.
func (c *ServiceConfig) Validate() error {
	if c.Network != "" {
		return messages.Errorf(messages.Invalid, "network %s cannot listen: a SOCKS5 proxy is only a way out; leave network out", c.Network)
	}
	return nil
}

// Service is the kind http.service.
var Service = actors.Define(actors.Spec[ServiceConfig]{
	Name: "http.service", Doc: "An HTTP server.", Service: true, Front: true,
	Serve: func(env actors.Env, c ServiceConfig) actor.Actor { return &service{env: env, config: c} },
})

// Addr asks a running http.service for the address it listens on. Answered with
// a string, or with an Unavailable while it does not run.
type Addr struct{}

// service is the actor of an http.service: it owns the listener.
type service struct {
	env    actors.Env
	config ServiceConfig
	server *nethttp.Server
	live   *serving
	addr   string
	busy   sync.WaitGroup // requests that run
	fresh  sync.Map       // of net.Conn: connections that have sent nothing yet
}

// down tells the actor that the listener has failed.
type down struct {
	server *nethttp.Server
	err    error
}

// Update implements actors.Updater: whatever concerns the listener needs a new
// one.
func (s *service) Update(_ context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[ServiceConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	before, after := s.config, c
	before.Lifecycle = actors.Lifecycle{Security: before.Lifecycle.Security}
	after.Lifecycle = actors.Lifecycle{Security: after.Lifecycle.Security}
	if !reflect.DeepEqual(before, after) {
		return actors.ErrReplace
	}
	s.config, s.env.Entry = c, e
	return nil
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// headerTimeout bounds the time for the headers of a request where no read
// timeout is configured: a client that never finishes them must not keep its
// connection for ever.
const headerTimeout = 30 * time.Second

// maxHeaders bounds the headers of a request; longer ones get a 431.
const maxHeaders = 64 << 10

// Start implements actors.Starter.
func (s *service) Start(ctx context.Context) error {
	c, err := actors.Configure[ServiceConfig](ctx, s.env, s.env.Entry)
	if err != nil {
		return err
	}
	as, err := actors.ResolveRunAs(ctx, s.env, c.Lifecycle.Security)
	if err != nil {
		return err
	}
	site, err := actors.As[*site](actors.Call(ctx, s.env.Sys, s.env.PID("http"), &siteOf{s.env.ID}))
	if err != nil {
		return err
	}
	tlsConfig, err := c.TLS.build()
	if err != nil {
		return err
	}
	live := newServing(s.env.Cell.Self(), c.Timeouts.Read)
	server := &nethttp.Server{
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), servingKey{}, live)
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: s.connState,
		Handler:   s.handler(site, as), TLSConfig: tlsConfig,
		ReadTimeout: c.Timeouts.Read, WriteTimeout: c.Timeouts.Write, IdleTimeout: c.Timeouts.Idle,
		MaxHeaderBytes: maxHeaders,
		ErrorLog:       slog.NewLogLogger(s.env.Log.With("service", s.env.ID).Handler(), slog.LevelWarn),
	}
	if c.Timeouts.Read == 0 {
		server.ReadHeaderTimeout = headerTimeout
	}
	if c.Timeouts.Idle == 0 {
		server.IdleTimeout = -1 // 0 would be the time to read
	}
	v, err := actors.Await(ctx, func() (any, error) { return net.Listen("tcp", c.Addr) })
	if err != nil {
		return messages.Wrap(err, "listening on "+c.Addr+" (choose another addr, or stop what uses it)")
	}
	listener := v.(net.Listener)
	if c.Timeouts.Write == 0 {
		listener = stallListener{listener}
	}
	s.server, s.live, s.addr = server, live, listener.Addr().String()
	self := s.env.Cell.Self()
	s.env.Go(func() {
		serve := server.Serve
		if tlsConfig != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, nethttp.ErrServerClosed) {
			s.env.Sys.Root.Send(self, &down{server, err})
		}
	})
	s.env.Log.Info("HTTP server listens", "service", s.env.ID, "addr", s.addr, "tls", tlsConfig != nil)
	return nil
}

func (s *service) handler(site *site, as *messages.Context) nethttp.Handler {
	return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		s.busy.Add(1)
		defer s.busy.Done()
		if as != nil {
			r = r.WithContext(withIdentity(r.Context(), as))
		}
		site.ServeHTTP(w, r)
	})
}

const (
	// drainTime is how long requests may go on after the server was told to stop.
	drainTime = 30 * time.Second

	// freshTime is how long connections without a request may stay then: a request may
	// be on its way. Browsers open connections ahead, and net/http would wait five
	// seconds for them.
	freshTime = 500 * time.Millisecond
)

// patience is how long requests may go on where the whole stop may take timeout:
// a part is left for breaking them off.
func patience(timeout time.Duration) time.Duration {
	return min(drainTime, timeout-min(time.Second, timeout/4))
}

func (s *service) connState(c net.Conn, state nethttp.ConnState) {
	switch state {
	case nethttp.StateNew:
		s.fresh.Store(c, nil)
	case nethttp.StateActive, nethttp.StateClosed:
		s.fresh.Delete(c)
	}
}

// closeFresh closes connections that have sent nothing yet.
func (s *service) closeFresh() {
	s.fresh.Range(func(c, _ any) bool {
		_ = c.(net.Conn).Close() // it is lost either way
		return true
	})
}

// Stop implements actors.Stopper: no new requests, and those that run finish, if
// they do in time.
func (s *service) Stop(ctx context.Context) error {
	server, live := s.server, s.live
	if server == nil {
		return nil
	}
	s.server, s.addr = nil, ""
	limit := patience(s.config.Lifecycle.StopTimeout)
	_, err := actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		context.AfterFunc(ctx, live.kill)
		live.quit() // relays last as long as their clients want
		defer time.AfterFunc(freshTime, s.closeFresh).Stop()
		if server.Shutdown(ctx) != nil {
			s.env.Log.Warn("HTTP server breaks off requests that did not finish in time", "service", s.env.ID, "waited", limit)
			_ = server.Close() // the connections are lost either way
		}
		s.busy.Wait()
		return nil, nil
	})
	return err
}

// Receive implements actor.Actor.
func (s *service) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *down:
		if m.server != s.server {
			return
		}
		s.server, s.addr = nil, ""
		s.live.kill()
		_ = m.server.Close() // its listener has failed already
		s.env.Cell.Tell(s.env.PID("supervisor"), &actors.ServiceEnded{ID: s.env.ID, Err: messages.Wrap(m.err, "serving HTTP")})
	case *actor.Stopping:
		if s.server != nil { // it failed, or was never told to stop
			s.live.kill()
			_ = s.server.Close()
		}
	case *actors.Request:
		switch b := m.Body.(type) {
		case *connect:
			s.connect(m, b)
		case *Addr:
			if s.addr == "" {
				m.Reply(messages.Errorf(messages.Unavailable, "%s does not run", s.env.ID))
				return
			}
			m.Reply(s.addr)
		default:
			actors.Unknown(m, s.env.ID)
		}
	}
}
