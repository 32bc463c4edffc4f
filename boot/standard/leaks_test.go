//go:build linux

package standard_test

import (
	"context"
	"database/sql"
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// gate is where programs of the test wait, until the test or their end lets them
// through.
type gate struct {
	waiting atomic.Int64 // in wait
	stuck   atomic.Int64 // in stay
	through chan string
}

func (g *gate) module() lua.Module {
	at := func(n *atomic.Int64, open chan string) func(*lua.Call) (*lua.Command, error) {
		return func(*lua.Call) (*lua.Command, error) {
			return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
				n.Add(1)
				defer n.Add(-1)
				select {
				case how := <-open:
					return how, nil
				case <-done:
					return nil, messages.Errorf(messages.Canceled, "the process has ended")
				}
			}}, nil
		}
	}
	return lua.Module{
		Name: "gate", Doc: "Waits for the test.", Class: []lua.Class{lua.Nondeterministic},
		Funcs: []lua.Func{
			{Sig: "wait(): string", Doc: "Waits for the test.", Ask: at(&g.waiting, g.through)},
			{Sig: "stay(): string", Doc: "Waits for ever.", Ask: at(&g.stuck, nil)},
		},
	}
}

// held is what the programs of one test may leave behind.
type held struct {
	dir   string
	rt    *boot.Runtime
	gate  *gate
	conns *atomic.Int64 // that the server sees

	server *httptest.Server
	web    string // the address of the application
	upload bool   // a file comes with each request
}

// files counts the open files below the folder of the test.
func (h held) files() int {
	n := 0
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, h.dir+"/") {
			n++
		}
	}
	return n
}

// children counts the processes of the system that work in the folder of the test.
func (h held) children() int {
	list, _ := filepath.Glob("/proc/[0-9]*/cwd")
	n := 0
	for _, cwd := range list {
		if to, err := os.Readlink(cwd); err == nil && to == h.dir {
			n++
		}
	}
	return n
}

func (h held) pool(t *testing.T) *sql.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := actors.As[*messages.SQLDatabase](h.rt.Node().AskEntry(ctx, "app:db", &messages.SQLOpen{}))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// statements counts the prepared statements of a pool that are not closed. Package
// database/sql tells nobody: it keeps them beside its connections.
func statements(pool *sql.DB) int {
	v := reflect.ValueOf(pool).Elem()
	mu := (*sync.Mutex)(unsafe.Pointer(v.FieldByName("mu").UnsafeAddr()))
	mu.Lock()
	defer mu.Unlock()
	return v.FieldByName("dep").Len() - int(v.FieldByName("numOpen").Int())
}

// pipes counts the open pipes of the test program.
func pipes() int {
	n := 0
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, "pipe:") {
			n++
		}
	}
	return n
}

// Whatever a process or function holds is given back when it ends, however it
// ends. Each resource is taken by several at once; the count shows that they have
// it, and later that nobody has.
func TestResourcesComeBack(t *testing.T) {
	const (
		database = `local db = assert(require("sql").get("app:db"));`
		volume   = `local vol = assert(require("fs").get("app:data"));`
		client   = `local http = require("http_client");`
		program  = `local p = assert(assert(require("exec").get("app:shell")):exec("sleep 1000"));`
		request  = `local req = require("http").request();`
	)
	inUse := func(t *testing.T, h held) int { return h.pool(t).Stats().InUse }
	open := func(_ *testing.T, h held) int { return h.files() }
	uploads := func(t *testing.T, h held) int {
		kept, err := filepath.Glob(h.dir + "/multipart-*")
		if err != nil {
			t.Fatal(err)
		}
		return len(kept)
	}
	conns := func(_ *testing.T, h held) int { return int(h.conns.Load()) }
	children := func(_ *testing.T, h held) int { return h.children() }
	listeners := func(_ *testing.T, h held) int { return int(h.rt.Node().Listeners.Load()) }
	stuck := func(_ *testing.T, h held) int { return int(h.gate.stuck.Load()) }
	for name, c := range map[string]struct {
		take  string // k is the number of the program, url the address of the server
		one   bool   // there is one of it, for which the others wait
		held  func(t *testing.T, h held) int
		stays bool // it belongs to a process, and stays over an upgrade
	}{
		"transaction":             {database + `coroutine.spawn(function() assert(db:begin()):query("SELECT 1") end)`, true, inUse, false},
		"query":                   {database + `coroutine.spawn(function() db:query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c") end)`, true, inUse, false},
		"statement":               {database + `return assert(db:prepare("SELECT 1"))`, false, func(t *testing.T, h held) int { return statements(h.pool(t)) }, false},
		"file to read":            {volume + `local f = assert(vol:open("some.txt")); f:scanner():scan(); return f`, false, open, false},
		"file to write":           {volume + `local f = assert(vol:open("out" .. k, "w")); f:write("x"); return f`, false, open, false},
		"zip to read":             {volume + `local r = assert(require("archive").open(vol, "some.zip")); return {r, assert(r:stream("a"))}`, false, open, false},
		"tar.zst to write":        {volume + `local w = assert(require("archive").create(vol, "out" .. k .. ".tar.zst")); w:add("a", ("x"):rep(1000)); return w`, false, open, false},
		"tar.zst to walk":         {volume + `local f = assert(vol:open("some.tar.zst")); local w = assert(require("archive").scan(f)); local _, s = w:walk()(); s:read(1); return {w, s}`, false, open, false},
		"workbook":                {volume + `local f = assert(vol:open("some.xlsx")); local wb = assert(require("excel").open(f)); local r = assert(wb:rows("Sheet1")); r:read(); return {wb, r, f}`, false, open, false},
		"response":                {client + `return assert(http.get(url .. "/drip", {stream = true})).stream`, false, conns, false},
		"response that is read":   {client + `local s = assert(http.get(url .. "/drip", {stream = true})).stream; s:read(); coroutine.spawn(function() s:read() end)`, false, conns, false},
		"requests of a batch":     {client + `coroutine.spawn(function() http.request_batch({{"GET", url .. "/slow"}, {"GET", url .. "/slow"}}) end)`, false, conns, false},
		"request":                 {client + `coroutine.spawn(function() http.get(url .. "/slow") end)`, false, conns, false},
		"websocket":               {`return assert(require("websocket").connect((url:gsub("^http", "ws")) .. "/ws"))`, false, conns, false},
		"program":                 {program + `assert(p:start()); return p`, false, children, false},
		"program with pipes":      {program + `local out, err = assert(p:stdout_stream()), assert(p:stderr_stream()); assert(p:start()); p:write_stdin("x"); coroutine.spawn(function() out:read() end); return p`, false, children, false},
		"program waited for":      {program + `assert(p:start()); coroutine.spawn(function() p:wait() end)`, false, children, false},
		"subscription":            {`return assert(require("events").subscribe("some.system", "**"))`, false, listeners, false},
		"call of a function":      {`return require("funcs").async("app:stays")`, false, stuck, false},
		"call that is waited for": {`coroutine.spawn(function() require("funcs").call("app:stays") end)`, false, stuck, false},
		"form":                    {request + `return assert(req:parse_multipart(0))`, false, uploads, false},
		"form's file":             {request + `local f = assert(req:parse_multipart(0)); local s = assert(f.files.up[1]:stream()); s:read(10); return s`, false, open, false},
		"timers": {`local time = require("time"); time.after("1h"); coroutine.spawn(function() time.sleep("1h") end); local t, n = time.ticker("1ms"), 0
    coroutine.spawn(function() while true do t:channel():receive(); if n == 0 then n = 1; coroutine.spawn(require("gate").stay) end end end)`, false, stuck, false},
		"name": {`assert(process.registry.register("name." .. k))`, false, func(_ *testing.T, h held) int {
			n := 0
			for k := range holders {
				if h.rt.Node().Procs.Named(fmt.Sprint("name.", k)) != "" {
					n++
				}
			}
			return n
		}, true},
		"group": {`assert(assert(require("pg").open("app:groups")):join("g"))`, false, func(t *testing.T, h held) int {
			n, err := call(t, h.rt, "app:members")
			if err != nil {
				t.Fatal(err)
			}
			return int(n.(int64))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHolders(t, c.take)
			h.upload = strings.HasPrefix(name, "form")
			goroutines, piped := runtime.NumGoroutine(), pipes()
			want := holders
			if c.one {
				want = 1
			}
			for _, way := range []string{
				"process end", "process error", "process upgrade", "process terminate", "process link", "process limit",
				"function end", "function error", "function limit", "function cancel",
				"request end", "request error", "request limit", "request cancel",
			} {
				what, how, _ := strings.Cut(way, " ")
				if c.stays && (what != "process" || how == "upgrade") || h.upload && what != "request" {
					continue
				}
				ended := h.take(t, what)
				until(t, way+": all have it", func() bool { return h.gate.waiting.Load() == holders && c.held(t, h) >= want })
				ended(how)
				if how == "upgrade" { // they are there, as others
					until(t, way+": nobody has it", func() bool { return h.gate.waiting.Load() == holders && c.held(t, h) == 0 })
					ended("end")
				}
				until(t, way+": nobody is left", func() bool { return h.gate.waiting.Load() == 0 && h.rt.Node().Procs.Len() == 0 })
				until(t, way+": nobody has it", func() bool { return c.held(t, h) == 0 })
			}
			h.server.CloseClientConnections() // those that are idle may stay
			until(t, "pipes are closed", func() bool { return pipes() <= piped })
			until(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines+holders })
		})
	}
}

// holders is how many hold a resource at the same time.
const holders = 5

func startHolders(t *testing.T, take string) held {
	h := held{dir: realPath(t, t.TempDir()), gate: &gate{through: make(chan string)}, conns: &atomic.Int64{}}
	t.Setenv("TMPDIR", h.dir) // so that temporary files count
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		h.conns.Add(1)
		defer h.conns.Add(-1)
		switch r.URL.Path {
		case "/drip":
			fmt.Fprint(w, "first")
			_ = nethttp.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/slow":
			<-r.Context().Done()
		case "/ws":
			c, err := websocket.Accept(w, r, nil)
			if err == nil {
				_, _, _ = c.Read(r.Context()) // it ends
				_ = c.CloseNow()
			}
		}
	}))
	t.Cleanup(server.Close)
	h.server = server
	source := fmt.Sprintf(`return { main = function(k)
    local url = %q
    k = k or require("http").request():query("k")
    local kept = (function() %s end)()
    local how = require("gate").wait()
    if how == "error" then error("ends with an error") end
    if how == "limit" then while true do end end
    if how == "link" then process.spawn_linked("app:fails", "app:a_host"); channel.new():receive() end
    if how == "upgrade" then process.upgrade("app:after") end
    return kept ~= nil
end }`, server.URL, take)
	const mods = "\n    limits: {instructions: 500_000}\n    modules: [sql, fs, archive, excel, http, http_client, websocket, exec, events, funcs, time, pg, gate]\n"
	entries := hostEntry + sqliteEntry("db", filepath.Join(t.TempDir(), "db")) + folderEntry("data", h.dir, "") +
		proc("holder", source) + mods + strings.Replace(proc("hold", source), "process.lua", "function.lua", 1) + mods +
		proc("after", `return { main = function() require("gate").wait() end }`) + mods + fmt.Sprintf(`
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: web}}
  - {name: hold.at, kind: http.endpoint, meta: {router: api}, method: POST, path: /hold, func: hold}
  - {name: fails, kind: process.lua, source: "return { main = function() error('fails') end }"}
  - {name: shell, kind: exec.native, default_work_dir: %q, default_env: {PATH: "/usr/bin:/bin"}}
  - {name: groups, kind: pg.scope, lifecycle: {auto_start: true}}
  - {name: members, kind: function.lua, method: run, modules: [pg], source: "return { run = function() return #assert(assert(require('pg').open('app:groups')):get_members('g')) end }"}
  - {name: stays, kind: function.lua, method: run, modules: [gate], source: "return { run = function() require('gate').stay() end }"}
  - {name: terminate, kind: function.lua, method: run, source: "return { run = function(pid) return process.terminate(pid) end }"}
  - name: prepare
    kind: function.lua
    method: run
    modules: [fs, archive, excel]
    source: |
      return { run = function()
        local fs, archive, excel = require("fs"), require("archive"), require("excel")
        local vol = assert(fs.get("app:data"))
        assert(vol:writefile("some.txt", ("line\n"):rep(100000)))
        for _, name in ipairs{"some.zip", "some.tar.zst"} do
            local w = assert(archive.create(vol, name))
            assert(w:add("a", ("line\n"):rep(100000)))
            assert(w:close())
        end
        local wb = excel.new()
        for r = 1, 100 do wb:set_cell_value("Sheet1", "A" .. r, "row") end
        local f = assert(vol:open("some.xlsx", "w"))
        assert(wb:write_to(f) == nil)
        f:close()
        return "ok"
      end }
`, h.dir)
	h.rt = startParts(t, standard.Parts(h.gate.module()), entries)
	if v, err := call(t, h.rt, "app:prepare"); v != "ok" {
		t.Fatalf("preparing gave %v, %v", v, err)
	}
	addr, err := actors.As[string](h.rt.Node().AskEntry(t.Context(), "app:web", &http.Addr{}))
	if err != nil {
		t.Fatal(err)
	}
	h.web = addr
	return h
}

// take has programs take the resource; what it returns ends them.
func (h held) take(t *testing.T, what string) (end func(how string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	var pids []string
	var calls sync.WaitGroup
	for k := range holders {
		switch what {
		case "function":
			calls.Go(func() { _, _ = h.rt.Call(ctx, "app:hold", k) }) // its errors are what is asked for
			continue
		case "request":
			calls.Go(func() { h.post(ctx, t, k) })
			continue
		}
		pid, err := h.rt.Spawn(ctx, "app:holder", "app:a_host", k)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return func(how string) {
		switch how {
		case "cancel":
			cancel()
		case "terminate":
			for _, pid := range pids {
				if _, err := call(t, h.rt, "app:terminate", pid); err != nil {
					t.Errorf("terminating %s: %v", pid, err)
				}
			}
		default:
			for range holders {
				h.gate.through <- how
			}
		}
		calls.Wait()
	}
}

// post has a program take the resource that serves a request, perhaps the upload of a
// file.
func (h held) post(ctx context.Context, t *testing.T, k int) {
	body := ""
	if h.upload {
		body = "--b\r\nContent-Disposition: form-data; name=\"up\"; filename=\"up\"\r\n\r\n" + strings.Repeat("x", 100_000) + "\r\n--b--\r\n"
	}
	req, err := nethttp.NewRequestWithContext(ctx, "POST", fmt.Sprint("http://", h.web, "/hold?k=", k), strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	client := &nethttp.Transport{DisableKeepAlives: true}
	if res, err := client.RoundTrip(req); err == nil { // else it was cancelled
		_ = res.Body.Close()
	}
}
