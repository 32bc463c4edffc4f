package main

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// changing is an application that changes itself without end. Every change gives
// one number to two entries and to a function, and makes or deletes another
// entry; now and then it goes back to an earlier version. It tells what holds
// when it starts, and what it is about to do and has done.
const changing = `
version: "1.0"
namespace: app
entries:
  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}
  - {name: a, kind: registry.entry, n: 0}
  - {name: b, kind: registry.entry, n: 0, meta: {depends_on: [a]}}
  - {name: f, kind: function.lua, method: run, source: "return { run = function() return 0 end }"}
  - name: p
    kind: process.lua
    modules: [io, registry, funcs]
    source: |
      local io, registry, funcs = require("io"), require("registry"), require("funcs")

      local function state()
          local s = registry.snapshot()
          local a, b, f = s:get("app:a").data.n, s:get("app:b").data.n, assert(funcs.call("app:f"))
          local odd = s:get("app:odd") ~= nil
          if a ~= b or a ~= f or odd ~= (a % 2 == 1) then
              io.print("mixed", a, b, f, odd)
              error("mixed")
          end
          return a
      end

      local function change(n)
          local c = registry.snapshot():changes()
          assert(c:update({id = "app:a", kind = "registry.entry", data = {n = n}}))
          assert(c:update({id = "app:b", kind = "registry.entry", meta = {depends_on = {"app:a"}}, data = {n = n}}))
          assert(c:update({id = "app:f", kind = "function.lua", data = {method = "run", source = "return { run = function() return " .. n .. " end }"}}))
          local is = registry.get("app:odd") ~= nil
          if n % 2 == 1 and not is then
              assert(c:create({id = "app:odd", kind = "registry.entry", data = {}}))
          elseif n % 2 == 0 and is then
              assert(c:delete("app:odd"))
          end
          assert(c:apply())
      end

      return { main = function()
          io.print("is", state())
          local all = assert(registry.versions())
          local n = all[#all]:id()
          for step = 1, math.huge do
              local back = registry.current_version():previous()
              if step % 5 == 0 and back then
                  local to = back:id() == 0 and 0 or registry.snapshot_at(back:id()):get("app:a").data.n
                  io.print("try", to)
                  assert(registry.apply_version(back))
              else
                  n = n + 1
                  io.print("try", n)
                  change(n)
              end
              io.print("got", state())
          end
      end }
`

// TestKilled kills a program that changes its registry, again and again, at
// moments that a seed decides. Each time it comes back with the version before
// the change it was making, or with the one after it: in its entries, in what
// runs, and in the history on disk.
func TestKilled(t *testing.T) {
	rounds := 10
	if text := os.Getenv("TROUPE_CRASH_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("TROUPE_CRASH_ROUNDS: %v", err)
		}
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TROUPE_CRASH_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("TROUPE_CRASH_SEED: %v", err)
		}
		seed = n
	}
	for i, kind := range []string{"badger", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			t.Logf("TROUPE_CRASH_SEED=%d", seed)
			c := newCrasher(t, kind)
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for round := range rounds {
				if !c.round(t, round, r) {
					return
				}
			}
			if c.changes == 0 {
				t.Error("no change was ever made")
			}
			t.Logf("%d kills: %d while a change was made, of which %d were kept; %d changes in all", rounds, c.between, c.kept, c.changes)
		})
	}
}

type crasher struct {
	dir, program           string
	before                 string // the number that holds
	next                   string // and the one that may hold instead, or ""
	changes, between, kept int
}

func newCrasher(t *testing.T, kind string) *crasher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &crasher{dir: t.TempDir(), program: self, before: "0"}
	for name, text := range map[string]string{
		"_index.yaml": changing,
		// Few versions are kept, so that it is killed while it removes some too.
		"troupe.yaml": "version: \"1.0\"\nregistry: {history_type: " + kind + ", history_path: data/registry, history_keep: 5}\n",
	} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crasher) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.program, args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), asProgram+"=1")
	return cmd
}

// round runs the program until it is killed, and looks at what is left.
func (c *crasher) round(t *testing.T, round int, r *rand.Rand) bool {
	t.Helper()
	cmd := c.command("run", "-x", "app:p")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	// Most are killed while they change something, some while they start.
	wait, started := time.Duration(r.Int64N(int64(40*time.Millisecond))), r.IntN(5) > 0
	kill := func() { time.AfterFunc(wait, func() { _ = cmd.Process.Kill() }) }
	if !started {
		wait *= 10
		kill()
	}
	stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	last, said := "", false
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // a line that was cut off was not said
		}
		if err != nil {
			t.Fatal(err)
		}
		word, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		switch word {
		case "is":
			said = true
			if value != c.before && value != c.next {
				t.Errorf("round %d: %s holds, want %s or %q", round, value, c.before, c.next)
			}
			if value == c.next {
				c.kept++
			}
			c.before, c.next = value, ""
			if started {
				kill()
			}
		case "try":
			c.next = value
		case "got":
			if c.next != value {
				t.Errorf("round %d: got %s, want %q", round, value, c.next)
			}
			c.before, c.next = value, ""
			c.changes++
		default:
			t.Errorf("round %d: it says %q", round, line)
		}
		last = line
	}
	if !stuck.Stop() {
		t.Errorf("round %d: it hangs after %q", round, last)
	}
	if err := cmd.Wait(); err == nil || exitText(err) != "-1" {
		t.Errorf("round %d: it ended by itself after %q: %v\n%s", round, last, err, complaints.String())
	}
	if said && c.next != "" {
		c.between++
	}
	if _, err := os.Stat(filepath.Join(c.dir, "data", "registry")); err == nil {
		if got, err := c.command("registry", "verify").CombinedOutput(); err != nil || !strings.Contains(string(got), "are sound") {
			t.Errorf("round %d: %v: %s", round, err, got)
		}
	}
	return !t.Failed()
}
