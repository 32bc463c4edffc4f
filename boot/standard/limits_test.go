package standard_test

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// Who uses more than its entry allows ends with a reason that says what to do.
func TestLimits(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	const body = "\n    method: main\n    modules: [time]\n    source: |\n      return { main = function()\n      "
	rt := start(t, hostEntry+`
  - name: memory
    kind: process.lua
    limits: {memory: 32MB}`+body+`local t = {} for i = 1, 1e9 do t[i] = {i} end
      end }
  - name: text
    kind: process.lua
    limits: {memory: 32MB}`+body+`local s = "x" while #s < 1e9 do s = s .. s end
      end }
  - name: mail
    kind: process.lua
    limits: {mailbox: 10}`+body+`for i = 1, 11 do process.send(process.pid(), "x", i) end require("time").sleep("1h")
      end }
  - name: inbox
    kind: process.lua
    limits: {mailbox: 10}`+body+`process.inbox() for i = 1, 11 do process.send(process.pid(), "x", i) end require("time").sleep("1h")
      end }
  - name: timers
    kind: process.lua
    limits: {operations: 10}`+body+`for i = 1, 11 do require("time").after("1h") end require("time").sleep("1h")
      end }
  - name: work
    kind: process.lua
    limits: {instructions: 100000}`+body+`while true do pcall(function() while true do end end) end
      end }
  - name: call
    kind: function.lua
    limits: {time: 20ms, memory: 1GB}`+body+`while true do end
      end }
  - name: bytes
    kind: process.lua
    limits: {mailbox_bytes: 100KB}`+body+`for i = 1, 11 do process.send(process.pid(), "x", ("x"):rep(10000)) end require("time").sleep("1h")
      end }
  - name: coroutines
    kind: process.lua
    limits: {coroutines: 10}`+body+`for i = 1, 11 do coroutine.spawn(function() require("time").sleep("1h") end) end require("time").sleep("1h")
      end }
  - name: newest
    kind: process.lua
    limits: {mailbox: 3, mailbox_full: drop_new}`+body+`local ch = process.listen("x") for i = 1, 10 do process.send(process.pid(), "x", i) end require("time").sleep("1ms")
      return ch:receive() .. ch:receive() .. ch:receive() end }
  - name: oldest
    kind: process.lua
    limits: {mailbox_bytes: 25KB, mailbox_full: drop_old}`+body+`local ch, big = process.listen("x"), ("x"):rep(10000)
      for i = 1, 10 do process.send(process.pid(), "x", i .. big) end require("time").sleep("1ms")
      return ch:receive():sub(1, 1) .. ch:receive():sub(1, 2) end }
  - name: enough
    kind: process.lua
    limits: {memory: 32MB, mailbox: 10, operations: 10}`+body+`local t = {} for i = 1, 1e4 do t[i] = {i} end for i = 1, 10 do process.send(process.pid(), "x", i) end return #t
      end }
`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for id, want := range map[string]string{
		"memory":     "memory limit exceeded: the process holds more than 33554432 bytes; let go of what it does not need, or raise limits.memory of app:memory",
		"text":       "memory limit exceeded",
		"work":       "instruction limit exceeded: 100000 instructions; do the work in parts, or raise limits.instructions of app:work",
		"mail":       "mailbox limit exceeded: 11 messages wait; read them faster, or raise limits.mailbox of app:mail",
		"inbox":      "mailbox limit exceeded",
		"bytes":      "mailbox limit exceeded: the messages that wait hold",
		"coroutines": "coroutine limit exceeded: 11 coroutines run at the same time; raise limits.coroutines of app:coroutines if that is right",
		"timers":     "operation limit exceeded: 10 timers, subscriptions and calls wait at the same time; raise limits.operations of app:timers if that is right",
	} {
		_, err := rt.Exec(ctx, "app:"+id, "app:a_host")
		if e := messages.AsError(err); e == nil || e.Kind != messages.Unavailable || !strings.Contains(e.Error(), want) {
			t.Errorf("%s: got %v", id, err)
		}
	}
	for id, want := range map[string]string{"newest": "123", "oldest": "910"} {
		if v, err := rt.Exec(ctx, "app:"+id, "app:a_host"); err != nil || v != want {
			t.Errorf("%s: got %v, %v", id, v, err)
		}
	}
	if _, err := rt.Call(ctx, "app:call"); messages.AsError(err) == nil || messages.AsError(err).Kind != messages.Timeout {
		t.Errorf("call: got %v", err)
	}
	if v, err := rt.Exec(ctx, "app:enough", "app:a_host"); err != nil || v != int64(10000) && v != 10000.0 && v != 10000 {
		t.Errorf("enough: got %v, %v", v, err)
	}
}
