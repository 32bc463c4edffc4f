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

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// toxic adds one in both directions.
func (f *faults) toxic(kind, attributes string) {
	f.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		f.add(fmt.Sprintf(`{"name": "%[1]s_%[2]s", "type": %[1]q, "stream": %[2]q, "attributes": {%[3]s}}`, kind, stream, attributes))
	}
}

// slow has answers take longer than those wait who wait for a second.
func (f *faults) slow() { f.toxic("latency", `"latency": 2000`) }

// uneven has every packet take another time.
func (f *faults) uneven() { f.toxic("latency", `"latency": 20, "jitter": 20`) }

// thin lets 50 kB through in a second.
func (f *faults) thin() { f.toxic("bandwidth", `"rate": 50`) }

// silent keeps connections, and lets nothing through.
func (f *faults) silent() { f.toxic("timeout", `"timeout": 0`) }

// within is a function that calls another one, which may take a second.
func within(name, function string) string {
	return luaFunction(name, "funcs", fmt.Sprintf(`
		local said, err = require("funcs").new():with_options({timeout = 1000}):call(%q)
		if err then return explain(nil, err) end
		return said`, function))
}

// slowness has everything that a network can do short of failing happen to a service:
// app:work asks it for something small, app:heavy moves 150 kB. Whoever limits
// the time hears of it in time, with the kind of error that is late; all others get what
// they asked for, or failed where nothing comes any more.
func slowness(t *testing.T, f *faults, entries, late, failed string) *boot.Runtime {
	t.Helper()
	rt := start(t, hostEntry+entries+within("hasty", "app:work")+within("bulky", "app:heavy"))
	recovers(t, rt, "app:work", failed)
	wantOutcome(t, rt, "app:heavy", "fine")
	f.slow()
	wantOutcome(t, rt, "app:hasty", late)
	f.over()
	recovers(t, rt, "app:work", failed)

	f.uneven()
	for range 5 {
		wantOutcome(t, rt, "app:work", "fine")
	}
	f.over()

	f.thin()
	wantOutcome(t, rt, "app:bulky", late)
	wantOutcome(t, rt, "app:work", "fine")
	f.over()
	recovers(t, rt, "app:heavy", failed)

	f.silent()
	wantOutcome(t, rt, "app:hasty", late)
	f.over()
	recovers(t, rt, "app:work", failed)
	recovers(t, rt, "app:heavy", failed)
	return rt
}

const (
	tooLate     = messages.Timeout + " nil" // whether it has an effect nobody knows
	unavailable = messages.Unavailable + " true"
)

func TestSlowHTTP(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/heavy" {
			_, _ = io.WriteString(w, strings.Repeat("x", 150_000))
		}
	}))
	defer up.Close()
	f := newFaults(t, up.Listener.Addr().String())
	get := func(name, path, timeout string) string {
		return luaFunction(name, "http_client", fmt.Sprintf(`return explain(require("http_client").get("http://%s/%s", {timeout = %q}))`, f.addr(), path, timeout))
	}
	const failed = messages.Internal + " true"
	rt := slowness(t, f, get("work", "", "20s")+get("heavy", "heavy", "20s")+get("quick", "", "1s")+get("all", "heavy", "1s"), tooLate, failed)
	// The limit of the request itself.
	for _, fault := range []func(){f.slow, f.silent} {
		fault()
		wantOutcome(t, rt, "app:quick", failed)
		f.over()
		recovers(t, rt, "app:work", failed)
	}
	f.thin()
	wantOutcome(t, rt, "app:all", failed)
	f.over()
	recovers(t, rt, "app:work", failed)
}

func TestSlowS3(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	f := newFaults(t, server.Listener.Addr().String())
	put := func(name string, size int) string {
		return luaFunction(name, "cloudstorage", fmt.Sprintf(`return explain(assert(require("cloudstorage").get("app:s")):upload_object("k", string.rep("x", %d)))`, size))
	}
	slowness(t, f, fmt.Sprintf(`
  - {name: aws, kind: config.aws, region: us-east-1, access_key_id: k, secret_access_key: s}
  - {name: s, kind: cloudstorage.s3, bucket: files, config: aws, endpoint: "http://%s"}
`, f.addr())+put("work", 10)+put("heavy", 150_000), tooLate, messages.Internal+" true")
}

func TestSlowSQL(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]func(*testing.T) (string, func(string) string){"postgres": postgresServer, "mysql": mysqlServer} {
		t.Run(name, func(t *testing.T) {
			address, entry := server(t)
			t.Parallel()
			f := newFaults(t, address)
			slowness(t, f, entry(f.addr())+
				luaFunction("work", "sql", `return explain(assert(require("sql").get("app:db")):query("SELECT 1 AS one"))`)+
				luaFunction("heavy", "sql", `return explain(assert(require("sql").get("app:db")):query("SELECT '" .. string.rep("x", 150000) .. "' AS one"))`),
				tooLate, unavailable)
		})
	}
}

func TestSlowQueue(t *testing.T) {
	t.Parallel()
	for driver, variable := range map[string]string{"amqp": "TROUPE_AMQP", "jetstream": "TROUPE_NATS"} {
		t.Run(driver, func(t *testing.T) {
			at, err := url.Parse(actorstest.Server(t, variable))
			if err != nil {
				t.Fatal(err)
			}
			t.Parallel()
			f := newFaults(t, at.Host)
			at.Host = f.addr()
			fields := ""
			if driver == "amqp" {
				fields = ", reconnect_delay: 50ms, default_queue_expiry: 1m"
			}
			entries := fmt.Sprintf(`
  - {name: drv, kind: queue.driver.%s, url: %q%s, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: drv, queue_name: %q}
  - {name: worker, kind: queue.consumer, queue: jobs, func: handle, lifecycle: {auto_start: true}}
  - {name: seen, kind: store.memory, lifecycle: {auto_start: true}}
`, driver, at, fields, "troupe-slow-"+fmt.Sprint(time.Now().UnixNano())) +
				luaFunction("handle", "store", `assert(assert(require("store").get("app:seen")):set("seen", true)) return true`) +
				luaFunction("consumed", "store", `
					local s = assert(require("store").get("app:seen"))
					if not s:get("seen") then return "not yet" end
					s:delete("seen")
					return "fine"`) +
				luaFunction("work", "queue", `return explain(require("queue").publish("app:jobs", "x"))`) +
				luaFunction("heavy", "queue", `return explain(require("queue").publish("app:jobs", string.rep("x", 150000)))`)
			rt := slowness(t, f, entries, tooLate, unavailable)
			// Without a limit the driver has one.
			recovers(t, rt, "app:consumed", "not yet")
			f.silent()
			wantOutcome(t, rt, "app:work", unavailable)
			f.over()
			recovers(t, rt, "app:work", unavailable)
			recovers(t, rt, "app:consumed", "not yet")
		})
	}
}
