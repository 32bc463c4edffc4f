package standard_test

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// Processes that hold everything a process can hold come and go; then nothing of
// them is left.
func TestNothingStaysBehind(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5_000
	}
	rt := start(t, hostEntry+proc("holder", `return { main = function(k, boss)
    local time, events, funcs = require("time"), require("events"), require("funcs")
    time.after("1h"); time.ticker("1h"); time.timer("1h")
    process.listen("a topic"); process.inbox(); process.events()
    events.subscribe("some.system", "**")
    process.registry.register("name." .. k)
    process.monitor(boss); process.link(boss)
    funcs.async("app:forever")
    local ch = channel.new()
    coroutine.spawn(function() ch:receive() end)
    coroutine.spawn(function() time.sleep("1h") end)
    if k % 4 == 1 then error("ends with an error") end
    if k % 4 == 2 then process.inbox():receive() end
    return k
end }`)+`
    modules: [time, events, funcs]
  - {name: forever, kind: function.lua, method: run, modules: [time], source: "return { run = function() require('time').sleep('1h') end }"}
  - name: drive
    kind: process.lua
    method: main
    meta: {default_host: a_host}
    source: |
      return { main = function(n)
          process.set_options({trap_links = true})
          local events, running, k = process.events(), 0, 0
          while k < n or running > 0 do
              while k < n and running < 50 do
                  k = k + 1
                  local pid = assert(process.spawn_monitored("app:holder", "app:a_host", k, process.pid()))
                  running = running + 1
                  if k % 4 == 2 then process.terminate(pid) end
              end
              local e = events:receive()
              if e.kind == process.event.EXIT then running = running - 1 end
          end
          return n
      end }
`)
	node := rt.Node()
	batch := func(n int) {
		if v, err := call(t, rt, "app:drive", n); err != nil || v != int64(n) {
			t.Fatalf("drive gave %v, %v", v, err)
		}
		until(t, "all processes are gone", func() bool { return node.Procs.Len() == 0 })
	}
	batch(1000) // pools and tables find their size
	goroutines, heap := runtime.NumGoroutine(), heapAfterGC()
	batch(n)
	until(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines+10 })
	if now := heapAfterGC(); now > heap+heap/2+8<<20 {
		t.Errorf("heap went from %d to %d KB over %d processes", heap>>10, now>>10, n)
	}
	if l := node.Listeners.Load(); l != 0 {
		t.Errorf("%d subscriptions are left", l)
	}
	if got := node.Procs.Named("name.7"); got != "" {
		t.Errorf("a name is left: %s", got)
	}
}

func heapAfterGC() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// until waits for a condition, at most a minute.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not in time: %s", what)
		}
	}
}
