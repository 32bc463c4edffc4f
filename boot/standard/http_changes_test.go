package standard_test

import (
	"bufio"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/actors"
)

// Routes change hands while requests run, in one change and in any order.
func TestHTTPChanges(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	dir := t.TempDir()
	function := func(name string) string {
		return "  - {name: " + name + ", kind: function.lua, method: main, source: \"return {main = function() return '" + name + "' end}\"}\n"
	}
	at := func(name, router, path, f string) string {
		return "  - {name: " + name + ", kind: http.endpoint, meta: {router: " + router + "}, method: GET, path: " + path + ", func: " + f + "}\n"
	}
	router := func(name, prefix string) string {
		return "  - {name: " + name + ", kind: http.router, meta: {server: web}, prefix: " + prefix + "}\n"
	}
	files := func(cache string) string {
		return "  - {name: files, kind: http.static, meta: {server: web}, path: /files, fs: dir, static_options: {cache: " + cache + "}}\n"
	}
	fixed := "  - {name: web, kind: http.service, addr: \"127.0.0.1:0\", lifecycle: {auto_start: true}}\n" +
		"  - {name: dir, kind: fs.directory, directory: \"" + dir + "\"}\n" +
		function("one") + function("two") + function("three") + router("always", "/always") + at("always.at", "always", "/one", "one")
	before := fixed + files("a") + router("api", "/api") + router("b", "/b") + at("e1", "api", "/x", "one") + at("e2", "api", "/y", "two")
	rt := start(t, before)
	root := strings.TrimSuffix(webAddr(t, rt), "/api")
	apply := func(entries string) error {
		_, err := rt.Apply(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + entries)}})
		return err
	}
	get := func(path string) string {
		status, _, body := fetch(t, "GET", root+path, "")
		if status != nethttp.StatusOK {
			return nethttp.StatusText(status)
		}
		return body
	}
	if err := os.WriteFile(dir+"/f.txt", []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}

	stop := make(chan struct{})
	var running sync.WaitGroup
	for path, want := range map[string]string{"/always/one": "one", "/files/f.txt": "a file"} {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := get(path); got != want {
					t.Errorf("while entries changed, %s gave %s", path, got)
					return
				}
			}
		})
	}
	two := router("api", "/api") + router("b", "/b")
	for _, c := range []struct {
		what, entries string
		want          map[string]string
	}{
		{"a route taken over by a new endpoint", two + at("a0", "api", "/x", "three") + at("e2", "api", "/y", "two"), map[string]string{"/api/x": "three", "/api/y": "two"}},
		{"a route that moves on, and one that takes its place", two + at("e1", "api", "/y", "one") + at("e2", "api", "/z", "two"), map[string]string{"/api/x": "Not Found", "/api/y": "one", "/api/z": "two"}},
		{"the same with a new one", two + at("e0", "api", "/x", "three") + at("e1", "api", "/z", "one") + at("e2", "api", "/y", "two"), map[string]string{"/api/x": "three", "/api/y": "two", "/api/z": "one"}},
		{"prefixes that move on", router("a0", "/api") + router("api", "/b") + router("b", "/c") + at("e1", "api", "/x", "one") + at("e2", "a0", "/y", "two"), map[string]string{"/b/x": "one", "/api/y": "two", "/api/x": "Not Found"}},
		{"another router", two + at("e1", "b", "/x", "one") + at("e2", "api", "/y", "two"), map[string]string{"/b/x": "one", "/api/x": "Not Found"}},
		{"a router that goes, with its endpoints elsewhere", router("b", "/b") + at("e1", "b", "/x", "one") + at("e2", "b", "/y", "two"), map[string]string{"/b/x": "one", "/b/y": "two", "/api/y": "Not Found"}},
		{"a new router with the prefix of another", router("a0", "/api") + router("b", "/b") + at("e1", "a0", "/x", "one") + at("e2", "a0", "/y", "two"), map[string]string{"/api/x": "one", "/api/y": "two"}},
	} {
		for _, entries := range []string{fixed + files("b") + c.entries, before} {
			want := c.want
			if entries == before {
				want = map[string]string{"/api/x": "one", "/api/y": "two", "/b/x": "Not Found", "/api/z": "Not Found"}
			}
			if err := apply(entries); err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			for path, want := range want {
				if got := get(path); got != want {
					t.Errorf("%s: %s gives %s", c.what, path, got)
				}
			}
		}
	}
	for what, entries := range map[string]string{"same prefix": before + router("c", "/b"), "same method and path": before + at("e3", "api", "/y", "one")} {
		if err := apply(entries); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(what, "same ")) {
			t.Errorf("%s: %v", what, err)
		}
		if got := get("/api/x") + get("/api/y"); got != "onetwo" {
			t.Errorf("after %s: %s", what, got)
		}
	}
	close(stop)
	running.Wait()
}

// A server that stops lets go of clients that ask for nothing, at once, and not of
// those whose request runs.
func TestHTTPStop(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	rt := start(t, strings.Replace(web, "auto_start: true", "auto_start: true, stop_timeout: 6s", 1)+
		handler("echo", "/echo", "POST", `return assert(http.request():body())`))
	addr := strings.TrimSuffix(strings.TrimPrefix(webAddr(t, rt), "http://"), "/api")
	dial := func(request string) net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		return c
	}
	const head = "POST /api/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
	active := dial(head)
	answer := bufio.NewReader(active)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // now the function reads
		t.Fatal(line, err)
	}
	silent := dial("") // as browsers open connections ahead
	stopped := make(chan error, 1)
	go func() {
		_, err := actors.Call(t.Context(), rt.Node().Sys, rt.Node().PID("app:web"), &actors.Stop{})
		stopped <- err
	}()
	if n, err := silent.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the silent connection: %d %v", n, err)
	}
	if _, err := io.WriteString(active, "done"); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(answer); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\ndone") {
		t.Errorf("the request that ran: %q %v", rest, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// While an application stops, requests that run find all that they use.
func TestHTTPStopsFirst(t *testing.T) {
	rt := start(t, strings.Replace(web, "[cors, compress, real_ip]", "[]", 1)+hostEntry+`
  - {name: cache, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: job, kind: process.lua, method: main, source: "return {main = function() return 7 end}"}
`+strings.Replace(handler("use", "/use", "POST", `local text = assert(http.request():body())
local store = require("store")
assert(assert(store.get("app:cache")):set("a", text))
return text .. assert(process.exec("app:job", "app:a_host"))`), "modules: [http,", "modules: [store, http,", 1))
	addr := strings.TrimSuffix(strings.TrimPrefix(webAddr(t, rt), "http://"), "/api")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, "POST /api/use HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	answer := bufio.NewReader(c)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatal(line, err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- rt.Stop() }()
	until(t, "the end of listening", func() bool {
		other, err := net.Dial("tcp", addr)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	})
	_, _ = io.WriteString(c, "done")
	if rest, err := io.ReadAll(answer); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\ndone7") {
		t.Errorf("the request that ran: %q %v", rest, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
