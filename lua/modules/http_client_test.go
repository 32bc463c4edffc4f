package modules

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/redirect":
		http.Redirect(w, r, "/echo", http.StatusFound)
		return
	case "/loop":
		http.Redirect(w, r, "/loop", http.StatusFound)
		return
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
		return
	case "/drip":
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	case "/slow":
		<-r.Context().Done()
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
	user, pass, _ := r.BasicAuth()
	file := ""
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if f, h, err := r.FormFile("doc"); err == nil {
			b, _ := io.ReadAll(f)
			file = h.Filename + "=" + string(b) + "," + r.FormValue("a")
		}
	}
	body, _ := io.ReadAll(r.Body)
	cookie, _ := r.Cookie("k")
	fmt.Fprintf(w, "%s %s host=%t x=%s auth=%s:%s cookie=%v body=%s file=%s", r.Method, r.URL.RequestURI(), r.Host == "other", r.Header.Get("X-A"), user, pass, cookie, body, file)
}

// testPool is a pool of connections without limits.
type testPool struct {
	mu      sync.Mutex
	kept    map[string]*http.Transport
	longest time.Duration
}

func newTestPool(t *testing.T) *testPool {
	p := &testPool{kept: map[string]*http.Transport{}}
	t.Cleanup(func() {
		for _, tr := range p.kept {
			tr.CloseIdleConnections()
		}
	})
	return p
}

func (p *testPool) Way() *messages.Network { return nil }
func (p *testPool) Traced() bool           { return true }
func (p *testPool) Longest() time.Duration { return p.longest }
func (p *testPool) Transport(key string, create func() *http.Transport) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept[key] == nil {
		p.kept[key] = create()
	}
	return p.kept[key]
}

func (p *testPool) world(ctx *messages.Context) *world {
	w := &world{answer: func(*lua.Command) any { return messages.HTTPPool(p) }}
	w.self.Context = ctx
	return w
}

func TestHTTPClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the client that does not trust it
	secure.StartTLS()
	defer secure.Close()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	unix := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(echo)}}
	unix.Start()
	defer unix.Close()

	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	host := server.URL
	pool := newTestPool(t)
	prefix := kindOf + fmt.Sprintf("local U, S, K, CA = %q, %q, %q, %q; ", host, secure.URL, socket, authority) +
		`local function body(r, err) if err then return err:kind() .. ":" .. tostring(err) end return r.body end `
	list := []example{
		{name: "get", source: `return body(http_client.get(U .. "/a?b=c", {query = {d = "e f", n = 1}, headers = {["x-a"] = "y", host = "other"}, cookies = {k = "v"}, auth = {user = "u", pass = "p"}}))`, want: "GET /a?b=c&d=e+f host=true x=y auth=u:p cookie=k=v body= file="},
		{name: "post", source: `return body(http_client.post(U .. "/", {body = "hi"}))`, want: "POST / host=false x= auth=: cookie= body=hi file="},
		{name: "form", source: `return body(http_client.put(U .. "/", {form = {a = "1 2"}}))`, want: "PUT / host=false x= auth=: cookie= body=a=1+2 file="},
		{name: "files", source: `return body(http_client.post(U .. "/", {form = {a = "b"}, files = {{name = "doc", filename = "d.txt", content = "text"}}}))`, want: "POST / host=false x= auth=: cookie= body= file=d.txt=text,b"},
		{name: "response", source: `local r = http_client.get(U .. "/redirect"); return show(r.status_code, r.url == U .. "/echo", r.cookies.c, r.headers["Set-Cookie"], r.body_size == #r.body)`, want: "200, true, 1, c=1, true"},
		{name: "empty", source: `local r = http_client.delete(U .. "/empty"); return show(r.status_code, r.body, r.body_size)`, want: "204, nil, 0"},
		{name: "head", source: `local r = http_client.head(U .. "/"); return show(r.status_code, r.body)`, want: "200, nil"},
		{name: "batch", source: `local r, e = http_client.request_batch({{"GET", U .. "/1"}, {method = "POST", url = U .. "/2", opts = {body = "x"}}}); return show(#r, r[1].body:sub(1, 6), r[2].body:sub(1, 7), e)`, want: "2, GET /1, POST /2, nil"},
		{name: "reader", source: `local s = http_client.get(U .. "/a", {stream = true}).stream
local r = body(http_client.post(U .. "/", {form = {a = "b"}, files = {{name = "other", content = "x"}, {name = "doc", filename = "d.txt", reader = s}, {name = "more", content = "y"}}}))
return show(r:match("file=(.*)"), s:read())`, want: "d.txt=GET /a host=false x= auth=: cookie= body= file=,b, nil, nil"},
		{name: "reader in a batch", source: `local s = http_client.get(U .. "/a", {stream = true}).stream
local r, e = http_client.request_batch({{"POST", U, {files = {{name = "doc", reader = s}}}}, {method = "POST", url = U, opts = {files = {{name = "doc", content = "z"}}}}})
return show(e, r[1].body:match("file=(doc=GET)"), r[2].body:match("file=(.*)"))`, want: "nil, doc=GET, doc=z,"},
		{name: "reader twice", source: `local s = http_client.get(U, {stream = true}).stream; return kind(http_client.post(U, {files = {{name = "a", reader = s}, {name = "b", reader = s}}}))`, want: "nil, Invalid"},
		{name: "closed reader", source: `local s = http_client.get(U, {stream = true}).stream; s:close(); return kind(http_client.post(U, {files = {{name = "a", reader = s}}}))`, want: "nil, Invalid"},
		{name: "file without content", source: `return kind(http_client.post(U, {files = {{name = "a"}}}))`, want: "nil, Invalid"},
		{name: "files of nonsense", source: `return kind(http_client.post(U, {files = "x"}))`, want: "nil, Invalid"},
		{name: "other types", source: `return body(http_client.get(U .. "/", {query = {a = true, b = "c"}, headers = {["x-a"] = 7}, cookies = {k = {}}, form = {a = 1}}))`, want: "GET /?b=c host=false x= auth=: cookie= body= file="},
		{name: "stream", source: `local r = http_client.get(U .. "/stream", {stream = true}); return show(r.body, r.body_size, r.status_code, r.stream:read(4), #r.stream:read() > 10, r.stream:read(), r.stream:close(), r.stream:close())`, want: "nil, -1, 200, GET , true, nil, true, true, nil"},
		{name: "stream goes on past the timeout", source: `local r = http_client.get(U .. "/drip", {stream = true, timeout = "2s"}); local s = r.stream:read(); r.stream:close(); return s`, want: "first"},
		{name: "stream that does not begin", source: `return kind(http_client.get(U .. "/slow", {stream = true, timeout = "20ms"}))`, want: "nil, Internal"},
		{name: "stream with a limit", source: `local s = http_client.get(U, {stream = true, max_response_body = 5}).stream; return kind(s:read())`, want: "nil, Internal"},
		{name: "stream of nothing", source: `local r = http_client.get(U .. "/empty", {stream = true}); return show(r.stream:read(), r.stream:scanner():scan())`, want: "nil, false, nil"},
		{name: "stream of a wrong type", source: `return kind(http_client.get(U, {stream = "yes"}))`, want: "nil, Invalid"},
		{name: "timeout of 0", source: `return http_client.get(U, {timeout = 0}).status_code`, want: "200"},
		{name: "network refused", ctx: may("http_client.request " + host), source: `return body(http_client.get(U, {overlay_network = "app:n"}))`, want: "PermissionDenied:not allowed: network app:n"},
		{name: "tls of a wrong type", source: `return kind(http_client.get(S, {tls = true}))`, want: "nil, Invalid"},
		{name: "authority", source: `return http_client.get(S, {tls = {ca = CA, server_name = "example.com"}}).status_code`, want: "200"},
		{name: "not an authority", source: `return kind(http_client.get(S, {tls = {ca = "x"}}))`, want: "nil, Invalid"},
		{name: "batch with problems", source: `local r, e = http_client.request_batch({{"GET", "nothing"}, {"GET", U .. "/2"}}); return show(r[1], r[2].status_code, e[1]:kind(), e[2])`, want: "nil, 200, Invalid, nil"},
		{name: "batch stream", source: `local r, e = http_client.request_batch({{"GET", U, {stream = true}}}); return show(r[1], e[1]:kind())`, want: "nil, Invalid"},
		{name: "batch of nonsense", source: `return kind(http_client.request_batch({1}))`, want: "nil, Invalid"},
		{name: "url", source: `return kind(http_client.get("file:///etc/passwd"))`, want: "nil, Invalid"},
		{name: "method", source: `return kind(http_client.request("A B", U))`, want: "nil, Invalid"},
		{name: "header", source: `return kind(http_client.get(U, {headers = {a = "b\r\nc: d"}}))`, want: "nil, Invalid"},
		{name: "timeout option", source: `return kind(http_client.get(U, {timeout = "soon"}))`, want: "nil, Invalid"},
		{name: "timeout", source: `local r, err = http_client.get(U .. "/slow", {timeout = "20ms"}); return show(r, err:kind(), err:retryable())`, want: "nil, Internal, true"},
		{name: "too large", source: `return kind(http_client.get(U, {max_response_body = 5}))`, want: "nil, Internal"},
		{name: "redirects", source: `return kind(http_client.get(U .. "/loop"))`, want: "nil, Internal"},
		{name: "untrusted", source: `return kind(http_client.get(S))`, want: "nil, Internal"},
		{name: "insecure", source: `return http_client.get(S, {tls = {insecure_skip_verify = true}}).status_code`, want: "200"},
		{name: "cert alone", source: `return kind(http_client.get(S, {tls = {cert = "x"}}))`, want: "nil, Invalid"},
		{name: "unix", source: `return http_client.get("http://u/a", {unix_socket = K}).body:sub(1, 6)`, want: "GET /a"},
		{name: "decode", source: `return kind(http_client.decode_uri("%zz"))`, want: "nil, Invalid"},
		{name: "refused", ctx: may(), source: `return body(http_client.get(U))`, want: "PermissionDenied:not allowed: " + host},
		{name: "private refused", ctx: may("http_client.request " + host), source: `return body(http_client.get(U))`, want: "PermissionDenied:not allowed: private IP 127.0.0.1"},
		{name: "private allowed", ctx: may("http_client.request "+host, "http_client.private_ip 127.0.0.1"), source: `return http_client.get(U).status_code`, want: "200"},
		{name: "redirect refused", ctx: may("http_client.request "+host+"/redirect", "http_client.private_ip 127.0.0.1"), source: `return body(http_client.get(U .. "/redirect"))`, want: "PermissionDenied:not allowed: " + host + "/echo"},
		{name: "socket refused", ctx: may("http_client.request http://u/"), source: `return body(http_client.get("http://u/", {unix_socket = K}))`, want: "PermissionDenied:not allowed: unix socket " + socket},
		{name: "insecure refused", ctx: may("http_client.request " + secure.URL), source: `return body(http_client.get(S, {tls = {insecure_skip_verify = true}}))`, want: "PermissionDenied:not allowed: insecure TLS for " + secure.URL},
	}
	for _, e := range list {
		t.Run(e.name, func(t *testing.T) {
			if got := runSmall(t, pool.world(e.ctx), prefix+e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
		})
	}
}

// The end of the process ends the request.
// Requests are tried again where the program asks for it, twice is not too often, and
// it may help.
func TestHTTPClientRetries(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		status, text, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
		switch {
		case n > 2:
			b, _ := io.ReadAll(r.Body)
			fmt.Fprint(w, n, string(b))
		case status == "cut":
			panic(http.ErrAbortHandler)
		case status == "slow":
			<-r.Context().Done()
		default:
			if text != "" {
				w.Header().Set("Retry-After", text)
			}
			code, _ := strconv.Atoi(status)
			w.WriteHeader(code)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	pool := newTestPool(t)
	for _, e := range []example{
		{name: "not asked for", source: `return get("/503").status_code`, want: "503"},
		{name: "status", source: `return get("/503", R).body`, want: "3"},
		{name: "status for good", source: `return get("/404", R).status_code`, want: "404"},
		{name: "not often enough", source: `return get("/429", {max_attempts = 2}).status_code`, want: "429"},
		{name: "lost", source: `return get("/cut", R).body`, want: "3"},
		{name: "timeout", source: `return get("/slow", R, {timeout = "50ms"}).body`, want: "3"},
		{name: "stream", source: `return get("/502", R, {stream = true}).stream:read()`, want: "3"},
		{name: "the server asks for more time, within limits", source: `return get("/503/86400", R).body`, want: "3"},
		{name: "until then", source: `return get("/503/Mon, 23 Nov 2026 00:00:00 GMT", R).body`, want: "3"},
		{name: "PUT", source: `return send("PUT", "/503", {retry = R, body = "x"}).body`, want: "3x"},
		{name: "POST", source: `return send("POST", "/503", {retry = R, body = "x"}).status_code`, want: "503"},
		{name: "POST with a key", source: `return send("POST", "/503", {retry = R, body = "x", headers = {["Idempotency-Key"] = "k"}}).body`, want: "3x"},
		{name: "reader", source: `local s = http_client.get(U .. "/200", {stream = true}).stream; local r, e = http_client.put(U .. "/503", {retry = R, files = {{name = "a", reader = s}}}); return r.status_code`, want: "503"},
		{name: "no policy", source: `return kind(http_client.get(U, {retry = 3}))`, want: "nil, Invalid"},
		{name: "refused", ctx: may(), source: `return kind(http_client.get(U, {retry = R}))`, want: "nil, PermissionDenied"},
	} {
		t.Run(e.name, func(t *testing.T) {
			asked.Store(0)
			prefix := kindOf + fmt.Sprintf(`local U, R = %q, {max_attempts = 3, initial_delay = "1ms", max_delay = "20ms"}
local function send(method, path, o) return (assert(http_client.request(method, U .. path, o))) end
local function get(path, retry, o) o = o or {}; o.retry = retry; return send("GET", path, o) end `, server.URL)
			if got := runSmall(t, pool.world(e.ctx), prefix+e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
		})
	}
}

func TestHTTPClientAbandoned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	pool := newTestPool(t)
	out := &outgoing{method: "GET", to: server.URL + "/slow", limit: 1, free: true}
	done := make(chan struct{})
	close(done)
	if _, err := out.send(pool, done); !messages.IsKind(err, messages.Internal) {
		t.Errorf("an abandoned request gave %v", err)
	}
	pool.longest = 20 * time.Millisecond
	if _, err := out.send(pool, nil); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("a request longer than the configuration allows gave %v", err)
	}
}

// The end of the process ends what it streams.
func TestHTTPClientStreamEnds(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer server.Close()
	w := newTestPool(t).world(nil)
	if got := runSmall(t, w, fmt.Sprintf(`return http_client.get(%q, {stream = true}).stream:read()`, server.URL)); got != "first" {
		t.Error(got)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the request goes on")
	}
}

// Connections are shared by those who may do everything; who needs a permission
// for an address never gets one that another has made.
func TestHTTPClientConnections(t *testing.T) {
	var made atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	pool := newTestPool(t)
	post := kindOf + fmt.Sprintf(`local r, err = http_client.post(%q, {body = "x"}); return r and r.body or err:message()`, server.URL)
	for _, c := range []struct {
		who  string
		ctx  *messages.Context
		want string
		made int32
	}{
		{"anyone", nil, "x", 1},
		{"anyone again", nil, "x", 1},
		{"an actor without scope", &messages.Context{Actor: &messages.Actor{ID: "a"}}, "x", 1},
		{"who may not", may("http_client.request " + server.URL), "not allowed: private IP 127.0.0.1", 1},
		{"who may", may("http_client.request "+server.URL, "http_client.private_ip 127.0.0.1"), "x", 2},
		{"who may, again", may("http_client.request "+server.URL, "http_client.private_ip 127.0.0.1"), "x", 3},
		{"who may not, again", may("http_client.request " + server.URL), "not allowed: private IP 127.0.0.1", 3},
	} {
		if got := runSmall(t, pool.world(c.ctx), post); got != c.want || made.Load() != c.made {
			t.Errorf("%s: %s over %d connections; want %s, %d", c.who, got, made.Load(), c.want, c.made)
		}
	}
	strict := pool.world(nil)
	strict.self.Strict = true
	if got := runSmall(t, strict, post); got != "not allowed: "+server.URL {
		t.Errorf("strict: %s", got)
	}
}

func TestPrivateIP(t *testing.T) {
	for _, s := range []string{"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "0.1.2.3", "100.64.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "224.0.0.1"} {
		if !privateIP(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "100.128.0.1", "2606:4700::1111"} {
		if privateIP(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as private", s)
		}
	}
}
