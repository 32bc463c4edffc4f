package standard_test

import (
	"fmt"
	"net"
	nethttp "net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/boot"
)

// files writes files into a new folder, by name.
func files(t testing.TB, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// raw sends a path as it stands, which clients do not do.
func raw(t testing.TB, base, path string) int {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", path)
	var proto string
	var status int
	if _, err := fmt.Fscan(conn, &proto, &status); err != nil {
		t.Fatal(err)
	}
	return status
}

func webRoot(t testing.TB, rt *boot.Runtime) string {
	return strings.TrimSuffix(webAddr(t, rt), "/api")
}

// The whole of http.static, with routers on the same server.
func TestStatic(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	dir := files(t, map[string]string{
		"index.html": "<p>home", "a b.txt": "text", "app.js": "script", "app.js.gz": "zipped", "app.js.br": "brotli",
		"docs/index.html": "docs home", "docs/start.html": "start page", "empty/x": "x", "data.bin": "0123456789", "api/hidden.txt": "never",
	})
	outside := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "leak")); err != nil {
		t.Fatal(err)
	}
	app := web + `
  - {name: root, kind: http.router, meta: {server: web}}
  - {name: assets, kind: fs.directory, directory: "` + dir + `"}
  - {name: site, kind: http.static, meta: {server: web}, path: /, fs: assets, static_options: {cache: "max-age=60"}}
  - {name: spa, kind: http.static, meta: {server: web}, path: /app/, fs: assets, middleware: [cors, compress], options: {spa: true, index: index.html, cors.allow.origins: "http://a.b"}}
` + handler("hello", "/hello", "GET", `return "hello"`) + strings.Replace(handler("rooted", "/rooted", "GET", `return "rooted"`), "router: api", "router: root", 1)
	rt := start(t, app)
	base := webRoot(t, rt)
	for _, c := range []struct{ path, want string }{
		{"/", "200 text/html; charset=utf-8 <p>home"},
		{"/index.html", "200 text/html; charset=utf-8 <p>home"},
		{"/a%20b.txt", "200 text/plain; charset=utf-8 text"},
		{"/app.js", "200 text/javascript; charset=utf-8 script"},
		{"/docs/", "200 text/html; charset=utf-8 docs home"},
		{"/docs", "200 text/html; charset=utf-8 docs home"},
		{"/docs/start.html", "200 text/html; charset=utf-8 start page"},
		{"/docs//start.html", "200 text/html; charset=utf-8 start page"},
		{"/docs/start.html/", "404 *"},
		{"/docs/start.html/x", "404 *"},
		{"/empty/", "404 *"},
		{"/nothing", "404 *"},
		{"/leak", "4*"},
		{"/rooted", "200 text/plain; charset=utf-8 rooted"},
		{"/api/hello", "200 text/plain; charset=utf-8 hello"},
		{"/api/hidden.txt", "404 *"}, // the longer prefix counts
		{"/app", "200 text/html; charset=utf-8 <p>home"},
		{"/app/any/where", "200 text/html; charset=utf-8 <p>home"},
		{"/app/docs/", "200 text/html; charset=utf-8 <p>home"},
		{"/app/docs/start.html", "200 text/html; charset=utf-8 start page"},
		{"/appx", "404 *"},
	} {
		status, h, body := fetch(t, "GET", base+c.path, "", "Accept-Encoding", "identity")
		if got := strings.Join([]string{itoa(status), h.Get("Content-Type"), body}, " "); !glob(c.want, got) || strings.Contains(got, "secret") {
			t.Errorf("%s:\n got %q\nwant %q", c.path, got, c.want)
		}
	}
	for _, path := range []string{"/../secret", "/docs/../../secret", "/%2e%2e/secret", "/docs/%2e%2e%2f%2e%2e%2fsecret", "/..%5csecret", "/a%00b", "/docs%2fstart.html", "/app/../../secret", "/app/%2e%2e/%2e%2e/secret"} {
		if status := raw(t, base, path); status != 400 {
			t.Errorf("%s gave %d", path, status)
		}
	}

	status, h, body := fetch(t, "GET", base+"/data.bin", "", "Range", "bytes=2-4")
	tag, date := h.Get("Etag"), h.Get("Last-Modified")
	if status != 206 || body != "234" || h.Get("Content-Range") != "bytes 2-4/10" || h.Get("Cache-Control") != "max-age=60" || tag == "" || date == "" {
		t.Errorf("a range: %d %q %v", status, body, h)
	}
	if status, _, _ := fetch(t, "GET", base+"/data.bin", "", "If-None-Match", tag); status != 304 {
		t.Errorf("If-None-Match gave %d", status)
	}
	if status, _, _ := fetch(t, "GET", base+"/data.bin", "", "If-Modified-Since", date); status != 304 {
		t.Errorf("If-Modified-Since gave %d", status)
	}
	if status, _, _ := fetch(t, "GET", base+"/data.bin", "", "Range", "bytes=20-"); status != 416 {
		t.Errorf("a range past the end gave %d", status)
	}
	if status, h, body := fetch(t, "HEAD", base+"/data.bin", ""); status != 200 || body != "" || h.Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d %q %v", status, body, h)
	}
	if status, h, _ := fetch(t, "POST", base+"/data.bin", "x"); status != 405 || h.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST: %d %v", status, h)
	}
	if status, h, _ := fetch(t, "GET", base+"/missing", ""); status != 404 || h.Get("Cache-Control") != "" {
		t.Errorf("what is not there: %d %v", status, h)
	}
	for accepted, want := range map[string]string{"br, gzip": "br brotli", "gzip": "gzip zipped", "br;q=0, gzip;q=0.5": "gzip zipped", "br;q=0.5, gzip": "gzip zipped", "zstd": " script", "*": "br brotli"} {
		_, h, body := fetch(t, "GET", base+"/app.js", "", "Accept-Encoding", accepted)
		if got := h.Get("Content-Encoding") + " " + body; got != want || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s: %q, %v", accepted, got, h)
		}
	}
	if _, h, _ := fetch(t, "GET", base+"/app/", "", "Origin", "http://a.b"); h.Get("Access-Control-Allow-Origin") != "http://a.b" {
		t.Errorf("middleware: %v", h)
	}

	// files and settings change while the server runs
	if err := os.WriteFile(filepath.Join(dir, "data.bin"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, h, body := fetch(t, "GET", base+"/data.bin", ""); body != "new" || h.Get("Etag") == tag {
		t.Errorf("a changed file: %q %v", body, h)
	}
	apply := func(entries string) error {
		_, err := rt.Apply(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + entries)}})
		return err
	}
	if err := apply(strings.Replace(app, "path: /app/", "path: /other", 1)); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := fetch(t, "GET", base+"/app/any", ""); status != 404 {
		t.Errorf("the old path gave %d", status)
	}
	if status, _, _ := fetch(t, "GET", base+"/other/any", ""); status != 200 {
		t.Errorf("the new path gave %d", status)
	}
	for bad, want := range map[string]string{
		"path: /, fs: assets":                                                             "has the path",
		"path: x, fs: assets":                                                             "must begin with /",
		"path: /x, fs: assets, static_options: {spa: true}":                               "spa needs an index file",
		"path: /x, fs: assets, static_options: {spa: true, index: ../i}":                  "not the name of a file",
		"path: /x, fs: nothing":                                                           "nothing",
		"path: /x, fs: assets, middleware: [nothing]":                                     "unknown middleware",
		"path: /x, fs: assets, middleware: [cors], options: {cors: {a: b}}":               "one value",
		"path: /x, fs: assets, middleware: [ratelimit], options: {ratelimit.requests: 0}": "whole number",
	} {
		err := apply(app + "  - {name: bad, kind: http.static, meta: {server: web}, " + bad + "}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	if err := apply(app[:strings.Index(app, "  - {name: site")] + handler("hello", "/hello", "GET", `return "hello"`)); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := fetch(t, "GET", base+"/data.bin", ""); status != 404 {
		t.Errorf("after the entry is gone: %d", status)
	}
}

// The whole of middleware sendfile.
func TestSendfile(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	dir := files(t, map[string]string{"report.txt": "0123456789", "deep/b.json": "{}"})
	send := `local req, res = http.request(), http.response()
for _, name in ipairs({"X-Sendfile", "X-File-Path", "X-File-Name"}) do
    local v = req:header("Do-" .. name)
    if v then res:set_header(name, v) end
end
if req:header("Do-Fail") then error("broken") end
if req:header("Do-Write") then res:write("not this") end
if req:header("Do-Status") then res:set_status(201) end`
	app := web + `
  - {name: assets, kind: fs.directory, directory: "` + dir + `"}
  - {name: sends, kind: http.router, meta: {server: web}, prefix: /sends, middleware: [compress, sendfile], options: {sendfile.fs: assets}}
  - {name: older, kind: http.router, meta: {server: web}, prefix: /older, middleware: [sendfile], options: {fs: "app:assets"}}
  - {name: wrong, kind: http.router, meta: {server: web}, prefix: /wrong, middleware: [sendfile], options: {sendfile.fs: api}}
  - {name: absent, kind: http.router, meta: {server: web}, prefix: /absent, middleware: [sendfile], options: {sendfile.fs: nowhere}}
  - {name: unset, kind: http.router, meta: {server: web}, prefix: /unset, middleware: [sendfile]}
`
	for _, router := range []string{"sends", "older", "wrong", "absent", "unset"} {
		app += strings.Replace(handler(router+"_f", "/f", "GET", send), "router: api", "router: "+router, 1)
	}
	rt := start(t, app)
	base := webRoot(t, rt)
	for _, c := range []struct {
		path, want string
		header     []string
	}{
		{"/sends/f", "204  ", nil},
		{"/sends/f", "200 text/plain; charset=utf-8 0123456789", []string{"Do-X-Sendfile", "report.txt"}},
		{"/sends/f", "200 text/plain; charset=utf-8 0123456789", []string{"Do-X-Sendfile", "/report.txt", "Do-Write", "1"}},
		{"/sends/f", "200 application/json {}", []string{"Do-X-File-Path", "deep/b.json", "Do-Status", "1"}},
		{"/sends/f", "206 text/plain; charset=utf-8 123", []string{"Do-X-Sendfile", "report.txt", "Range", "bytes=1-3"}},
		{"/sends/f", "404 *", []string{"Do-X-Sendfile", "nothing"}},
		{"/sends/f", "404 *", []string{"Do-X-Sendfile", "deep"}},
		{"/sends/f", "400 *", []string{"Do-X-Sendfile", "../report.txt"}},
		{"/sends/f", "400 *", []string{"Do-X-Sendfile", "deep/../../report.txt"}},
		{"/sends/f", "400 *", []string{"Do-X-Sendfile", ""}},
		{"/sends/f", "500 text/plain; charset=utf-8 *broken*", []string{"Do-X-Sendfile", "report.txt", "Do-Fail", "1"}},
		{"/sends/f", "200 text/plain; charset=utf-8 not this", []string{"Do-Write", "1"}},
		{"/older/f", "200 text/plain; charset=utf-8 0123456789", []string{"Do-X-Sendfile", "report.txt"}},
		{"/wrong/f", "500 *", []string{"Do-X-Sendfile", "report.txt"}},
		{"/absent/f", "500 *", []string{"Do-X-Sendfile", "report.txt"}},
		{"/unset/f", "500 *", []string{"Do-X-Sendfile", "report.txt"}},
		{"/unset/f", "200 text/plain; charset=utf-8 not this", []string{"Do-Write", "1"}},
	} {
		status, h, body := fetch(t, "GET", base+c.path, "", c.header...)
		if got := strings.Join([]string{itoa(status), h.Get("Content-Type"), body}, " "); !glob(c.want, got) {
			t.Errorf("%s %q:\n got %q\nwant %q", c.path, c.header, got, c.want)
		}
		if h.Get("X-Sendfile")+h.Get("X-File-Path")+h.Get("X-File-Name") != "" {
			t.Errorf("%q: the headers reach the client: %v", c.header, h)
		}
	}
	for name, want := range map[string]string{"a b.txt": `attachment; filename="a b.txt"`, "ä.txt": `attachment; filename*=utf-8''%C3%A4.txt`} {
		_, h, body := fetch(t, "GET", base+"/sends/f", "", "Do-X-Sendfile", "report.txt", "Do-X-File-Name", name)
		if h.Get("Content-Disposition") != want || body != "0123456789" {
			t.Errorf("%s: %q %v", name, body, h)
		}
	}
	if _, h, _ := fetch(t, "GET", base+"/sends/f", "", "Do-X-Sendfile", "nothing", "Do-X-File-Name", "a"); h.Get("Content-Disposition") != "" {
		t.Errorf("a missing file is an attachment: %v", h)
	}
}
