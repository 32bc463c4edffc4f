package messages

import (
	"net/http"
	"time"
)

// HTTPPoolGet asks for what outgoing HTTP requests of this node share (by the
// component http_client), and for their way out: that of the network with this id,
// or, for "", the default of the configuration. Answered with a HTTPPool; NotFound
// where there is no such network.
type HTTPPoolGet struct{ Network string }

// HTTPPool keeps the connections of outgoing HTTP requests. Many goroutines may
// use it.
type HTTPPool interface {
	// Transport is the transport kept under a key: at first what create makes,
	// with the limits of the configuration. Whoever knows the key may use its
	// connections, so the key says what they may be used for. It is nil where
	// there is no place for another key: then the request has one of its own.
	Transport(key string, create func() *http.Transport) *http.Transport

	// Way is the network that connections are made through, nil for directly.
	Way() *Network

	// Traced reports whether requests carry the headers of the span around them.
	Traced() bool

	// Longest is the longest time of a request, 0 for no limit.
	Longest() time.Duration
}
