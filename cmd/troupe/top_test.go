package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	"github.com/troupe-go/troupe/messages"
)

// fakeNode has processes that use more reductions with each look.
type fakeNode struct {
	looks  int64
	fails  error
	killed []string
}

func (n *fakeNode) Ask(_ context.Context, command, out any) error {
	if k, ok := command.(*messages.ControlTerminate); ok {
		n.killed = append(n.killed, k.PID)
		return nil
	}
	n.looks++
	list := out.(*[]messages.ProcessData)
	for i := range int64(30) {
		state := "waiting"
		if i == 7 {
			state = "running"
		}
		*list = append(*list, messages.ProcessData{
			PID: fmt.Sprintf("{app:host|0x%05x}", i), Source: fmt.Sprintf("app:p%d", i), State: state,
			Steps: i * n.looks * 1000, Memory: (30 - i) << 20, Mailbox: int(i % 5), Started: time.Now().Add(-time.Hour),
			Names: []string{"\x1b[2J"},
		})
	}
	return n.fails
}

func (n *fakeNode) Trace(_ context.Context, _ string, _ func(), f func(messages.TraceEvent) error) error {
	for i := range 1000 {
		if err := f(messages.TraceEvent{Dir: messages.TraceIn, Topic: fmt.Sprintf("topic%d", i), Dropped: i / 999 * 5}); err != nil {
			return err
		}
	}
	return nil
}

// top is a view that a test drives.
type top struct {
	*testing.T
	*topView
	node *fakeNode
	sent []tea.Msg
}

func newTop(t *testing.T) *top {
	n := &fakeNode{}
	v := &top{T: t, topView: newTopView(t.Context(), n, listing{sort: "rate"}, time.Millisecond), node: n}
	v.send = func(m tea.Msg) { v.sent = append(v.sent, m) }
	v.Update(tea.WindowSizeMsg{Width: 90, Height: 20})
	v.sample()
	v.sample()
	return v
}

func (v *top) sample() { v.Update(v.Init()()) }

func (v *top) press(keys ...string) (last tea.Cmd) {
	for _, k := range keys {
		m := tea.KeyPressMsg{Text: k}
		switch k {
		case "enter":
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "esc":
			m = tea.KeyPressMsg{Code: tea.KeyEscape}
		case "down":
			m = tea.KeyPressMsg{Code: tea.KeyDown}
		case "backspace":
			m = tea.KeyPressMsg{Code: tea.KeyBackspace}
		default:
			m.Code = []rune(k)[0]
		}
		_, last = v.Update(m)
	}
	return last
}

// screen is what is seen: each line fits.
func (v *top) screen() []string {
	v.Helper()
	text := v.View().Content
	lines := strings.Split(ansi.Strip(text), "\n")
	for _, l := range lines {
		if ansi.StringWidth(l) > v.width {
			v.Errorf("too wide: %q", l)
		}
	}
	if len(lines) > v.height {
		v.Errorf("%d lines on %d", len(lines), v.height)
	}
	if strings.Contains(text, "\x1b[2J") {
		v.Error("a name reaches the terminal as it is")
	}
	return lines
}

func (v *top) sees(line int, want string) {
	v.Helper()
	if got := v.screen(); line >= len(got) || !strings.Contains(got[line], want) {
		v.Errorf("line %d of\n%s\nlacks %q", line, strings.Join(got, "\n"), want)
	}
}

func TestTopView(t *testing.T) {
	v := newTop(t)
	v.sees(0, "30 processes, 1 running, ")
	v.sees(1, "RED/S")
	v.sees(2, "app:p29 ")
	v.sees(19, "q quit")
	if v.selected != "{app:host|0x0001d}" {
		t.Errorf("selected: %s", v.selected)
	}
	v.press("3") // by memory: the selection stays with its process, which is the last now
	v.sees(0, "by memory")
	v.sees(18, "app:p29 ")
	v.press("g", "j", "down", "k")
	v.sees(2, "app:p1 ")
	if v.selected != "{app:host|0x00001}" {
		t.Errorf("selected: %s", v.selected)
	}
	v.press("s")
	v.sees(0, "by mailbox")

	v.press("/", "p", "1", "x", "backspace", "2", "enter")
	v.sees(0, `1 with "p12"`)
	v.sees(2, "app:p12 ")
	v.press("K")
	v.sees(19, "kill {app:host|0x0000c}? (y/n)")
	v.press("n")
	v.press("K")
	v.Update(v.press("y")())
	if len(v.node.killed) != 1 || v.node.killed[0] != "{app:host|0x0000c}" {
		t.Errorf("killed: %v", v.node.killed)
	}
	v.sees(19, "ended {app:host|0x0000c}")
	v.press("/", "n", "o", "n", "e", "enter", "K", "t", "j") // there is nothing to do it to
	v.sees(0, `0 with "p12none"`)
	v.press("esc")
	v.sees(0, "by mailbox")

	v.press("p")
	v.sees(0, "paused")
	looks := v.node.looks
	if _, cmd := v.Update(topTick{}); cmd == nil {
		t.Error("it would never go on")
	} else if _, ok := cmd().(topTick); !ok || v.node.looks != looks {
		t.Error("it looks while it is paused")
	}
	v.press("p")
	v.node.fails = errors.New("the node has gone")
	v.sample()
	v.sees(19, "the node has gone")
	v.sees(2, "app:p") // what was seen last
	v.node.fails = nil
	v.sample()
	v.sees(19, "q quit")

	v.press("?")
	v.sees(0, "troupe top")
	v.press("x")
	v.Update(tea.WindowSizeMsg{Width: 20, Height: 2})
	v.screen()
	if cmd := v.press("q"); cmd == nil || cmd() != (tea.QuitMsg{}) {
		t.Error("q does not end it")
	}
}

func TestTopViewTrace(t *testing.T) {
	v := newTop(t)
	v.press("t")
	v.work.Wait()
	for _, m := range v.sent {
		v.Update(m)
	}
	v.sees(0, "messages of {app:host|0x0001d}")
	v.sees(16, "(5 messages came too fast to be shown)")
	v.sees(17, "topic999")
	v.sees(18, "the process has ended")
	v.press("q")
	v.Update(v.sent[0]) // too late
	v.sees(0, "30 processes")
}

// screenText is what a terminal has got.
type screenText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screenText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screenText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// On a terminal top shows a running node, ends a process and leaves the terminal
// as it was.
func TestTopTerminal(t *testing.T) {
	dir, err := os.MkdirTemp("", "top") // t.TempDir() is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "_index.yaml"), []byte(`
version: "1.0"
namespace: app
entries:
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - {name: victim, kind: process.lua, source: "return { main = function() process.inbox():receive() end }"}
  - name: boss
    kind: process.lua
    source: |
      return { main = function()
        process.spawn_monitored("app:victim", "app:host")
        process.events():receive()
        process.registry.register("bereaved")
        process.events():receive()
      end }
  - {name: boss_service, kind: process.service, process: boss, host: host, lifecycle: {auto_start: true}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(self, args...)
		c.Dir, c.Env = dir, append(os.Environ(), asProgram+"=1", "TERM=xterm-256color")
		return c
	}
	node := command("run", "-s")
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = node.Process.Signal(os.Interrupt)
		_ = node.Wait()
	}()
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	ps := func(text string) func() bool {
		return func() bool {
			out, err := command("ps").CombinedOutput()
			return err == nil && strings.Contains(string(out), text)
		}
	}
	until("the node does not start", ps("app:victim"))

	watch := command("top", "--interval", "50ms", "--filter", "victim")
	user, err := pty.StartWithSize(watch, &pty.Winsize{Cols: 120, Rows: 30})
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %s", err)
	}
	defer user.Close() //nolint:errcheck // the test is over
	var screen screenText
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(&screen, user) }() // ends with the program
	defer func() { _ = watch.Process.Kill() }()
	shows := func(text string) func() bool {
		return func() bool { return strings.Contains(ansi.Strip(screen.String()), text) }
	}
	until("it shows no process", shows("app:victim"))
	if !strings.Contains(screen.String(), "\x1b[?1049h") {
		t.Error("it does not leave the screen as it was")
	}
	if _, err := user.WriteString("K"); err != nil {
		t.Fatal(err)
	}
	until("it does not ask", shows("(y/n)"))
	if _, err := user.WriteString("y"); err != nil {
		t.Fatal(err)
	}
	until("the process lives on", ps("bereaved"))
	if _, err := user.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("top ends with %v:\n%s", err, screen.String())
	}
	<-read
	if !strings.Contains(screen.String(), "\x1b[?1049l") {
		t.Error("it leaves its screen behind")
	}
}
