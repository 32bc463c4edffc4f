package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	_ "modernc.org/sqlite" // the driver that database/sql uses here

	"github.com/troupe-go/troupe/messages"
)

// servicesApp drives one queue, store and database; %[1]s is a directory.
const servicesApp = `
version: "1.0"
namespace: svc
entries:
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - {name: memory, kind: queue.driver.memory, lifecycle: {auto_start: true}}
  - {name: jetstream, kind: queue.driver.jetstream, data_dir: '%[1]s/nats', lifecycle: {auto_start: true}}
  - {name: q.memory, kind: queue.queue, driver: memory, driver_options: {memory: {max_length: 100000000}}}
  - {name: q.jetstream, kind: queue.queue, driver: jetstream}
  - {name: handle, kind: function.lua, method: main, source: "return {main = function() return true end}"}
  - {name: c.memory, kind: queue.consumer, queue: q.memory, func: handle, concurrency: 8, prefetch: 64, lifecycle: {auto_start: true}}
  - {name: c.jetstream, kind: queue.consumer, queue: q.jetstream, func: handle, concurrency: 8, prefetch: 64, lifecycle: {auto_start: true}}
  - {name: s.memory, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: s.badger, kind: store.badger, path: '%[1]s/badger', lifecycle: {auto_start: true}}
  - {name: db, kind: db.sql.sqlite, file: '%[1]s/sql.db', lifecycle: {auto_start: true}}
  - {name: crash, kind: process.lua, method: main, source: "return {main = function() error('crash') end}"}
  - name: drive
    kind: process.lua
    method: main
    modules: [queue, store, sql, time]
    meta: {default_host: host}
    source: |
      local queue, store, sql, time = require("queue"), require("store"), require("sql"), require("time")
      local work = {}
      local function width(count, n, f)
          local done = channel.new(count)
          for _ = 1, count do
              coroutine.spawn(function()
                  for i = 1, n / count do f(i) end
                  done:send(true)
              end)
          end
          for _ = 1, count do done:receive() end
      end
      function work.queue(id, n)
          width(8, n, function(i) assert(queue.publish(id, {n = i})) end)
          while queue.info(id).message_count > 0 do time.sleep("1ms") end
      end
      function work.set(id, n)
          local s = assert(store.get(id))
          for i = 1, n do assert(s:set("k" .. i %% 1000, i)) end
      end
      function work.get(id, n)
          local s = assert(store.get(id))
          for i = 1, n do assert(s:get("k" .. i %% 1000)) end
      end
      function work.insert(id, n)
          local db = assert(sql.get(id))
          for i = 1, n do assert(db:execute("INSERT INTO t (n) VALUES (?)", {i})) end
      end
      function work.select(id, n)
          local db = assert(sql.get(id))
          for i = 1, n do assert(db:query("SELECT n FROM t WHERE id = ?", {i %% 1000 + 1})) end
      end
      function work.sql(id, text)
          assert(sql.get(id)):execute(text)
      end
      function work.restarts(count, n)
          local left, events = n, process.events()
          for _ = 1, count do assert(process.spawn_monitored("svc:crash", "svc:host")) end
          while left > 0 do
              assert(events:receive().kind == process.event.EXIT)
              assert(process.spawn_monitored("svc:crash", "svc:host"))
              left = left - 1
          end
      end
      return {main = function(name, ...) return work[name](...) end}
`

// services starts servicesApp and gives a function that runs a workload.
func services(b *testing.B) func(args ...any) {
	rt := startApp(b, fmt.Sprintf(servicesApp, b.TempDir()))
	return func(args ...any) {
		if _, err := rt.Call(context.Background(), "svc:drive", args...); err != nil {
			b.Fatal(err)
		}
	}
}

// compared measures one way to do the work n times.
func compared(b *testing.B, who, unit string, setup func(*testing.B) func(n int)) {
	b.Run(who, func(b *testing.B) {
		do := setup(b)
		b.ReportAllocs()
		b.ResetTimer()
		n := b.N/8*8 + 8
		do(n)
		b.StopTimer()
		perSecond(b, n, unit)
	})
}

// Publish a small table, have a function called with it, acknowledge it.
func BenchmarkQueue(b *testing.B) {
	for _, driver := range []string{"memory", "jetstream"} {
		compared(b, "troupe/"+driver, "msg/s", func(b *testing.B) func(int) {
			do := services(b)
			return func(n int) { do("queue", "svc:q."+driver, n) }
		})
	}
	compared(b, "channel/memory", "msg/s", func(*testing.B) func(int) {
		return func(n int) {
			var all, left sync.WaitGroup
			left.Add(n)
			ch := make(chan map[string]any, 1024)
			for range 8 {
				all.Go(func() {
					for i := range n / 8 {
						ch <- map[string]any{"n": i}
					}
				})
				go func() {
					for range ch {
						left.Done()
					}
				}()
			}
			all.Wait()
			left.Wait()
			close(ch)
		}
	})
	compared(b, "bare/jetstream", "msg/s", bareJetStream)
}

func must[T any](b *testing.B) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
}

func bareJetStream(b *testing.B) func(int) {
	srv := must[*server.Server](b)(server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: b.TempDir(), NoSigs: true}))
	srv.Start()
	b.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		b.Fatal("the server does not come up")
	}
	conn := must[*nats.Conn](b)(nats.Connect("", nats.InProcessServer(srv)))
	b.Cleanup(conn.Close)
	stream := must[js.JetStream](b)(js.New(conn))
	ctx := context.Background()
	must[js.Stream](b)(stream.CreateStream(ctx, js.StreamConfig{Name: "q", Subjects: []string{"q"}, Retention: js.WorkQueuePolicy}))
	consumer := must[js.Consumer](b)(stream.CreateConsumer(ctx, "q", js.ConsumerConfig{Durable: "c", AckPolicy: js.AckExplicitPolicy}))
	return func(n int) {
		var all, left sync.WaitGroup
		left.Add(n)
		consuming := must[js.ConsumeContext](b)(consumer.Consume(func(m js.Msg) {
			_ = m.Ack() // a lost one comes again, which the benchmark would show
			left.Done()
		}))
		defer consuming.Stop()
		for range 8 {
			all.Go(func() {
				for range n / 8 {
					if _, err := stream.Publish(ctx, "q", []byte(`{"n":1}`)); err != nil {
						b.Error(err)
						left.Done()
					}
				}
			})
		}
		all.Wait()
		left.Wait()
	}
}

// One process, or one goroutine, sets and gets small values.
func BenchmarkStore(b *testing.B) {
	for _, backend := range []string{"memory", "badger"} {
		for _, what := range []string{"set", "get"} {
			compared(b, "troupe-lua/"+backend+"-"+what, "op/s", func(b *testing.B) func(int) {
				do := services(b)
				do("set", "svc:s."+backend, 1000)
				return func(n int) { do(what, "svc:s."+backend, n) }
			})
			compared(b, "troupe-go/"+backend+"-"+what, "op/s", func(b *testing.B) func(int) {
				rt := startApp(b, fmt.Sprintf(servicesApp, b.TempDir()))
				ask := func(n int, body func(key string) any) {
					for i := range n {
						if _, err := rt.Node().AskEntry(context.Background(), "svc:s."+backend, body(key(i))); err != nil {
							b.Fatal(err)
						}
					}
				}
				put := func(key string) any { return &messages.StorePut{Key: key, Value: int64(1)} }
				get := func(key string) any { return &messages.StoreGet{Key: key} }
				ask(1000, put)
				if what == "get" {
					return func(n int) { ask(n, get) }
				}
				return func(n int) { ask(n, put) }
			})
		}
	}
	var mu sync.Mutex
	m := map[string]any{}
	compared(b, "map/memory-set", "op/s", func(*testing.B) func(int) {
		return func(n int) {
			for i := range n {
				mu.Lock()
				m[key(i)] = i
				mu.Unlock()
			}
		}
	})
	compared(b, "map/memory-get", "op/s", func(*testing.B) func(int) {
		return func(n int) {
			for i := range n {
				mu.Lock()
				_ = m[key(i)]
				mu.Unlock()
			}
		}
	})
	bare := func(b *testing.B) (set, get func(int)) {
		db := must[*badger.DB](b)(badger.Open(badger.DefaultOptions(b.TempDir()).WithLogger(nil).WithSyncWrites(true)))
		b.Cleanup(func() { _ = db.Close() })
		check := func(err error) {
			if err != nil {
				b.Fatal(err)
			}
		}
		return func(n int) {
				for i := range n {
					check(db.Update(func(tx *badger.Txn) error { return tx.Set([]byte(key(i)), []byte("1")) }))
				}
			}, func(n int) {
				for i := range n {
					check(db.View(func(tx *badger.Txn) error {
						item, err := tx.Get([]byte(key(i)))
						if err != nil {
							return err
						}
						return item.Value(func([]byte) error { return nil })
					}))
				}
			}
	}
	compared(b, "bare/badger-set", "op/s", func(b *testing.B) func(int) { set, _ := bare(b); return set })
	compared(b, "bare/badger-get", "op/s", func(b *testing.B) func(int) { set, get := bare(b); set(1000); return get })
}

func key(i int) string { return fmt.Sprintf("k%d", i%1000) }

// One row in, one row out, from one process.
func BenchmarkSQL(b *testing.B) {
	const table = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)"
	for _, what := range []string{"insert", "select"} {
		compared(b, "troupe/"+what, "op/s", func(b *testing.B) func(int) {
			do := services(b)
			do("sql", "svc:db", table)
			do("insert", "svc:db", 1000)
			return func(n int) { do(what, "svc:db", n) }
		})
		compared(b, "bare/"+what, "op/s", func(b *testing.B) func(int) {
			db := must[*sql.DB](b)(sql.Open("sqlite", filepath.Join(b.TempDir(), "a.db")+"?_pragma=journal_mode(WAL)"))
			b.Cleanup(func() { _ = db.Close() })
			exec := must[sql.Result](b)
			exec(db.Exec(table))
			insert := func(n int) {
				for i := range n {
					exec(db.Exec("INSERT INTO t (n) VALUES (?)", i))
				}
			}
			insert(1000)
			if what == "insert" {
				return insert
			}
			return func(n int) {
				for i := range n {
					var v int
					if err := db.QueryRow("SELECT n FROM t WHERE id = ?", i%1000+1).Scan(&v); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// A process fails, and whoever watches it starts it again.
func BenchmarkRestart(b *testing.B) {
	compared(b, "troupe", "restart/s", func(b *testing.B) func(int) {
		do := services(b)
		return func(n int) { do("restarts", 32, n) }
	})
	compared(b, "protoactor", "restart/s", func(*testing.B) func(int) { return protoRestarts })
}
