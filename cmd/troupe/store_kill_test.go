package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// storing says what its store has, then writes without end: four tasks each to keys
// of their own, one number after the other, and all of them to one counter by
// compare-and-set where the store has that. It tells what the store has taken.
const storing = `
version: "1.0"
namespace: app
entries:
  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}
  - {name: db, kind: db.sql.sqlite, file: data.db, lifecycle: {auto_start: true}}
  - {name: s, %s, lifecycle: {auto_start: true}}
  - name: p
    kind: process.lua
    modules: [io, sql, store]
    source: |
      local io, sql, store = require("io"), require("sql"), require("store")
      local s

      local function value(n) return {n = n, pad = string.rep("x", n %% 20 == 0 and 100000 or 10)} end

      local function count()
          while true do
              local now, v, err = s:entry("counter")
              if now then
                  v, err = s:put("counter", value(now.value.n + 1), {if_version = now.version})
              else
                  v, err = s:put("counter", value(1), {only_if_absent = true})
              end
              if v then return io.print("ok", "counter", v.value.n) end
              if err:kind() ~= "Conflict" and err:kind() ~= "AlreadyExists" then return io.print("refused", tostring(err)) end
          end
      end

      return { main = function()
          assert(assert(sql.get("app:db")):execute("CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value BLOB, expires_at BIGINT)"))
          s = assert(store.get("app:s"))
          local last = {}
          for _, e in ipairs(assert(s:list({limit = 100})).items) do
              if #e.value.pad ~= #value(e.value.n).pad then io.print("torn", e.key) end
              last[e.key] = e.value.n
              io.print("is", e.key, e.value.n)
          end
          io.print("all")
          local counts = assert(s:info()).conditional_put
          for task = 1, 4 do
              coroutine.spawn(function()
                  while true do
                      for k = 1, 5 do
                          local key = "k" .. task .. k
                          last[key] = (last[key] or 0) + 1
                          io.print("try", key, last[key])
                          assert(s:set(key, value(last[key])))
                          io.print("ok", key, last[key])
                          if counts then count() end
                      end
                  end
              end)
          end
          channel.new():receive()
      end }
`

// TestStoreKilled kills a node that writes to a store on disk, again and again: all
// that it said was written is there when it starts again, and nothing that was never
// written.
func TestStoreKilled(t *testing.T) {
	for name, kind := range map[string]string{"badger": "kind: store.badger, path: data", "sqlite": "kind: store.sql, database: db, table_name: kv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, r, rounds := t.TempDir(), killSeed(t), 4
			if os.Getenv("TROUPE_SERVERS") != "" { // there is time for more
				rounds = 15
			}
			if err := os.WriteFile(filepath.Join(dir, "_index.yaml"), fmt.Appendf(nil, storing, kind), 0o600); err != nil {
				t.Fatal(err)
			}
			confirmed, tried, writes := map[string]int{}, map[string]int{}, 0
			for round := range rounds {
				is := map[string]int{}
				n := startNode(t, dir)
				for words := n.next(t); len(words) != 1 || words[0] != "all"; words = n.next(t) {
					if len(words) != 3 || words[0] != "is" {
						t.Fatalf("round %d: it says %q", round, words)
					}
					is[words[1]], _ = strconv.Atoi(words[2])
				}
				for key, n := range confirmed {
					if is[key] < n {
						t.Errorf("round %d: %s is %d, and %d was written", round, key, is[key], n)
					}
				}
				for key, n := range is {
					if key != "counter" && n > tried[key] {
						t.Errorf("round %d: %s is %d, and %d was the last to be tried", round, key, n, tried[key])
					}
				}
				n.killAfter(t, 1+r.IntN(300), time.Duration(r.Int64N(int64(20*time.Millisecond))), func(words []string) {
					if len(words) != 3 || words[0] != "ok" && words[0] != "try" {
						t.Errorf("round %d: it says %q", round, words)
						return
					}
					to := tried
					if words[0] == "ok" {
						to = confirmed
						writes++
					}
					n, _ := strconv.Atoi(words[2])
					to[words[1]] = max(to[words[1]], n)
				})
			}
			if name == "badger" && confirmed["counter"] == 0 {
				t.Error("the counter was never written")
			}
			t.Logf("%d kills, %d writes", rounds, writes)
		})
	}
}
