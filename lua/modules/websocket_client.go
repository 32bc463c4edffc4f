package modules

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// wsClient is a connection. Its fields do not change once it is connected, but
// for tail, which belongs to the process.
type wsClient struct {
	url     string
	conn    *websocket.Conn
	raw     atomic.Pointer[net.Conn] // the network below conn
	read    time.Duration            // 0 for no limit
	write   time.Duration            // 0 for no limit
	ch      *lua.Channel
	waiting chan struct{} // one for each message that Lua has not taken
	tail    chan struct{} // closed when the last send that began is done

	ended context.Context // the connection shall end
	end   func()
}

const (
	wsReadLimit = 32 << 20
	wsPatience  = 30 * time.Second // for a ping without a limit of its own

	// wsGoodbye is how long a server may take for the close of a connection whose
	// process has ended.
	wsGoodbye = time.Second
)

// wsConnect reads the arguments, connects outside of the process and then starts
// the reading.
func wsConnect(c *lua.Call) (*lua.Command, error) {
	to, may := c.String(0), permissionOf(c)
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
		return nil, messages.Errorf(messages.Invalid, "%q is not a URL of the form ws://host/path", to)
	}
	if !may("websocket.connect", "") || !may("websocket.connect.url", to) {
		return nil, denied("not allowed: %s", to)
	}
	o := &options{table: c.Table(1)}
	w := &wsClient{url: to, tail: closedTail, read: o.millis(c, "read_timeout"), write: o.millis(c, "write_timeout")}
	dial := o.millis(c, "dial_timeout")
	if dial == 0 {
		dial = wsPatience
	}
	d := &websocket.DialOptions{
		Subprotocols: o.texts("protocols"), CompressionMode: o.compression(), CompressionThreshold: o.integer("compression_threshold", 0, 0, 100<<20),
		HTTPClient: &http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) >= 10 {
				return errors.New("more than 10 redirects")
			}
			at := *next.URL
			at.Scheme = map[string]string{"http": "ws", "https": "wss"}[at.Scheme]
			if !may("websocket.connect.url", at.String()) {
				return denied("not allowed: %s", &at)
			}
			return nil
		}},
	}
	if d.HTTPHeader, err = o.headers(); err != nil {
		return nil, err
	}
	d.Host = d.HTTPHeader.Get("Host")
	limit := o.integer("read_limit", 0, 0, 128<<20)
	if limit == 0 {
		limit = wsReadLimit
	}
	w.waiting = make(chan struct{}, o.integer("channel_capacity", 100, 1, 10_000))
	if o.err != nil {
		return nil, o.err
	}

	network := ""
	if self := c.Process(); self.Context != nil {
		network = self.Context.Network
	}
	wait := connections(c, network)
	w.ended, w.end = context.WithCancel(context.Background())
	forget := c.OnEnd(w.end)
	return &lua.Command{
		Go: func(done <-chan struct{}) (any, error) {
			pool, err := wait(done)
			if err != nil {
				return nil, err
			}
			d.HTTPClient.Transport = w.transport(may, pool.Way())
			return nil, w.dial(dial, d, int64(limit))
		},
		Then: func(c *lua.Call, _ any) error {
			ch, tag := c.NewStream(w.end)
			w.ch = ch
			ch.OnTake(func(v any) any {
				select {
				case <-w.waiting:
				default: // the program itself has sent it
				}
				return v
			})
			host := c.Host()
			c.Start(&lua.Command{Go: func(<-chan struct{}) (any, error) {
				w.pump(func(v messages.Value) { host.Push(tag, v) })
				return nil, nil
			}}, func(any, *messages.Error) {
				forget()
				ch.Close() // behind everything that was pushed
			})
			return c.Return(w, nil)
		},
		Catch: func(_ *lua.Call, err *messages.Error) error {
			forget()
			w.end()
			return err
		},
	}, nil
}

var closedTail = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// transport is that of http_client, and remembers the network of the connection.
func (w *wsClient) transport(may permission, way *messages.Network) *http.Transport {
	dial := dialAllowed(may)
	if way != nil {
		dial = dialThrough(way, may)
	}
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err == nil {
			w.raw.Store(&conn)
		}
		return conn, err
	}}
}

// dial connects; the end of the process ends it early.
func (w *wsClient) dial(timeout time.Duration, d *websocket.DialOptions, limit int64) error {
	ctx, cancel := context.WithTimeout(w.ended, timeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, w.url, d)
	if err != nil {
		return wsFailed("connecting to "+w.url, err)
	}
	conn.SetReadLimit(limit)
	w.conn = conn
	context.AfterFunc(w.ended, func() { // it ends within the second it takes at most
		_ = (*w.raw.Load()).SetDeadline(time.Now().Add(wsGoodbye))
		_ = conn.Close(websocket.StatusGoingAway, "")
	})
	return nil
}

// wsFailed keeps refusals; everything else can be different next time.
func wsFailed(doing string, err error) error {
	var refused *messages.Error
	if errors.As(err, &refused) {
		return refused
	}
	return messages.Errorf(messages.Internal, "%s: %s", doing, err).WithRetry(true)
}

// pump reads until the connection ends. It reads no further than the process has
// room for, so the server has to wait for a process that is slow.
func (w *wsClient) pump(push func(messages.Value)) {
	defer w.end()
	for {
		select {
		case w.waiting <- struct{}{}:
		case <-w.ended.Done():
			return
		}
		ctx, cancel := withLimit(w.read)
		kind, data, err := w.conn.Read(ctx)
		cancel()
		if err != nil {
			return
		}
		name := wsText
		if kind == websocket.MessageBinary {
			name = wsBinary
		}
		push((&messages.Table{}).Set("type", name).Set("data", string(data)))
	}
}

// withLimit is a context that ends after d; 0 is no limit.
func withLimit(d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), d)
}

// send begins a send behind those that began before; what it returns does it.
func (w *wsClient) send(kind websocket.MessageType, data string) func() error {
	before, done := w.tail, make(chan struct{})
	w.tail = done
	return func() error {
		defer close(done)
		<-before
		ctx, cancel := withLimit(w.write)
		defer cancel()
		if err := w.conn.Write(ctx, kind, []byte(data)); err != nil {
			_ = w.conn.CloseNow() // what follows would come after a gap
			return wsFailed("sending to "+w.url, err)
		}
		return nil
	}
}

func (w *wsClient) ping() error {
	patience := w.write
	if patience == 0 {
		patience = wsPatience
	}
	ctx, cancel := context.WithTimeout(w.ended, patience)
	defer cancel()
	if err := w.conn.Ping(ctx); err != nil {
		return wsFailed("pinging "+w.url, err)
	}
	return nil
}

// close ends the connection; where the server does not agree it ends too.
func (w *wsClient) close(code websocket.StatusCode, reason string) {
	_ = w.conn.Close(code, reason)
	w.end()
}

// millis is a number of milliseconds or a duration, 0 where it is left out.
func (o *options) millis(c *lua.Call, name string) time.Duration {
	if d, ok := c.Field(1, name).(time.Duration); ok && d >= 0 {
		return d
	}
	d := o.duration(name, time.Millisecond, 0)
	if d < 0 {
		o.wrong(name, "a number of milliseconds or a duration such as \"5s\" is expected")
		return 0
	}
	return d
}

// compression is one of the modes, by number or name.
func (o *options) compression() websocket.CompressionMode {
	switch o.get("compression") {
	case nil, 0.0, "disabled":
	case 1.0, "context_takeover":
		return websocket.CompressionContextTakeover
	case 2.0, "no_context_takeover":
		return websocket.CompressionNoContextTakeover
	default:
		o.wrong("compression", "one of websocket.COMPRESSION is expected")
	}
	return websocket.CompressionDisabled
}
