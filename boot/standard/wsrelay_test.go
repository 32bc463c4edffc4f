package standard_test

import (
	"context"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// hubs are two processes that tell of all they get as events hub.<name>, and
// carry out orders; relays serves WebSockets and streams to them.
const hubs = hostEntry + `
  - name: hub
    kind: process.lua
    method: main
    modules: [events]
    source: |
      local ops = {
        send = function(o) return process.send(o.pid, o.topic, o.data) end,
        many = function(o) return process.send(o.pid, o.topic, o.data, o.data) end,
        bytes = function(o) return process.send(o.pid, o.topic, payload.new(o.data):transcode(payload.format.BYTES)) end,
        burst = function(o)
          for i = 1, o.n do
            local ok, err = process.send(o.pid, o.topic, i)
            if not ok then return nil, err end
          end
          return true
        end,
        monitor = function(o) return process.monitor(o.pid) end,
        link = function(o) return process.link(o.pid) end,
        cancel = function(o) return process.cancel(o.pid, o.reason) end,
        terminate = function(o) return process.terminate(o.pid) end,
      }
      return { main = function(name)
        process.set_options({trap_links = true})
        process.registry.register(name)
        local inbox, lifecycle = process.inbox(), process.events()
        while true do
          local r = channel.select{inbox:case_receive(), lifecycle:case_receive()}
          if r.channel == lifecycle then
            local e = r.value
            if e.kind == process.event.CANCEL then return end
            local res = e.result or {}
            events.send("hub", name, e.kind, {from = e.from, value = res.value, error = res.error and tostring(res.error)})
          else
            local m = r.value
            local p = m:payload()
            if m:topic() == "exit" then return "gone" end
            if m:topic() == "fail" then error("asked to") end
            if m:topic() == "order" then
              local o = p:data()
              local ok, err = ops[o.op](o)
              if not ok then events.send("hub", name, "failed", {error = tostring(err)}) end
            else
              events.send("hub", name, m:topic(), {data = p:data(), format = p:get_format(), from = m:from()})
            end
          end
        end
      end }
  - {name: one, kind: process.service, process: app:hub, host: app:a_host, input: [one], lifecycle: {auto_start: true, restart: {initial_delay: 1h}}}
  - {name: two, kind: process.service, process: app:hub, host: app:a_host, input: [two], lifecycle: {auto_start: true, restart: {initial_delay: 1h}}}
  - {name: web, kind: http.service, addr: "127.0.0.1:0", timeouts: {write: 1s, read: 1s}, lifecycle: {auto_start: true, stop_timeout: 1s}}
  - name: api
    kind: http.router
    meta: {server: web}
    prefix: /api
    middleware: [compress, metrics]
    post_middleware: [sse_relay, websocket_relay]
    post_options: {wsrelay.allowed.origins: "*.friend.example,partner.example", sserelay.queue.bytes: "1000000", wsrelay.queue.bytes: "5000000"}
` + `
  - name: join
    kind: function.lua
    method: main
    modules: [http, json]
    source: |
      return { main = function()
        local req, res = http.request(), http.response()
        local kind = req:query("kind") or "WS"
        local o = json.decode(req:query("o") or "{}")
        if o.target_pid == nil then o.target_pid = process.registry.lookup("one") end
        if o.target_pid == "none" then o.target_pid = nil end
        res:set_header("X-" .. kind .. "-Relay", req:query("raw") or json.encode(o))
        res:set_header("X-Other", "kept")
        if req:query("status") then res:set_status(201) end
        if req:query("body") then res:write("text") end
        if req:query("fail") then error("broken") end
      end }
  - {name: join.at, kind: http.endpoint, meta: {router: api}, method: GET, path: /join, func: join}
`

// relayTest is a running application of hubs and what its processes tell.
type relayTest struct {
	*testing.T
	rt   *boot.Runtime
	base string
	told chan *messages.Event
	seen []*messages.Event // that nobody has asked for
	slow atomic.Int32      // clients that were given up
}

// slowClients counts the lines of the log about clients that were given up.
type slowClients struct {
	slog.Handler
	n *atomic.Int32
}

func (h slowClients) Enabled(context.Context, slog.Level) bool { return true }

func (h slowClients) Handle(_ context.Context, l slog.Record) error {
	if strings.HasPrefix(l.Message, "connection closed: client too slow") {
		h.n.Add(1)
	}
	return nil
}
func (h slowClients) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h slowClients) WithGroup(string) slog.Handler      { return h }

func startRelays(t *testing.T) *relayTest {
	r := &relayTest{T: t, told: make(chan *messages.Event, 100_000)}
	rt := start(t, hubs, boot.WithLogger(slog.New(slowClients{slog.DiscardHandler, &r.slow})))
	r.rt, r.base = rt, webAddr(t, rt)
	stop, err := rt.Subscribe("hub.**", func(e *messages.Event) { r.told <- e })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for _, name := range []string{"one", "two"} {
		until(t, name, func() bool { return rt.Node().Procs.Named(name) != "" })
	}
	return r
}

// dial opens a WebSocket whose relay has these options.
func (r *relayTest) dial(options string, header ...string) *websocket.Conn {
	r.Helper()
	h := nethttp.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	c, res, err := websocket.Dial(r.Context(), r.base+"/join?o="+urlEscape(options), &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		r.Fatal(err)
	}
	if res.Header.Get("X-Other") != "kept" || res.Header.Get("X-WS-Relay") != "" {
		r.Errorf("headers of the answer: %v", res.Header)
	}
	c.SetReadLimit(-1)
	r.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func urlEscape(s string) string {
	return strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", " ", "%20", "|", "%7C", "*", "%2A").Replace(s)
}

// next is the next thing that hub name tells, which must be what. The hubs are
// processes of their own: what one tells has no order with what the other does.
func (r *relayTest) next(name, what string) *messages.Table {
	r.Helper()
	late := time.After(time.Minute)
	for i := 0; ; i++ {
		for i >= len(r.seen) {
			select {
			case e := <-r.told:
				r.seen = append(r.seen, e)
			case <-late:
				r.Fatalf("%s is not told %s", name, what)
			}
		}
		e := r.seen[i]
		if e.Kind != name {
			continue
		}
		t, _ := e.Data.(*messages.Table)
		if e.Path != what {
			b, _ := messages.EncodeJSON(t)
			r.Fatalf("%s is told %s %s, in place of %s", e.Kind, e.Path, b, what)
		}
		r.seen = slices.Delete(r.seen, i, i+1)
		return t
	}
}

// joined waits for the join of a connection and returns its PID.
func (r *relayTest) joined(name, topic string) string {
	r.Helper()
	pid, _ := r.next(name, topic).Get("data").(*messages.Table).Get("client_pid").(string)
	if r.rt.Node().Procs.Find(pid) == nil || !strings.HasPrefix(pid, "{app:web|0x") {
		r.Fatalf("%q is no PID of a connection", pid)
	}
	return pid
}

func (r *relayTest) order(name, op string, o map[string]any) {
	r.Helper()
	o["op"] = op
	if err := r.rt.Send(name, "order", o); err != nil {
		r.Fatal(err)
	}
}

// flood sends the same until the client, which does not read, is given up.
func (r *relayTest) flood(pid, topic, v string) {
	r.Helper()
	before := r.slow.Load()
	until(r, "a client that is given up", func() bool {
		for range 20 {
			err := r.rt.Send(pid, topic, v)
			if messages.IsKind(err, messages.NotFound) {
				return true // it is gone
			}
			if err != nil {
				r.Fatal(err)
			}
		}
		return r.slow.Load() > before
	})
}

func (r *relayTest) read(c *websocket.Conn, want string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	kind, b, err := c.Read(ctx)
	if err != nil || kind != websocket.MessageText || string(b) != want {
		r.Fatalf("read %v %s, %v; want %s", kind, b, err, want)
	}
}

func (r *relayTest) closed(c *websocket.Conn, code websocket.StatusCode, reason string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	_, b, err := c.Read(ctx)
	if want := fmt.Sprintf("status = %v and reason = %q", code, reason); err == nil || !strings.Contains(err.Error(), want) {
		r.Fatalf("read %s, %v; want the end with %s", b, err, want)
	}
}

func (r *relayTest) write(c *websocket.Conn, kind websocket.MessageType, s string) {
	r.Helper()
	if err := c.Write(r.Context(), kind, []byte(s)); err != nil {
		r.Fatal(err)
	}
}

func TestWSRelay(t *testing.T) {
	r := startRelays(t)
	c := r.dial(`{"metadata":{"user":"u1"}}`)
	join := r.next("one", "ws.join")
	pid := join.Get("from").(string)
	data := join.Get("data").(*messages.Table)
	if b, _ := messages.EncodeJSON(data.Get("metadata")); data.Len() != 2 || data.Get("client_pid") != pid || string(b) != `{"user":"u1"}` {
		t.Fatalf("join: %v", data)
	}

	// client to process
	r.write(c, websocket.MessageText, "hello")
	if m := r.next("one", "ws.message"); m.Get("data") != "hello" || m.Get("from") != pid || m.Get("format") != messages.FormatLua {
		t.Errorf("a text frame gives %v", m)
	}
	r.write(c, websocket.MessageBinary, "\x00\xff")
	if m := r.next("one", "ws.message"); m.Get("data") != "\x00\xff" || m.Get("format") != messages.FormatBytes {
		t.Errorf("a binary frame gives %v", m)
	}
	long := strings.Repeat("x", 1<<20)
	r.write(c, websocket.MessageText, long)
	if m := r.next("one", "ws.message"); m.Get("data") != long {
		t.Error("a long frame is not the same")
	}

	// process to client
	r.order("one", "send", map[string]any{"pid": pid, "topic": "news", "data": map[string]any{"list": []any{"a", 1}}})
	r.read(c, `{"topic":"news","data":{"list":["a",1]}}`)
	r.order("one", "send", map[string]any{"pid": pid, "topic": "ws.message", "data": "text"})
	r.read(c, `{"topic":"ws.message","data":"text"}`)
	r.order("one", "bytes", map[string]any{"pid": pid, "topic": "raw", "data": "abc"})
	r.read(c, `{"topic":"raw","data":"YWJj"}`)
	r.order("one", "send", map[string]any{"pid": pid, "topic": "raw", "data": "\xff"})
	r.read(c, `{"topic":"raw","data":"/w=="}`)
	r.order("one", "many", map[string]any{"pid": pid, "topic": "two", "data": "v"})
	r.read(c, `{"topic":"two","data":["v","v"]}`)
	if err := r.rt.Send(pid, "from go"); err != nil {
		t.Fatal(err)
	}
	r.read(c, `{"topic":"from go","data":null}`)

	// a ping is answered
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	pinged := make(chan error, 1)
	go func() { pinged <- c.Ping(ctx) }()
	r.order("one", "send", map[string]any{"pid": pid, "topic": "t", "data": 1})
	r.read(c, `{"topic":"t","data":1}`)
	reading, stop := context.WithCancel(t.Context())
	defer stop()
	got := make(chan string, 1)
	go func() { _, b, _ := c.Read(reading); got <- string(b) }()
	if err := <-pinged; err != nil {
		t.Errorf("ping: %v", err)
	}

	// control: another target and topic
	two := r.rt.Node().Procs.Named("two")
	if err := r.rt.Send(pid, "ws.control", map[string]any{"target_pid": "nonsense", "message_topic": "ignored"}); err != nil {
		t.Fatal(err)
	}
	if err := r.rt.Send(pid, "ws.control", map[string]any{"target_pid": two, "message_topic": "chat", "metadata": "m2"}); err != nil {
		t.Fatal(err)
	}
	if leave := r.next("one", "ws.leave"); leave.Get("data").(*messages.Table).Get("client_pid") != pid {
		t.Errorf("leave: %v", leave)
	}
	if m := r.next("two", "ws.join").Get("data").(*messages.Table); m.Get("client_pid") != pid || m.Get("metadata") != "m2" {
		t.Errorf("join: %v", m)
	}
	r.write(c, websocket.MessageText, "there")
	if m := r.next("two", "chat"); m.Get("data") != "there" {
		t.Errorf("chat: %v", m)
	}
	if err := r.rt.Send(pid, "ws.control", map[string]any{"heartbeat_interval": "5ms"}); err != nil {
		t.Fatal(err)
	}
	beat := r.next("two", "ws.heartbeat").Get("data").(*messages.Table)
	uptime, _ := beat.Get("uptime").(string)
	if _, err := time.ParseDuration(uptime); err != nil || beat.Get("message_count") != 4.0 || beat.Get("client_pid") != pid || beat.Get("metadata") != "m2" {
		t.Errorf("heartbeat: %v", beat)
	}
	if err := r.rt.Send(pid, "ws.control", map[string]any{"heartbeat_interval": "0"}); err != nil {
		t.Fatal(err)
	}

	// ws.close comes last, and its default reason
	for _, m := range []string{"a", "b"} {
		if err := r.rt.Send(pid, m, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.rt.Send(pid, "ws.close"); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != `{"topic":"a","data":"a"}` {
		t.Errorf("got %s", s)
	}
	r.read(c, `{"topic":"b","data":"b"}`)
	r.closed(c, websocket.StatusNormalClosure, "Connection closed by server")
	for {
		e := <-r.told
		if e.Path == "ws.leave" {
			break
		}
		if e.Path != "ws.heartbeat" {
			t.Fatalf("told %s", e.Path)
		}
	}
	if r.rt.Node().Procs.Find(pid) != nil {
		t.Error("the process outlives its connection")
	}
}

// The connection is a process: monitored, linked, canceled and terminated like
// any other; it ends with its target.
func TestWSRelayLife(t *testing.T) {
	r := startRelays(t)
	watch := func() (*websocket.Conn, string) {
		c := r.dial(`{}`)
		pid := r.joined("one", "ws.join")
		r.order("two", "monitor", map[string]any{"pid": pid})
		r.order("two", "link", map[string]any{"pid": pid})
		r.order("two", "send", map[string]any{"pid": pid, "topic": "watched", "data": 1})
		r.read(c, `{"topic":"watched","data":1}`)
		return c, pid
	}
	c, pid := watch() // the client goes
	_ = c.Close(websocket.StatusNormalClosure, "bye")
	r.next("one", "ws.leave")
	if e := r.next("two", "pid.exit"); e.Get("from") != pid || e.Get("error") != nil {
		t.Errorf("exit: %v", e)
	}

	c, _ = watch() // the client is cut off
	_ = c.CloseNow()
	r.next("one", "ws.leave")
	r.next("two", "pid.exit")

	c, pid = watch() // canceled
	r.order("two", "cancel", map[string]any{"pid": pid, "reason": "enough " + strings.Repeat("€", 60)})
	r.closed(c, websocket.StatusNormalClosure, "enough "+strings.Repeat("€", 38))
	r.next("one", "ws.leave")
	if e := r.next("two", "pid.exit"); !strings.HasPrefix(e.Get("value").(string), "enough") {
		t.Errorf("exit: %v", e)
	}

	c, pid = watch() // terminated
	r.order("two", "terminate", map[string]any{"pid": pid})
	r.closed(c, websocket.StatusInternalError, "connection terminated")
	r.next("one", "ws.leave")
	if e := r.next("two", "pid.exit"); e.Get("error") != "process was terminated" {
		t.Errorf("exit: %v", e)
	}
	if e := r.next("two", "pid.link.down"); e.Get("from") != pid {
		t.Errorf("link: %v", e)
	}

	c, pid = watch() // the target ends, behind what it has sent
	r.order("one", "burst", map[string]any{"pid": pid, "topic": "n", "n": 100})
	if err := r.rt.Send("one", "exit"); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 100; i++ {
		r.read(c, fmt.Sprintf(`{"topic":"n","data":%d}`, i))
	}
	r.closed(c, websocket.StatusGoingAway, "target process exited")
	if e := r.next("two", "pid.exit"); e.Get("value") != "target process exited" {
		t.Errorf("exit: %v", e)
	}
}

// A failure goes along a link into the connection, which ends.
func TestWSRelayLinked(t *testing.T) {
	r := startRelays(t)
	c := r.dial(`{}`)
	pid := r.joined("one", "ws.join")
	r.order("two", "link", map[string]any{"pid": pid})
	r.order("two", "send", map[string]any{"pid": pid, "topic": "linked", "data": true})
	r.read(c, `{"topic":"linked","data":true}`)
	r.order("one", "monitor", map[string]any{"pid": pid})
	r.order("one", "send", map[string]any{"pid": pid, "topic": "watched", "data": true})
	r.read(c, `{"topic":"watched","data":true}`)
	if err := r.rt.Send("two", "fail"); err != nil {
		t.Fatal(err)
	}
	r.closed(c, websocket.StatusInternalError, "connection terminated")
	r.next("one", "ws.leave")
	if e := r.next("one", "pid.exit"); !strings.Contains(fmt.Sprint(e.Get("error")), "linked process failed: ") {
		t.Errorf("exit: %v", e)
	}
}

// The relay refuses what it cannot serve, and leaves other answers alone.
func TestWSRelayRefused(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	r := startRelays(t)
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	for _, c := range []struct {
		query  string
		header []string
		status int
		body   string
	}{
		{`o={"target_pid":"nonsense"}`, upgrade, 400, `Invalid target PID: "nonsense" is not a PID*`},
		{`o={"target_pid":"{app:a_host|0x0ffff}"}`, upgrade, 400, "Invalid target PID: process not found*"},
		{`o={"target_pid":"none"}`, upgrade, 400, "Invalid target PID: *missing*"},
		{`o={"target_pid":7}`, upgrade, 400, "Invalid target PID: a string is expected*"},
		{`o={"heartbeat_interval":"soon"}`, upgrade, 400, "Invalid heartbeat_interval: *"},
		{`o={"heartbeat_interval":"-1s"}`, upgrade, 400, "Invalid heartbeat_interval: *negative*"},
		{`o={"message_topic":""}`, upgrade, 400, "Invalid message_topic: *"},
		{`raw=nonsense`, upgrade, 400, "Invalid X-WS-Relay header: *"},
		{`raw=7`, upgrade, 400, "Invalid X-WS-Relay header: *"},
		{``, append([]string{"Origin", "http://evil.example"}, upgrade...), 403, "Origin not allowed*"},
		{``, append([]string{"Origin", "null"}, upgrade...), 403, "Origin not allowed*"},
		{``, append([]string{"Origin", "http://friend.example.evil.example"}, upgrade...), 403, "Origin not allowed*"},
		{``, nil, 426, "*"},
		{`status=1`, upgrade, 201, ""},
		{`body=1`, upgrade, 200, "text"},
		{`fail=1`, upgrade, 500, "*broken*"},
		{`kind=SSE&o={"target_pid":"nonsense"}`, nil, 400, "Invalid target PID: *"},
		{`kind=SSE&o={"idle_timeout":"x"}`, nil, 400, "Invalid idle_timeout: *"},
		{`kind=SSE&o={"target_pid":"none"}`, []string{"Origin", "http://evil.example"}, 403, "Origin not allowed*"},
		{`kind=SSE&status=1`, nil, 201, ""},
		{`kind=SSE&body=1`, nil, 200, "text"},
	} {
		status, h, body := fetch(t, "GET", r.base+"/join?"+urlEscape(c.query), "", c.header...)
		if status != c.status || !glob(c.body, body) || h.Get("X-WS-Relay")+h.Get("X-SSE-Relay") != "" {
			t.Errorf("%s %v: got %d %q %v", c.query, c.header, status, body, h)
		}
	}
	for _, origin := range []string{r.base[:strings.LastIndex(r.base, "/")], "https://a.friend.example", "https://partner.example"} {
		r.dial(`{}`, "Origin", origin)
		r.joined("one", "ws.join")
	}
}

// However slow the client is, it gets everything in order, and the close last.
func TestWSRelaySlowClient(t *testing.T) {
	r := startRelays(t)
	c := r.dial(`{}`)
	pid := r.joined("one", "ws.join")
	const n = 20_000
	r.order("one", "burst", map[string]any{"pid": pid, "topic": "n", "n": n})
	r.order("one", "send", map[string]any{"pid": pid, "topic": "ws.close", "data": "that was all"})
	for i := 1; i <= n; i++ {
		if i%1000 == 0 {
			time.Sleep(time.Millisecond) // the slowness is what is tested
		}
		r.read(c, fmt.Sprintf(`{"topic":"n","data":%d}`, i))
	}
	r.closed(c, websocket.StatusNormalClosure, "that was all")
	r.next("one", "ws.leave")

	// one that does not read at all is given up, with what had room in order
	c = r.dial(`{}`)
	pid = r.joined("one", "ws.join")
	big := strings.Repeat("x", 1<<20)
	r.flood(pid, "big", big)
	got := 0
	for {
		_, b, err := c.Read(t.Context())
		if err != nil {
			if !strings.Contains(err.Error(), "client too slow: more than 5000000 bytes wait for it") {
				t.Errorf("the end: %v", err)
			}
			break
		}
		if got++; !strings.HasPrefix(string(b), `{"topic":"big"`) {
			t.Fatalf("got %.40s", b)
		}
	}
	if got < 4 {
		t.Errorf("%d messages of 1 MB had room", got)
	}
	r.next("one", "ws.leave")
}

// Many clients send at once: what each one sends arrives complete and in order.
func TestWSRelayManyClients(t *testing.T) {
	r := startRelays(t)
	const clients, each = 10, 500
	before := r.rt.Node().Procs.Len()
	for i := range clients {
		c := r.dial(`{}`)
		go func() {
			for n := range each {
				if c.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, "%d %d", i, n)) != nil {
					return
				}
			}
			_ = c.Close(websocket.StatusNormalClosure, "")
		}()
	}
	next := map[any]int{}
	for joined, left := 0, 0; left < clients; {
		var e *messages.Event
		select {
		case e = <-r.told:
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d left", left, joined)
		}
		d := e.Data.(*messages.Table)
		from := d.Get("from")
		switch e.Path {
		case "ws.join":
			joined++
		case "ws.leave":
			if left++; next[from] != each {
				t.Errorf("%v left after %d messages", from, next[from])
			}
		default:
			if _, n, _ := strings.Cut(d.Get("data").(string), " "); n != fmt.Sprint(next[from]) {
				t.Fatalf("%v: %s comes, %d is next", from, n, next[from])
			}
			next[from]++
		}
	}
	until(t, "the end of the processes", func() bool { return r.rt.Node().Procs.Len() == before })
}

// A service that stops closes its connections, and waits for them.
func TestWSRelayStop(t *testing.T) {
	r := startRelays(t)
	c := r.dial(`{}`)
	r.joined("one", "ws.join")
	stuck := r.dial(`{}`) // does not read: the stop does not wait for ever
	pid := r.joined("one", "ws.join")
	if err := r.rt.Send(pid, "big", strings.Repeat("x", 4<<20)); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() {
		_, err := actors.Call(t.Context(), r.rt.Node().Sys, r.rt.Node().PID("app:web"), &actors.Stop{})
		stopped <- err
	}()
	r.closed(c, websocket.StatusGoingAway, "server is stopping")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	r.next("one", "ws.leave")
	r.next("one", "ws.leave")
	_ = stuck.CloseNow()
	if _, err := r.rt.Node().AskEntry(t.Context(), "app:web", &http.Addr{}); err == nil {
		t.Error("the service runs")
	}
}
