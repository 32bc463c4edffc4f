package standard_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/boot"
)

// receiver is a collector of OpenTelemetry.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   map[string]*trace.Span // by name
	all     []*trace.Span
	service string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{spans: map[string]*trace.Span{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		m := &collector.ExportTraceServiceRequest{}
		if err := proto.Unmarshal(body, m); err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL, err)
		}
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, rs := range m.GetResourceSpans() {
			for _, a := range rs.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					r.service = a.GetValue().GetStringValue()
				}
			}
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					r.spans[s.GetName()] = s
					r.all = append(r.all, s)
				}
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func configured(t *testing.T, values map[string]any) boot.Option {
	t.Helper()
	c, problems := boot.NewConfig(values)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return boot.WithConfig(c)
}

// A request, the function that serves it, those it calls and the requests they send
// are one trace.
func TestTracing(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "shop")
	r := newReceiver(t)
	var carried http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { carried = req.Header }))
	defer other.Close()
	addr := freeAddr(t)
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: gw, kind: http.service, addr: %q, lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: gw}, middleware: [otel]}
  - {name: hello, kind: http.endpoint, meta: {router: api}, method: GET, path: /hello, func: outer}
  - {name: outer, kind: function.lua, method: run, modules: [funcs], source: "return {run = function() return require('funcs').call('app:inner', 1) end}"}
  - {name: inner, kind: function.lua, method: run, modules: [http_client, funcs], source: %q}
  - {name: bad, kind: function.lua, method: run, source: "return {run = function() error('no') end}"}
`, addr, fmt.Sprintf(`return {run = function() require("funcs").call("app:bad"); return require("http_client").get(%q).status_code end}`, other.URL)),
		configured(t, map[string]any{"otel.enabled": true, "otel.endpoint": strings.TrimPrefix(r.URL, "http://"), "otel.service_version": "1"}))
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	req.Header.Set("traceparent", "00-"+id+"-"+parent+"-01")
	req.Header.Set("baggage", "tenant=blue")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if err := rt.Stop(); err != nil { // which sends what is left
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.service != "shop" {
		t.Errorf("service %q", r.service)
	}
	above := parent
	for _, name := range []string{"GET", "app:outer", "app:inner", "app:bad"} {
		s := r.spans[name]
		if s == nil {
			t.Fatalf("no span %s in %v", name, r.spans)
		}
		if hex.EncodeToString(s.GetTraceId()) != id || hex.EncodeToString(s.GetParentSpanId()) != above {
			t.Errorf("%s: %v; the one above is %s", name, s, above)
		}
		above = hex.EncodeToString(s.GetSpanId())
		if bad := s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR; bad != (name == "app:bad") {
			t.Errorf("%s: %v", name, s.GetStatus())
		}
	}
	if s := r.spans["GET"]; s.GetKind() != trace.Span_SPAN_KIND_SERVER {
		t.Error(s)
	}
	want := "00-" + id + "-" + hex.EncodeToString(r.spans["app:inner"].GetSpanId()) + "-01"
	if carried.Get("traceparent") != want || carried.Get("baggage") != "tenant=blue" {
		t.Errorf("carried on: %v; want %s", carried, want)
	}
}

// What a handler of a queue does is in the trace of what was published to it.
func TestTracingQueue(t *testing.T) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			rt := start(t, hostEntry+`
  - {name: drv, kind: queue.driver.memory, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: drv}
  - {name: worker, kind: queue.consumer, queue: jobs, func: work, lifecycle: {auto_start: true}}
  - {name: seen, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: publish, kind: function.lua, method: run, modules: [queue], source: "return {run = function() return require('queue').publish('app:jobs', 'x', {mine = 'kept'}) end}"}
  - {name: work, kind: function.lua, method: run, modules: [queue, store, funcs], source: "return {run = function() local m = assert(require('queue').message()); local first = not require('store').get('app:seen'):get('seen'); require('store').get('app:seen'):set('seen', m:header('mine')); if first then error('once') end; require('funcs').call('app:after') end}"}
  - {name: after, kind: function.lua, method: run, modules: [store], source: "return {run = function() require('store').get('app:seen'):set('done', true) end}"}
  - {name: done, kind: function.lua, method: run, modules: [store], source: "return {run = function() return require('store').get('app:seen'):get('done') == true end}"}
`, configured(t, map[string]any{"otel.enabled": true, "otel.endpoint": strings.TrimPrefix(r.URL, "http://"), "otel.queue.enabled": on}))
			if _, err := call(t, rt, "app:publish"); err != nil {
				t.Fatal(err)
			}
			actorstest.Until(t, rt.Node(), "the message is handled", func() bool {
				done, err := call(t, rt, "app:done")
				return err == nil && done == true
			})
			if err := rt.Stop(); err != nil {
				t.Fatal(err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if got := r.spans["publish app:jobs"] != nil; got != on {
				t.Fatalf("publishing has a span: %v", got)
			}
			if !on {
				return
			}
			var above *trace.Span
			for _, name := range []string{"app:publish", "publish app:jobs", "process app:jobs", "app:work", "app:after"} {
				s := r.spans[name]
				if s == nil {
					t.Fatalf("no span %s in %v", name, r.spans)
				}
				if above != nil && (string(s.GetTraceId()) != string(above.GetTraceId()) || string(s.GetParentSpanId()) != string(above.GetSpanId())) {
					t.Errorf("%s is not inside %s: %v", name, above.GetName(), s)
				}
				above = s
			}
			if p, c := r.spans["publish app:jobs"].GetKind(), r.spans["process app:jobs"].GetKind(); p != trace.Span_SPAN_KIND_PRODUCER || c != trace.Span_SPAN_KIND_CONSUMER {
				t.Error(p, c)
			}
		})
	}
}

// What is done with a database is in the trace of who does it: statements, and
// transactions with the statements inside them. Parameters are not told.
func TestTracingSQL(t *testing.T) {
	onDatabases(t, func(t *testing.T, typ, entry string) {
		r := newReceiver(t)
		rt := start(t, hostEntry+entry+`
  - {name: use, kind: function.lua, method: run, modules: [sql, funcs], source: "
      return {run = function()
        local db = assert(require('sql').get('app:db'));
        assert(db:execute('CREATE TABLE IF NOT EXISTS traced (name VARCHAR(20))'));
        require('funcs').call('app:pay');
        require('funcs').call('app:wrong');
        require('funcs').call('app:forget');
        assert(db:execute('DROP TABLE traced'))
      end}"}
  - {name: pay, kind: function.lua, method: run, modules: [sql], source: "
      return {run = function()
        local tx = assert(require('sql').get('app:db'):begin());
        local insert = assert(tx:prepare('INSERT INTO traced (name) SELECT name FROM traced'));
        assert(insert:execute());
        assert(insert:close());
        assert(require('sql').builder.select('name'):from('traced'):where({name = 'secret'}):run_with(tx):query());
        assert(tx:commit())
      end}"}
  - {name: wrong, kind: function.lua, method: run, modules: [sql], source: "return {run = function() require('sql').get('app:db'):query('SELECT nothing FROM nowhere') end}"}
  - {name: forget, kind: function.lua, method: run, modules: [sql], source: "return {run = function() assert(require('sql').get('app:db'):begin()) end}"}
`, configured(t, map[string]any{"otel.enabled": true, "otel.endpoint": strings.TrimPrefix(r.URL, "http://")}))
		if _, err := call(t, rt, "app:use"); err != nil {
			t.Fatal(err)
		}
		if err := rt.Stop(); err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		system := map[string]string{"postgres": "postgresql", "mysql": "mysql", "sqlite": "sqlite"}[typ]
		got := map[string]int{}
		for _, s := range r.all {
			above := "nothing"
			for _, o := range r.all {
				if string(o.GetSpanId()) == string(s.GetParentSpanId()) {
					above = o.GetName()
				}
			}
			of := map[string]string{}
			for _, a := range s.GetAttributes() {
				of[a.GetKey()] = a.GetValue().GetStringValue()
			}
			if strings.Contains(fmt.Sprint(of), "secret") {
				t.Errorf("%s tells a parameter: %v", s.GetName(), of)
			}
			if of["db.system.name"] == "" {
				continue // a function
			}
			if of["db.system.name"] != system || s.GetKind() != trace.Span_SPAN_KIND_CLIENT || of["db.operation.name"]+" app:db" != s.GetName() {
				t.Errorf("%s: %v, %v", s.GetName(), s.GetKind(), of)
			}
			if failed := s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR; failed != (above == "app:wrong") {
				t.Errorf("%s in %s: %v", s.GetName(), above, s.GetStatus())
			}
			got[above+" > "+s.GetName()+" "+strings.Join(strings.Fields(of["db.query.text"])[:min(2, len(strings.Fields(of["db.query.text"])))], " ")]++
		}
		want := map[string]int{
			"app:use > execute app:db CREATE TABLE": 1, "app:use > execute app:db DROP TABLE": 1,
			"app:pay > transaction app:db ": 1, "app:wrong > query app:db SELECT nothing": 1, "app:forget > transaction app:db ": 1,
			"transaction app:db > begin app:db ": 2, "transaction app:db > commit app:db ": 1,
			"transaction app:db > prepare app:db INSERT INTO": 1, "transaction app:db > execute app:db INSERT INTO": 1, "transaction app:db > query app:db SELECT name": 1,
		}
		if !maps.Equal(got, want) {
			t.Errorf("got %v; want %v", got, want)
		}
	})
}

// The environment wins, and nothing is sent where telemetry is off.
func TestTracingOff(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		config map[string]any
		sent   bool
	}{
		"default":  {nil, nil, false},
		"on":       {nil, map[string]any{"otel.enabled": true}, true},
		"disabled": {map[string]string{"OTEL_SDK_DISABLED": "true"}, map[string]any{"otel.enabled": true}, false},
		"no rate":  {map[string]string{"OTEL_TRACES_SAMPLER_ARG": "0"}, map[string]any{"otel.enabled": true}, false},
		"no calls": {nil, map[string]any{"otel.enabled": true, "otel.interceptor.enabled": false}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			rt := start(t, hostEntry+"\n  - {name: f, kind: function.lua, method: run, source: \"return {run = function() return 1 end}\"}\n", configured(t, c.config))
			if _, err := call(t, rt, "app:f"); err != nil {
				t.Fatal(err)
			}
			if err := rt.Stop(); err != nil {
				t.Fatal(err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if sent := r.spans["app:f"] != nil; sent != c.sent {
				t.Errorf("sent: %v", sent)
			}
		})
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
