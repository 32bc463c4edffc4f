package http

import (
	nethttp "net/http"

	"github.com/google/uuid"

	"github.com/troupe-go/troupe/actors"
)

// requestIDHeader carries the id of a request, both ways.
const requestIDHeader = "X-Request-Id"

// newRequestID gives each request an id: the one it came with, if that is sane,
// else a new one. The function reads it as a header of the request.
func newRequestID(actors.Env, *options) middleware {
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			id := r.Header.Get(requestIDHeader)
			if !saneID(id) {
				id = uuid.NewString()
				c := *r
				c.Header = r.Header.Clone()
				c.Header.Set(requestIDHeader, id)
				r = &c
			}
			w.Header().Set(requestIDHeader, id)
			next.ServeHTTP(w, r)
		})
	}
}

// saneID reports whether an id may stand in log lines and headers as it is.
func saneID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=':
		default:
			return false
		}
	}
	return id != "" && len(id) <= 128
}

// failureID is the id under which the log tells of a failed request. The client
// gets it in a header, with middleware request_id or without.
func failureID(w nethttp.ResponseWriter) string {
	id := w.Header().Get(requestIDHeader)
	if !saneID(id) {
		id = uuid.NewString()
		w.Header().Set(requestIDHeader, id)
	}
	return id
}
