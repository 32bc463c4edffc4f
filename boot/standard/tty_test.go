package standard_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/troupe-go/troupe/actors/process"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const ttyApp = `
  - {name: term, kind: terminal.host, lifecycle: {auto_start: true}}
  - name: keys
    kind: process.lua
    method: main
    modules: [tty, io]
    source: |
      local function show(e)
          if e.type == "key" then
              return table.concat({"key", e.key, e.key_type, e.action, tostring(e.ctrl)}, " ")
          elseif e.type == "mouse" then
              return table.concat({"mouse", e.action, e.button, e.x, e.y}, " ")
          elseif e.type == "paste" then
              return "paste " .. e.text
          elseif e.type == "focus" then
              return "focus " .. tostring(e.focused)
          end
          return e.type .. " " .. e.width .. "x" .. e.height
      end
      return { main = function()
          local tty, io = require("tty"), require("io")
          local w, h = tty.screen_size()
          io.write("size ", w, "x", h, "\r\n")
          local none, err = tty.mouse()
          io.write("mouse ", tostring(none), " ", err:kind(), "\r\n")
          assert(tty.start())
          local events = assert(tty.events())
          assert(tty.mouse())
          local quit = tty.bind{keys = {"q", "ctrl+c"}, help = {key = "q", desc = "quit"}}
          while true do
              local e = events:receive()
              io.write(show(e), "\r\n")
              if quit:matches(e) then
                  break
              end
          end
          assert(tty.stop())
          return tty.style():bold():padding(0, 1):border(tty.borders.ROUNDED):render("bye")
      end }
  - {name: elsewhere, kind: function.lua, method: main, modules: [tty], source: "return { main = function() local ok, err = require('tty').start() return tostring(ok) .. ' ' .. err:kind() .. ' ' .. err:message() end }"}
`

// A program on a terminal gets keys, mouse, focus, pasted text and the size of the
// window as events; afterwards the terminal is as it was.
func TestTTY(t *testing.T) {
	user, tty, err := pty.Open()
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %s", err)
	}
	defer user.Close() //nolint:errcheck // the test is over
	defer tty.Close()  //nolint:errcheck // the test is over
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	var screen screenText
	go func() { _, _ = io.Copy(&screen, user) }() // ends when the terminal is closed

	rt, err := boot.Start(t.Context(), app(ttyApp), standard.Parts(),
		boot.WithValue(process.ConsoleKey, process.Console{In: tty, Out: tty, Err: tty}))
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan any, 1)
	go func() {
		v, err := rt.Exec(t.Context(), "app:keys", "app:term")
		if err != nil {
			v = err
		}
		result <- v
	}()
	for _, step := range []struct{ send, want string }{
		{"", "size 80x24"},
		{"", "mouse nil Internal"},
		{"", "start 80x24"},
		{"", "\x1b[?1003h"}, // the mouse is reported
		{"a", "key a rune press false"},
		{"\x1b[A", "key up up press false"},
		{"\x1b[<0;3;4M", "mouse press left 2 3"},
		{"\x1b[<64;3;4M", "mouse wheel wheelup 2 3"},
		{"\x1b[I", "focus true"},
		{"\x1b[200~two words\x1b[201~", "paste two words"},
		{"\x03", "key ctrl+c c press true"},
		{"", "\x1b[?1003l"},
	} {
		if _, err := user.WriteString(step.send); err != nil {
			t.Fatal(err)
		}
		if !screen.shows(step.want) {
			t.Fatalf("after %q the screen does not show %q but\n%q", step.send, step.want, screen.String())
		}
	}
	select {
	case v := <-result:
		if s, _ := v.(string); !strings.Contains(s, "╭─────╮\n│ \x1b[1mbye\x1b[m │\n╰─────╯") {
			t.Errorf("got %q", v)
		}
	case <-time.After(time.Minute):
		t.Error("the program does not end")
	}
	if v, err := rt.Call(t.Context(), "app:elsewhere"); err != nil || v != "nil Unavailable no terminal context" {
		t.Errorf("elsewhere: got %v, %v", v, err)
	}
	if err := rt.Stop(); err != nil {
		t.Error(err)
	}
}

// screenText is what was written to a terminal.
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

func (s *screenText) shows(text string) bool {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if strings.Contains(s.String(), text) {
			return true
		}
	}
	return false
}
