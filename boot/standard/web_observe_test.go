package standard_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	nethttp "net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/troupe-go/troupe/boot"
)

// logLines keeps what is logged.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// find waits for a line whose fields are as wanted.
func (l *logLines) find(t testing.TB, want map[string]any) map[string]any {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		lines := strings.Split(l.text.String(), "\n")
		l.mu.Unlock()
	next:
		for _, text := range lines {
			var line map[string]any
			if json.Unmarshal([]byte(text), &line) != nil {
				continue
			}
			for k, v := range want {
				if line[k] != v {
					continue next
				}
			}
			return line
		}
	}
	t.Fatalf("no line with %v in\n%s", want, l.text.String())
	return nil
}

// Ids of requests, the access log and the limit of bodies.
func TestRequestMiddleware(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	var lines logLines
	rt := start(t, `
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api, middleware: [access_log, request_id, body_limit], options: {body_limit.max_bytes: "10"}}
  - {name: bare, kind: http.router, meta: {server: web}, prefix: /bare}
`+
		handler("id", "/id", "GET", `return http.request():header("x-request-id")`)+
		handler("fails", "/fails", "GET", `error("broken")`)+
		strings.Replace(handler("bare_fails", "/fails", "GET", `http.response():set_status(201); error("broken")`), "router: api", "router: bare", 1)+
		handler("body", "/body", "POST", `local b, err = http.request():body(); if err then error(err) end; return b`)+
		handler("stream", "/stream", "POST", `local s, n = http.request():stream(), 0
while true do local c, err = s:read(4); if err then error(err) end; if not c then return n end; n = n + #c end`)+
		handler("patient", "/patient", "POST", `local b, err = http.request():body(); return err and "told: " .. err:message() or b`),
		boot.WithLogger(slog.New(slog.NewJSONHandler(&lines, nil))))
	base := webAddr(t, rt)

	_, h, body := fetch(t, "GET", base+"/id", "", "X-Request-Id", "a-1")
	if body != "a-1" || h.Get("X-Request-Id") != "a-1" {
		t.Errorf("a sane id: %q %v", body, h)
	}
	line := lines.find(t, map[string]any{"msg": "HTTP request", "request_id": "a-1"})
	if line["method"] != "GET" || line["path"] != "/api/id" || line["status"] != 200.0 || line["bytes"] != 3.0 || line["router"] != "app:api" || line["remote"] == "" {
		t.Errorf("access log: %v", line)
	}
	for _, bad := range []string{"", "a b", "x\"y", "ä", strings.Repeat("x", 129)} {
		_, h, body := fetch(t, "GET", base+"/id?secret=1", "", "X-Request-Id", bad)
		if _, err := uuid.Parse(body); err != nil || h.Get("X-Request-Id") != body {
			t.Errorf("in place of %q: %q %v", bad, body, h)
		}
	}
	for _, path := range []string{"/api/fails", "/bare/fails"} {
		status, h, body := fetch(t, "GET", webRoot(t, rt)+path, "")
		line := lines.find(t, map[string]any{"msg": "HTTP handler failed", "request_id": h.Get("X-Request-Id")})
		if status != 500 || h.Get("X-Request-Id") == "" || !strings.Contains(body, "broken") || line["path"] != path {
			t.Errorf("%s: %d %q %v %v", path, status, body, h, line)
		}
	}
	lines.find(t, map[string]any{"msg": "HTTP request", "path": "/api/fails", "status": 500.0})

	chunked := func(path, text string) (int, string) {
		res, err := nethttp.Post(base+path, "text/plain", io.MultiReader(strings.NewReader(text))) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	for _, path := range []string{"/body", "/stream", "/patient"} {
		if status, _, body := fetch(t, "POST", base+path, "12345678901"); status != 413 || !strings.Contains(body, "the limit is 10 bytes") {
			t.Errorf("%s, too long: %d %q", path, status, body)
		}
		if status, _, _ := fetch(t, "POST", base+path, "1234567890"); status != 200 {
			t.Errorf("%s, just right: %d", path, status)
		}
		status, body := chunked(path, "12345678901")
		want := 413
		if path == "/patient" {
			want = 200
		}
		if status != want || !strings.Contains(body, "the limit is 10 bytes") {
			t.Errorf("%s, too long in pieces: %d %q", path, status, body)
		}
	}
}

// Metrics of programs and of the runtime, as Prometheus gets them.
func TestMetrics(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	var lines logLines
	config, problems := boot.NewConfig(map[string]any{
		"prometheus": map[string]any{"enabled": true, "address": "127.0.0.1:0"},
		"metrics":    map[string]any{"interceptor": map[string]any{"enabled": true}},
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	rt := start(t, `
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api, middleware: [metrics]}
`+hostEntry+handler("fails", "/fails", "GET", `error("broken")`)+mainProc("metrics", `
local metrics = require("metrics")
for _, r in ipairs({
    {metrics.counter_inc("orders.total")}, {metrics.counter_add("orders.total", 2)}, {metrics.counter_inc("orders.total", {shop = "a"})},
    {metrics.gauge_set("depth", 5)}, {metrics.gauge_inc("depth", {})}, {metrics.gauge_dec("depth")}, {metrics.gauge_dec("depth")},
    {metrics.histogram("wait", 0.3, {queue = "q"})},
}) do
    if r[1] ~= true or r[2] ~= nil then return tostring(r[2]) end
end
local ok, err = metrics.counter_add("orders.total", -1)
if ok or err:kind() ~= "Invalid" then return "shrinks" end
ok, err = metrics.gauge_set("orders.total", 1)
if ok or err:kind() ~= "Conflict" then return "another type" end
ok, err = metrics.counter_inc("x", {a = 1})
if ok or err:kind() ~= "Invalid" then return "label" end
return "ok"`), boot.WithConfig(config), boot.WithLogger(slog.New(slog.NewJSONHandler(&lines, nil))))
	wantOK(t, rt)
	if status, _, _ := fetch(t, "GET", webAddr(t, rt)+"/fails", ""); status != 500 {
		t.Errorf("status %d", status)
	}
	address, _ := lines.find(t, map[string]any{"msg": "metrics are served"})["address"].(string)
	var text string
	scrape := func() string {
		_, _, text = fetch(t, "GET", "http://"+address+"/metrics", "")
		return text
	}
	until(t, "the last update", func() bool { return strings.Contains(scrape(), "troupe_http_request_duration_seconds_count{") })
	for _, want := range []string{
		"# TYPE orders_total counter\norders_total 3\norders_total{shop=\"a\"} 1\n",
		"# TYPE depth gauge\ndepth 4\n", `wait_bucket{queue="q",le="0.5"} 1`, `wait_count{queue="q"} 1`,
		`troupe_http_requests_total{method="GET",status="500"} 1`, "troupe_http_requests_in_flight 0", `troupe_http_request_duration_seconds_count{method="GET",status="500"} 1`,
		`troupe_function_calls_total{function="app:fails",status="error"} 1`, `troupe_function_call_duration_seconds_count{function="app:fails",status="error"} 1`,
		"\ntroupe_processes ", "\ntroupe_goroutines ", "\ntroupe_uptime_seconds ", "\ntroupe_registry_entries ", "\ntroupe_registry_version ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if status, _, _ := fetch(t, "GET", "http://"+address+"/other", ""); status != 404 {
		t.Errorf("another path gave %d", status)
	}
}
