package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
