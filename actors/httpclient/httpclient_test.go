package httpclient

import (
	"net/http"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func TestPool(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}, Config: map[string]any{
		"dispatcher.http.timeout": time.Second, "dispatcher.http.idle_conn_timeout": time.Minute,
		"dispatcher.http.max_idle_conns": int64(7), "dispatcher.http.max_idle_per_host": int64(3), "dispatcher.http.max_clients": int64(2),
	}})
	p := actorstest.Must[messages.HTTPPool](t, n, "http_client", &messages.HTTPPoolGet{})
	create := func() *http.Transport { return &http.Transport{} }
	a := p.Transport("a", create)
	if a == nil || p.Transport("a", create) != a || a.IdleConnTimeout != time.Minute || a.MaxIdleConns != 7 || a.MaxIdleConnsPerHost != 3 || p.Longest() != time.Second {
		t.Errorf("%+v", a)
	}
	if b := p.Transport("b", create); b == nil || b == a {
		t.Error("another key has no transport of its own")
	}
	if c := p.Transport("c", create); c != nil {
		t.Error("there are more transports than max_clients")
	}
	p.(*pool).close()
	if p.Transport("a", create) != nil {
		t.Error("a closed pool keeps connections")
	}
	if d := newPool(nil); d.idle != idleTimeout || d.maxIdle != maxIdle || d.perHost != maxIdleHost || d.clients != maxTransports || d.longest != 0 {
		t.Errorf("without a configuration: %+v", d)
	}
}
