package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

// soaked is an application that does a bit of everything without end; %d changes
// with every reload.
const soaked = `
version: "1.0"
namespace: soak
entries:
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - {name: cache, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: version, kind: registry.entry, n: %[1]d}
  - {name: lib, kind: library.lua, source: "return { n = %[1]d }"}
  - name: work
    kind: function.lua
    method: run
    imports: {lib: lib}
    modules: [json, store]
    pool: {type: static, workers: 2}
    source: |
      local json, store, lib = require("json"), require("store"), require("lib")
      return { run = function(i)
          local cache = assert(store.get("soak:cache"))
          cache:set("k" .. i %% 100, {text = string.rep("x", i %% 1000), n = i}, "1s")
          local v = cache:get("k" .. (i + 7) %% 100)
          cache:release()
          if i %% 50 == 0 then error("as asked") end
          return {n = lib.n, size = #json.encode(v or {})}
      end }
  - name: echo
    kind: process.lua
    method: main
    source: |
      return { main = function()
          local m = process.inbox():receive()
          process.send(m:from(), "echo", m:payload():data())
      end }
  - name: crash
    kind: process.lua
    method: main
    modules: [time]
    source: |
      local time = require("time")
      return { main = function()
          local held = {}
          for i = 1, 1000 do held[i] = {%[1]d} end
          time.sleep("20ms")
          error("crashes again")
      end }
  - name: crashing
    kind: process.service
    process: crash
    host: host
    lifecycle: {auto_start: true, restart: {initial_delay: 10ms, max_delay: 20ms}}
  - name: mixed
    kind: process.lua
    meta: {default_host: host}
    method: main
    modules: [funcs, events, time]
    source: |
      local funcs, events, time = require("funcs"), require("events"), require("time")
      return { main = function(n)
          local sub = assert(events.subscribe("soak", "*"))
          local done, echoed = channel.new(4), process.listen("echo")
          for i = 1, n do
              coroutine.spawn(function()
                  funcs.call("soak:work", i)
                  done:send(true)
              end)
              local pid = assert(process.spawn_monitored("soak:echo", "soak:host"))
              if i %% 10 == 0 then
                  process.terminate(pid)
              else
                  process.send(pid, "hello", {i = i})
                  local timeout = time.after("5s")
                  assert(channel.select({echoed:case_receive(), timeout:case_receive()}).channel == echoed, "no echo")
              end
              events.send("soak", "step", "/" .. i, i)
              sub:channel():receive()
              done:receive()
              assert(process.events():receive().kind == process.event.EXIT)
          end
          sub:close()
          return n
      end }
`

// settled is what a runtime holds at some moment.
type settled struct {
	heap       uint64
	goroutines int
}

func sample() settled {
	runtime.GC()
	runtime.GC() // which also frees what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return settled{m.HeapAlloc, runtime.NumGoroutine()}
}

// TestSoak keeps one runtime busy for TROUPE_SOAK, as in 30m: processes are made
// and crash, a service is restarted, functions are called, and the application is
// reloaded all the time. What it holds at the end is what it held at the beginning.
func TestSoak(t *testing.T) {
	text := os.Getenv("TROUPE_SOAK")
	if text == "" {
		t.Skip("it runs for as long as TROUPE_SOAK says, as in 'make soak'")
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	app := func(n int64) fstest.MapFS {
		return fstest.MapFS{"_index.yaml": {Data: fmt.Appendf(nil, soaked, n)}}
	}
	config, problems := boot.NewConfig(map[string]any{"registry": map[string]any{
		"history_type": "sqlite", "history_path": filepath.Join(t.TempDir(), "registry.db"), "history_keep": int64(50),
	}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	rt, err := boot.Start(context.Background(), app(0), standard.Parts(), boot.WithConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rt.Stop() }()

	var reloads, rounds atomic.Int64
	over := make(chan struct{})
	failed := make(chan error, 2)
	loop := func(do func() error) {
		for {
			select {
			case <-over:
				failed <- nil
				return
			default:
			}
			if err := do(); err != nil {
				failed <- err
				return
			}
		}
	}
	go loop(func() error {
		time.Sleep(100 * time.Millisecond)
		_, err := rt.Apply(context.Background(), app(reloads.Add(1)))
		return err
	})
	go loop(func() error {
		_, err := rt.Call(context.Background(), "soak:mixed", 50)
		rounds.Add(1)
		return err
	})

	const samples = 60
	var seen []settled
	tick := time.NewTicker(length / samples)
	defer tick.Stop()
	for len(seen) < samples {
		select {
		case <-tick.C:
			seen = append(seen, sample())
		case err := <-failed:
			t.Fatal(err)
		}
	}
	close(over)
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d reloads, %d rounds of load", reloads.Load(), rounds.Load())
	if reloads.Load() < 10 || rounds.Load() < 10 {
		t.Error("too little was done to show anything")
	}
	// Pools and caches find their size in the first third. What one sample catches
	// is chance; the medians of the second and the last third are not.
	before, after := median(seen[samples/3:2*samples/3]), median(seen[2*samples/3:])
	t.Logf("heap %d KB, then %d KB; goroutines %d, then %d", before.heap>>10, after.heap>>10, before.goroutines, after.goroutines)
	if after.heap > before.heap+before.heap/10+1<<20 || after.goroutines > before.goroutines+10 {
		var all strings.Builder
		for _, s := range seen {
			fmt.Fprintf(&all, "%d KB %d\n", s.heap>>10, s.goroutines)
		}
		t.Errorf("it grows; heap and goroutines:\n%s", all.String())
	}
}

func median(list []settled) settled {
	var heaps []uint64
	var counts []int
	for _, s := range list {
		heaps, counts = append(heaps, s.heap), append(counts, s.goroutines)
	}
	slices.Sort(heaps)
	slices.Sort(counts)
	return settled{heaps[len(heaps)/2], counts[len(counts)/2]}
}
