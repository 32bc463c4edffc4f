package modules

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What is decided before there is a connection.
func TestWebSocketRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/other", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		default:
			http.Error(w, "no", http.StatusForbidden)
		}
	}))
	defer server.Close()
	to := "ws" + strings.TrimPrefix(server.URL, "http")
	prefix := kindOf + `local U = "` + to + `"; local function no(c, err) return show(c, err:kind(), err:retryable(), tostring(err)) end `
	all := []string{"websocket.connect ", "websocket.connect.url " + to + "/redirect", "websocket.connect.url " + to}
	for _, e := range []example{
		{name: "scheme", source: `return kind(websocket.connect("http://a/"))`, want: "nil, Invalid"},
		{name: "host", source: `return kind(websocket.connect("ws:///x"))`, want: "nil, Invalid"},
		{name: "nonsense", source: `return kind(websocket.connect("ws://%zz"))`, want: "nil, Invalid"},
		{name: "header", source: `return kind(websocket.connect(U, {headers = {["a b"] = "c"}}))`, want: "nil, Invalid"},
		{name: "protocols", source: `return kind(websocket.connect(U, {protocols = {1}}))`, want: "nil, Invalid"},
		{name: "timeout", source: `return kind(websocket.connect(U, {dial_timeout = "soon"}))`, want: "nil, Invalid"},
		{name: "negative", source: `return kind(websocket.connect(U, {read_timeout = -1}))`, want: "nil, Invalid"},
		{name: "negative text", source: `return kind(websocket.connect(U, {write_timeout = "-1s"}))`, want: "nil, Invalid"},
		{name: "compression", source: `return kind(websocket.connect(U, {compression = 3}))`, want: "nil, Invalid"},
		{name: "compression name", source: `return kind(websocket.connect(U, {compression = "much"}))`, want: "nil, Invalid"},
		{name: "threshold", source: `return kind(websocket.connect(U, {compression_threshold = 104857601}))`, want: "nil, Invalid"},
		{name: "read limit", source: `return kind(websocket.connect(U, {read_limit = 134217729}))`, want: "nil, Invalid"},
		{name: "capacity", source: `return kind(websocket.connect(U, {channel_capacity = 0}))`, want: "nil, Invalid"},
		{name: "large capacity", source: `return kind(websocket.connect(U, {channel_capacity = 10001}))`, want: "nil, Invalid"},
		{name: "no WebSocket", source: `local c, err = websocket.connect(U); return show(c, err:kind(), err:retryable())`, want: "nil, Internal, true"},
		{name: "nobody", source: `local c, err = websocket.connect("ws://127.0.0.1:1/"); return show(c, err:kind(), err:retryable())`, want: "nil, Internal, true"},
		{name: "slow", source: `local c, err = websocket.connect(U .. "/slow", {dial_timeout = 20}); return show(c, err:kind(), err:retryable())`, want: "nil, Internal, true"},
		{name: "no permission", ctx: may("websocket.connect.url " + to), source: `return no(websocket.connect(U))`, want: "nil, PermissionDenied, nil, not allowed: " + to},
		{name: "no permission for the URL", ctx: may("websocket.connect "), source: `return no(websocket.connect(U))`, want: "nil, PermissionDenied, nil, not allowed: " + to},
		{name: "private", ctx: may(all...), source: `return no(websocket.connect(U))`, want: "nil, PermissionDenied, nil, not allowed: private IP 127.0.0.1"},
		{name: "redirect", ctx: may(append(all, "http_client.private_ip 127.0.0.1")...), source: `return no(websocket.connect(U .. "/redirect"))`, want: "nil, PermissionDenied, nil, not allowed: " + to + "/other"},
	} {
		t.Run(e.name, func(t *testing.T) {
			w := (&testPool{}).world(e.ctx)
			if got := runSmall(t, w, prefix+e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
		})
	}
}
