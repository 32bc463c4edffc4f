package standard_test

import (
	"fmt"
	"io"
	"maps"
	nethttp "net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

// Of programs that change the registry at once one wins; the others learn that
// they can try again, and do.
func TestConcurrentChangesFromLua(t *testing.T) {
	rt := start(t, hostEntry+"  - {name: counter, kind: registry.entry, n: 0}\n"+`
  - name: bump
    kind: process.lua
    method: main
    modules: [registry, errors]
    source: |
      local registry = require("registry")
      return { main = function(boss)
        local conflicts = 0
        while true do
          local snap = registry.snapshot()
          local e = snap:get("app:counter")
          e.data.n = e.data.n + 1
          local v, err = snap:changes():update(e):apply()
          if v then break end
          local d = err:details()
          if err:kind() ~= errors.INTERNAL or not errors.is(err, errors.INTERNAL) or not errors.is(err, errors.CONFLICT) or errors.is(err, errors.INVALID)
            or err:retryable() ~= true or not d.cause:find("registry changed during apply", 1, true) or not (d.actual_version > d.expected_version) then
            process.send(boss, "done", tostring(err))
            return
          end
          conflicts = conflicts + 1
        end
        process.send(boss, "done", "ok", conflicts)
      end }
`+mainProc("registry", `
local registry = require("registry")
local s = registry.snapshot()
local first, second = s:changes(), s:changes()
local e = s:get("app:counter")
first:update(e); second:update(e)
e.data.n = 7 -- what was gathered stays as it was
assert(first:apply())
local v, err = second:apply()
if v or not errors.is(err, errors.CONFLICT) or not err:retryable() or err:details().expected_version ~= 0 or err:details().actual_version ~= 1 then return tostring(err) end
local done = process.listen("done")
for i = 1, 10 do assert(process.spawn("app:bump", "app:a_host", process.pid())) end
for i = 1, 10 do
    local m = done:receive()
    if m[1] ~= "ok" then return m end
end
local n, now = registry.get("app:counter").data.n, registry.current_version():id()
if n ~= 10 or now ~= 11 then return n .. " in v" .. now end
return "ok"`))
	wantOK(t, rt)
}

// hotApp is an application whose every part that serves a request depends on n.
func hotApp(n int, more string) fstest.MapFS {
	return fstest.MapFS{"app.yaml": {Data: []byte(header + fmt.Sprintf(`
  - {name: a_host, kind: process.host, lifecycle: {auto_start: true}}
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web, n: %[1]d}, prefix: /api, middleware: [cors, compress], options: {cors.allow.methods: "GET, P%[1]d"}}
  - {name: base, kind: library.lua, source: "return { n = %[1]d }"}
  - {name: above, kind: library.lua, imports: {base: base}, source: "local b = require('base') return { n = b.n }"}
  - name: hello
    kind: function.lua
    method: main
    modules: [http, time]
    imports: {l: above}
    source: |
      local http, time, l = require('http'), require('time'), require('l')
      local born = l.n
      return { main = function()
        local req, res = http.request(), http.response()
        if req:query("slow") then time.sleep("5ms") end
        res:write("%[1]d " .. born .. " " .. l.n)
      end }
  - {name: hello.at, kind: http.endpoint, meta: {router: api, n: %[1]d}, method: GET, path: /hello, func: hello}
  - {name: extra.at, kind: http.endpoint, meta: {router: api}, method: GET, path: /only/%[1]d, func: hello}
  - {name: sitter, kind: process.lua, modules: [], imports: {l: above}, source: "local l = require('l') return { main = function() local i = process.inbox() while true do local m = i:receive() if m:topic() == 'up' then process.upgrade(nil) end process.send(m:from(), 'n', l.n) end end }"}
  - {name: sits, kind: process.service, process: sitter, host: a_host, lifecycle: {auto_start: true}}
`, n) + more)}}
}

// While everything that serves requests is changed a hundred times, and refused
// changes come between, no request fails, none sees two versions of a library, or one
// that did not come with the function, and after a change all is new.
func TestHotChangesUnderLoad(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	rt, err := boot.Start(t.Context(), hotApp(0, ""), standard.Parts())
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	url := webAddr(t, rt)
	services := func() string {
		list, err := rt.Services(t.Context())
		if err != nil {
			t.Error(err)
		}
		out := ""
		for _, s := range list {
			out += fmt.Sprintln(s.ID, s.Status, s.Started, s.Retries)
		}
		return out
	}
	processes := func() string {
		list, err := rt.Processes(t.Context())
		if err != nil {
			t.Error(err)
		}
		out := ""
		for _, p := range list {
			out += fmt.Sprintln(p.PID)
		}
		return out
	}
	began, ran := services(), processes()

	var served atomic.Int64
	end := make(chan struct{})
	var clients sync.WaitGroup
	stop := sync.OnceFunc(func() { close(end); clients.Wait() })
	defer stop()
	for i := range 4 {
		path := []string{"/hello", "/hello?slow=1"}[i%2]
		clients.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				res, err := nethttp.Get(url + path)
				if err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				f := strings.Fields(string(body))
				if res.StatusCode != 200 || err != nil || len(f) != 3 || f[1] != f[2] || f[0] != f[1] && f[1][0] != '-' { // a change that is taken back may be seen in parts
					t.Errorf("got %d %q %v", res.StatusCode, body, err)
					return
				}
				served.Add(1)
			}
		})
	}
	for n := 1; n <= 100 && !t.Failed(); n++ {
		if n%10 == 0 { // refused by its kind, after others were accepted
			before, had := services(), processes()
			if _, err := rt.Apply(t.Context(), hotApp(-n, "  - {name: zz, kind: function.lua, method: run, source: \"return {\"}\n")); err == nil {
				t.Fatal("broken code was applied")
			}
			if v, err := rt.Ask(t.Context(), &messages.RegistryVersion{}); err != nil || v.(*messages.VersionData).ID != int64(n-1) {
				t.Fatalf("after a refused change: %v, %v", v, err)
			}
			if got := services(); got != before {
				t.Fatalf("a refused change left the services as\n%s before\n%s", got, before)
			}
			if got := processes(); got != had {
				t.Fatalf("a refused change left the processes as\n%s before\n%s", got, had)
			}
			if status, _, body := fetch(t, "GET", url+"/hello", ""); body != fmt.Sprintf("%[1]d %[1]d %[1]d", n-1) {
				t.Fatalf("after a refused change: %d %q", status, body)
			}
		}
		done, err := rt.Apply(t.Context(), hotApp(n, ""))
		if err != nil || done.Version != int64(n) {
			t.Fatalf("change %d: %+v, %v", n, done, err)
		}
		// What was added serves at once, and what it replaced is gone.
		if status, _, body := fetch(t, "GET", fmt.Sprint(url, "/only/", n), ""); status != 200 || body != fmt.Sprintf("%[1]d %[1]d %[1]d", n) {
			t.Fatalf("after change %d: %d %q", n, status, body)
		}
		if status, _, _ := fetch(t, "GET", fmt.Sprint(url, "/only/", n-1), ""); status != 404 {
			t.Fatalf("after change %d the old endpoint gives %d", n, status)
		}
	}
	// Every client is served by the newest version too.
	more := served.Load() + 20
	until(t, "requests are served", func() bool { return served.Load() >= more || t.Failed() })
	stop()
	if got := services(); got != began {
		t.Errorf("services whose configuration stayed were restarted:\n%s before\n%s", got, began)
	}
	if got := processes(); got != ran {
		t.Errorf("processes changed:\n%s before\n%s", got, ran)
	}
}

// A service is started again when its own entry changes, and only then; its process
// goes on with the code it began with until it is upgraded.
func TestOwnConfiguration(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: other, kind: registry.entry, n: 0}
  - name: sitter
    kind: process.lua
    source: |
      return { main = function(given)
        process.registry.register("sitter")
        local inbox, events = process.inbox(), process.events()
        while true do
          local r = channel.select({inbox:case_receive(), events:case_receive()})
          if r.channel == events then return end
          local m = r.value
          if m:topic() == "up" then process.upgrade(nil, given) end
          process.send(m:from(), "says", "old code, " .. given)
        end
      end }
  - {name: sits, kind: process.service, process: sitter, host: a_host, input: ["one"], lifecycle: {auto_start: true}}
  - name: ask
    kind: function.lua
    method: run
    source: |
      return { run = function(topic)
        local says = process.listen("says")
        if topic == "up" then process.send("sitter", "up") end
        while not process.send("sitter", "say") do end
        return (says:receive())
      end }
`)
	version := int64(0)
	change := func(id string, f func(data map[string]any)) {
		t.Helper()
		e, err := rt.Get(t.Context(), "app:"+id)
		if err != nil {
			t.Fatal(err)
		}
		data := maps.Clone(e.Data.(map[string]any))
		f(data)
		op := messages.EntryOp{Kind: "entry.update", Entry: &messages.EntryData{ID: e.ID, Kind: e.Kind, Meta: e.Meta, Data: data}}
		if _, err := rt.Ask(t.Context(), &messages.RegistryApply{Base: version, Ops: []messages.EntryOp{op}}); err != nil {
			t.Fatal(err)
		}
		version++
	}
	pid := func() string {
		t.Helper()
		var found string
		until(t, "the service runs", func() bool { found = rt.Node().Procs.Named("sitter"); return found != "" })
		return found
	}
	says := func(want string, topic ...any) {
		t.Helper()
		if v, err := call(t, rt, "app:ask", topic...); v != want || err != nil {
			t.Errorf("it says %v, %v; want %s", v, err, want)
		}
	}
	first := pid()
	says("old code, one")
	change("other", func(d map[string]any) { d["n"] = 1 })
	change("sitter", func(d map[string]any) { d["source"] = strings.Replace(d["source"].(string), "old", "new", 1) })
	if pid() != first {
		t.Error("it was started again without need")
	}
	says("old code, one")
	says("new code, one", "up")
	if pid() != first {
		t.Error("an upgrade changed the PID")
	}
	change("sits", func(d map[string]any) { d["input"] = []any{"two"} })
	if pid() == first {
		t.Error("it was not started again")
	}
	says("new code, two")
}

// What waits in the mailbox, and lifecycle events, are there for the code after an
// upgrade, whatever the code before listened to.
func TestUpgradeKeepsMail(t *testing.T) {
	rt := start(t, hostEntry+`
  - name: p
    kind: process.lua
    modules: [time]
    source: |
      return { main = function(boss, second)
        local inbox, events, x = process.inbox(), process.events(), process.listen("x")
        if not second then
          process.send(boss, "go")
          time.sleep("50ms")
          process.upgrade(nil, boss, true)
        end
        local got = {}
        for _ = 1, 3 do table.insert(got, inbox:receive():payload():data()) end
        table.insert(got, (x:receive()))
        table.insert(got, events:receive().kind)
        process.send(boss, "got", table.concat(got, " "))
      end }
`+mainProc("", `
local go, got = process.listen("go"), process.listen("got")
local pid = process.spawn("app:p", "app:a_host", process.pid())
go:receive()
process.send(pid, "a", 1)
process.send(pid, "x", "x")
process.send(pid, "b", 2)
process.cancel(pid)
process.send(pid, "c", 3)
local v = got:receive()
return v == "1 2 3 x pid.cancel" and "ok" or v`))
	wantOK(t, rt)
}
