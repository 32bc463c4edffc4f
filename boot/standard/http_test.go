package standard_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	nethttp "net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
)

func handler(name, path, method, body string) string {
	return "\n  - name: " + name + "\n    kind: function.lua\n    method: main\n    modules: [http, time, json]\n    source: |\n      local http, time = require('http'), require('time')\n      return { main = function()\n        " + strings.ReplaceAll(body, "\n", "\n        ") + "\n      end }\n" +
		"  - {name: " + name + ".at, kind: http.endpoint, meta: {router: api}, method: " + method + ", path: \"" + path + "\", func: " + name + "}\n"
}

const web = `
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api, middleware: [cors, compress, real_ip]}
`

func fetch(t testing.TB, method, url, body string, header ...string) (int, nethttp.Header, string) {
	t.Helper()
	r, err := nethttp.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := nethttp.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func webAddr(t testing.TB, rt *boot.Runtime) string {
	t.Helper()
	addr, err := actors.As[string](rt.Node().AskEntry(t.Context(), "app:web", &http.Addr{}))
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + addr + "/api"
}

func TestHTTP(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	app := web +
		handler("tables", "/table", "GET", `return {a = 1}`) +
		handler("texts", "/text", "GET", `return "hello"`) +
		handler("none", "/none", "GET", ``) +
		handler("fails", "/fails", "GET", `error("broken")`) +
		handler("errs", "/errs", "GET", `return nil, "no luck"`) +
		handler("late", "/late", "GET", `http.response():set_status(201); error("late")`) +
		handler("created", "/created", "POST", `local req, res = http.request(), http.response()
res:set_status(http.STATUS.CREATED)
res:set_header("X-A", "b")
local err = res:write_json({got = req:body_json(), q = req:query("q"), all = req:query_params(), ct = req:header("content-type")})
assert(err == nil, tostring(err))
local again = res:set_status(200)
assert(again and again:kind() == "Invalid")`) +
		handler("user", "/users/:id/{rest...}", "GET", `local r = http.request(); return {r:param("id"), r:param("rest"), r:method(), r:path(), r:param("zz") == nil}`) +
		handler("form", "/form", "POST", `local req = http.request()
local f = assert(req:parse_multipart())
assert(assert(req:parse_multipart()).values.one == f.values.one)
local file = f.files.up[1]
local s = assert(file:stream())
return {f.values.one, f.values.two, file:name(), file:size(), s:read(3), s:read(), s:read() == nil, file:header("content-type")}`) +
		handler("streamed", "/stream", "POST", `local s = assert(http.request():stream())
local n = 0
while true do local c, err = s:read(); assert(not err, tostring(err)); if not c then break end; n = n + #c end
return n`) +
		handler("limited", "/limited", "POST", `local r = http.request({max_body = 3}); local b, err = r:body(); return b or err:kind() .. tostring(err)`) +
		handler("events", "/events", "GET", `local res = http.response()
for i = 1, 3 do res:write_event({name = "tick", data = {n = i}}) end`) +
		handler("slow", "/slow", "GET", `time.sleep("1h")`) +
		handler("half", "/half", "GET", `http.response():set_status(201); http.response():write("part"); return nil, "late"`) +
		handler("waits", "/waits", "POST", `local b, err = http.request({timeout = 50}):body(); return b or err:kind() .. " " .. err:message()`) +
		handler("long", "/long", "GET", `return string.rep("x", 5000)`)
	rt := start(t, app)
	base := webAddr(t, rt)
	for _, c := range []struct{ method, path, in, want string }{
		{"GET", "/table", "", `200 application/json {"a":1}`},
		{"GET", "/text", "", "200 text/plain; charset=utf-8 hello"},
		{"GET", "/none", "", "204  "},
		{"GET", "/fails", "", "500 text/plain; charset=utf-8 *broken*"},
		{"GET", "/errs", "", "500 text/plain; charset=utf-8 *no luck*"},
		{"GET", "/late", "", "500 text/plain; charset=utf-8 *late*"},
		{"POST", "/created?q=1&q=2", `{"x":[1]}`, `201 application/json {*"q":"1"*`},
		{"POST", "/created", `{`, `201 application/json {"all":{}}`},
		{"GET", "/users/7/a/b", "", `200 application/json ["7","a/b","GET","/api/users/7/a/b",true]`},
		{"POST", "/stream", strings.Repeat("y", 100_000), "200 application/json 100000"},
		{"POST", "/limited", "abc", "200 text/plain; charset=utf-8 abc"},
		{"POST", "/limited", "abcd", "200 text/plain; charset=utf-8 Invalid*too large*"},
		{"POST", "/form", "x", "500 text/plain; charset=utf-8 *multipart*"},
		{"GET", "/events", "", "200 text/event-stream event: tick\ndata: {\"n\":1}\n\nevent: tick\ndata: {\"n\":2}\n\nevent: tick\ndata: {\"n\":3}\n\n"},
		{"OPTIONS", "/table", "", "204  "},
		{"POST", "/table", "", "405 *"},
		{"GET", "/nowhere", "", "404 *"},
	} {
		status, h, body := fetch(t, c.method, base+c.path, c.in)
		got := strings.Join([]string{itoa(status), h.Get("Content-Type"), body}, " ")
		if !glob(c.want, got) {
			t.Errorf("%s %s:\n got %q\nwant %q", c.method, c.path, got, c.want)
		}
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("one", "1")
	_ = m.WriteField("two", "a")
	_ = m.WriteField("two", "b")
	part, _ := m.CreateFormFile("up", "f.txt")
	_, _ = part.Write([]byte("content"))
	_ = m.Close()
	_, _, body := fetch(t, "POST", base+"/form", form.String(), "Content-Type", m.FormDataContentType())
	if body != `["1",["a","b"],"f.txt",7,"con","tent",true,"application/octet-stream"]` {
		t.Errorf("form: %s", body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := nethttp.NewRequestWithContext(ctx, "GET", base+"/slow", nil)
	gone := make(chan error, 1)
	go func() { _, err := nethttp.DefaultClient.Do(r); gone <- err }()
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := <-gone; err == nil {
		t.Error("the slow one answered")
	}
	status, h, _ := fetch(t, "OPTIONS", base+"/table", "", "Origin", "http://a.b", "Access-Control-Request-Method", "GET")
	if status != 204 || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", status, h)
	}

	// what was written before a failure arrives, and then the connection ends
	res, err := nethttp.Get(base + "/half")
	if err != nil {
		t.Fatal(err)
	}
	half, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 201 || string(half) != "part" || err == nil {
		t.Errorf("failed in the middle: %d %q %v", res.StatusCode, half, err)
	}

	// a body that does not come in time does not hold up the answer
	never, w := io.Pipe()
	defer w.Close()
	if r, err = nethttp.NewRequestWithContext(t.Context(), "POST", base+"/waits", never); err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 10
	if res, err = nethttp.DefaultClient.Do(r); err != nil {
		t.Fatal(err)
	}
	late, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(late) != "Internal request timeout after 50ms" {
		t.Errorf("late body: %q", late)
	}

	// routes change while requests run
	changed := strings.Replace(app, `path: "/text"`, `path: "/text2"`, 1)
	if _, err := rt.Apply(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + changed)}}); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := fetch(t, "GET", base+"/text", ""); status != 404 {
		t.Error("the old route is there")
	}
	if _, _, body := fetch(t, "GET", base+"/text2", ""); body != "hello" {
		t.Error("the new route is not there")
	}
	for bad, want := range map[string]string{
		"path: /text2":          "has the same method and path",
		`path: "/{x}/7/{y...}"`: "overlaps with",
		`path: "/{x"`:           "write parameters as",
	} {
		_, err := rt.Apply(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + changed + "  - {name: dup, kind: http.endpoint, meta: {router: api}, method: GET, " + bad + ", func: texts}\n")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	if _, _, body := fetch(t, "GET", base+"/text2", ""); body != "hello" {
		t.Error("after a refused change the route is gone")
	}
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

func glob(p, s string) bool {
	parts := strings.Split(p, "*")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, q := range parts[1:] {
		i := strings.Index(s, q)
		if i < 0 {
			return false
		}
		s = s[i+len(q):]
	}
	return len(parts) > 1 || s == ""
}

// In strict mode a client does not hear what went wrong, but the id to ask for.
func TestStrictFailures(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	var logged strings.Builder
	rt := start(t, web+handler("fails", "/fails", "GET", `error("the password is x")`)+handler("odd", "/odd", "GET", `return {1, a = 2}`),
		configured(t, map[string]any{"security.strict_mode": true}), boot.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	base := webAddr(t, rt)
	var ids []string
	for _, path := range []string{"/fails", "/odd"} {
		status, h, body := fetch(t, "GET", base+path, "")
		id := h.Get("X-Request-Id")
		if status != 500 || id == "" || body != "the request failed; the log tells why under the id "+id {
			t.Errorf("%s: %d %v %s", path, status, h, body)
		}
		ids = append(ids, id)
	}
	if err := rt.Stop(); err != nil { // nothing writes to the log any more
		t.Fatal(err)
	}
	for _, id := range ids {
		if !strings.Contains(logged.String(), id) {
			t.Errorf("%s is not in the log:\n%s", id, &logged)
		}
	}
}

// A function reads the body of a request on while it writes its response.
func TestHTTPStreamsBothWays(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	rt := start(t, web+handler("upper", "/upper", "POST", `
local req, res = http.request(), http.response()
assert(not res:set_transfer("chunked"))
local s = assert(req:stream())
assert(not res:write("begin "))
while true do
  local part, err = s:read()
  assert(not err, tostring(err))
  if not part then break end
  assert(not res:write(part:upper()))
end
assert(not res:write(" end"))`)+handler("some", "/some", "POST", `
local req, res = http.request(), http.response()
local s = assert(req:stream())
res:write(assert(s:read(3)))
res:write(assert(s:read(3)))`)+handler("value", "/value", "POST", `return (assert(http.request():stream():read(6)))`))
	base := webAddr(t, rt)

	body, in := io.Pipe()
	r, err := nethttp.NewRequestWithContext(t.Context(), "POST", base+"/upper", body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := nethttp.DefaultClient.Do(r) // returns with the first part, before anything is sent
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	comes := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
			t.Fatalf("%q came, %v; want %q", got, err, want)
		}
	}
	comes("begin ")
	for _, part := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(in, part); err != nil {
			t.Fatal(err)
		}
		comes(strings.ToUpper(part))
	}
	_ = in.Close()
	if rest, err := io.ReadAll(res.Body); string(rest) != " end" || err != nil {
		t.Errorf("at the end %q, %v", rest, err)
	}

	long := strings.Repeat("abcdefghi\n", 100_000)
	if status, _, got := fetch(t, "POST", base+"/upper", long); status != 200 || got != "begin "+strings.ToUpper(long)+" end" {
		t.Errorf("%d and %d bytes of %d", status, len(got), len(long)+10)
	}
	for _, size := range []int{6, 1000, 200_000} { // the rest is not read
		for _, path := range []string{"/some", "/value"} {
			if status, _, got := fetch(t, "POST", base+path, long[:size]); status != 200 || got != "abcdef" {
				t.Errorf("%s %d: %d %q", path, size, status, got)
			}
		}
	}
}
