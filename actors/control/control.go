// Package control lets tools on the same machine look at a node and change it,
// through a Unix socket that only the node's user can open.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component opens the socket control.socket where control.enabled is set.
var Component = actors.Component{
	Name: "control", Doc: "Takes commands of tools on the same machine through a Unix socket.",
	New: func(env actors.Env) actor.Actor { return &control{env: env, types: messages.ControlTypes()} },
}

type control struct {
	env    actors.Env
	types  map[string]reflect.Type
	server *http.Server
	path   string
}

// patience is how long a command may take: moving to a version restarts services.
const patience = time.Minute

// Start opens the socket. A node without one works all the same, so what stands
// in the way is only logged.
func (c *control) Start(ctx context.Context) error {
	if on, _ := c.env.Config["control.enabled"].(bool); !on {
		return nil
	}
	path, _ := c.env.Config["control.socket"].(string)
	l, err := actors.As[net.Listener](actors.Await(ctx, func() (any, error) { return listen(path) }))
	if err != nil {
		c.env.Log.Warn("the control socket cannot be opened; tools cannot reach this node", "socket", path, "error", err.Error())
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+messages.ControlPath+"{type}", c.serve)
	mux.HandleFunc("POST "+messages.ControlTracePath, c.trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	c.server, c.path = server, path
	c.env.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			c.env.Log.Error("the control socket is closed", "error", err.Error())
		}
	})
	return nil
}

// listen opens a socket for this user alone. One that a node left behind when it
// was killed is replaced; one that a node listens on is not.
func listen(path string) (any, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, errors.New("another node of this folder listens on it")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// The socket appears under its name once nobody else can open it.
	l, err := net.Listen("unix", path+".new")
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(path+".new", 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Stop closes the socket and removes it.
func (c *control) Stop(context.Context) error {
	if c.server == nil {
		return nil
	}
	server := c.server
	c.server = nil
	return errors.Join(server.Close(), os.Remove(c.path))
}

// serve runs on goroutines of the server.
func (c *control) serve(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	v, err := c.ask(ctx, r)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answerOf(v, err)) // who asked has gone
}

func answerOf(v any, err error) messages.ControlAnswer {
	if err == nil {
		return messages.ControlAnswer{Value: v}
	}
	e := messages.AsError(err)
	return messages.ControlAnswer{Error: &messages.ControlError{Kind: e.Kind, Message: e.Error()}}
}

// trace streams the messages of a process. It runs on goroutines of the server;
// r's context ends when the client hangs up and when the server is closed.
func (c *control) trace(w http.ResponseWriter, r *http.Request) {
	t, err := c.startTrace(r)
	w.Header().Set("Content-Type", "application/x-ndjson")
	out, now := json.NewEncoder(w), http.NewResponseController(w)
	show := func(v any) error {
		if err := out.Encode(v); err != nil {
			return err
		}
		return now.Flush()
	}
	if gone := show(answerOf(nil, err)); t != nil {
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		if gone != nil {
			cancel(gone)
		}
		_ = t.Run(ctx, func(e messages.TraceEvent) error { return show(e) }) // it has told who asked all there is
	}
}

func (c *control) startTrace(r *http.Request) (*actors.Trace, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	var m messages.ControlTrace
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxCommand)).Decode(&m); err != nil {
		return nil, messages.Errorf(messages.Invalid, "reading the command ControlTrace: %s", err)
	}
	return c.env.Trace(m.PID)
}

// maxCommand is the longest command in bytes.
const maxCommand = 1 << 20

func (c *control) ask(ctx context.Context, r *http.Request) (any, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	name := r.PathValue("type")
	t, ok := c.types[name]
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "unknown command %q; use a tool of this node's version", name)
	}
	body := reflect.New(t)
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxCommand)).Decode(body.Interface()); err != nil {
		return nil, messages.Errorf(messages.Invalid, "reading the command %s: %s", name, err)
	}
	if end, ok := body.Interface().(*messages.ControlTerminate); ok {
		return c.env.Ask(ctx, &messages.Signal{To: end.PID, Body: actors.Termination(end.Reason)})
	}
	return c.env.Ask(ctx, body.Interface())
}

func (c *control) ready() error {
	if c.env.Ready.Load() {
		return nil
	}
	return messages.Errorf(messages.Unavailable, "the node is still starting; ask again").WithRetry(true)
}

// Receive implements actor.Actor.
func (c *control) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actors.Request:
		actors.Unknown(m, c.env.ID)
	case *actor.Stopping:
		if c.server != nil { // where Stop was not called
			_ = c.server.Close()
			_ = os.Remove(c.path)
		}
	}
}
