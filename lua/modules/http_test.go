package modules

import (
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// fakeExchange is an exchange whose response is text.
type fakeExchange struct {
	r      *nethttp.Request
	out    strings.Builder
	closed []func()
}

func (x *fakeExchange) Request() *nethttp.Request  { return x.r }
func (x *fakeExchange) Params() map[string]string  { return map[string]string{"id": "7"} }
func (x *fakeExchange) Read(p []byte) (int, error) { return x.r.Body.Read(p) }
func (x *fakeExchange) Duplex()                    {}
func (x *fakeExchange) Body(max int64, _ time.Duration) ([]byte, error) {
	b, err := io.ReadAll(x.r.Body)
	if int64(len(b)) > max {
		return nil, messages.Errorf(messages.Invalid, "request body too large")
	}
	return b, err
}

func (x *fakeExchange) note(what ...string) error {
	x.out.WriteString(strings.Join(what, " ") + "\n")
	return nil
}

func (x *fakeExchange) SetStatus(code int) error {
	if code == 999 {
		return messages.Errorf(messages.Invalid, "no such status")
	}
	return x.note("status")
}
func (x *fakeExchange) SetHeader(n, v string) error         { return x.note("header", n, v) }
func (x *fakeExchange) SetContentType(v string) error       { return x.note("type", v) }
func (x *fakeExchange) SetTransfer(v string) error          { return x.note("transfer", v) }
func (x *fakeExchange) Write(p []byte) error                { return x.note("write", string(p)) }
func (x *fakeExchange) WriteJSON(p []byte) error            { return x.note("json", string(p)) }
func (x *fakeExchange) Buffer([]byte, bool) (bool, error)   { return false, nil }
func (x *fakeExchange) WriteEvent(n string, p []byte) error { return x.note("event", n, string(p)) }
func (x *fakeExchange) Flush() error                        { return x.note("flush") }
func (x *fakeExchange) OnClose(f func())                    { x.closed = append(x.closed, f) }

const form = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"up\"; filename=\"f.txt\"\r\nContent-Type: text/x\r\n\r\nabcdef\r\n--b--\r\n"

func TestHTTPModule(t *testing.T) {
	for _, c := range []struct{ name, header, body, lua, want, wrote string }{
		{"line", "", "", `return req:method(), req:path(), req:host(), req:remote_addr()`, "POST, /a/b, example.com, 192.0.2.1:1234, nil", ""},
		{"query", "", "", `return req:query("q"), req:query("none"), req:query_params().q, req:query_params().r`, "1, nil, 1,2, x", ""},
		{"header", "", "", `return req:header("x-many"), req:header("nope"), req:accepts("text/html"), req:accepts("a/b"), req:content_type(), req:is_content_type("text/plain")`, "one, two, nil, true, false, text/plain; charset=utf-8, true, nil", ""},
		{"length", "", "abc", `return req:content_length(), req:has_body(), req:param("id"), req:param("x"), req:params().id`, "3, true, 7, nil, 7", ""},
		{"body", "", "abc", `return req:body()`, "abc, nil", ""},
		{"too large", "", "abc", `return http.request({max_body = 2}):body()`, "nil, Invalid:request body too large", ""},
		{"bad option", "", "", `local r, err = http.request({timeout = -1}); return r, err:kind()`, "nil, Invalid", ""},
		{"json", "", `{"a":[1,2]}`, `return req:body_json().a[2]`, "2", ""},
		{"no json", "", `{`, `local v, err = req:body_json(); return v, err:kind()`, "nil, Invalid", ""},
		{"scanner", "", "one two\nthree", `local sc = assert(req:stream():scanner("words")); local all = ""; while sc:scan() do all = all .. sc:text() .. ";" end; local _, err = req:stream():scanner("x"); return all, sc:err(), sc:scan(), err:kind()`, "one;two;three;, nil, false, Invalid", ""},
		{"stream write", "", "abc", `local s = req:stream(); local n, err = s:write("x"); local at, e2 = s:seek("end", 0); local _, e3 = s:seek("up"); return n, err:kind(), at, e2:kind(), e3:kind(), s:flush(), s:close(), s:close()`, "nil, Internal, nil, Internal, Invalid, true, true, true, nil", ""},
		{"stream", "", "abcdef", `local s = req:stream(); local a, b, c = s:read(4), s:read(), s:read(); local at = s:stat().position; s:close(); local d, err = s:read(); return a, b, c, at, d, err:kind()`, "abcd, ef, nil, 6, nil, Internal", ""},
		{"no form", "", "x", `local f, err = req:parse_multipart(); return f, err:kind()`, "nil, Invalid", ""},
		{"broken form", "multipart/form-data; boundary=b", "x", `local f, err = req:parse_multipart(); return f, err:kind()`, "nil, Invalid", ""},
		{"form", "multipart/form-data; boundary=b", form, `local f = req:parse_multipart(); local up = f.files.up[1]; local s = up:stream(); return f.values.a, up:name(), up:size(), up:header("content-type"), up:header("x"), s:read(2), s:read(), s:read()`, "1, f.txt, 6, text/x, nil, ab, cdef, nil, nil", ""},
		{"setters", "", "", `return res:set_status(201), res:set_header("A", "b"), res:set_content_type("c"), res:set_transfer("sse"), res:set_status(999)`, "nil, nil, nil, nil, Invalid:no such status", "status\nheader A b\ntype c\ntransfer sse\n"},
		{"writers", "", "", `res:write("x"); res:write_json({1}); res:write_event({name = "n", data = {a = true}}); res:flush(); return res:write_json({[1] = 1, [5] = 2}):kind()`, "Internal", "write x\njson [1]\nevent n {\"a\":true}\nflush\n"},
		{"events raise", "", "", `return (raises(function() res:write_event({name = "n"}) end)):find("data") ~= nil, (raises(function() res:write_event({data = 1}) end)):find("name") ~= nil`, "true, true", ""},
		{"constants", "", "", `return http.STATUS.NOT_FOUND, http.METHOD.GET, http.CONTENT.JSON, http.TRANSFER.SSE, http.ERROR.WRITE_FAILED`, "404, GET, application/json, sse, WRITE_FAILED", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/a/b?q=1&q=2&r=x", strings.NewReader(c.body))
			r.Header.Set("Content-Type", "text/plain; charset=utf-8")
			if c.header != "" {
				r.Header.Set("Content-Type", c.header)
			}
			r.Header["X-Many"] = []string{"one", "two"}
			r.Header.Set("Accept", "text/html;q=0.9, text/plain")
			x := &fakeExchange{r: r}
			w := &world{self: lua.Self{Request: x}, answer: runtimeAnswer}
			got := runHTTP(t, w, "local http = require('http'); local req, res = assert(http.request()), assert(http.response()); local function try() "+c.lua+" end; return show(try())")
			if got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			if x.out.String() != c.wrote {
				t.Errorf("wrote %q, want %q", x.out.String(), c.wrote)
			}
			for _, f := range x.closed {
				f()
			}
		})
	}
	w := &world{answer: runtimeAnswer}
	if got := runHTTP(t, w, `local r, err = require("http").request(); return r == nil and err:kind()`); got != "Internal" {
		t.Errorf("without a request: %s", got)
	}
}

// runHTTP executes a program that has the module http, as world.run does.
func runHTTP(t *testing.T, w *world, source string) string {
	t.Helper()
	eng, err := lua.NewEngine(lua.Options{Modules: append(actorModules(), httpModule)})
	if err != nil {
		t.Fatal(err)
	}
	src := strings.ReplaceAll(prelude, "\n", " ") + "return function(...) " + source + "\nend"
	p, err := eng.Compile(lua.Unit{ID: "app:test", Source: src, Method: "main", Modules: []string{"http"}})
	if err != nil {
		t.Fatal(err)
	}
	w.vm = eng.NewVM(p, w)
	defer w.vm.Close()
	w.vm.Start(nil)
	for w.vm.Ended() == nil {
		if !w.vm.Run(w) {
			t.Fatal("a wait inside a nested call is not for these tests")
		}
		if w.vm.Ended() == nil && !w.vm.Runnable() {
			if len(w.queue) == 0 {
				return "WAITS"
			}
			next := w.queue[0]
			w.queue = w.queue[1:]
			next()
		}
	}
	if end := w.vm.Ended(); end.Err != nil {
		return "FAILED " + end.Err.Error()
	} else if len(end.Values) > 0 {
		return messages.Text(end.Values[0])
	}
	return ""
}
