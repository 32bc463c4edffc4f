package http

import (
	"errors"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/troupe-go/troupe/actors"
)

func TestOfOrigin(t *testing.T) {
	list := []string{"*.friend.example", "partner.example:8443", "https://exact.example", "localhost"}
	for origin, want := range map[string]bool{
		"":                             true,
		"http://own.example":           true,
		"https://OWN.example":          true,
		"http://own.example:81":        false,
		"https://a.friend.example":     true,
		"https://a.b.friend.example:9": true,
		"https://friend.example":       false,
		"https://notfriend.example":    false,
		"https://partner.example:8443": true,
		"https://partner.example":      false,
		"https://exact.example":        true,
		"http://exact.example":         false,
		"http://localhost:3000":        true,
		"null":                         false,
		"http://%zz":                   false,
		"http://a.friend.example.evil": false,
		"http://evil?.friend.example":  false,
		"http://evil/a.friend.example": false,
	} {
		r := httptest.NewRequest("GET", "http://own.example/", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if got := ofOrigin(r, list); got != want {
			t.Errorf("%q: %v", origin, got)
		}
		if !ofOrigin(r, []string{"*"}) {
			t.Errorf("%q is not one of all", origin)
		}
	}
}

func TestRelayOrigins(t *testing.T) {
	for want, values := range map[string]map[string]string{
		"a": {"wsrelay.allowed.origins": "a", "allow_origins": "b", "allowed_origins": "c"},
		"b": {"allow_origins": "b", "allowed_origins": "c"},
		"c": {"allowed_origins": "c"},
		"":  {},
	} {
		if got := strings.Join(relayOrigins(&options{values: values, known: map[string]bool{}}, "wsrelay.allowed.origins"), ","); got != want {
			t.Errorf("%v: %s", values, got)
		}
	}
}

// Whatever a function and the options say, what is sent around them stays a
// stream of events and a close frame.
func FuzzEvent(f *testing.F) {
	f.Add("topic", "a\nb\r\nc\rd")
	f.Add("\r\n\r\nevent: x", "\n\n")
	f.Fuzz(func(t *testing.T, name, data string) {
		lines := strings.Split(lineEnds.Replace(string(eventOf(name, data))), "\n")
		if !strings.HasPrefix(lines[0], "event: ") || len(lines) < 4 || lines[len(lines)-1]+lines[len(lines)-2] != "" {
			t.Fatalf("%q", lines)
		}
		var got []string
		for _, l := range lines[1 : len(lines)-2] {
			d, ok := strings.CutPrefix(l, "data: ")
			if !ok {
				t.Fatalf("%q is no line of data", l)
			}
			got = append(got, d)
		}
		if strings.Join(got, "\n") != lineEnds.Replace(data) {
			t.Errorf("%q became %q", data, got)
		}
		s := shorten(data)
		if len(s) > maxReason || !utf8.ValidString(s) || len(data) <= maxReason && utf8.ValidString(data) && s != data {
			t.Errorf("%q became %q", data, s)
		}
	})
}

func FuzzParseRelay(f *testing.F) {
	for _, s := range []string{`{}`, `{"target_pid":"{a:b|0x1}"}`, `{"target_pid":"","heartbeat_interval":"1s","metadata":[1]}`, `[`, `7`, `{"idle_timeout":1}`} {
		f.Add(s)
	}
	procs := actors.NewProcs("n")
	f.Fuzz(func(t *testing.T, header string) {
		for _, k := range []*relayKind{wsKind, sseKind} {
			o, err := parseRelay(procs, k, header)
			if err == nil && (o.topic == "" || o.target != "" || !k.detachable || o.heartbeat < 0 || o.idle < 0 || o.hard < 0) {
				t.Errorf("%s: %+v", header, o)
			}
		}
	})
}

func TestOutbox(t *testing.T) {
	var limit time.Time
	o := newOutbox(3*itemCost, func(t time.Time) { limit = t })
	for _, s := range []string{"a", "b"} {
		if !o.put([]byte(s)) {
			t.Fatal("no room")
		}
	}
	if o.put([]byte(strings.Repeat("x", itemCost))) {
		t.Error("more than the high-water mark has room")
	}
	o.ping([]byte("1"))
	o.ping([]byte("2"))
	o.finish(&ending{1000, "first"}, []byte("last"))
	o.finish(&ending{1001, "second"}, nil)
	if !o.put([]byte("late")) {
		t.Error("after the end nothing is too much")
	}
	if time.Until(limit) < clientPatience/2 {
		t.Errorf("the limit of a send is %v", limit)
	}
	var got []string
	send := func(b []byte) error { got = append(got, string(b)); return nil }
	pong := func(b []byte) error { got = append(got, "pong "+string(b)); return nil }
	if end := o.drain(send, pong); end == nil || end.reason != "first" || strings.Join(got, ",") != "pong 2,a,b,last" || o.bytes != 0 {
		t.Errorf("sent %v, then %v, %d bytes left", got, end, o.bytes)
	}

	o = newOutbox(1<<20, func(t time.Time) { limit = t })
	o.put([]byte("a"))
	if end := o.drain(func([]byte) error { return errors.New("gone") }, nil); end != nil {
		t.Errorf("after a failure: %v", end)
	}
	ended := make(chan *ending)
	o = newOutbox(1<<20, func(t time.Time) { limit = t })
	go func() { ended <- o.drain(send, pong) }()
	o.abort()
	if end := <-ended; end != nil || time.Until(limit) > 0 {
		t.Errorf("after an abort: %v, %v", end, limit)
	}
}

// A long queue gives the room of what was sent back, and keeps its order.
func TestOutboxOrder(t *testing.T) {
	o := newOutbox(1<<30, func(time.Time) {})
	next := byte(0)
	for i := range 10_000 {
		o.put([]byte{byte(i)})
		if i%3 == 0 {
			continue
		}
		if b, _, _ := o.take(); b[0] != next {
			t.Fatalf("%d comes, %d is next", b[0], next)
		}
		next++
	}
	if len(o.waiting) > 8000 {
		t.Errorf("%d places are kept", len(o.waiting))
	}
}

// A response that is compressed can still become a WebSocket.
func TestCompressorSwitches(t *testing.T) {
	rec := httptest.NewRecorder()
	c := &compressor{ResponseWriter: rec, least: 1024}
	c.WriteHeader(nethttp.StatusSwitchingProtocols)
	c.finish()
	if rec.Code != nethttp.StatusSwitchingProtocols {
		t.Errorf("got %d", rec.Code)
	}
}
