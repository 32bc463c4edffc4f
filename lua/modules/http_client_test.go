package modules

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

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

	host := server.URL
	prefix := kindOf + fmt.Sprintf("local U, S, K = %q, %q, %q; ", host, secure.URL, socket) +
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
			w := &world{}
			w.self.Context = e.ctx
			if got := runSmall(t, w, prefix+e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
		})
	}
}

// The end of the process ends the request.
func TestHTTPClientAbandoned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	out := &outgoing{method: "GET", to: server.URL + "/slow", timeout: 1 << 40, limit: 1, may: func(string, string) bool { return true }}
	done := make(chan struct{})
	close(done)
	if _, err := out.send(done); !messages.IsKind(err, messages.Internal) {
		t.Errorf("an abandoned request gave %v", err)
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
