package http

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// goFunction stands for a function: what it does is written in Go.
type goFunction struct {
	do        func(*Exchange) any
	abandoned atomic.Int32
}

func (f *goFunction) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actors.Request:
		if b, ok := m.Body.(*actors.CallWith); ok {
			x := b.Request.(*Exchange)
			go func() {
				switch v := f.do(x).(type) {
				case nothing:
				case error:
					m.Reply(v)
				default:
					m.Reply(&messages.FunctionResult{Values: []messages.Value{v}})
				}
			}()
		}
	case *actors.Abandon:
		f.abandoned.Add(1)
	}
}

type nothing struct{}

// serveOnce serves one request by a route to a function, without a listener.
func serveOnce(t *testing.T, do func(*Exchange) any, r *nethttp.Request, wrap ...middleware) *httptest.ResponseRecorder {
	t.Helper()
	w := newBare(t, do)
	rec := httptest.NewRecorder()
	chain(w, wrap).ServeHTTP(rec, r)
	return rec
}

// newBare is a route on a node that has nothing but its function.
func newBare(t *testing.T, do func(*Exchange) any) *route {
	f := &goFunction{do: do}
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{{
		Name: "f", New: func(actors.Env) actor.Actor { return f },
	}}})
	return &route{env: actors.Env{Node: n}, id: "app:e", function: "app:f", to: n.PID("f")}
}

func TestResults(t *testing.T) {
	table := &messages.Table{Keys: []messages.Value{"a"}, Vals: []messages.Value{1.0}}
	for name, c := range map[string]struct {
		do   func(*Exchange) any
		code int
		kind string
		body string
	}{
		"table":         {func(*Exchange) any { return table }, 200, "application/json", `{"a":1}`},
		"text":          {func(*Exchange) any { return "hi" }, 200, "text/plain; charset=utf-8", "hi"},
		"false":         {func(*Exchange) any { return false }, 200, "application/json", "false"},
		"nil":           {func(*Exchange) any { return nil }, 204, "", ""},
		"payload":       {func(*Exchange) any { return &messages.Payload{Format: messages.FormatJSON, Data: "[1]"} }, 200, "application/json", "[1]"},
		"error":         {func(*Exchange) any { return messages.Errorf(messages.Invalid, "oh") }, 500, "text/plain; charset=utf-8", "oh"},
		"status only":   {func(x *Exchange) any { _ = x.SetStatus(404); return table }, 404, "", ""},
		"type only":     {func(x *Exchange) any { _ = x.SetContentType("text/html"); return "<p>" }, 200, "text/html", "<p>"},
		"failed late":   {func(x *Exchange) any { _ = x.SetStatus(201); return messages.Errorf("", "oh") }, 500, "text/plain; charset=utf-8", "oh"},
		"status + json": {func(x *Exchange) any { _ = x.SetStatus(201); _ = x.WriteJSON([]byte("{}")); return nil }, 201, "application/json", "{}"},
		"problem json": {func(x *Exchange) any {
			_ = x.SetContentType("application/problem+json")
			_ = x.WriteJSON([]byte("{}"))
			return nil
		}, 200, "application/problem+json", "{}"},
		"event": {func(x *Exchange) any { _ = x.WriteEvent("n", []byte("1")); return nil }, 200, "text/event-stream", "event: n\ndata: 1\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := serveOnce(t, c.do, httptest.NewRequest("GET", "/", nil))
			if rec.Code != c.code || rec.Header().Get("Content-Type") != c.kind || rec.Body.String() != c.body {
				t.Errorf("got %d %q %q", rec.Code, rec.Header().Get("Content-Type"), rec.Body)
			}
		})
	}
}

// What a function keeps of a request is of no use once it is over, but does no
// harm.
func TestExchangeIsOver(t *testing.T) {
	var kept *Exchange
	closed := 0
	serveOnce(t, func(x *Exchange) any {
		kept = x
		x.OnClose(func() { closed++ })
		return "x"
	}, httptest.NewRequest("POST", "/", strings.NewReader("body")))
	kept.OnClose(func() { closed++ })
	_, read := kept.Read(make([]byte, 1))
	_, whole := kept.Body(10, time.Second)
	for i, err := range []error{read, whole, kept.Write([]byte("x")), kept.Flush(), kept.SetStatus(200), kept.SetHeader("A", "b")} {
		if err == nil {
			t.Errorf("call %d worked after the end", i)
		}
	}
	if closed != 2 {
		t.Errorf("%d closers ran", closed)
	}
}

func TestSettersRefuse(t *testing.T) {
	serveOnce(t, func(x *Exchange) any {
		for i, err := range []error{
			x.SetStatus(99), x.SetStatus(600), x.SetHeader("a b", "c"), x.SetHeader("A", "b\r\nC: d"), x.SetContentType("a\nb"),
			x.SetTransfer("pigeon"), x.WriteEvent("a\nb", nil),
		} {
			if !messages.IsKind(err, messages.Invalid) {
				t.Errorf("bad value %d gave %v", i, err)
			}
		}
		_ = x.Write([]byte("x"))
		for i, err := range []error{x.SetStatus(200), x.SetHeader("A", "b"), x.SetContentType("a/b"), x.SetTransfer("sse")} {
			if !messages.IsKind(err, messages.Invalid) {
				t.Errorf("setter %d after the headers gave %v", i, err)
			}
		}
		return nil
	}, httptest.NewRequest("GET", "/", nil))
}

func TestConvert(t *testing.T) {
	for in, want := range map[string]string{
		"/a/:b/c": "/a/{b}/c b", "/{x}/{y...}": "/{x}/{y...} x y", "/{$}": "/{$} ", "/": "/ ", "/:": "/: ", "/a:b": "/a:b ",
	} {
		path, params := convert(in)
		if got := path + " " + strings.Join(params, " "); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func FuzzRoutes(f *testing.F) {
	f.Add("GET", "/a/:b", "/{c}/d")
	f.Add("POST", "/{x...}/y", "/{")
	f.Fuzz(func(t *testing.T, method, a, b string) {
		rt := newRouter("app:r", "app:s", "/api", nil, nil)
		for i, p := range []string{a, b} {
			path, _ := convert(p)
			if err := rt.put(&endpoint{id: string(rune('a' + i)), method: method, path: path, handler: &route{}}); err != nil && err.Error() == "" {
				t.Error("an error without a text")
			}
		}
	})
}

func TestMiddleware(t *testing.T) {
	env := actors.Env{Node: &actors.Node{Clock: actors.SystemClock{}}}
	echo := nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		_, _ = io.WriteString(w, r.RemoteAddr+strings.Repeat("x", 2000))
	})
	run := func(t *testing.T, names []string, options map[string]string, r *nethttp.Request) *httptest.ResponseRecorder {
		t.Helper()
		list, err := before.build(env, names, options)
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		chain(echo, list).ServeHTTP(rec, r)
		return rec
	}
	get := func(header ...string) *nethttp.Request {
		r := httptest.NewRequest("GET", "/?k=v", nil)
		r.RemoteAddr = "10.1.2.3:55"
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	rec := run(t, []string{"real_ip"}, nil, get("X-Forwarded-For", "1.2.3.4, 10.0.0.1"))
	if !strings.HasPrefix(rec.Body.String(), "1.2.3.4x") {
		t.Errorf("real_ip: %.20s", rec.Body)
	}
	outside := get("X-Real-IP", "1.2.3.4")
	outside.RemoteAddr = "8.8.8.8:1"
	if rec = run(t, []string{"real_ip"}, nil, outside); !strings.HasPrefix(rec.Body.String(), "8.8.8.8:1x") {
		t.Errorf("real_ip of a stranger: %.20s", rec.Body)
	}
	rec = run(t, []string{"compress"}, nil, get("Accept-Encoding", "br, gzip"))
	z, err := gzip.NewReader(rec.Body)
	if err != nil || rec.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("compress: %v %v", rec.Header(), err)
	}
	if b, err := io.ReadAll(z); err != nil || len(b) != 2000+len("10.1.2.3:55") {
		t.Errorf("compress: %d bytes, %v", len(b), err)
	}
	if rec = run(t, []string{"compress"}, map[string]string{"compress.min.length": "9999"}, get("Accept-Encoding", "gzip")); rec.Header().Get("Content-Encoding") != "" || rec.Body.Len() < 2000 {
		t.Errorf("compress of a short body: %v", rec.Header())
	}
	if rec = run(t, []string{"compress"}, nil, get("Accept-Encoding", "gzip;q=0")); rec.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for who does not want it")
	}
	for origin, want := range map[string]string{
		"https://a.example.com": "https://a.example.com", "http://localhost:3000": "http://localhost:3000", "https://other.com": "", "https://badexample.com": "",
	} {
		rec = run(t, []string{"cors"}, map[string]string{"allow_origins": "*.example.com, localhost"}, get("Origin", origin))
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("cors of %s: %q", origin, got)
		}
	}
	for _, bad := range []struct {
		name    string
		options map[string]string
		want    string
	}{
		{"cros", nil, "cors"},
		{"compress", map[string]string{"compress.level": "most"}, "compress.level"},
		{"ratelimit", map[string]string{"ratelimit.window": "1ms"}, "ratelimit.window"},
		{"ratelimit", map[string]string{"ratelimit.key": "colour"}, "ratelimit.key"},
		{"real_ip", map[string]string{"trusted_subnets": "x"}, "subnets"},
		{"cors", map[string]string{"cors.allow.credentials": "perhaps"}, "credentials"},
	} {
		if _, err := before.build(env, []string{bad.name}, bad.options); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s %v: %v", bad.name, bad.options, err)
		}
	}
	list, err := before.build(env, []string{"ratelimit"}, map[string]string{"ratelimit.burst": "2", "ratelimit.key": "header:x-key"})
	if err != nil {
		t.Fatal(err)
	}
	var codes []int
	long := strings.Repeat("x", 1000) // of long keys only the sum is kept
	for _, key := range []string{"a", "a", "a", "b", "", long, long + "y", long, long} {
		rec := httptest.NewRecorder()
		chain(echo, list).ServeHTTP(rec, get("X-Key", key))
		codes = append(codes, rec.Code)
	}
	if !slices.Equal(codes, []int{200, 200, 429, 200, 400, 200, 200, 200, 429}) {
		t.Errorf("ratelimit: %v", codes)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := &limiter{now: func() time.Time { return now }, rate: 1, burst: 1, max: 3, sweepEvery: time.Hour, ttl: time.Minute, buckets: map[string]*bucket{}}
	if !l.allow("a") || l.allow("a") {
		t.Error("the burst is not 1")
	}
	if now = now.Add(time.Second); !l.allow("a") {
		t.Error("no token after a second")
	}
	for _, k := range []string{"b", "c", "d", "e"} {
		l.allow(k)
	}
	if len(l.buckets) != 3 {
		t.Errorf("%d buckets", len(l.buckets))
	}
	if now = now.Add(2 * time.Hour); !l.allow("z") || len(l.buckets) != 1 {
		t.Errorf("%d buckets after the sweep", len(l.buckets))
	}
}

func TestFirewall(t *testing.T) {
	env := actors.Env{}
	list, err := after.build(env, []string{"endpoint_firewall"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := matched("app:e", chain(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {}), list))
	for want, as := range map[int]*messages.Context{
		401: nil, 403: {Actor: &messages.Actor{ID: "u"}}, 200: {Actor: &messages.Actor{ID: "u"}, Scope: &messages.Scope{Policies: []messages.Policy{onlyEndpoint{}}}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r.WithContext(withIdentity(r.Context(), as)))
		if rec.Code != want {
			t.Errorf("got %d, want %d", rec.Code, want)
		}
	}
}

type onlyEndpoint struct{}

func (onlyEndpoint) ID() string { return "p" }
func (onlyEndpoint) Evaluate(_ *messages.Actor, action, resource string, _ *messages.Table) messages.Effect {
	if action == "access" && resource == "app:e" {
		return messages.Allow
	}
	return messages.Deny
}

func TestTLSRules(t *testing.T) {
	for want, c := range map[string]TLSConfig{
		"tls.mode=off must not":   {Cert: "x"},
		"driver-managed":          {Mode: "auto", Key: "x"},
		"requires tls.mode=man":   {Mode: "auto", ClientAuth: "request"},
		"requires cert+key":       {Mode: "manual"},
		"not both":                {Mode: "manual", Cert: "x", Key: "x", CertEnv: "x"},
		"cert and key must both":  {Mode: "manual", Cert: "x"},
		"cert_env and key_env":    {Mode: "manual", KeyEnv: "x"},
		"either client_ca or":     {Mode: "manual", Cert: "x", Key: "x", ClientCA: "x", ClientCAEnv: "x"},
		"client_auth is empty":    {Mode: "manual", Cert: "x", Key: "x", ClientCA: "x"},
		"verification modes requ": {Mode: "manual", Cert: "x", Key: "x", ClientAuth: "verify_if_given"},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", c, err, want)
		}
	}
	if err := (&ServiceConfig{Network: "app:proxy"}).Validate(); err == nil || !strings.Contains(err.Error(), "network app:proxy cannot listen") {
		t.Errorf("a proxy to listen on: %v", err)
	}
	if _, err := (TLSConfig{Mode: "manual", Cert: "x", Key: "y"}).build(); err == nil {
		t.Error("nonsense was taken for a certificate")
	}
}

func TestTLSServes(t *testing.T) {
	_, cert, key := actorstest.Certificate(t, nil)
	c, err := TLSConfig{Mode: "manual", Cert: cert, Key: key}.build()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(nethttp.NotFoundHandler())
	s.TLS = c
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func entryOf(kind string, meta, data map[string]any) registry.Entry {
	return registry.Entry{ID: registry.ID{NS: "app", Name: strings.ReplaceAll(kind, ".", "_")}, Kind: kind, Meta: meta, Data: data}
}

func TestConfigs(t *testing.T) {
	for _, c := range []struct {
		e    registry.Entry
		kind actors.Kind
		want string
	}{
		{entryOf("http.service", nil, map[string]any{"addr": ":1", "timeouts": map[string]any{"read": "-1s"}}), Service, "out of bounds"},
		{entryOf("http.service", nil, map[string]any{}), Service, "addr"},
		{entryOf("http.router", nil, map[string]any{}), Router, "server"},
		{entryOf("http.endpoint", map[string]any{"router": "r"}, map[string]any{"method": "GTE", "path": "/", "func": "f"}), Endpoint, "invalid HTTP method: GTE"},
		{entryOf("http.endpoint", map[string]any{"router": "r"}, map[string]any{"method": "GET", "path": "x", "func": "f"}), Endpoint, "must begin with /"},
	} {
		_, _, problems := c.kind.Schema.Decode(c.e)
		if err := problems.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.e.Kind, err, c.want)
		}
	}
}

type functionConfig struct{}

const entries = `
  - {name: f, kind: function.go}
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {stop_timeout: 100ms}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api/}
  - {name: one, kind: http.endpoint, meta: {router: api}, method: GET, path: "/:id", func: f}
`

// A server starts, answers, cancels the calls of clients that go away, takes new
// routes while it runs, and breaks off what does not end when it stops.
func TestServer(t *testing.T) {
	begun := make(chan *Exchange, 10)
	f := &goFunction{do: func(x *Exchange) any {
		if x.Params()["id"] == "slow" {
			begun <- x
			return nothing{}
		}
		return x.Params()["id"]
	}}
	kinds := append(Kinds(), actors.Define(actors.Spec[functionConfig]{
		Name: "function.go", Doc: "A function in Go.", Serve: func(actors.Env, functionConfig) actor.Actor { return f },
	}))
	n := actorstest.Node(t, actorstest.Parts{
		Kinds:      kinds,
		Components: []actors.Component{actorstest.Entries, {Name: "supervisor", New: func(actors.Env) actor.Actor { return &goFunction{} }}, Component},
	})
	if err := actorstest.Create(t, n, entries); err != nil {
		t.Fatal(err)
	}
	actorstest.Must[*messages.Done](t, n, "app:web", &actors.Start{})
	base := "http://" + actorstest.Must[string](t, n, "app:web", &Addr{}) + "/api/"
	client := &nethttp.Client{Transport: &nethttp.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(ctx context.Context, path string) (int, string, error) {
		r, err := nethttp.NewRequestWithContext(ctx, "GET", base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return res.StatusCode, string(b), err
	}
	if code, body, err := get(t.Context(), "x"); code != 200 || body != "x" || err != nil {
		t.Errorf("got %d %q %v", code, body, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, _, err := get(ctx, "slow"); ended <- err }()
	x := <-begun
	cancel()
	if err := <-ended; err == nil {
		t.Error("an abandoned request was answered")
	}
	actorstest.Until(t, n, "the call is canceled", func() bool { return f.abandoned.Load() == 1 })
	actorstest.Until(t, n, "the exchange is over", x.ended)

	moved := strings.ReplaceAll(entries, "/:id", "/moved/{id}")
	if err := actorstest.Update(t, n, "app:one", moved); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := get(t.Context(), "x"); code != 404 {
		t.Errorf("the old route answers %d", code)
	}
	_, err := actorstest.Ask(t, n, "http", &endpoint{id: "app:two", router: "app:api", method: "GET", path: "/moved/{name}", handler: &route{}})
	if !messages.IsKind(err, messages.Conflict) || !strings.Contains(err.Error(), "app:one") {
		t.Errorf("an equal route gave %v", err)
	}
	go func() { _, _, err := get(t.Context(), "moved/slow"); ended <- err }()
	x = <-begun
	if _, err := actorstest.Ask(t, n, "app:api", &actors.Unload{}); err != nil {
		t.Fatal(err)
	}
	if x.ended() {
		t.Error("a change of the routes ended a request")
	}
	if err := x.Write([]byte("part")); err != nil {
		t.Error(err)
	}
	actorstest.Must[*messages.Done](t, n, "app:web", &actors.Stop{})
	if err := <-ended; err == nil {
		t.Error("what was broken off looks whole")
	}
	if !x.ended() {
		t.Error("a request outlived its server")
	}
}

// counted collects what is sent to the metrics.
type counted struct{ updates chan *messages.MetricUpdate }

func (c *counted) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*actors.Request); ok {
		if b, ok := m.Body.(*messages.MetricUpdate); ok {
			c.updates <- b
			return
		}
		m.Done()
	}
}

func TestMetricsMiddleware(t *testing.T) {
	c := &counted{make(chan *messages.MetricUpdate, 10)}
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{{
		Name: "metrics", Handles: []any{(*messages.MetricUpdate)(nil)}, New: func(actors.Env) actor.Actor { return c },
	}}})
	list, err := before.build(actors.Env{Node: n}, []string{"metrics", "otel"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	chain(nethttp.NotFoundHandler(), list).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/", nil))
	var got []string
	for range 4 {
		u := <-c.updates
		got = append(got, u.Name+" "+u.Labels["method"]+" "+u.Labels["status"])
	}
	want := []string{"troupe_http_requests_in_flight  ", "troupe_http_requests_in_flight  ", "troupe_http_requests_total other 404", "troupe_http_request_duration_seconds other 404"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestUnreadOptions(t *testing.T) {
	var log strings.Builder
	env := actors.Env{ID: "app:api", Node: &actors.Node{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	if _, err := before.build(env, []string{"cors"}, map[string]string{"cors.allow.orgins": "*", "max_age": "5"}); err != nil {
		t.Fatal(err)
	}
	if s := log.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, "option=cors.allow.orgins") || !strings.Contains(s, "cors.allow.origins") {
		t.Errorf("log: %s", s)
	}
}
