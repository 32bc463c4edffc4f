package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func exitText(err error) string {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return fmt.Sprint(e.ExitCode())
	}
	return err.Error()
}

// running is the program as a process of its own.
type running struct {
	*exec.Cmd
	out   *bufio.Reader
	lines string
}

// launch starts the program in a folder with one file of entries.
func launch(t *testing.T, entries string, args ...string) *running {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "_index.yaml"), []byte(entries), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Cmd: exec.Command(self, args...)}
	r.Dir = dir
	r.Env = append(os.Environ(), asProgram+"=1")
	pipe, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewReader(pipe)
	r.Stderr = r.Stdout // one stream, in order
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(2*time.Minute, func() { _ = r.Process.Signal(syscall.SIGQUIT) })
	t.Cleanup(func() {
		deadline.Stop()
		_ = r.Process.Kill()
		_ = r.Wait()
	})
	return r
}

// until reads lines until one has the text; it may have been read before.
func (r *running) until(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(r.lines, text) {
		line, err := r.out.ReadString('\n')
		r.lines += line
		if err != nil && !strings.Contains(r.lines, text) {
			t.Fatalf("%q did not appear: %v\n%s", text, err, r.lines)
		}
	}
}

// end waits for the end of the program and returns its exit code.
func (r *running) end(t *testing.T) string {
	t.Helper()
	rest, _ := io.ReadAll(r.out)
	r.lines += string(rest)
	if err := r.Wait(); err != nil {
		return exitText(err)
	}
	return "0"
}

const service = `
version: "1.0"
namespace: app
entries:
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - name: p
    kind: process.lua
    modules: [logger]
    source: |
      return { main = function()
          print("it works")
          local e = process.events():receive()
          print("told: " .. e.kind)
          return
      end }
  - {name: s, kind: process.service, process: p, host: host, lifecycle: {auto_start: true}}
`

const stubborn = `
version: "1.0"
namespace: app
entries:
  - {name: host, kind: process.host, lifecycle: {auto_start: true}}
  - name: p
    kind: process.lua
    source: |
      return { main = function() print("it works") process.events() process.listen("never"):receive() end }
  - {name: s, kind: process.service, process: p, host: host, lifecycle: {auto_start: true}}
`

func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		name, app, code string
		args            []string
		signals         int
	}{
		{"SIGTERM ends it in order", service, "0", []string{"run", "-c"}, 1},
		{"one that does not listen is not waited for longer than allowed", stubborn, "0", []string{"run", "-c", "--set", "shutdown.timeout=1s"}, 1},
		{"the second signal ends it at once", stubborn, "1", []string{"run", "-c"}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := launch(t, tc.app, tc.args...)
			r.until(t, "it works")
			r.until(t, "application started")
			for n := range tc.signals {
				if n > 0 {
					r.until(t, "shutting down")
				}
				if err := r.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			if code := r.end(t); code != tc.code {
				t.Errorf("exit code %s, want %s\n%s", code, tc.code, r.lines)
			}
			if tc.app == service && !strings.Contains(r.lines, "told: "+"pid.cancel") {
				t.Errorf("the process did not get to write its last line:\n%s", r.lines)
			}
		})
	}
}

const command = `
version: "1.0"
namespace: app
entries:
  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}
  - name: p
    kind: process.lua
    modules: [io]
    source: |
      local io = require("io")
      return { main = function()
          io.print("ready")
          process.events():receive()
          io.print("bye")
          return 0
      end }
`

func TestSignalDuringACommand(t *testing.T) {
	r := launch(t, command, "run", "-x", "app:p")
	r.until(t, "ready")
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := r.end(t); code != "0" || !strings.Contains(r.lines, "bye") {
		t.Errorf("exit code %s, printed %q", code, r.lines)
	}
}

const quick = `
version: "1.0"
namespace: app
entries:
  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}
  - name: p
    kind: process.lua
    modules: [io]
    source: |
      local io = require("io")
      return { main = function() io.print("ready") return 0 end }
`

// A signal that arrives while the command ends does not change its exit code.
func TestSignalAtTheEndOfACommand(t *testing.T) {
	for range 10 {
		r := launch(t, quick, "run", "-x", "app:p")
		r.until(t, "ready")
		_ = r.Process.Signal(os.Interrupt) // it may be gone already
		if code := r.end(t); code != "0" {
			t.Fatalf("exit code %s\n%s", code, r.lines)
		}
	}
}

// A signal that is sent twice in one go, as timeout(1) does, is one request.
func TestSignalWithEcho(t *testing.T) {
	r := launch(t, command, "run", "-x", "app:p")
	r.until(t, "ready")
	for range 2 {
		if err := r.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if code := r.end(t); code != "0" || !strings.Contains(r.lines, "bye") {
		t.Fatalf("exit code %s\n%s", code, r.lines)
	}
}
