package standard_test

import (
	"bytes"
	"compress/gzip"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// unpack is a body without its coding.
func unpack(t *testing.T, coding, body string) string {
	t.Helper()
	var from io.Reader = strings.NewReader(body)
	switch coding {
	case "gzip":
		z, err := gzip.NewReader(from)
		if err != nil {
			t.Fatal(err)
		}
		from = z
	case "br":
		from = brotli.NewReader(from)
	case "zstd":
		z, err := zstd.NewReader(from)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		from = z
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, from); err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return out.String()
}

func TestHTTPCompress(t *testing.T) {
	for _, level := range []string{"default", "fastest", "best"} {
		rt := start(t, `
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api, middleware: [compress], options: {compress.level: `+level+`}}
`+handler("long", "/long", "GET", `http.response():write(("0123456789"):rep(200000))`)+
			handler("short", "/short", "GET", `http.response():write("short")`)+
			handler("stream", "/stream", "GET", `local res = http.response(); for _ = 1, 3 do res:write("part "); res:flush() end`)+
			handler("coded", "/coded", "GET", `local res = http.response(); res:set_header("Content-Encoding", "x"); res:write(("a"):rep(5000))`))
		base := webAddr(t, rt)
		long := strings.Repeat("0123456789", 200000)
		for accepted, want := range map[string]string{
			"": "", "gzip": "gzip", "br": "br", "zstd": "zstd", "deflate": "", "*": "gzip", "identity": "",
			"gzip, deflate, br, zstd": "gzip", "gzip;q=0.5, br": "br", "gzip;q=0.1, br;q=0.2, zstd;q=0.9": "zstd",
			"gzip;q=0, *": "br", "gzip;q=0, br;q=0, *;q=0.5": "zstd", "*;q=0": "", "BR;Q=1": "br",
		} {
			for range 2 { // the writers are used again
				status, h, body := fetch(t, "GET", base+"/long", "", "Accept-Encoding", accepted)
				if got := h.Get("Content-Encoding"); status != nethttp.StatusOK || got != want || h.Get("Vary") != "Accept-Encoding" {
					t.Fatalf("%s %q: %d %q, want %q; %v", level, accepted, status, got, want, h)
				}
				if want != "" && len(body) > 100_000 || unpack(t, want, body) != long {
					t.Errorf("%s %q: %d bytes, which do not give the body", level, accepted, len(body))
				}
			}
		}
		for _, coding := range []string{"gzip", "br", "zstd"} {
			if _, h, body := fetch(t, "GET", base+"/short", "", "Accept-Encoding", coding); h.Get("Content-Encoding") != "" || body != "short" {
				t.Errorf("a short body: %q %v", body, h)
			}
			if _, h, body := fetch(t, "GET", base+"/stream", "", "Accept-Encoding", coding); h.Get("Content-Encoding") != coding || unpack(t, coding, body) != "part part part " {
				t.Errorf("a stream: %q %v", body, h)
			}
			if _, h, body := fetch(t, "GET", base+"/coded", "", "Accept-Encoding", coding); h.Get("Content-Encoding") != "x" || len(body) != 5000 {
				t.Errorf("a body that has a coding: %d bytes, %v", len(body), h)
			}
		}
	}
}
