package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const watched = `
version: "1.0"
namespace: app
entries:
  - {name: note, kind: registry.entry, text: %s}
  - name: greet
    kind: function.lua
    method: main
    source: |
      local one = 1
      return { main = function() return %s end }
`

// An edit becomes a version, a broken one changes nothing, and tools reach the
// node through its socket.
func TestWatch(t *testing.T) {
	r := launch(t, fmt.Sprintf(watched, "zero", "one"), "run", "-v", "--watch")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.Dir, "_index.yaml"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tool := func(args ...string) string {
		t.Helper()
		c := exec.Command(r.Path, args...)
		c.Dir, c.Env = r.Dir, r.Env
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("troupe %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	r.until(t, "watching .")
	r.until(t, "application started")
	write(fmt.Sprintf(watched, "one", "one + one"))
	r.until(t, "v1 in ")
	r.until(t, "~ app:greet (function.lua)")
	r.until(t, "      - return { main = function() return one end }\n      + return { main = function() return one + one end }\n~ app:note (registry.entry)\n    text: \"zero\" → \"one\"\n")
	write(fmt.Sprintf(watched, "one", "one + "))
	r.until(t, "the version before goes on")
	if !strings.Contains(r.lines, "_index.yaml") && !strings.Contains(r.lines, "app:greet") {
		t.Errorf("the mistake is not told:\n%s", r.lines)
	}
	if got := tool("registry", "history"); !strings.Contains(got, "* v1") || !strings.Contains(got, "files") {
		t.Errorf("history:\n%s", got)
	}
	if got := tool("registry", "diff", "0", "1"); !strings.Contains(got, `text: "zero" → "one"`) {
		t.Errorf("diff:\n%s", got)
	}
	if got := tool("registry", "rollback", "0"); !strings.Contains(got, "v1 → v0") {
		t.Errorf("rollback:\n%s", got)
	}
	if got := tool("registry", "history"); !strings.Contains(got, "* v0") {
		t.Errorf("history:\n%s", got)
	}
	socket := filepath.Join(r.Dir, ".troupe", "control.sock")
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info, err)
	}
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.end(t); code != "0" {
		t.Errorf("exit code %s\n%s", code, r.lines)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is left behind")
	}
}

// A file that is written all the time does not keep edits from being applied.
func TestWatchBesideABusyFile(t *testing.T) {
	r := launch(t, fmt.Sprintf(watched, "zero", "one"), "run", "-v", "--watch")
	r.until(t, "watching .")
	r.until(t, "application started")
	end, ended := make(chan struct{}), make(chan struct{})
	defer func() { close(end); <-ended }()
	go func() {
		defer close(ended)
		tick := time.NewTicker(quiet / 5)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				_ = os.WriteFile(filepath.Join(r.Dir, "busy.db"), []byte("x"), 0o644)
			}
		}
	}()
	if err := os.WriteFile(filepath.Join(r.Dir, "_index.yaml"), fmt.Appendf(nil, watched, "one", "one + one"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.until(t, "v1 in ")
}

// What the program says about an edit is not an edit, though it goes to a file of the
// folder that is watched.
func TestWatchBesideItsOwnOutput(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "_index.yaml"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf(watched, "zero", "one"))
	out, err := os.Create(filepath.Join(dir, "out.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	c := exec.Command(self, "run", "-v", "--watch")
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(os.Environ(), asProgram+"=1"), out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	said := func() string {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	until := func(text string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !strings.Contains(said(), text); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%q did not appear:\n%s", text, said())
			}
		}
	}
	until("application started")
	write(fmt.Sprintf(watched, "one", "one + "))
	until("the version before goes on")
	time.Sleep(5 * quiet) // for what must not come
	if n := strings.Count(said(), "the version before goes on"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, said())
	}
}
