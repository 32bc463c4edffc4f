package standard_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

// lockedBuffer is a buffer for loggers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A process that fails makes one line that says where, and what it had used.
func TestCrashReport(t *testing.T) {
	var out lockedBuffer
	entries := hostEntry + proc("crash", `return { main = function() error("boom") end }`)
	rt, err := boot.Start(t.Context(), app(entries), standard.Parts(), boot.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	pid, err := rt.Spawn(t.Context(), "app:crash", "app:a_host")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), "process failed") && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	text := out.String()
	for _, want := range []string{"level=ERROR", pid, "entry=app:crash", "version=0", "boom", "stack=app:crash:", "used.instructions=", "limits.memory="} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "process failed"); n != 1 {
		t.Errorf("%d reports", n)
	}
}

// The report shows the message that the process had taken last, and with
// limits.trace what came and went before.
func TestCrashReportMessages(t *testing.T) {
	var out lockedBuffer
	entries := hostEntry + `
  - name: crash
    kind: process.lua
    limits: {trace: 3}
    source: |
      return { main = function()
        local inbox = process.inbox()
        inbox:receive()
        for i = 1, 3 do process.send(process.pid(), "self" .. i, i) end
        inbox:receive() inbox:receive()
        error("boom")
      end }
`
	rt, err := boot.Start(t.Context(), app(entries), standard.Parts(), boot.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	pid, err := rt.Spawn(t.Context(), "app:crash", "app:a_host")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan messages.TraceEvent, 100)
	ended := make(chan error, 1)
	tracing := make(chan struct{})
	go func() {
		close(tracing)
		ended <- rt.Trace(t.Context(), pid, func(e messages.TraceEvent) { seen <- e })
	}()
	<-tracing
	if err := rt.Send(pid, "order", strings.Repeat("x", 1000)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		// It may have ended before the trace began.
		if err != nil && !messages.IsKind(err, messages.NotFound) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the trace does not end with the process")
	}
	if err := rt.Trace(t.Context(), pid, nil); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("tracing what has ended: %v", err)
	}
	for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), "process failed") && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	var line struct{ Message, Messages string }
	for _, l := range strings.Split(out.String(), "\n") {
		if strings.Contains(l, "process failed") {
			if err := json.Unmarshal([]byte(l), &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !strings.Contains(line.Message, "self2 ") {
		t.Errorf("the message it had taken: %q", line.Message)
	}
	if n := len(strings.Split(line.Messages, "\n")); n != 3 || !strings.Contains(line.Messages, " in  from "+pid+" self2 ") {
		t.Errorf("the last messages:\n%s", line.Messages)
	}
}

// A reader of a trace that is too slow is told what it missed; the process goes on.
func TestTraceSlowReader(t *testing.T) {
	rt := start(t, hostEntry+proc("sink", `return { main = function() local i = process.inbox() while true do if i:receive():topic() == "stop" then return end end end }`))
	pid, err := rt.Spawn(t.Context(), "app:sink", "app:a_host")
	if err != nil {
		t.Fatal(err)
	}
	first, more, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var got, dropped int
	var once sync.Once
	go func() {
		ended <- rt.Trace(t.Context(), pid, func(e messages.TraceEvent) {
			once.Do(func() { close(first); <-more })
			got++
			dropped += e.Dropped
		})
	}()
	sent := 0
	send := func(topic string) {
		if err := rt.Send(pid, topic, sent); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	for begun := false; !begun; {
		select {
		case <-first:
			begun = true
		case <-time.After(time.Millisecond):
			send("try")
		}
	}
	before := sent
	for range 3000 {
		send("note")
	}
	for end := time.Now().Add(time.Minute); ; {
		list, err := rt.Processes(t.Context())
		if err != nil || time.Now().After(end) {
			t.Fatal(err, list)
		}
		if list[0].Mailbox == 0 && list[0].State == "waiting" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(more)
	send("stop")
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the trace does not end with the process")
	}
	if dropped == 0 || got+dropped < 3000 || got+dropped > before+3001 {
		t.Errorf("%d events, %d dropped, of %d", got, dropped, sent)
	}
}

// A call that a limit ends is reported although its caller is told; one that
// fails by itself is the affair of its caller.
func TestCallReport(t *testing.T) {
	var out lockedBuffer
	entries := `
  - {name: greedy, kind: function.lua, method: main, limits: {instructions: 10000}, source: "return { main = function() while true do end end }"}
  - {name: slow, kind: function.lua, method: main, limits: {time: 10ms}, source: "return { main = function() while true do end end }"}
  - {name: faulty, kind: function.lua, method: main, source: "return { main = function() error('mine') end }"}
  - {name: unheard, kind: function.lua, method: main, source: "return { main = function() error('nobody hears it') end }"}
`
	rt, err := boot.Start(t.Context(), app(entries), standard.Parts(), boot.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	for _, name := range []string{"greedy", "slow", "faulty"} {
		if _, err := rt.Call(t.Context(), "app:"+name); err == nil {
			t.Errorf("%s does not fail", name)
		}
	}
	n := rt.Node()
	n.Sys.Root.Send(n.PID("app:unheard"), &actors.Request{Body: &messages.FunctionCall{Function: "app:unheard"}, Sys: n.Sys})
	for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), "nobody hears it") && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	text := out.String()
	for _, want := range []string{"level=WARN", "entry=app:greedy", "instruction limit exceeded", "entry=app:slow", "did not finish within 10ms", "limits.instructions=10000", "level=ERROR", "entry=app:unheard"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if strings.Count(text, "function call ended by a limit") != 2 || strings.Contains(text, "app:faulty") {
		t.Errorf("reports:\n%s", text)
	}
}
