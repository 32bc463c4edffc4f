package standard_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/boot"
)

// socksProxy is a SOCKS5 server that connects every name to this machine and keeps
// what it was asked for.
type socksProxy struct {
	net.Listener
	mu   sync.Mutex
	seen []string // user:password@host
}

func newProxy(t *testing.T) *socksProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &socksProxy{Listener: l}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer c.Close()
				_ = p.serve(c) // the client sees that it is over
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wait.Wait()
	})
	return p
}

func (p *socksProxy) port() int { return p.Addr().(*net.TCPAddr).Port }

func (p *socksProxy) serve(c net.Conn) error {
	r := bufio.NewReader(c)
	text := func() string { // of one length byte
		n, _ := r.ReadByte()
		b := make([]byte, n)
		_, _ = io.ReadFull(r, b)
		return string(b)
	}
	_, _ = r.ReadByte()
	methods, who := text(), ""
	if methods[len(methods)-1] == 2 {
		_, _ = c.Write([]byte{5, 2})
		_, _ = r.ReadByte()
		who = text() + ":" + text() + "@"
		_, _ = c.Write([]byte{1, 0})
	} else {
		_, _ = c.Write([]byte{5, 0})
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	host := ""
	switch head[3] {
	case 1:
		ip := make(net.IP, 4)
		_, _ = io.ReadFull(r, ip)
		host = ip.String()
	case 3:
		host = text()
	default:
		return errors.New("an address of another type")
	}
	var port [2]byte
	if _, err := io.ReadFull(r, port[:]); err != nil {
		return err
	}
	p.mu.Lock()
	p.seen = append(p.seen, who+host)
	p.mu.Unlock()
	to, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(binary.BigEndian.Uint16(port[:])))))
	if err != nil {
		_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return err
	}
	defer to.Close()
	_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go func() {
		_, _ = io.Copy(to, r)
		_ = to.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(c, to)
	return err
}

// take gives what was asked for since the last time.
func (p *socksProxy) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.seen = nil }()
	return p.seen
}

// wayLua are functions that send requests themselves or have others do it.
const wayLua = `
local http, funcs = require("http_client"), require("funcs")
local M = {}
function M.get(url, options)
    local r, err = http.get(url, options)
    if err then return nil, err end
    return r.body
end
function M.nested(f, url, network)
    local b = funcs.new()
    if network then
        local err
        b, err = b:with_options({network = network})
        if err then return nil, err end
    end
    return b:call(f, url)
end
function M.parent(url) return process.exec("app:child", "app:a_host", url) end
return M`

// Who goes out which way, and who may choose.
func TestNetworks(t *testing.T) {
	one, two := newProxy(t), newProxy(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := map[string]*socksProxy{"one": one, "two": two}[r.URL.Query().Get("seen")]
		w.Header().Set("Connection", "close")
		if p != nil {
			fmt.Fprint(w, p.take())
			return
		}
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: secrets, kind: env.storage.static, values: {PROXY_PASSWORD: pw}}
  - {name: password, kind: env.variable, storage: secrets, variable: PROXY_PASSWORD}
  - {name: one, kind: network.socks5, host: 127.0.0.1, port: %d}
  - {name: two, kind: network.socks5, host: localhost, port: %d, username: u, password_env: PROXY_PASSWORD}
  - {name: apart, kind: network.socks5, host: 127.0.0.1, port: %d, isolate_streams: true}
  - {name: dead, kind: network.socks5, host: 127.0.0.1, port: 1}
  - {name: chosen, kind: function.lua, method: get, modules: [http_client, funcs], source: %[4]q, meta: {options: {network: "app:two"}}}
  - {name: get, kind: function.lua, method: get, modules: [http_client, funcs], source: %[4]q}
  - {name: nested, kind: function.lua, method: nested, modules: [http_client, funcs], source: %[4]q}
  - {name: child, kind: process.lua, method: get, modules: [http_client, funcs], source: %[4]q}
  - {name: parent, kind: process.lua, method: parent, modules: [http_client, funcs], source: %[4]q}
  - {name: asks, kind: security.policy, policy: {actions: ["http_client.request", "funcs.call", "process.context"], resources: "*", effect: allow}}
  - {name: selects, kind: security.policy, policy: {actions: "network.select", resources: "app:one", effect: allow}}
`, one.port(), two.port(), one.port(), wayLua)+mainProc("http_client, funcs, security, json", fmt.Sprintf(`local port = "%d"`, port)+failsLua+`
local http, funcs, security, json = require("http_client"), require("funcs"), require("security"), require("json")
local U = "http://far.example:" .. port .. "/"
local function seen(name) return http.get("http://127.0.0.1:" .. port .. "/?seen=" .. name).body end
local function went(one, two, v, err)
    if err or v ~= "hello" then error("request: " .. tostring(v) .. " " .. tostring(err), 2) end
    local a, b = seen("one"), seen("two")
    if a ~= one or b ~= two then error("one " .. a .. ", two " .. b, 2) end
end
local function get(o)
    local r, err = http.get(U, o)
    return r and r.body, err
end
went("[far.example]", "[]", get({overlay_network = "app:one"}))
went("[]", "[u:pw@far.example]", get({overlay_network = "app:two"}))
if http.get("http://127.0.0.1:" .. port).body ~= "hello" then return "directly" end
went("[]", "[]", "hello")
-- isolation: every connection has its own credentials
assert(get({overlay_network = "app:apart"})); assert(get({overlay_network = "app:apart"}))
local a, b = seen("one"):match("^%[(%w+:%w+)@far.example (%w+:%w+)@far.example%]$")
if not a or a == b then return "not apart" end
-- batches
local rs, errs = http.request_batch({{"GET", U, {overlay_network = "app:one"}}, {"GET", U, {overlay_network = "app:two"}}, {"GET", U, {overlay_network = "app:none"}}})
if rs[1].body ~= "hello" or rs[2].body ~= "hello" or errs[3]:kind() ~= "NotFound" then return "batch " .. tostring(errs and (errs[1] or errs[2] or errs[3])) end
went("[far.example]", "[u:pw@far.example]", "hello")
-- streams
local s = assert(http.get(U, {overlay_network = "app:one", stream = true})).stream
if s:read() ~= "hello" then return "stream" end
s:close()
went("[far.example]", "[]", "hello")
-- choices are inherited until another one is made
went("[far.example]", "[]", funcs.new():with_options({network = "app:one"}):call("app:get", U))
went("[far.example]", "[]", funcs.new():with_options({network = "app:one"}):call("app:nested", "app:get", U))
went("[]", "[u:pw@far.example]", funcs.new():with_options({network = "app:one"}):call("app:nested", "app:chosen", U))
went("[]", "[u:pw@far.example]", funcs.call("app:chosen", U))
went("[]", "[u:pw@far.example]", funcs.new():with_options({network = "app:one"}):call("app:get", U, {overlay_network = "app:two"}))
went("[far.example]", "[]", process.with_options({network = "app:one"}):exec("app:child", "app:a_host", U))
went("[far.example]", "[]", process.with_options({network = "app:one"}):exec("app:parent", "app:a_host", U))
local f = funcs.new():with_options({network = "app:one"}):async("app:get", U)
f:response():receive()
went("[far.example]", "[]", f:result():data())
-- mistakes
fails("NotFound", "network not found: app:none", get({overlay_network = "app:none"}))
fails("Invalid", "app:a_host is no network", get({overlay_network = "app:a_host"}))
fails("Invalid", "cannot go together", get({overlay_network = "app:one", unix_socket = "/x"}))
local v, err = get({overlay_network = "app:dead"})
if v or err:kind() ~= "Internal" or err:retryable() ~= true then return "dead " .. tostring(err) end
-- permissions: inheritance needs none
local as = funcs.new():with_actor(security.new_actor("u")):with_scope(security.new_scope({assert(security.policy("app:asks")), assert(security.policy("app:selects"))}))
went("[far.example]", "[]", as:call("app:get", U, {overlay_network = "app:one"}))
fails("PermissionDenied", "not allowed: network app:two", as:call("app:get", U, {overlay_network = "app:two"}))
went("[]", "[u:pw@far.example]", as:with_options({network = "app:two"}):call("app:get", U))
fails("PermissionDenied", "not allowed to select network: app:two", as:call("app:nested", "app:get", U, "app:two"))
went("[far.example]", "[]", as:call("app:nested", "app:get", U, "app:one"))
for _, host in ipairs{"127.0.0.1", "localhost", "10.0.0.1"} do
    fails("PermissionDenied", "not allowed: private IP", as:call("app:get", "http://" .. host .. ":" .. port, {overlay_network = "app:one"}))
end
return "ok"`))
	wantOK(t, rt)
}

// Without a choice the default of the configuration is used.
func TestDefaultNetwork(t *testing.T) {
	p := newProxy(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	defer server.Close()
	config, problems := boot.NewConfig(map[string]any{"network_service.default_network": "app:out"})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	rt := start(t, hostEntry+fmt.Sprintf("\n  - {name: out, kind: network.socks5, host: 127.0.0.1, port: %d}\n", p.port())+
		mainProc("http_client", fmt.Sprintf(`return require("http_client").get("http://far.example:%d").body`, server.Listener.Addr().(*net.TCPAddr).Port)),
		boot.WithConfig(config))
	wantOK(t, rt)
	if seen := p.take(); len(seen) != 1 || seen[0] != "far.example" {
		t.Error(seen)
	}
}

// WebSockets go out the way that was chosen for the program.
func TestWebSocketNetwork(t *testing.T) {
	p := newProxy(t)
	at, _ := wsServer(t)
	_, port, _ := net.SplitHostPort(at[len("ws://"):])
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: out, kind: network.socks5, host: 127.0.0.1, port: %d}
  - {name: dead, kind: network.socks5, host: 127.0.0.1, port: 1}
  - {name: connect, kind: function.lua, method: run, modules: [websocket], source: %q}
`, p.port(), `return {run = function(url)
	local c, err = require("websocket").connect(url)
	if err then return nil, err end
	c:send("hello")
	c:channel():receive()
	local m = c:channel():receive()
	c:close()
	return m.data
end}`)+mainProc("funcs", fmt.Sprintf(`
local function by(network) return require("funcs").new():with_options({network = network}):call("app:connect", "ws://far.example:%s/echo") end
local v, err = by("app:out")
if v ~= "hello" then return tostring(v) .. tostring(err) end
v, err = by("app:dead")
if v or err:kind() ~= "Internal" or err:retryable() ~= true then return "dead: " .. tostring(err) end
return "ok"`, port)))
	wantOK(t, rt)
	if seen := p.take(); len(seen) != 1 || seen[0] != "far.example" {
		t.Error(seen)
	}
}
