package standard_test

import (
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/messages"
)

// wsServer is the server that programs connect to. How each connection ended is
// in ends.
func wsServer(t *testing.T) (url string, ends chan error) {
	ends = make(chan error, 100)
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		mode := websocket.CompressionDisabled
		if r.URL.Query().Has("compress") {
			mode = websocket.CompressionContextTakeover
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"b"}, CompressionMode: mode})
		if err != nil {
			return
		}
		defer c.CloseNow() //nolint:errcheck // it is over
		c.SetReadLimit(-1)
		ctx := r.Context()
		write := func(kind websocket.MessageType, s string) { _ = c.Write(ctx, kind, []byte(s)) }
		switch r.URL.Path {
		case "/echo":
			write(websocket.MessageText, strings.Join([]string{r.Header.Get("X-A"), r.Host, c.Subprotocol(), r.Header.Get("Sec-WebSocket-Extensions")}, ","))
			for {
				kind, b, err := c.Read(ctx)
				if err != nil {
					ends <- err
					return
				}
				write(kind, string(b))
			}
		case "/burst":
			n, _ := strconv.Atoi(r.URL.Query().Get("n"))
			size, _ := strconv.Atoi(r.URL.Query().Get("size"))
			for i := range n {
				write(websocket.MessageText, fmt.Sprint(i+1, " ", strings.Repeat("x", size)))
			}
			_ = c.Close(4001, "that was all")
		case "/count": // tells how many messages came in order
			for i := 0; ; i++ {
				_, b, err := c.Read(ctx)
				if err != nil || string(b) != fmt.Sprint(i+1) {
					ends <- fmt.Errorf("%d, then %q, %w", i, b, err)
					return
				}
			}
		case "/deaf": // neither reads nor sends
			<-t.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http"), ends
}

// ended is how a connection should end: its close status, and a part of the
// error.
type ended struct {
	code websocket.StatusCode
	text string
}

// wantEnds waits for the ends of connections, in any order.
func wantEnds(t *testing.T, ends chan error, wants ...ended) {
	t.Helper()
	for range len(wants) {
		select {
		case err := <-ends:
			i := slices.IndexFunc(wants, func(e ended) bool {
				return websocket.CloseStatus(err) == e.code && strings.Contains(err.Error(), e.text)
			})
			if i < 0 {
				t.Errorf("a connection ended with %v; want one of %v", err, wants)
				return
			}
			wants = slices.Delete(wants, i, i+1)
		case <-time.After(time.Minute):
			t.Errorf("these connections do not end: %v", wants)
			return
		}
	}
}

func TestWebSocketClient(t *testing.T) {
	url, ends := wsServer(t)
	rt := start(t, hostEntry+mainProc("websocket, time", `
local websocket, time = require("websocket"), require("time")
local U = ...
local c = assert(websocket.connect(U .. "/echo?compress", {
  headers = {["X-A"] = "a", host = "other"}, protocols = {"a", "b"}, dial_timeout = 5000, read_timeout = "1m", write_timeout = time.parse_duration("10s"),
  compression = websocket.COMPRESSION.CONTEXT_TAKEOVER, compression_threshold = 10, read_limit = 2000000, channel_capacity = 10,
}))
local ch = c:channel()
if c:receive() ~= ch then return "two channels" end
local m = ch:receive()
if m.type ~= websocket.TYPE_TEXT or m.data ~= "a,other,b,permessage-deflate" then return m.data end
local function echo(data, kind)
  local ok, err = c:send(data, kind)
  if ok ~= true or err ~= nil then return tostring(err) end
  local m, more = ch:receive()
  return more and m.data == data and m.type
end
local v = echo("hello")
if v ~= "text" then return "text: " .. tostring(v) end
if echo("x", websocket.TEXT) ~= "text" or echo("x", "text") ~= "text" then return "TEXT" end
if echo("\0\255", websocket.BINARY) ~= "binary" or echo("", "binary") ~= "binary" then return "BINARY" end
if echo(string.rep("long ", 200000)) ~= "text" then return "long" end
local ok, err = c:send("x", 7)
if ok or err:kind() ~= "Invalid" then return "type" end
ok, err = c:send("\255")
if ok or err:kind() ~= "Invalid" then return "not UTF-8" end
if pcall(c.send, c, {}) then return "a table" end
ok, err = c:ping()
if ok ~= true or err then return "ping " .. tostring(err) end
for _, code in ipairs({999, 5000, 1005 + 1, 2999}) do
  ok, err = c:close(code)
  if ok or err:kind() ~= "Invalid" then return "close " .. code end
end
ok, err = c:close(4000, string.rep("x", 124))
if ok or err:kind() ~= "Invalid" then return "reason" end

-- several coroutines send at once: the order of the calls holds
local counted = assert(websocket.connect(U .. "/count"))
local done = channel.new(100)
for i = 1, 100 do coroutine.spawn(function() done:send(counted:send(tostring(i))) end) end
for i = 1, 100 do if done:receive() ~= true then return "send in a coroutine" end end
counted:close(websocket.CLOSE_CODES.GOING_AWAY, "counted")
ok, err = counted:send("x")
if ok or err:kind() ~= "Internal" then return "send after close" end
ok, err = counted:ping()
if ok or err:kind() ~= "Internal" then return "ping after close" end

ok, err = c:close(4000, "bye")
if ok ~= true or err then return "close " .. tostring(err) end
m, more = ch:receive()
if m ~= nil or more ~= false then return "the channel is open" end
ok, err = c:close()
if ok ~= true or err then return "close again" end

-- a channel that the program closes ends the connection
local d = assert(websocket.connect(U .. "/echo", {compression = "no_context_takeover"}))
d:channel():close()

-- a message that is too long ends it
local e = assert(websocket.connect(U .. "/burst?n=1&size=1000", {read_limit = 100}))
if e:channel():receive() ~= nil then return "too long" end

-- so does silence, where it is limited
local f = assert(websocket.connect(U .. "/deaf", {read_timeout = 20}))
if f:channel():receive() ~= nil then return "silent" end

-- and a server that does not take what is sent, or a ping
local g = assert(websocket.connect(U .. "/deaf", {write_timeout = 50}))
ok, err = g:ping()
if ok or err:kind() ~= "Internal" or err:retryable() ~= true then return "deaf to a ping" end
ok, err = g:send(string.rep("x", 50000000))
if ok or err:kind() ~= "Internal" or err:retryable() ~= true then return "deaf" end
if g:channel():receive() ~= nil then return "a send that failed" end

if websocket.TEXT ~= 1 or websocket.BINARY ~= 2 or websocket.TYPE_PING ~= "ping" or websocket.TYPE_PONG ~= "pong" or websocket.TYPE_CLOSE ~= "close" or websocket.TYPE_BINARY ~= "binary" then return "types" end
local C = websocket.COMPRESSION
if C.DISABLED ~= 0 or C.CONTEXT_TAKEOVER ~= 1 or C.NO_CONTEXT ~= 2 then return "compression" end
for name, code in pairs({NORMAL = 1000, GOING_AWAY = 1001, PROTOCOL_ERROR = 1002, UNSUPPORTED_DATA = 1003, RESERVED = 1004, NO_STATUS = 1005, ABNORMAL_CLOSURE = 1006, INVALID_PAYLOAD = 1007,
  POLICY_VIOLATION = 1008, MESSAGE_TOO_BIG = 1009, MANDATORY_EXTENSION = 1010, INTERNAL_ERROR = 1011, SERVICE_RESTART = 1012, TRY_AGAIN_LATER = 1013, BAD_GATEWAY = 1014, TLS_HANDSHAKE = 1015}) do
  if websocket.CLOSE_CODES[name] ~= code then return name end
end
return "ok"`))
	wantOK(t, rt, url)
	wantEnds(t, ends, ended{1001, "100, then"}, ended{4000, "bye"}, ended{1001, ""})
}

// Messages come complete and in order however slow the process is, and before
// the close; the server has to wait meanwhile.
func TestWebSocketClientSlow(t *testing.T) {
	url, _ := wsServer(t)
	rt := start(t, hostEntry+mainProc("websocket, time", `
local websocket, time = require("websocket"), require("time")
local U, n, size, capacity = ...
local c = assert(websocket.connect(U .. "/burst?n=" .. n .. "&size=" .. size, {channel_capacity = capacity}))
local ch = c:channel()
for i = 1, n do
  if i % 1000 == 1 then time.sleep("5ms") end
  local m, more = ch:receive()
  if not more then return "the end after " .. (i - 1) end
  if tonumber(m.data:match("^%d+")) ~= i or #m.data < size then return m.data:sub(1, 20) .. " for " .. i end
end
local m, more = ch:receive()
return m == nil and more == false and "ok" or "more"`))
	wantOK(t, rt, url, 20_000, 10, 7)
	wantOK(t, rt, url, 100, 1<<20, 1)
	wantOK(t, rt, url, 1000, 10, 10_000)
}

// The connection ends with its process, however that ends.
func TestWebSocketClientEnds(t *testing.T) {
	url, ends := wsServer(t)
	connect := `
      local websocket = require("websocket")
      local c = assert(websocket.connect(%s .. "/echo"))
      assert(c:channel():receive())
`
	rt := start(t, hostEntry+`
  - name: main
    kind: process.lua
    method: main
    modules: [websocket]
    source: |
      return { main = function(U, how)
`+fmt.Sprintf(connect, "U")+`
      if how == "error" then error("oh") end
      if how == "wait" then process.registry.register("ready"); process.inbox():receive() end
      if how == "upgrade" then process.upgrade(nil, U, "return") end
      return "ok"
      end }
  - name: func
    kind: function.lua
    method: main
    modules: [websocket]
    source: |
      return { main = function(U)
`+fmt.Sprintf(connect, "U")+`
      return "ok"
      end }
`)
	for how, n := range map[string]int{"return": 1, "error": 1, "upgrade": 2} {
		_, err := rt.Exec(t.Context(), "app:main", "app:a_host", url, how)
		if (err != nil) != (how == "error") {
			t.Errorf("%s: %v", how, err)
		}
		for range n {
			wantEnds(t, ends, ended{websocket.StatusGoingAway, ""})
		}
	}
	for range 3 {
		if v, err := call(t, rt, "app:func", url); v != "ok" || err != nil {
			t.Errorf("function: %v, %v", v, err)
		}
		wantEnds(t, ends, ended{websocket.StatusGoingAway, ""})
	}
	pid, err := rt.Spawn(t.Context(), "app:main", "app:a_host", url, "wait")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the connection", func() bool { return rt.Node().Procs.Named("ready") == pid })
	rt.Node().Procs.Find(pid).Kill(messages.Errorf(messages.Canceled, "killed"))
	wantEnds(t, ends, ended{websocket.StatusGoingAway, ""})
}
