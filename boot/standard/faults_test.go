package standard_test

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// faults is a network that is as bad as a test wants it.
type faults struct {
	*testing.T
	proxy *toxiproxy.Proxy
}

func newFaults(t *testing.T, upstream string) *faults {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(io.Discard))
	f := &faults{t, toxiproxy.NewProxy(api, "faults", "127.0.0.1:0", upstream)}
	if err := f.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.proxy.Stop)
	return f
}

func (f *faults) addr() string { return f.proxy.Listen }

func (f *faults) add(toxic string) {
	f.Helper()
	if _, err := f.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		f.Fatal(err)
	}
}

// late holds answers back for longer than anybody waits.
func (f *faults) late() {
	f.add(`{"type": "latency", "attributes": {"latency": 60000}}`)
}

// reset ends connections with the next byte of an answer.
func (f *faults) reset() { f.add(`{"type": "reset_peer", "attributes": {"timeout": 0}}`) }

// outage ends all connections and takes no new ones.
func (f *faults) outage() { f.proxy.Stop() }

// over ends what was done.
func (f *faults) over() {
	f.Helper()
	if f.proxy.Enabled {
		f.proxy.Toxics.ResetToxics(f.Context())
		return
	}
	if err := f.proxy.Start(); err != nil {
		f.Fatal(err)
	}
}

// outcome calls a function that returns a value, or the kind of an error and whether
// to try again.
func outcome(t *testing.T, rt *boot.Runtime, function string) string {
	t.Helper()
	v, err := call(t, rt, function)
	if err != nil {
		return err.Error()
	}
	return messages.Text(v)
}

func wantOutcome(t *testing.T, rt *boot.Runtime, function, want string) {
	t.Helper()
	if got := outcome(t, rt, function); got != want {
		t.Errorf("%s gave %s; want %s", function, got, want)
	}
}

// recovers waits until a function succeeds again, by itself. Until then it fails only
// as it may.
func recovers(t *testing.T, rt *boot.Runtime, function, failed string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got := outcome(t, rt, function)
		switch {
		case got == "fine":
			return
		case got != failed || time.Now().After(end):
			t.Fatalf("%s gave %s", function, got)
		}
	}
}

// explained makes a word of what functions return.
const explained = `
local function explain(v, err)
	if err then return err:kind() .. " " .. tostring(err:retryable()) end
	return "fine"
end
`

func luaFunction(name, modules, body string) string {
	return fmt.Sprintf("  - {name: %s, kind: function.lua, method: run, modules: [%s], source: %q}\n", name, modules, explained+"return {run = function()\n"+body+"\nend}")
}

// The errors of http_client when an upstream server fails, and that it recovers.
func TestFaultsHTTP(t *testing.T) {
	up := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) { _, _ = io.WriteString(w, "hello") }))
	defer up.Close()
	f := newFaults(t, up.Listener.Addr().String())
	rt := start(t, hostEntry+"\n"+
		luaFunction("get", "http_client", fmt.Sprintf(`return explain(require("http_client").get("http://%s/", {timeout = "20s"}))`, f.addr()))+
		luaFunction("hasty", "http_client", fmt.Sprintf(`return explain(require("http_client").get("http://%s/", {timeout = "100ms"}))`, f.addr())))
	const failed = messages.Internal + " true"
	for range 2 {
		wantOutcome(t, rt, "app:get", "fine")
		f.late()
		wantOutcome(t, rt, "app:hasty", failed)
		f.over()
		recovers(t, rt, "app:get", failed)
		f.reset()
		wantOutcome(t, rt, "app:get", failed)
		f.over()
		recovers(t, rt, "app:get", failed)
		f.outage()
		wantOutcome(t, rt, "app:get", failed)
		f.over()
		recovers(t, rt, "app:get", failed)
	}
}

// The errors of sql when the way to a server fails, also within a transaction, and
// that it recovers with all its connections.
func TestFaultsSQL(t *testing.T) {
	t.Run("postgres", func(t *testing.T) { faultsSQL(t, postgresServer) })
	t.Run("mysql", func(t *testing.T) { faultsSQL(t, mysqlServer) })
}

func faultsSQL(t *testing.T, server func(*testing.T) (string, func(string) string)) {
	address, entry := server(t)
	f := newFaults(t, address)
	faults := make(chan func(), 1)
	trigger := httptest.NewServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) { (<-faults)() }))
	defer trigger.Close()
	rt := start(t, hostEntry+entry(f.addr())+
		luaFunction("ask", "sql", `return explain(assert(require("sql").get("app:db")):query("SELECT 1 AS one"))`)+
		luaFunction("begin", "sql", `
			local tx, err = assert(require("sql").get("app:db")):begin()
			if err then return explain(nil, err) end
			local _, failed = tx:query("SELECT 1 AS one")
			if failed then return explain(nil, failed) end
			return explain(tx:commit())`)+
		luaFunction("lose", "sql, http_client", fmt.Sprintf(`
			local tx = assert(assert(require("sql").get("app:db")):begin())
			assert(tx:query("SELECT 1 AS one"))
			assert(require("http_client").get(%q))
			local said = explain(tx:query("SELECT 1 AS one"))
			local ok, err = tx:commit()
			return said .. (err and ", not committed" or ", committed")`, trigger.URL))+
		luaFunction("used", "sql", `
			local n = assert(require("sql").get("app:db")):stats().in_use
			return n == 0 and "fine" or "in use"`))
	const failed = messages.Unavailable + " true"
	for range 2 {
		for _, fault := range []func(){f.reset, f.outage} {
			wantOutcome(t, rt, "app:ask", "fine")
			wantOutcome(t, rt, "app:begin", "fine")
			fault()
			wantOutcome(t, rt, "app:ask", failed)
			wantOutcome(t, rt, "app:begin", failed)
			f.over()
			recovers(t, rt, "app:begin", failed)
			faults <- fault
			wantOutcome(t, rt, "app:lose", failed+", not committed")
			f.over()
			recovers(t, rt, "app:ask", failed)
			recovers(t, rt, "app:used", "in use")
		}
	}
}

// The errors of queue when the way to a broker fails, and that publishing and
// consuming recover.
func TestFaultsQueue(t *testing.T) {
	for driver, variable := range map[string]string{"amqp": "TROUPE_AMQP", "jetstream": "TROUPE_NATS"} {
		t.Run(driver, func(t *testing.T) {
			at, err := url.Parse(actorstest.Server(t, variable))
			if err != nil {
				t.Fatal(err)
			}
			f := newFaults(t, at.Host)
			at.Host = f.addr()
			fields := ""
			if driver == "amqp" {
				fields = ", reconnect_delay: 50ms, default_queue_expiry: 1m"
			}
			rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: drv, kind: queue.driver.%s, url: %q%s, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: drv, queue_name: %q}
  - {name: worker, kind: queue.consumer, queue: jobs, func: work, lifecycle: {auto_start: true}}
  - {name: seen, kind: store.memory, lifecycle: {auto_start: true}}
`, driver, at, fields, "troupe-faults-"+fmt.Sprint(time.Now().UnixNano()))+
				luaFunction("work", "store", `assert(assert(require("store").get("app:seen")):set("seen", true)) return true`)+
				luaFunction("publish", "queue", `return explain(require("queue").publish("app:jobs", "x"))`)+
				luaFunction("consumed", "store", `
					local s = assert(require("store").get("app:seen"))
					if not s:get("seen") then return "not yet" end
					s:delete("seen")
					return "fine"`))
			const failed = messages.Unavailable + " true"
			for range 2 {
				recovers(t, rt, "app:publish", failed)
				recovers(t, rt, "app:consumed", "not yet")
				for _, fault := range []func(){f.reset, f.outage} {
					fault()
					wantOutcome(t, rt, "app:publish", failed)
					f.over()
					recovers(t, rt, "app:publish", failed)
					recovers(t, rt, "app:consumed", "not yet")
				}
			}
		})
	}
}
