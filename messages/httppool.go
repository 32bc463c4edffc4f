package messages

import (
	"net/http"
	"time"
)

// HTTPPoolGet asks for what outgoing HTTP requests of this node share (by the
// component http_client). Answered with a HTTPPool.
type HTTPPoolGet struct{}

// HTTPPool keeps the connections of outgoing HTTP requests. Many goroutines may
// use it.
type HTTPPool interface {
	// Transport is the transport kept under a key: at first what create makes,
	// with the limits of the configuration. Whoever knows the key may use its
	// connections, so the key says what they may be used for. It is nil where
	// there is no place for another key: then the request has one of its own.
	Transport(key string, create func() *http.Transport) *http.Transport

	// Longest is the longest time of a request, 0 for no limit.
	Longest() time.Duration
}
