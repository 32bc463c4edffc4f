package standard_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// sseStream is the client's end of a stream.
type sseStream struct {
	*relayTest
	body io.ReadCloser
	scan *bufio.Reader
}

// stream opens a stream whose relay has these options.
func (r *relayTest) stream(options string) *sseStream {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	r.Cleanup(cancel)
	req, err := nethttp.NewRequestWithContext(ctx, "GET", r.base+"/join?kind=SSE&o="+urlEscape(options), nil)
	if err != nil {
		r.Fatal(err)
	}
	client := &nethttp.Transport{DisableKeepAlives: true} // it would ask again where a kept connection is gone
	res, err := client.RoundTrip(req)
	if err != nil {
		r.Fatal(err)
	}
	h := res.Header
	if res.StatusCode != 200 || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-cache" || h.Get("X-Accel-Buffering") != "no" || h.Get("X-Other") != "kept" || h.Get("X-SSE-Relay") != "" {
		r.Fatalf("answer: %d %v", res.StatusCode, h)
	}
	r.Cleanup(func() { _ = res.Body.Close() })
	return &sseStream{r, res.Body, bufio.NewReader(res.Body)}
}

// event reads the next event or comment, whole.
func (s *sseStream) event() string {
	s.Helper()
	var b strings.Builder
	for {
		line, err := s.scan.ReadString('\n')
		if err != nil {
			s.Fatalf("reading an event: %v, after %q", err, b.String())
		}
		if line == "\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

func (s *sseStream) want(want string) {
	s.Helper()
	if got := s.event(); got != want {
		s.Fatalf("got %q, want %q", got, want)
	}
}

// done reads the last event and the end.
func (s *sseStream) done(reason string) {
	s.Helper()
	s.want("event: done\ndata: {\"reason\":\"" + reason + "\"}\n")
	if rest, err := io.ReadAll(s.scan); len(rest) > 0 || err != nil {
		s.Fatalf("after the end: %q, %v", rest, err)
	}
}

func (r *relayTest) send(to, topic string, v ...any) {
	r.Helper()
	if err := r.rt.Send(to, topic, v...); err != nil {
		r.Fatal(err)
	}
}

func TestSSERelay(t *testing.T) {
	r := startRelays(t)
	s := r.stream(`{"metadata":{"user":"u1"}}`)
	join := r.next("one", "sse.join")
	pid := join.Get("from").(string)
	data := join.Get("data").(*messages.Table)
	if b, _ := messages.EncodeJSON(data.Get("metadata")); data.Len() != 2 || data.Get("client_pid") != pid || string(b) != `{"user":"u1"}` {
		t.Fatalf("join: %v", data)
	}
	r.send(pid, "other", "ignored")
	r.send(pid, "sse.message", "text\nin\r\nlines")
	s.want("event: sse.message\ndata: text\ndata: in\ndata: lines\n")
	r.send(pid, "sse.message", map[string]any{"a": 1})
	s.want("event: sse.message\ndata: {\"a\":1}\n")
	r.send(pid, "sse.message")
	s.want("event: sse.message\ndata: null\n")
	r.send(pid, "sse.message", "a", true)
	s.want("event: sse.message\ndata: [\"a\",true]\n")
	r.order("one", "bytes", map[string]any{"pid": pid, "topic": "sse.message", "data": "abc"})
	s.want("event: sse.message\ndata: YWJj\n")

	// control: every topic, another target
	r.send(pid, "sse.control", map[string]any{"message_topic": "*", "target_pid": r.rt.Node().Procs.Named("two"), "metadata": 7})
	r.next("one", "sse.leave")
	r.next("two", "sse.join")
	r.send(pid, "any\nthing", 1)
	s.want("event: any thing\ndata: 1\n")
	r.send(pid, "sse.control", map[string]any{"heartbeat_interval": "5ms"})
	beat := r.next("two", "sse.heartbeat").Get("data").(*messages.Table)
	if _, ok := beat.Get("uptime").(string); !ok || beat.Get("message_count") != 6.0 || beat.Get("client_pid") != pid || beat.Get("metadata") != 7.0 {
		t.Errorf("heartbeat: %v", beat)
	}
	s.want(": ping\n")

	// an empty target detaches: the stream lives on without one
	r.send(pid, "sse.control", map[string]any{"heartbeat_interval": "0", "target_pid": "", "message_topic": "m"})
	for len(r.seen) > 0 || !r.leftBy("two") {
	}
	r.send(pid, "m", "alone")
	for e := s.event(); e != "event: m\ndata: alone\n"; e = s.event() {
		if e != ": ping\n" {
			t.Fatalf("got %q", e)
		}
	}
	r.send(pid, "sse.close", "all told")
	s.done("all told")
	until(t, "the end of the process", func() bool { return r.rt.Node().Procs.Find(pid) == nil })
}

// leftBy reports whether the next thing that hub name tells is sse.leave, and not
// one more heartbeat.
func (r *relayTest) leftBy(name string) bool {
	r.Helper()
	select {
	case e := <-r.told:
		if e.Kind != name || e.Path != "sse.leave" && e.Path != "sse.heartbeat" {
			r.Fatalf("%s is told %s", e.Kind, e.Path)
		}
		return e.Path == "sse.leave"
	case <-time.After(time.Minute):
		r.Fatal("it does not leave")
	}
	return false
}

// A stream without a target waits for a process that attaches.
func TestSSERelayDetached(t *testing.T) {
	r := startRelays(t)
	s := r.stream(`{"target_pid":"none","message_topic":"m","metadata":{"a":1}}`)
	ready, _ := strings.CutPrefix(strings.TrimSpace(s.event()), "event: ready\ndata: ")
	v, err := messages.DecodeJSON([]byte(ready))
	if err != nil {
		t.Fatalf("ready: %s", ready)
	}
	pid, _ := v.(*messages.Table).Get("stream_pid").(string)
	if want := `{"stream_pid":"` + pid + `","message_topic":"m","metadata":{"a":1}}`; ready != want {
		t.Errorf("ready: %s, want %s", ready, want)
	}
	r.send(pid, "sse.control", map[string]any{"target_pid": r.rt.Node().Procs.Named("one")})
	r.joined("one", "sse.join")
	r.send(pid, "m", "hi")
	s.want("event: m\ndata: hi\n")
	r.order("one", "burst", map[string]any{"pid": pid, "topic": "m", "n": 10})
	r.send("one", "exit")
	for i := 1; i <= 10; i++ {
		s.want(fmt.Sprintf("event: m\ndata: %d\n", i))
	}
	s.done("target process exited")
}

func TestSSERelayEnds(t *testing.T) {
	r := startRelays(t)
	r.stream(`{"idle_timeout":"20ms"}`).done("idle timeout")
	r.cameAndWent()
	r.stream(`{"hard_timeout":"1200ms"}`).done("hard timeout") // it outlives the timeouts of the service
	r.cameAndWent()

	s := r.stream(`{}`) // limits that come later
	pid := r.joined("one", "sse.join")
	r.send(pid, "sse.control", map[string]any{"idle_timeout": "1h", "hard_timeout": "1h"})
	r.send(pid, "sse.control", map[string]any{"idle_timeout": "10ms"})
	s.done("idle timeout")
	r.next("one", "sse.leave")

	s = r.stream(`{}`)
	r.send(r.joined("one", "sse.join"), "sse.close")
	s.done("closed by server")
	r.next("one", "sse.leave")

	s = r.stream(`{}`)
	r.order("one", "cancel", map[string]any{"pid": r.joined("one", "sse.join"), "reason": "enough"})
	s.done("enough")
	r.next("one", "sse.leave")

	s = r.stream(`{}`)
	pid = r.joined("one", "sse.join")
	r.order("two", "monitor", map[string]any{"pid": pid})
	r.order("two", "send", map[string]any{"pid": pid, "topic": "sse.message", "data": "m"})
	s.want("event: sse.message\ndata: m\n")
	_ = s.body.Close() // the client goes
	r.next("one", "sse.leave")
	if e := r.next("two", "pid.exit"); e.Get("from") != pid {
		t.Errorf("exit: %v", e)
	}

	s = r.stream(`{}`) // a slow client: all in order, then the end
	pid = r.joined("one", "sse.join")
	const n = 3000
	r.order("one", "burst", map[string]any{"pid": pid, "topic": "sse.message", "n": n})
	r.order("one", "send", map[string]any{"pid": pid, "topic": "sse.close", "data": "that was all"})
	for i := 1; i <= n; i++ {
		if i%500 == 0 {
			time.Sleep(time.Millisecond) // the slowness is what is tested
		}
		s.want(fmt.Sprintf("event: sse.message\ndata: %d\n", i))
	}
	s.done("that was all")
	r.next("one", "sse.leave")

	s = r.stream(`{}`) // one that does not read is given up
	pid = r.joined("one", "sse.join")
	big := strings.Repeat("x", 100_000)
	r.flood(pid, "sse.message", big)
	for e := s.event(); strings.HasPrefix(e, "event: sse.message"); e = s.event() {
		if len(e) < 100_000 {
			t.Fatalf("an event of %d bytes", len(e))
		}
		if next, _ := s.scan.Peek(11); string(next) == "event: done" {
			break
		}
	}
	s.done("client too slow: more than 1000000 bytes wait for it")
	r.next("one", "sse.leave")

	s = r.stream(`{}`)
	r.joined("one", "sse.join")
	go func() {
		_, _ = actors.Call(context.Background(), r.rt.Node().Sys, r.rt.Node().PID("app:web"), &actors.Stop{})
	}()
	s.done("server is stopping")
}

// cameAndWent is told of one stream from its beginning to its end.
func (r *relayTest) cameAndWent() {
	r.Helper()
	r.next("one", "sse.join")
	r.next("one", "sse.leave")
}
