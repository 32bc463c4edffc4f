package http

import (
	"context"
	nethttp "net/http"
	"strings"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

var sseKind = &relayKind{
	prefix: "sse", header: "X-SSE-Relay", detachable: true, frame: sseFrame, closed: "closed by server",
	last: func(reason string) []byte {
		return event("done", []messages.Value{(&messages.Table{}).Set("reason", reason)})
	},
}

// newSSERelay makes streams of events of the requests whose function asks for it.
func newSSERelay(env actors.Env, o *options) middleware {
	origins := relayOrigins(o, "sserelay.allowed.origins")
	most := o.number("sserelay.queue.bytes", highWater)
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			held := &relayWriter{ResponseWriter: w, header: sseKind.header}
			next.ServeHTTP(held, r)
			wanted := held.wanted()
			if wanted == "" {
				return
			}
			options, err := parseRelay(env.Procs, sseKind, wanted)
			switch {
			case !ofOrigin(r, origins):
				nethttp.Error(w, "Origin not allowed", nethttp.StatusForbidden)
			case err != nil:
				nethttp.Error(w, err.Error(), nethttp.StatusBadRequest)
			default:
				serveSSE(env, w, r, options, most)
			}
		})
	}
}

// sseFrame is the event of mail, if it has the topic that is forwarded.
func sseFrame(o *relayOptions, topic string, values []messages.Value) ([]byte, error) {
	if topic != o.topic && o.topic != "*" {
		return nil, nil
	}
	if len(values) == 1 {
		if s, ok := textual(values[0]).(string); ok {
			return eventOf(topic, s), nil
		}
	}
	b, err := appendData(nil, values)
	if err != nil {
		return nil, err
	}
	return eventOf(topic, string(b)), nil
}

// event is an event of values that can be encoded.
func event(name string, values []messages.Value) []byte {
	b, err := appendData(nil, values)
	if err != nil { // metadata that came from Lua and has no JSON
		b = []byte("null")
	}
	return eventOf(name, string(b))
}

var (
	lineEnds  = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	noLineEnd = strings.NewReplacer("\r", " ", "\n", " ")
)

// eventOf is one event in the form of text/event-stream.
func eventOf(name, data string) []byte {
	b := append([]byte("event: "), noLineEnd.Replace(name)...)
	for line := range strings.SplitSeq(lineEnds.Replace(data), "\n") {
		b = append(append(b, "\ndata: "...), line...)
	}
	return append(b, "\n\n"...)
}

// serveSSE carries a stream until it is closed.
func serveSSE(env actors.Env, w nethttp.ResponseWriter, r *nethttp.Request, options relayOptions, most int) {
	control := nethttp.NewResponseController(w)
	h := w.Header()
	h.Del("Content-Length")
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("Connection", "keep-alive")
	h.Set("X-Accel-Buffering", "no")

	out := newOutbox(most, func(t time.Time) { _ = control.SetWriteDeadline(t) }) // without deadlines it takes longer
	defer out.gone()
	live, pid, err := connectTo(env, r, &connect{kind: sseKind, options: options, out: out})
	if err != nil {
		nethttp.Error(w, err.Error(), nethttp.StatusServiceUnavailable)
		return
	}
	defer env.Sys.Root.Send(pid, &disconnected{})
	defer context.AfterFunc(live.soft, func() { env.Sys.Root.Send(pid, &drained{}) })()
	defer context.AfterFunc(live.hard, out.abort)()
	defer context.AfterFunc(r.Context(), out.abort)()

	// the timeouts of the server are for requests that come to an end by themselves
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	w.WriteHeader(nethttp.StatusOK)
	if control.Flush() != nil {
		return
	}
	end := out.drain(func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return err
		}
		return control.Flush()
	}, nil)
	if end == nil {
		panic(nethttp.ErrAbortHandler) // an end that looks whole would be a lie
	}
	out.gone()
	_ = control.SetWriteDeadline(time.Time{}) // the next request of the connection has none of ours
}
