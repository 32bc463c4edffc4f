package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const webApp = `
version: "1.0"
namespace: web
entries:
  - {name: server, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: server}, prefix: /}
  - {name: hello, kind: function.lua, method: main, source: "return {main = function() return 'hello' end}"}
  - {name: hello.at, kind: http.endpoint, meta: {router: api}, method: GET, path: /hello, func: hello}
  - {name: json, kind: function.lua, method: main, source: "return {main = function() return {message = 'hello', n = 42, list = {1, 2, 3}} end}"}
  - {name: json.at, kind: http.endpoint, meta: {router: api}, method: GET, path: /json, func: json}
`

// startApp starts an application of one file.
func startApp(t testing.TB, index string, opts ...boot.Option) *boot.Runtime {
	t.Helper()
	rt, err := boot.Start(context.Background(), fstest.MapFS{"_index.yaml": {Data: []byte(index)}}, standard.Parts(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Stop() })
	return rt
}

func troupeWeb(t testing.TB) string {
	rt := startApp(t, webApp)
	addr, err := actors.As[string](rt.Node().AskEntry(t.Context(), "web:server", &http.Addr{}))
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func serve(t testing.TB, paths map[string]nethttp.HandlerFunc) string {
	mux := nethttp.NewServeMux()
	for path, f := range paths {
		mux.HandleFunc("GET "+path, f)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func sendText(w nethttp.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

func sendJSON(w nethttp.ResponseWriter, v any) {
	b, _ := json.Marshal(v)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

func plainWeb(t testing.TB) string {
	return serve(t, map[string]nethttp.HandlerFunc{
		"/hello": func(w nethttp.ResponseWriter, _ *nethttp.Request) { sendText(w, "hello") },
		"/json": func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			sendJSON(w, map[string]any{"message": "hello", "n": 42, "list": []any{1, 2, 3}})
		},
	})
}

// handWeb is net/http before a pool of gopher-lua states that know the request,
// as one writes it by hand.
func handWeb(t testing.TB) string {
	states := sync.Pool{New: func() any {
		l := lua.NewState()
		if err := l.DoString(`
function hello(req) return "hello" end
function json(req) return {message = "hello", n = 42, list = {1, 2, 3}} end`); err != nil {
			panic(err)
		}
		return l
	}}
	handle := func(name string) nethttp.HandlerFunc {
		return func(w nethttp.ResponseWriter, r *nethttp.Request) {
			l := states.Get().(*lua.LState)
			defer states.Put(l)
			req := l.NewTable()
			req.RawSetString("method", lua.LString(r.Method))
			req.RawSetString("path", lua.LString(r.URL.Path))
			if err := l.CallByParam(lua.P{Fn: l.GetGlobal(name), NRet: 1, Protect: true}, req); err != nil {
				nethttp.Error(w, err.Error(), nethttp.StatusInternalServerError)
				return
			}
			v := l.Get(-1)
			l.Pop(1)
			if s, ok := v.(lua.LString); ok {
				sendText(w, string(s))
				return
			}
			sendJSON(w, plain(v))
		}
	}
	return serve(t, map[string]nethttp.HandlerFunc{"/hello": handle("hello"), "/json": handle("json")})
}

// plain makes a Go value of a Lua value.
func plain(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case lua.LBool:
		return bool(v)
	case *lua.LTable:
		if n := v.Len(); n > 0 {
			list := make([]any, n)
			for i := range list {
				list[i] = plain(v.RawGetInt(i + 1))
			}
			return list
		}
		m := map[string]any{}
		v.ForEach(func(k, e lua.LValue) { m[k.String()] = plain(e) })
		return m
	}
	return nil
}

// client is a connection that sends the same request again and again. It makes
// no garbage, so that what is allocated is the server's.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
}

func dial(addr, path string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn), fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, addr)}, nil
}

var lengthHeader = []byte("Content-Length: ")

func (c *client) do() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	length := 0
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
			return fmt.Errorf("the server answered %q", line)
		case len(line) == 2:
			if length == 0 {
				return fmt.Errorf("a response without Content-Length")
			}
			_, err := c.in.Discard(length)
			return err
		}
		if n, ok := bytes.CutPrefix(line, lengthHeader); ok {
			if length, err = strconv.Atoi(string(n[:len(n)-2])); err != nil {
				return err
			}
		}
	}
}

// load sends n requests over 64 connections and reports what became of them.
func load(b *testing.B, addr, path string) {
	const connections = 64
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(addr, path)
		if err != nil {
			b.Fatal(err)
		}
		defer c.conn.Close()
		for range 5 { // warm
			if err := c.do(); err != nil {
				b.Fatal(err)
			}
		}
		clients[i] = c
	}
	times := make([]time.Duration, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for k := i; k < b.N; k += connections {
				begun := time.Now()
				if err := c.do(); err != nil {
					b.Error(err)
					return
				}
				times[k] = time.Since(begun)
			}
		})
	}
	all.Wait()
	perSecond(b, b.N, "req/s")
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

// A function that answers with a text.
func BenchmarkHTTPHello(b *testing.B) { web(b, "/hello") }

// A function that answers with a table, which becomes JSON.
func BenchmarkHTTPJSON(b *testing.B) { web(b, "/json") }

func web(b *testing.B, path string) {
	b.Run("troupe", func(b *testing.B) { load(b, troupeWeb(b), path) })
	b.Run("by-hand", func(b *testing.B) { load(b, handWeb(b), path) })
	b.Run("net-http", func(b *testing.B) { load(b, plainWeb(b), path) })
}

// What one request and one call allocate does not depend on the machine, net/http
// included; the limits leave a little room for other versions of Go.
func TestAllocations(t *testing.T) {
	if raced {
		t.Skip("the race detector makes pools forget what they hold")
	}
	rt := start(t)
	addr := troupeWeb(t)
	perRequest := func(path string) func() {
		c, err := dial(addr, path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.conn.Close() })
		return func() {
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
		}
	}
	const messages = 2000
	for _, c := range []struct {
		name  string
		per   float64
		limit float64
		do    func()
	}{
		{"a call from Go", 1, 14, func() {
			if _, err := rt.Call(context.Background(), "bench:empty", 1); err != nil {
				t.Fatal(err)
			}
		}},
		{"a call from Lua", messages, 12, func() { drive(t, rt, "calls", 8, messages) }},
		{"a message", 2 * messages, 6, func() { drive(t, rt, "pairs", 1, messages) }},
		{"a request for a text", 1, 34, perRequest("/hello")},
		{"a request for JSON", 1, 66, perRequest("/json")},
	} {
		for range 20 {
			c.do() // pools fill
		}
		got := testing.AllocsPerRun(50, c.do) / c.per
		t.Logf("%s: %.1f allocations", c.name, got)
		if got > c.limit {
			t.Errorf("%s takes %.1f allocations; at most %.0f are allowed", c.name, got, c.limit)
		}
	}
}
