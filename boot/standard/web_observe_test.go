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
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
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
