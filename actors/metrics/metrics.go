// Package metrics collects the counters, gauges and histograms of a node and
// serves them to Prometheus.
package metrics

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component keeps the metrics. With prometheus.enabled it serves them under
// /metrics of prometheus.address.
var Component = actors.Component{
	Name:    "metrics",
	Doc:     "Collects metrics and serves them in the text format of Prometheus.",
	Handles: []any{(*messages.MetricUpdate)(nil), (*Render)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &collector{env: env, all: collection{families: map[string]*family{}}, own: newOwn(env)}
	},
}

// Render asks for all metrics, those of the runtime itself among them, in the
// text format of Prometheus. Answered with a
// string.
type Render struct{}

// where asks for the address that is served, "" for none.
type where struct{}

type collector struct {
	env    actors.Env
	all    collection
	own    *own
	server *http.Server
	addr   string
}

// patience is how long a request may take, and how long Stop waits for those
// that are on their way.
const patience = 5 * time.Second

// Start opens the address, if there is one.
func (c *collector) Start(ctx context.Context) error {
	if on, _ := c.env.Config["prometheus.enabled"].(bool); !on {
		return nil
	}
	addr, _ := c.env.Config["prometheus.address"].(string)
	if addr == "" {
		c.env.Log.Warn("metrics are not served: prometheus.enabled is set without prometheus.address; set it, as in \":9090\"")
		return nil
	}
	l, err := actors.As[net.Listener](actors.Await(ctx, func() (any, error) {
		return (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	}))
	if err != nil {
		return messages.Because(messages.Unavailable, "serving metrics on "+addr+" (prometheus.address; use another one if it is taken)", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", c.serve)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: 2 * patience}
	c.server, c.addr = server, l.Addr().String()
	c.env.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			c.env.Log.Error("metrics are not served any more", "error", err)
		}
	})
	c.env.Log.Info("metrics are served", "address", c.addr)
	return nil
}

// Stop closes the address when the requests that are on their way are answered.
func (c *collector) Stop(ctx context.Context) error {
	server := c.server
	if server == nil {
		return nil
	}
	c.server, c.addr = nil, ""
	_, err := actors.Await(ctx, func() (any, error) {
		limit, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if server.Shutdown(limit) != nil {
			return nil, server.Close()
		}
		return nil, nil
	})
	return err
}

// serve runs on goroutines of the server: it asks the actor.
func (c *collector) serve(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	text, err := actors.As[string](c.env.Ask(ctx, &Render{}))
	if err != nil {
		http.Error(w, "the metrics are not available: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

// Receive implements actor.Actor.
func (c *collector) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		if _, end := ctx.Message().(*actor.Stopping); end && c.server != nil {
			_ = c.server.Close() // where Stop was not called
		}
		return
	}
	switch m := req.Body.(type) {
	case *messages.MetricUpdate:
		if err := c.all.update(m); err != nil {
			req.Reply(err)
			return
		}
		req.Done()
	case *Render:
		c.own.read(&c.all)
		req.Reply(c.all.render())
	case *where:
		req.Reply(c.addr)
	default:
		actors.Unknown(req, c.env.ID)
	}
}
