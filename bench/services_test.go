package bench

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	glua "github.com/yuin/gopher-lua"
	_ "modernc.org/sqlite" // the driver of the peer

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

// startApp runs an application of one file.
func startApp(b testing.TB, entries string) *boot.Runtime {
	b.Helper()
	rt, err := boot.Start(context.Background(), fstest.MapFS{"_index.yaml": {Data: []byte("version: \"1.0\"\nnamespace: app\nentries:\n" + entries)}}, standard.Parts())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rt.Stop() })
	return rt
}

func freeAddress(b testing.TB) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only its number is wanted
	return l.Addr().String()
}

const httpApp = `
  - {name: gateway, kind: http.service, addr: "%s", lifecycle: {auto_start: true}}
  - {name: api, kind: http.router, meta: {server: "app:gateway"}, prefix: /}
  - {name: hello.get, kind: http.endpoint, meta: {router: "app:api"}, func: "app:hello", method: GET, path: /hello}
  - {name: json.get, kind: http.endpoint, meta: {router: "app:api"}, func: "app:json", method: GET, path: /json}
  - name: hello
    kind: function.lua
    method: main
    modules: [http]
    source: |
      return { main = function()
        local res = http.response()
        res:set_content_type("text/plain")
        res:write("Hello, world!")
      end }
  - name: json
    kind: function.lua
    method: main
    modules: [http]
    source: |
      return { main = function()
        local req, res = http.request(), http.response()
        res:write_json({hello = "world", path = req:path()})
      end }
`

// Hello and JSON over HTTP, 64 connections that stay open.
func BenchmarkHTTP(b *testing.B) {
	for _, path := range []string{"/hello", "/json"} {
		b.Run("troupe"+path, func(b *testing.B) {
			addr := freeAddress(b)
			startApp(b, fmt.Sprintf(httpApp, addr))
			load(b, addr, path)
		})
		b.Run("net-http"+path, func(b *testing.B) { load(b, serve(b, plainHandler()), path) })
		b.Run("by-hand"+path, func(b *testing.B) { load(b, serve(b, luaHandler(b)), path) })
	}
}

func serve(b *testing.B, h http.Handler) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // until Close
	b.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func plainHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("Hello, world!"))
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"hello": "world", "path": r.URL.Path})
	})
	return mux
}

// luaHandler is net/http with a pool of gopher-lua states.
func luaHandler(b *testing.B) http.Handler {
	b.Helper()
	pool := sync.Pool{New: func() any {
		L := glua.NewState()
		if err := L.DoString(`
			function hello(res) res.set_content_type("text/plain") res.write("Hello, world!") end
			function json(res, path) res.write_json({hello = "world", path = path}) end`); err != nil {
			panic(err)
		}
		return L
	}}
	handle := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			L := pool.Get().(*glua.LState)
			defer pool.Put(L)
			L.SetContext(r.Context())
			res := L.NewTable()
			res.RawSetString("set_content_type", L.NewFunction(func(L *glua.LState) int {
				w.Header().Set("Content-Type", L.CheckString(1))
				return 0
			}))
			res.RawSetString("write", L.NewFunction(func(L *glua.LState) int {
				_, _ = io.WriteString(w, L.CheckString(1))
				return 0
			}))
			res.RawSetString("write_json", L.NewFunction(func(L *glua.LState) int {
				out := map[string]any{}
				L.CheckTable(1).ForEach(func(k, v glua.LValue) { out[k.String()] = v.String() })
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(out)
				return 0
			}))
			if err := L.CallByParam(glua.P{Fn: L.GetGlobal(name), Protect: true}, res, glua.LString(r.URL.Path)); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/hello", handle("hello"))
	mux.Handle("/json", handle("json"))
	return mux
}

// load sends b.N requests over 64 connections: requests a second, and the latency
// that half and 99 of 100 stay below.
func load(b *testing.B, addr, path string) {
	const connections = 64
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")
	conns := make([]net.Conn, connections)
	for i := range conns {
		c, err := dial(addr)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing follows
		conns[i] = c
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	times := make([][]time.Duration, connections)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() {
			in := bufio.NewReader(c)
			for left.Add(-1) >= 0 {
				began := time.Now()
				if _, err := c.Write(request); err != nil {
					b.Error(err)
					return
				}
				if err := readResponse(in); err != nil {
					b.Error(err)
					return
				}
				times[i] = append(times[i], time.Since(began))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	sorted := slices.Sorted(slices.Values(slices.Concat(times...)))
	perSecond(b, b.N, "req/s")
	b.ReportMetric(float64(sorted[len(sorted)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(sorted[len(sorted)*99/100].Microseconds()), "p99-µs")
}

func dial(addr string) (c net.Conn, err error) {
	for range 100 { // a service that has just started
		if c, err = net.Dial("tcp", addr); err == nil {
			return c, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, err
}

// readResponse reads a response that has a Content-Length.
func readResponse(in *bufio.Reader) error {
	length, first := -1, true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("the answer begins with %q", line)
		}
		first = false
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	if length < 0 {
		return fmt.Errorf("the answer has no length")
	}
	_, err := in.Discard(length)
	return err
}

const storeApp = `
  - {name: memory, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: disk, kind: store.badger, path: "%s", lifecycle: {auto_start: true}}
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - name: run
    kind: process.lua
    method: main
    modules: [store]
    meta: {default_host: host}
    source: |
      return { main = function(id, n)
        local s = assert(store.get(id))
        for i = 1, n do
          local key = "key" .. i %% 1000
          assert(s:set(key, i))
          assert(s:get(key) == i)
        end
      end }
`

// One process sets a key and gets it, again and again.
func BenchmarkStore(b *testing.B) {
	dir := filepath.ToSlash(b.TempDir())
	for _, id := range []string{"memory", "disk"} {
		b.Run("troupe/"+id, func(b *testing.B) {
			rt := startApp(b, fmt.Sprintf(storeApp, dir+"/ours"))
			b.ResetTimer()
			if _, err := rt.Call(context.Background(), "app:run", "app:"+id, b.N); err != nil {
				b.Fatal(err)
			}
			perSecond(b, b.N, "set+get/s")
		})
	}
	b.Run("mutex-map", func(b *testing.B) {
		var mu sync.Mutex
		m := map[string]any{}
		for i := range b.N {
			key := "key" + strconv.Itoa(i%1000)
			mu.Lock()
			m[key] = i
			mu.Unlock()
			mu.Lock()
			if m[key] != i {
				b.Fatal("wrong value")
			}
			mu.Unlock()
		}
		perSecond(b, b.N, "set+get/s")
	})
	b.Run("badger", func(b *testing.B) {
		db, err := badger.Open(badger.DefaultOptions(dir + "/theirs").WithLogger(nil).WithSyncWrites(true))
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // nothing follows
		b.ResetTimer()
		for i := range b.N {
			key, value := []byte("key"+strconv.Itoa(i%1000)), []byte(strconv.Itoa(i))
			if err := db.Update(func(tx *badger.Txn) error { return tx.Set(key, value) }); err != nil {
				b.Fatal(err)
			}
			if err := db.View(func(tx *badger.Txn) error {
				it, err := tx.Get(key)
				if err != nil {
					return err
				}
				return it.Value(func([]byte) error { return nil })
			}); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b, b.N, "set+get/s")
	})
}

const sqlApp = `
  - {name: db, kind: db.sql.sqlite, file: "%s", lifecycle: {auto_start: true}}
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - name: run
    kind: process.lua
    method: main
    modules: [sql]
    meta: {default_host: host}
    source: |
      return { main = function(n)
        local db = assert(sql.get("app:db"))
        assert(db:execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT)"))
        assert(db:execute("INSERT OR REPLACE INTO t VALUES (?, ?)", {1, "one"}))
        for i = 1, n do
          local rows = assert(db:query("SELECT id, name FROM t WHERE id = ?", {1}))
          assert(rows[1].name == "one")
        end
        db:release()
      end }
`

// One row by its key from SQLite, again and again.
func BenchmarkSQL(b *testing.B) {
	dir := filepath.ToSlash(b.TempDir())
	b.Run("troupe", func(b *testing.B) {
		rt := startApp(b, fmt.Sprintf(sqlApp, dir+"/ours.db"))
		b.ResetTimer()
		if _, err := rt.Call(context.Background(), "app:run", b.N); err != nil {
			b.Fatal(err)
		}
		perSecond(b, b.N, "query/s")
	})
	b.Run("database-sql", func(b *testing.B) {
		db, err := sql.Open("sqlite", dir+"/theirs.db")
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // nothing follows
		if _, err := db.Exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT); INSERT OR REPLACE INTO t VALUES (1, 'one')"); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for range b.N {
			var id int
			var name string
			if err := db.QueryRow("SELECT id, name FROM t WHERE id = ?", 1).Scan(&id, &name); err != nil || name != "one" {
				b.Fatal(name, err)
			}
		}
		perSecond(b, b.N, "query/s")
	})
}

const queueApp = `
  - {name: memory, kind: queue.driver.memory, lifecycle: {auto_start: true}}
  - {name: jetstream, kind: queue.driver.jetstream, data_dir: "%s", lifecycle: {auto_start: true}}
  - {name: q.memory, kind: queue.queue, driver: "app:memory"}
  - {name: q.jetstream, kind: queue.queue, driver: "app:jetstream"}
  - {name: c.memory, kind: queue.consumer, queue: "app:q.memory", func: "app:handle", concurrency: 4, prefetch: 64, lifecycle: {auto_start: true}}
  - {name: c.jetstream, kind: queue.consumer, queue: "app:q.jetstream", func: "app:handle", concurrency: 4, prefetch: 64, lifecycle: {auto_start: true}}
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - {name: handle, kind: function.lua, method: main, modules: [events], source: "return { main = function(body) events.send('bench', 'handled', '/', nil) return true end }"}
  - name: run
    kind: process.lua
    method: main
    modules: [queue, time]
    meta: {default_host: host}
    source: |
      return { main = function(id, n)
        for i = 1, n do
          local ok, err = queue.publish(id, {n = i})
          while not ok do
            assert(err:retryable(), err)
            time.sleep("1ms")
            ok, err = queue.publish(id, {n = i})
          end
        end
      end }
`

// A process publishes, a Lua function handles.
func BenchmarkQueue(b *testing.B) {
	for _, driver := range []string{"memory", "jetstream"} {
		b.Run("troupe/"+driver, func(b *testing.B) {
			rt := startApp(b, fmt.Sprintf(queueApp, filepath.ToSlash(b.TempDir())))
			var handled sync.WaitGroup
			handled.Add(b.N)
			stop, err := rt.Subscribe("bench.handled", func(*messages.Event) { handled.Done() })
			if err != nil {
				b.Fatal(err)
			}
			defer stop()
			b.ResetTimer()
			if _, err := rt.Call(context.Background(), "app:run", "app:q."+driver, b.N); err != nil {
				b.Fatal(err)
			}
			handled.Wait()
			perSecond(b, b.N, "job/s")
		})
	}
	b.Run("bare/memory", func(b *testing.B) { perSecond(b, channelJobs(b.N), "job/s") })
	b.Run("bare/jetstream", func(b *testing.B) { perSecond(b, jetstreamJobs(b, b.N), "job/s") })
}

func channelJobs(n int) int {
	jobs := make(chan []byte, 64)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for j := range jobs {
				var v map[string]any
				_ = json.Unmarshal(j, &v)
			}
		})
	}
	for i := range n {
		out, _ := json.Marshal(map[string]any{"n": i})
		jobs <- out
	}
	close(jobs)
	all.Wait()
	return n
}

// Calls of a function while two endless loops for each worker run: what the
// slowest of a hundred wait.
func BenchmarkLatencyBesideEndlessLoops(b *testing.B) {
	rt := start(b)
	drive(b, rt, "spin", 2*runtime.GOMAXPROCS(0))
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := rt.Call(context.Background(), "bench:empty", 1); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

// jetstreamJobs publishes n messages one after the other to a server inside this
// program and handles them with four at a time, as the driver does.
func jetstreamJobs(b *testing.B, n int) int {
	b.StopTimer()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: b.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	go s.Start() // until Shutdown
	defer s.Shutdown()
	if !s.ReadyForConnections(30 * time.Second) {
		b.Fatal("the server does not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "jobs", Subjects: []string{"jobs"}, Retention: jetstream.WorkQueuePolicy}); err != nil {
		b.Fatal(err)
	}
	consumer, err := js.CreateConsumer(ctx, "jobs", jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 64})
	if err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	var handled sync.WaitGroup
	handled.Add(n)
	work := make(chan jetstream.Msg, 64)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for m := range work {
				var v map[string]any
				_ = json.Unmarshal(m.Data(), &v)
				_ = m.Ack()
				handled.Done()
			}
		})
	}
	follow, err := consumer.Consume(func(m jetstream.Msg) { work <- m })
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		out, _ := json.Marshal(map[string]any{"n": i})
		if _, err := js.Publish(ctx, "jobs", out); err != nil {
			b.Fatal(err)
		}
	}
	handled.Wait()
	b.StopTimer()
	follow.Stop()
	<-follow.Closed()
	close(work)
	workers.Wait()
	return n
}
