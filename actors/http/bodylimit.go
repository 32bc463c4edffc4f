package http

import (
	nethttp "net/http"
	"strconv"

	"github.com/troupe-go/troupe/actors"
)

// newBodyLimit refuses requests with larger bodies: at once where the client
// tells the size, else when the function reads past the limit and fails.
func newBodyLimit(_ actors.Env, o *options) middleware {
	limit := int64(o.number("body_limit.max_bytes", "10485760"))
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.ContentLength > limit {
				w.Header().Set("Connection", "close") // the body is not read
				nethttp.Error(w, "request body too large: the limit is "+strconv.FormatInt(limit, 10)+" bytes", nethttp.StatusRequestEntityTooLarge)
				return
			}
			c := *r
			c.Body = nethttp.MaxBytesReader(nil, r.Body, limit) // given w it would write headers while others do
			next.ServeHTTP(w, &c)
		})
	}
}
