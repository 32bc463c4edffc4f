package http

import (
	"context"
	"errors"
	nethttp "net/http"
	"strconv"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

type identityKey struct{}

// identity is on whose behalf a request is served.
func identity(ctx context.Context) *messages.Context {
	as, _ := ctx.Value(identityKey{}).(*messages.Context)
	return as
}

// withIdentity says on whose behalf a request is served; nil for nobody's.
func withIdentity(ctx context.Context, as *messages.Context) context.Context {
	return context.WithValue(ctx, identityKey{}, as)
}

type traceKey struct{}

// inherited is what the function that serves a request inherits.
func inherited(ctx context.Context) *messages.Context {
	as := identity(ctx)
	if headers, ok := ctx.Value(traceKey{}).(map[string]string); ok {
		as = as.Traced(headers)
	}
	return as
}

// route is an endpoint at work: it calls the function and makes a response of
// what came of it.
type route struct {
	env      actors.Env
	id       string
	function string
	to       *actor.PID
	params   []string // names in the path pattern
}

// ServeHTTP implements net/http.Handler. A client that goes away cancels the
// call.
func (t *route) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	var params map[string]string // most routes have none
	if len(t.params) > 0 {
		params = make(map[string]string, len(t.params))
	}
	for _, name := range t.params {
		params[name] = r.PathValue(name)
	}
	x := newExchange(w, r, params)
	ctx := r.Context()
	if r.Body != nil && r.Body != nethttp.NoBody { // one that comes too late ends r.Context(), as a client that goes away does
		var cancel func()
		ctx, cancel = context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		x.gone = cancel
		defer context.AfterFunc(r.Context(), func() {
			if !x.limited.Load() {
				cancel()
			}
		})()
	}
	x.watch()
	result, err := actors.As[*messages.FunctionResult](actors.Call(ctx, t.env.Sys, t.to, &actors.CallWith{
		FunctionCall: &messages.FunctionCall{Function: t.function, Context: inherited(r.Context())},
		Request:      x,
	}))
	broken := x.close()
	var value messages.Value
	if err == nil && len(result.Values) > 0 {
		value = result.Values[0]
		if e, ok := value.(*messages.Error); ok {
			err = e
		}
	}
	switch {
	case ctx.Err() != nil:
		panic(nethttp.ErrAbortHandler) // nobody is there to read an answer
	case err != nil:
		id := failureID(w)
		t.env.Log.Error("HTTP handler failed", "endpoint", t.id, "function", t.function, "method", r.Method, "path", r.URL.Path, "request_id", id, "error", err.Error())
		if x.sent && !broken {
			_ = x.control.Flush() // the client keeps what it was sent
		}
		if x.sent || broken {
			panic(nethttp.ErrAbortHandler) // an end that looks whole would be a lie
		}
		status := nethttp.StatusInternalServerError
		if x.tooLong() {
			status = nethttp.StatusRequestEntityTooLarge
			w.Header().Set("Connection", "close") // the body is not read
		}
		fail(w, status, t.told(w, status, err))
	case broken:
		panic(nethttp.ErrAbortHandler)
	case x.sent:
	case x.touched:
		if x.status == 0 {
			x.status = nethttp.StatusOK
		}
		w.WriteHeader(x.status)
	default:
		if err := writeValue(w, value); err != nil {
			t.env.Log.Error("HTTP handler returned what cannot be sent", "endpoint", t.id, "function", t.function, "request_id", failureID(w), "error", err.Error())
			fail(w, nethttp.StatusInternalServerError, t.told(w, nethttp.StatusInternalServerError, err))
		}
	}
}

// told is what a client hears of an error: all of it, or in strict mode, where clients
// are not to be trusted, the id under which the log has it.
func (t *route) told(w nethttp.ResponseWriter, status int, err error) error {
	if status == nethttp.StatusInternalServerError && t.env.Strict {
		return errors.New("the request failed; the log tells why under the id " + failureID(w))
	}
	return err
}

// fail answers with an error in place of what was prepared.
func fail(w nethttp.ResponseWriter, status int, err error) {
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Cache-Control", "Set-Cookie", "Location", sendfileHeader, filePathHeader, fileNameHeader} {
		h.Del(name)
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(err.Error())) // the client may be gone
}

// writeValue sends what a function returned that left the response alone.
func writeValue(w nethttp.ResponseWriter, v messages.Value) error {
	contentType := "application/json"
	var body []byte
	if p, ok := v.(*messages.Payload); ok {
		text, isText := p.Data.(string)
		switch {
		case isText && p.Format == messages.FormatJSON:
			return writeBody(w, contentType, []byte(text))
		case isText && p.Format == messages.FormatBytes:
			return writeBody(w, "application/octet-stream", []byte(text))
		}
		decoded, err := messages.Decode(p)
		if err != nil {
			return messages.Wrap(err, "sending the result")
		}
		v = decoded
	}
	switch v := v.(type) {
	case nil:
		w.WriteHeader(nethttp.StatusNoContent)
		return nil
	case string:
		contentType, body = "text/plain; charset=utf-8", []byte(v)
	default:
		b, err := messages.EncodeJSON(v)
		if err != nil {
			return messages.Wrap(err, "sending the result as JSON")
		}
		body = b
	}
	return writeBody(w, contentType, body)
}

func writeBody(w nethttp.ResponseWriter, contentType string, body []byte) error {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may be gone
	return nil
}
