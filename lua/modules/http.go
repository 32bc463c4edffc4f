package modules

import (
	nethttp "net/http"
	"strconv"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// exchange is an HTTP request and its response, as the called function finds
// them in its Self. Reads and writes wait; the setters do not.
type exchange interface {
	Request() *nethttp.Request // must not be changed, nor its body read
	Params() map[string]string
	Read(p []byte) (int, error)
	Duplex() // what is not read when the response begins can be read after it
	Body(max int64, timeout time.Duration) ([]byte, error)
	SetStatus(code int) error
	SetHeader(name, value string) error
	SetContentType(value string) error
	SetTransfer(mode string) error
	Write(p []byte) error
	WriteJSON(p []byte) error
	Buffer(p []byte, json bool) (done bool, err error) // does not wait, or does nothing
	WriteEvent(name string, data []byte) error
	Flush() error
	OnClose(f func()) // f is called when the request is over, on a goroutine that may wait
}

const (
	httpTimeout = 300_000 // ms, for the body
	httpMaxBody = 120 << 20
)

// exchangeOf is the exchange of the calling function.
func exchangeOf(c *lua.Call) (exchange, error) {
	x, ok := c.Process().Request.(exchange)
	if !ok {
		return nil, messages.Errorf(messages.Internal, "no HTTP request context found; only a function called by an http.endpoint has one")
	}
	return x, nil
}

var httpModule = lua.Module{
	Name:  "http",
	Doc:   "Request and response of a function that an http.endpoint calls.",
	Class: []lua.Class{lua.Network, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig: "request(options?: table): Request, error?",
			Doc: "The request. Options: timeout, how many ms reading the body may take, 300000 if left out; max_body, its largest size in bytes, 120 MB if left out. Internal outside of a call by an http.endpoint.",
			Do: func(c *lua.Call) error {
				x, err := exchangeOf(c)
				if err != nil {
					return err
				}
				timeout, err := httpOption(c.Table(0), "timeout", httpTimeout)
				if err != nil {
					return err
				}
				limit, err := httpOption(c.Table(0), "max_body", httpMaxBody)
				if err != nil {
					return err
				}
				return c.Return(&httpRequest{x: x, timeout: time.Duration(timeout) * time.Millisecond, max: limit}, nil)
			},
			Try: `local req, err = require("http").request(); return req, err:kind()`, Gives: "nil, Internal",
		},
		{
			Sig: "response(): Response, error?",
			Doc: "The response. Status and headers are sent with the first byte of the body, or when the function returns. Internal outside of a call by an http.endpoint.",
			Do: func(c *lua.Call) error {
				x, err := exchangeOf(c)
				if err != nil {
					return err
				}
				return c.Return(&httpResponse{x}, nil)
			},
			Try: `local res, err = require("http").response(); return res, err:kind()`, Gives: "nil, Internal",
		},
	},
	Tables: []lua.Table{
		{Name: "METHOD", Doc: "The methods.", Consts: sameNames("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")},
		{Name: "CONTENT", Doc: "Content types.", Consts: []lua.Const{
			{Name: "JSON", Value: "application/json"},
			{Name: "FORM", Value: "application/x-www-form-urlencoded"},
			{Name: "MULTIPART", Value: "multipart/form-data"},
			{Name: "TEXT", Value: "text/plain"},
			{Name: "STREAM", Value: "application/octet-stream"},
		}},
		{Name: "TRANSFER", Doc: "How a body is sent.", Consts: []lua.Const{{Name: "CHUNKED", Value: "chunked"}, {Name: "SSE", Value: "sse"}}},
		{Name: "ERROR", Doc: "What can go wrong.", Consts: sameNames("PARSE_FAILED", "INVALID_STATE", "WRITE_FAILED", "STREAM_ERROR")},
		{Name: "STATUS", Doc: "The status codes.", Consts: httpStatus()},
	},
	Types: []lua.Type{requestType, responseType, multipartFileType},
}

// httpOption reads an option that is a number above 0.
func httpOption(t *messages.Table, key string, def int64) (int64, error) {
	if t == nil {
		return def, nil
	}
	v := t.Get(key)
	if v == nil {
		return def, nil
	}
	f, ok := v.(float64)
	n, whole := messages.Whole(f)
	if !ok || !whole || n <= 0 || n > 1<<40 {
		return 0, messages.Errorf(messages.Invalid, "option %s must be a whole number above 0", key)
	}
	return n, nil
}

func sameNames(names ...string) []lua.Const {
	out := make([]lua.Const, len(names))
	for i, n := range names {
		out[i] = lua.Const{Name: n, Value: n}
	}
	return out
}

func httpStatus() []lua.Const {
	list := []struct {
		name string
		code int
	}{
		{"OK", 200},
		{"CREATED", 201},
		{"ACCEPTED", 202},
		{"NO_CONTENT", 204},
		{"PARTIAL_CONTENT", 206},
		{"MOVED_PERMANENTLY", 301},
		{"FOUND", 302},
		{"SEE_OTHER", 303},
		{"NOT_MODIFIED", 304},
		{"TEMPORARY_REDIRECT", 307},
		{"PERMANENT_REDIRECT", 308},
		{"BAD_REQUEST", 400},
		{"UNAUTHORIZED", 401},
		{"PAYMENT_REQUIRED", 402},
		{"FORBIDDEN", 403},
		{"NOT_FOUND", 404},
		{"METHOD_NOT_ALLOWED", 405},
		{"NOT_ACCEPTABLE", 406},
		{"CONFLICT", 409},
		{"GONE", 410},
		{"UNPROCESSABLE", 422},
		{"TOO_MANY_REQUESTS", 429},
		{"INTERNAL_ERROR", 500},
		{"INTERNAL_SERVER_ERROR", 500},
		{"NOT_IMPLEMENTED", 501},
		{"BAD_GATEWAY", 502},
		{"SERVICE_UNAVAILABLE", 503},
		{"GATEWAY_TIMEOUT", 504},
		{"VERSION_NOT_SUPPORTED", 505},
	}
	out := make([]lua.Const, len(list))
	for i, s := range list {
		out[i] = lua.Const{Name: s.name, Value: s.code, Doc: "Status " + strconv.Itoa(s.code) + "."}
	}
	return out
}
