package http

import (
	"bufio"
	"context"
	"encoding/binary"
	"net"
	nethttp "net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

var wsKind = &relayKind{prefix: "ws", header: "X-WS-Relay", frame: wsFrame, closed: "Connection closed by server"}

// highWater is how many bytes may wait for a client unless the option
// wsrelay.queue.bytes or sserelay.queue.bytes says otherwise. Past it the
// connection is closed: a client that does not read must not take all memory.
const highWater = "67108864" // 64 MiB

// maxMessage is the longest message a client may send. A longer one closes the
// connection with status 1009.
const maxMessage = 16 << 20

// newWSRelay makes WebSockets of the requests whose function asks for it.
func newWSRelay(env actors.Env, o *options) middleware {
	origins := relayOrigins(o, "wsrelay.allowed.origins")
	most := o.number("wsrelay.queue.bytes", highWater)
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			held := &relayWriter{ResponseWriter: w, header: wsKind.header}
			next.ServeHTTP(held, r)
			wanted := held.wanted()
			if wanted == "" {
				return
			}
			options, err := parseRelay(env.Procs, wsKind, wanted)
			switch {
			case !ofOrigin(r, origins):
				nethttp.Error(w, "Origin not allowed", nethttp.StatusForbidden)
			case err != nil:
				nethttp.Error(w, err.Error(), nethttp.StatusBadRequest)
			default:
				serveWS(env, w, r, options, most)
			}
		})
	}
}

// wsFrame is the text frame of mail.
func wsFrame(_ *relayOptions, topic string, values []messages.Value) ([]byte, error) {
	b, err := messages.AppendJSON([]byte(`{"topic":`), topic)
	if err != nil {
		return nil, err
	}
	if b, err = appendData(append(b, `,"data":`...), values); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

// serveWS carries a connection until it is closed.
func serveWS(env actors.Env, w nethttp.ResponseWriter, r *nethttp.Request, options relayOptions, most int) {
	w.Header().Del("Content-Length")
	w.Header().Del("Content-Type")
	hijack := &hijacker{ResponseWriter: w}
	out := newOutbox(most, func(t time.Time) { _ = hijack.wire.SetWriteDeadline(t) }) // a closed connection needs none
	conn, err := websocket.Accept(hijack, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the origin was checked
		OnPingReceived: func(_ context.Context, payload []byte) bool {
			out.ping(payload) // the library would give the client five seconds to take it
			return false
		},
	})
	if err != nil {
		return // it was answered
	}
	wire := hijack.wire
	defer conn.CloseNow() //nolint:errcheck // nothing follows
	defer out.gone()
	conn.SetReadLimit(maxMessage)
	live, pid, err := connectTo(env, r, &connect{kind: wsKind, options: options, out: out})
	if err != nil {
		env.Log.Warn("no process for a WebSocket", "endpoint", endpointOf(r.Context()), "error", err.Error())
		wire.close(closeGoingAway, "server is stopping")
		return
	}
	defer context.AfterFunc(live.soft, func() { env.Sys.Root.Send(pid, &drained{}) })()
	defer context.AfterFunc(live.hard, out.abort)()

	read := make(chan struct{})
	go func() {
		defer close(read)
		defer out.abort() // there is nobody to send to any more
		for {
			kind, data, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			var v messages.Value = string(data)
			if kind == websocket.MessageBinary {
				v = &messages.Payload{Format: messages.FormatBytes, Data: v}
			}
			env.Sys.Root.Send(pid, &fromClient{v})
		}
	}()
	end := out.drain(
		func(b []byte) error { return conn.Write(context.Background(), websocket.MessageText, b) },
		func(b []byte) error { return wire.control(opPong, b) },
	)
	if end != nil { // what the client sends until it answers is still delivered
		wire.close(end.code, end.reason)
		late := time.NewTimer(clientPatience)
		select {
		case <-read:
		case <-late.C:
		case <-live.hard.Done():
		}
		late.Stop()
	}
	out.gone()
	_ = conn.CloseNow() // ends the reading
	<-read
	env.Sys.Root.Send(pid, &disconnected{})
}

// hijacker gives the library a connection on which frames of ours can be sent
// too.
type hijacker struct {
	nethttp.ResponseWriter
	wire *wire
}

// Hijack implements net/http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := nethttp.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.wire = &wire{Conn: conn}
	return h.wire, bufio.NewReadWriter(rw.Reader, bufio.NewWriter(h.wire)), nil
}

// wire is the connection below a WebSocket. The library gives a client five
// seconds to take a pong, and to take and answer a close; then it breaks the
// connection off, and with it what the client has still to read. So these frames
// are sent here, between the messages, and the client has its time.
type wire struct {
	net.Conn
	mu   sync.Mutex
	shut bool // a close was sent: nothing may follow it
}

// The frames that are sent here (RFC 6455, 5.5).
const (
	opClose = 0x8
	opPong  = 0xA

	maxReason = 123
)

// Write implements net.Conn for the library.
func (c *wire) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// control sends a control frame. It must not be called while the library sends a
// message.
func (c *wire) control(op byte, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return nil
	}
	c.shut = op == opClose
	_, err := c.Conn.Write(append([]byte{0x80 | op, byte(len(payload))}, payload...))
	return err
}

func (c *wire) close(code int, reason string) {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	_ = c.control(opClose, append(payload, shorten(reason)...)) // whoever is gone needs no reason
}

// shorten makes a reason fit into a close frame.
func shorten(reason string) string {
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	for len(reason) > maxReason {
		_, n := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-n]
	}
	return reason
}
