package standard_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// guestApp is served twice: with short timeouts, and with those that a service
// has by itself.
func guestApp() string {
	app := `
  - {name: short, kind: http.service, addr: "127.0.0.1:0", timeouts: {read: 1s, write: 5s, idle: 1m}, lifecycle: {auto_start: true, stop_timeout: 1s}}
  - {name: plain, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true, stop_timeout: 1s}}
  - {name: at_short, kind: http.router, meta: {server: short}}
  - {name: at_plain, kind: http.router, meta: {server: plain}}
`
	for _, f := range []struct{ name, body string }{
		{"echo", `return (assert(http.request():body()))`},
		{"quick", `return "quick"`},
		{"rest", `time.sleep("2s"); return "rested"`},
		{"wait", `local b, err = http.request({timeout = 300}):body(); return b or "late: " .. err:message()`},
		{"patient", `local b, err = http.request():body(); return b or "late: " .. err:message()`},
		{"reader", `local s = assert(http.request():stream()); local n = 0
while true do local c, err = s:read(); assert(not err, tostring(err)); if not c then return n end; n = n + #c end`},
		{"act", `local req = http.request()
local what = req:query("do")
if what == "nothing" then return "done" end
require("events").send("guests", "began", "/")
if what == "spin" then while true do end end
if what == "sleep" then time.sleep("1h") end
if what == "body" then return (assert(req:body())) end
if what == "stream" then local s = assert(req:stream()); while assert(s:read()) do end; return end
local res, part = http.response(), string.rep("x", 100000)
while true do local err = res:write(part); assert(not err, tostring(err)) end`},
		{"early", `local res = http.response(); for i = 1, 10 do res:write(string.rep("x", 1000)) end`},
	} {
		app += "\n  - name: " + f.name + "\n    kind: function.lua\n    method: main\n    modules: [http, time, events]\n    pool: {type: static, workers: 3}\n    source: |\n      local http, time = require('http'), require('time')\n      return { main = function()\n        " + strings.ReplaceAll(f.body, "\n", "\n        ") + "\n      end }\n"
		for _, at := range []string{"short", "plain"} {
			for _, method := range []string{"GET", "POST"} {
				app += fmt.Sprintf("  - {name: %s.%s.%s, kind: http.endpoint, meta: {router: at_%s}, method: %s, path: /%s, func: %s}\n", f.name, at, strings.ToLower(method), at, method, f.name, f.name)
			}
		}
	}
	return app
}

// guests is a running application and clients that speak HTTP by hand.
type guests struct {
	*testing.T
	rt *boot.Runtime
}

func (g *guests) addr(service string) string {
	g.Helper()
	addr, err := actors.As[string](g.rt.Node().AskEntry(g.Context(), "app:"+service, &http.Addr{}))
	if err != nil {
		g.Fatal(err)
	}
	return addr
}

// guest is one connection of a client.
type guest struct {
	*guests
	net.Conn
	in *bufio.Reader
}

// guestPatience bounds every wait of a client.
const guestPatience = time.Minute

func (g *guests) dial(service, first string) *guest {
	g.Helper()
	c, err := net.Dial("tcp", g.addr(service))
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(guestPatience))
	v := &guest{g, c, bufio.NewReader(c)}
	if _, err := io.WriteString(c, first); err != nil {
		g.Fatal(err)
	}
	return v
}

// answer reads one response whole.
func (v *guest) answer() (status int, body string) {
	v.Helper()
	res, err := nethttp.ReadResponse(v.in, nil)
	if err != nil {
		v.Fatalf("no answer: %v", err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatalf("the answer breaks off: %v", err)
	}
	return res.StatusCode, string(b)
}

func (v *guest) want(status int, body string) {
	v.Helper()
	if s, b := v.answer(); s != status || !strings.Contains(b, body) {
		v.Fatalf("got %d %.100q, want %d %q", s, b, status, body)
	}
}

// ends waits until the server has closed the connection, whatever it sends
// before.
func (v *guest) ends() {
	v.Helper()
	if _, err := io.Copy(io.Discard, v.in); err != nil && err.(net.Error).Timeout() {
		v.Fatal("the connection stays open")
	}
}

// drip sends a byte again and again until the connection is closed.
func (v *guest) drip() {
	go func() {
		for {
			if _, err := io.WriteString(v.Conn, "x"); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // the slowness is what is tested
		}
	}()
}

func request(method, path string, headers ...string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

func startGuests(t *testing.T) *guests {
	return &guests{t, start(t, guestApp())}
}

func TestHostileHeaders(t *testing.T) {
	g := startGuests(t)
	t.Run("byte by byte", func(t *testing.T) {
		g := &guests{t, g.rt}
		v := g.dial("plain", "")
		for _, c := range []byte(request("GET", "/quick")) {
			if _, err := v.Write([]byte{c}); err != nil {
				t.Fatal(err)
			}
		}
		v.want(200, "quick")
	})
	t.Run("never finished", func(t *testing.T) {
		g := &guests{t, g.rt}
		v := g.dial("short", "GET /quick HTTP/1.1\r\nHost: a\r\nX-Slow: ")
		v.drip()
		v.ends()
	})
	for _, service := range []string{"short", "plain"} {
		t.Run("too large for "+service, func(t *testing.T) {
			g := &guests{t, g.rt}
			v := g.dial(service, "")
			go func() {
				_, _ = io.WriteString(v.Conn, request("GET", "/quick", "X-Large: "+strings.Repeat("x", 1<<20)))
			}()
			v.want(431, "")
			v = g.dial(service, "")
			go func() {
				_, _ = io.WriteString(v.Conn, request("GET", "/quick", strings.Repeat("X-A: b\r\n", 1<<17)+"X-B: c"))
			}()
			v.want(431, "")
		})
	}
	g.dial("plain", request("GET", "/quick")).want(200, "quick")
}

func TestHostileBodies(t *testing.T) {
	g := startGuests(t)
	for _, c := range []struct {
		name, service, path string
		length              int
		status              int
		body                string
	}{
		{"too large to be taken", "plain", "/patient", 1 << 30, 200, "request body too large"},
		{"the timeout of the function", "plain", "/wait", 1 << 20, 200, "request timeout after 300ms"},
		{"the timeout of the service", "short", "/patient", 1 << 20, 200, "late: request timeout"},
		{"the timeout of the service in a stream", "short", "/reader", 1 << 20, 500, "timeout"},
		{"not read", "plain", "/quick", 1 << 30, 200, "quick"},
		{"not read, and short", "plain", "/quick", 1000, 200, "quick"},
		{"not read, and written early", "plain", "/early", 1000, 200, "xxxx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &guests{t, g.rt}
			v := g.dial(c.service, request("POST", c.path, fmt.Sprint("Content-Length: ", c.length)))
			if c.length > 1000 {
				v.drip()
			}
			v.want(c.status, c.body)
		})
	}
}

// A client that goes away cancels its function, whatever that does: else it would
// keep one of three workers.
func TestAbandonedRequests(t *testing.T) {
	began := make(chan struct{}, 100)
	g := startGuests(t)
	stop, err := g.rt.Subscribe("guests.**", func(*messages.Event) { began <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	const workers = 3
	for _, c := range []struct{ name, first string }{
		{"sleeps", request("GET", "/act?do=sleep")},
		{"waits for the body", request("POST", "/act?do=body", "Content-Length: 100") + "abc"},
		{"waits for a stream", request("POST", "/act?do=stream", "Content-Length: 100") + "abc"},
		{"sleeps and has a body", request("POST", "/act?do=sleep", "Content-Length: 3") + "abc"},
		{"sleeps and misses the body", request("POST", "/act?do=sleep", "Content-Length: 100") + "abc"},
		{"sleeps and misses the chunks", request("POST", "/act?do=sleep", "Transfer-Encoding: chunked") + "3\r\nabc\r\n"},
		{"computes", request("GET", "/act?do=spin")},
		{"computes and has a body", request("POST", "/act?do=spin", "Content-Length: 3") + "abc"},
	} {
		for _, service := range []string{"plain", "short"} {
			if service == "short" && strings.HasPrefix(c.name, "sleeps and misses") && runtime.GOOS != "linux" {
				continue // once the time to read is over, nothing is read that would tell of the client
			}
			t.Run(c.name+" at "+service, func(t *testing.T) {
				g := &guests{t, g.rt}
				goroutines := runtime.NumGoroutine()
				var all []*guest
				for range workers {
					all = append(all, g.dial(service, c.first))
				}
				for range workers {
					select {
					case <-began:
					case <-time.After(guestPatience):
						t.Fatal("the function does not begin")
					}
				}
				for _, v := range all {
					_ = v.Close()
				}
				free := g.dial("plain", request("GET", "/act?do=nothing"))
				free.want(200, "done")
				_ = free.Close()
				until(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines+5 })
			})
		}
	}
	t.Run("write timeout", func(t *testing.T) { // nobody reads, nobody goes away
		g := &guests{t, g.rt}
		for range workers {
			g.dial("short", request("GET", "/act?do=write"))
			<-began
		}
		g.dial("plain", request("GET", "/act?do=nothing")).want(200, "done")
	})
}

// The time to read a request is not the time to answer it.
func TestReadTimeoutIsForReading(t *testing.T) {
	g := startGuests(t)
	g.dial("short", request("GET", "/rest")).want(200, "rested")
	g.dial("short", request("POST", "/rest", "Content-Length: 3")+"abc").want(200, "rested")
	g.dial("short", request("POST", "/rest", "Content-Length: 3")).want(200, "rested") // the body never comes
	g.dial("short", request("POST", "/echo", "Content-Length: 3")+"abc").want(200, "abc")
}

// Connections that wait for their next request cost little, and nothing of Lua.
// TROUPE_LONG=1 makes 10,000 of them.
func TestIdleConnections(t *testing.T) {
	n := 2000
	switch {
	case testing.Short():
		n = 500
	case os.Getenv("TROUPE_LONG") != "":
		n = 10_000
	}
	g := startGuests(t)
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	g.dial("plain", request("GET", "/quick")).want(200, "quick")
	before, procs := memory(), g.rt.Node().Procs.Len()

	// The clients are a program of their own, so that each end has its own limit of
	// open files, and only the end of the service is measured.
	clients := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIdleClients$")
	clients.Env = append(os.Environ(), idleClients+"="+fmt.Sprint(g.addr("plain"), " ", n))
	clients.Stderr = os.Stderr
	_, err := clients.StdinPipe() // it ends when we do
	if err != nil {
		t.Fatal(err)
	}
	said, err := clients.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = clients.Process.Kill()
		_ = clients.Wait()
	})
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "idle\n" {
		t.Fatalf("the clients said %q, %v", line, err)
	}

	after := memory()
	if each := (int64(after) - int64(before)) / int64(n); each > 48<<10 {
		t.Errorf("a connection costs %d bytes", each)
	} else {
		t.Logf("a connection costs %d bytes", each)
	}
	if now := g.rt.Node().Procs.Len(); now > procs {
		t.Errorf("%d processes, before %d", now, procs)
	}
	g.dial("plain", request("GET", "/quick")).want(200, "quick")
}

// idleClients names the variable that makes TestIdleClients the clients of
// TestIdleConnections: where they connect to, and how many they are.
const idleClients = "TROUPE_IDLE_CLIENTS"

func TestIdleClients(t *testing.T) {
	var addr string
	var n int
	if _, err := fmt.Sscan(os.Getenv(idleClients), &addr, &n); err != nil {
		return // nobody has asked for clients
	}
	var open []net.Conn // what nobody refers to could be closed
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		_ = c.SetDeadline(time.Now().Add(guestPatience))
		if _, err := io.WriteString(c, request("GET", "/quick")); err != nil {
			t.Fatal(err)
		}
		res, err := nethttp.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); string(body) != "quick" {
			t.Fatalf("%q, %v", body, err)
		}
	}
	fmt.Println("idle")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, c := range open {
		_ = c.Close()
	}
}
