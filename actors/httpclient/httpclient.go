// Package httpclient keeps the connections of outgoing HTTP requests.
package httpclient

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component owns the connections of outgoing HTTP requests, as dispatcher.http of
// the configuration wants them.
var Component = actors.Component{
	Name:    "http_client",
	Doc:     "Keeps the connections of outgoing HTTP requests.",
	Handles: []any{(*messages.HTTPPoolGet)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &client{env: env, pool: newPool(env.Config)}
	},
}

type client struct {
	env  actors.Env
	pool *pool
}

// Stop closes the connections that nobody uses; those in use close when their
// requests are over.
func (c *client) Stop(context.Context) error {
	c.pool.close()
	return nil
}

// Receive implements actor.Actor.
func (c *client) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		c.pool.close() // where Stop was not called
	case *actors.Request:
		b, ok := m.Body.(*messages.HTTPPoolGet)
		if !ok {
			actors.Unknown(m, c.env.ID)
			return
		}
		id := b.Network
		if id == "" {
			id, _ = c.env.Config["network_service.default_network"].(string)
		}
		if id == "" {
			m.Reply(messages.HTTPPool(c.pool))
			return
		}
		c.env.Cell.Serve(m, func(ctx context.Context) (any, error) {
			way, err := actors.As[*messages.Network](actors.Call(ctx, c.env.Sys, c.env.PID(id), &messages.NetworkOpen{}))
			if err != nil {
				return nil, explain(id, err)
			}
			return messages.HTTPPool(&through{c.pool, way}), nil
		})
	}
}

func explain(id string, err error) error {
	switch messages.AsError(err).Kind {
	case messages.NotFound:
		return messages.Errorf(messages.NotFound, "network not found: %s", id)
	case messages.Invalid:
		return messages.Errorf(messages.Invalid, "%s is no network", id)
	}
	return messages.Wrap(err, "using network "+id)
}

// through is the pool for those that go out through a network.
type through struct {
	*pool
	way *messages.Network
}

// Way implements messages.HTTPPool.
func (t *through) Way() *messages.Network { return t.way }

// Where the configuration has 0.
const (
	idleTimeout   = 90 * time.Second
	maxIdle       = 100
	maxIdleHost   = 8
	maxTransports = 64
)

// pool is the messages.HTTPPool of a node.
type pool struct {
	longest, idle             time.Duration
	traced                    bool
	maxIdle, perHost, clients int

	mu     sync.Mutex
	kept   map[string]*http.Transport
	closed bool
}

func newPool(config map[string]any) *pool {
	span := func(key string, def time.Duration) time.Duration {
		if d, _ := config["dispatcher.http."+key].(time.Duration); d > 0 {
			return d
		}
		return def
	}
	count := func(key string, def int) int {
		if n, _ := config["dispatcher.http."+key].(int64); n > 0 {
			return int(n)
		}
		return def
	}
	flag := func(key string) bool {
		on, _ := config["otel.http."+key].(bool)
		return on
	}
	return &pool{
		traced:  flag("enabled") && flag("inject_headers"),
		longest: span("timeout", 0), idle: span("idle_conn_timeout", idleTimeout),
		maxIdle: count("max_idle_conns", maxIdle), perHost: count("max_idle_per_host", maxIdleHost), clients: count("max_clients", maxTransports),
		kept: map[string]*http.Transport{},
	}
}

// Traced implements messages.HTTPPool.
func (p *pool) Traced() bool { return p.traced }

// Way implements messages.HTTPPool.
func (p *pool) Way() *messages.Network { return nil }

// Longest implements messages.HTTPPool.
func (p *pool) Longest() time.Duration { return p.longest }

// Transport implements messages.HTTPPool.
func (p *pool) Transport(key string, create func() *http.Transport) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.kept[key]
	if t == nil && !p.closed && len(p.kept) < p.clients {
		t = create()
		t.IdleConnTimeout, t.MaxIdleConns, t.MaxIdleConnsPerHost = p.idle, p.maxIdle, p.perHost
		p.kept[key] = t
	}
	return t
}

// close closes connections without a request, and keeps no new ones.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for key, t := range p.kept {
		t.CloseIdleConnections()
		delete(p.kept, key)
	}
}
