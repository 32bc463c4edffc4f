package standard_test

import (
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// Module http_client on a whole runtime: shared connections, streams, files, and
// requests whose process ends.
func TestHTTPClient(t *testing.T) {
	var connections, waiting atomic.Int32
	server := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		switch r.URL.Path {
		case "/upload":
			f, h, err := r.FormFile("doc")
			if err != nil {
				nethttp.Error(w, err.Error(), 400)
				return
			}
			b, _ := io.ReadAll(f)
			fmt.Fprintf(w, "%s %d %s %s", h.Filename, len(b), r.FormValue("a"), h.Header.Get("Content-Type"))
		case "/lines":
			for i := range 3 {
				fmt.Fprintf(w, "line %d\n", i)
				_ = nethttp.NewResponseController(w).Flush()
			}
		case "/wait":
			waiting.Add(1)
			_ = nethttp.NewResponseController(w).Flush()
			<-r.Context().Done()
			waiting.Add(-1)
		case "/big":
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		default:
			fmt.Fprint(w, r.Method)
		}
	}))
	server.Config.ConnState = connState(&connections)
	server.Start()
	t.Cleanup(server.Close)
	config, problems := boot.NewConfig(map[string]any{"dispatcher": map[string]any{"http": map[string]any{"timeout": time.Minute, "max_idle_per_host": int64(2), "max_clients": int64(1), "idle_conn_timeout": time.Minute, "max_idle_conns": int64(5)}}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	dir := files(t, map[string]string{"d.txt": "of a file"})
	rt := start(t, hostEntry+`
  - {name: docs, kind: fs.directory, directory: "`+dir+`"}
`+proc("waits", `return { main = function(url) require("http_client").get(url .. "/wait", {timeout = 60}) end }`)+"    modules: [http_client]\n"+
		proc("streams", `return { main = function(url)
    local s = require("http_client").get(url .. "/wait", {stream = true}).stream
    process.inbox():receive()
end }`)+"    modules: [http_client]\n"+
		mainProc("http_client, fs, time", `
local http_client, fs = require("http_client"), require("fs")
local U = "`+server.URL+`"
for _, verb in ipairs({"get", "post", "put", "patch", "delete"}) do
    local r = assert(http_client[verb](U .. "/"))
    if r.body ~= verb:upper() or r.status_code ~= 200 or r.body_size ~= #verb or r.url ~= U .. "/" or r.stream then return verb end
end
if http_client.head(U).body ~= nil or http_client.request("get", U).body ~= "GET" then return "request" end
local r = assert(http_client.get(U .. "/lines", {stream = true}))
local scan, n = r.stream:scanner(), 0
while scan:scan() do
    if scan:text() ~= "line " .. n then return scan:text() end
    n = n + 1
end
if n ~= 3 or r.body_size ~= -1 or r.body ~= nil then return "lines" end
local f = assert(fs.get("app:docs"):open("d.txt"))
r = assert(http_client.post(U .. "/upload", {form = {a = "b"}, files = {{name = "doc", filename = "e.txt", content_type = "text/plain", reader = f}}}))
if r.body ~= "e.txt 9 b application/octet-stream" then return r.body end
local _, err = http_client.get(U .. "/big", {max_response_body = 1000})
if err:kind() ~= "Internal" or err:retryable() then return "big" end
_, err = http_client.get(U .. "/wait", {timeout = "50ms"})
if err:kind() ~= "Internal" or not err:retryable() or not err:message():find("timeout") then return "timeout: " .. tostring(err) end
local rs, errs = http_client.request_batch({{"GET", U}, {"POST", U, {body = "x"}}, {"GET", "nonsense"}})
if rs[1].body ~= "GET" or rs[2].body ~= "POST" or rs[3] or errs[1] or errs[3]:kind() ~= "Invalid" then return "batch" end
if http_client.get(U, {tls = {insecure_skip_verify = true}}).body ~= "GET" then return "more sets of connections than max_clients" end
if http_client.encode_uri("a b&") ~= "a+b%26" or http_client.decode_uri("a+b%26") ~= "a b&" then return "uri" end
return "ok"`), boot.WithConfig(config))
	wantOK(t, rt)
	// 5 verbs and the rest share; a body that is too big, a request that is given up, a batch and another set have their own
	if n := connections.Load(); n > 6 {
		t.Errorf("%d connections", n)
	}
	until(t, "the request that was given up ends", func() bool { return waiting.Load() == 0 })
	for _, name := range []string{"app:waits", "app:streams"} {
		pid, err := rt.Spawn(t.Context(), name, "app:a_host", server.URL)
		if err != nil {
			t.Fatal(err)
		}
		until(t, name+" asks", func() bool { return waiting.Load() == 1 })
		if _, err := rt.Ask(t.Context(), &messages.Signal{To: pid, Body: &messages.Terminate{}}); err != nil {
			t.Fatal(err)
		}
		until(t, name+"'s request ends", func() bool { return waiting.Load() == 0 })
	}
}

func connState(made *atomic.Int32) func(c net.Conn, s nethttp.ConnState) {
	return func(_ net.Conn, s nethttp.ConnState) {
		if s == nethttp.StateNew {
			made.Add(1)
		}
	}
}
