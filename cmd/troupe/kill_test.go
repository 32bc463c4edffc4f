package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors/actorstest"
)

// killedNode is the program that a test kills. A process of its application works
// without end and says what it has done, a line each.
type killedNode struct {
	*exec.Cmd
	lines chan []string // words of a line; closed when it has ended
	said  string        // of its log
}

// startNode runs app:p of the application in a folder.
func startNode(t *testing.T, dir string, args ...string) *killedNode {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := &killedNode{Cmd: exec.Command(self, append([]string{"run", "-x", "app:p"}, args...)...), lines: make(chan []string, 100)}
	n.Dir, n.Env = dir, append(os.Environ(), asProgram+"=1")
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	n.Stderr, n.said = log, log.Name()
	out, err := n.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	_ = log.Close()
	go func() {
		defer close(n.lines)
		for r := bufio.NewReader(out); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return // a line that was cut off was not said
			}
			n.lines <- strings.Fields(line)
		}
	}()
	t.Cleanup(n.kill)
	return n
}

// kill ends it as nothing else does. What it said before stays to be read.
func (n *killedNode) kill() {
	if n.ProcessState != nil {
		return
	}
	_ = n.Process.Kill()
	go func() {
		for range n.lines { //nolint:revive // so that it does not wait
		}
	}()
	_ = n.Wait()
}

// next is what it says next, or nil if it has ended.
func (n *killedNode) next(t *testing.T) []string {
	t.Helper()
	select {
	case words, ok := <-n.lines:
		if ok && len(words) == 0 {
			return n.next(t)
		}
		return words
	case <-time.After(2 * time.Minute):
		log, _ := os.ReadFile(n.said)
		t.Fatalf("it says nothing; its log:\n%s", log[max(0, len(log)-4000):])
		return nil
	}
}

// killAfter reads what it says, kills it after the line number n and the wait, and
// reads what it had said until then.
func (n *killedNode) killAfter(t *testing.T, lines int, wait time.Duration, said func(words []string)) {
	t.Helper()
	for range lines {
		words := n.next(t)
		if words == nil {
			break
		}
		said(words)
	}
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		time.Sleep(wait)
		_ = n.Process.Kill()
	}()
	for words := range n.lines {
		said(words)
	}
	<-killed
	if err := n.Wait(); err == nil || exitText(err) != "-1" {
		log, _ := os.ReadFile(n.said)
		t.Fatalf("it ended by itself: %v; its log:\n%s", err, log[max(0, len(log)-4000):])
	}
}

// killSeed is what decides the moments of the kills.
func killSeed(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TROUPE_CRASH_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("TROUPE_CRASH_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("TROUPE_CRASH_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// working publishes as many messages as its second argument says, each until it is
// taken, and tells which. Their consumer writes down what it handles. Then it tells
// what is left in the queues.
const working = `
version: "1.0"
namespace: app
entries:
  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}
  - {name: folder, kind: fs.directory, directory: .}
  - {name: drv, %s, lifecycle: {auto_start: true}}
  - {name: jobs, kind: queue.queue, driver: drv, queue_name: %[2]s, dead_letter: {queue: dead, max_attempts: 3}}
  - {name: dead, kind: queue.queue, driver: drv, queue_name: %[2]s-dead}
  - {name: worker, kind: queue.consumer, queue: jobs, func: work, concurrency: 4, prefetch: 20, lifecycle: {auto_start: true}}
  - name: work
    kind: function.lua
    method: run
    modules: [fs]
    source: |
      local fs = require("fs")
      return { run = function(id) assert(assert(fs.get("app:folder")):writefile("seen", id .. "\n", "a")) end }
  - name: p
    kind: process.lua
    modules: [io, queue, time]
    source: |
      local io, queue, time = require("io"), require("queue"), require("time")

      local function publish(id)
          while true do
              local ok, err = queue.publish("app:jobs", id)
              if ok then return io.print("ok", id) end
              if not err:retryable() then return io.print("refused", id, tostring(err)) end
              time.sleep("20ms")
          end
      end

      return { main = function()
          local prefix, n = io.args()[1], tonumber(io.args()[2])
          local done, count = channel.new(4), 0
          for _ = 1, 4 do
              coroutine.spawn(function()
                  while count < n do
                      count = count + 1
                      publish(prefix .. count)
                  end
                  done:send(true)
              end)
          end
          for _ = 1, 4 do done:receive() end
          while true do
              local jobs, dead = queue.info("app:jobs"), queue.info("app:dead")
              if jobs and dead then io.print("left", jobs.message_count, dead.message_count) end
              time.sleep("50ms")
          end
      end }
`

// worked is what is known of messages that a node publishes and handles.
type worked struct {
	*testing.T
	dir       string
	confirmed map[string]bool
}

func newWorked(t *testing.T, driver string) *worked {
	t.Helper()
	w := &worked{T: t, dir: t.TempDir(), confirmed: map[string]bool{}}
	name := fmt.Sprintf("troupe-killed-%d", time.Now().UnixNano())
	if err := os.WriteFile(filepath.Join(w.dir, "_index.yaml"), fmt.Appendf(nil, working, driver, name), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *worked) said(words []string) {
	switch {
	case len(words) == 2 && words[0] == "ok":
		w.confirmed[words[1]] = true
	case len(words) == 3 && words[0] == "left":
	default:
		w.Errorf("it says %q", words)
	}
}

// drained waits until nothing is left and every message was handled whose publisher
// was told that it is safe: one that is being handled is not counted as left.
func (w *worked) drained(n *killedNode) {
	w.Helper()
	for end := time.Now().Add(3 * time.Minute); ; {
		words := n.next(w.T)
		if words == nil || time.Now().After(end) {
			w.Fatalf("the queue is not empty in the end: %q; never handled: %q", words, w.missing(w.handled()))
		}
		w.said(words)
		if words[0] != "left" {
			continue
		}
		if words[2] != "0" {
			w.Fatalf("%s dead letters", words[2])
		}
		if words[1] == "0" && len(w.missing(w.handled())) == 0 {
			break
		}
	}
	n.kill()
	handled, times := w.handled(), 0
	for _, n := range handled {
		times += n
	}
	w.Logf("%d messages were published and %d handled, %d of them again", len(w.confirmed), len(handled), times-len(handled))
}

// missing are the messages that are said to be safe and were not handled.
func (w *worked) missing(handled map[string]int) (out []string) {
	for id := range w.confirmed {
		if handled[id] == 0 {
			out = append(out, id)
		}
	}
	return out
}

// handled is how often each message was.
func (w *worked) handled() map[string]int {
	data, err := os.ReadFile(filepath.Join(w.dir, "seen"))
	if err != nil && !os.IsNotExist(err) {
		w.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(string(data)) {
		out[strings.TrimSpace(line)]++
	}
	return out
}

// killNodes kills nodes that publish and handle messages, and checks that none is
// lost.
func killNodes(t *testing.T, driver string, kills, messages int) {
	t.Helper()
	w, r, each := newWorked(t, driver), killSeed(t), messages/(kills+1)
	for round := range kills {
		n := startNode(t, w.dir, fmt.Sprintf("%d-", round), "1000000") // it publishes until it is killed
		n.killAfter(t, 1+r.IntN(each), time.Duration(r.Int64N(int64(20*time.Millisecond))), w.said)
	}
	w.drained(startNode(t, w.dir, "last-", strconv.Itoa(each)))
}

// killServer kills the server of a node again and again while the node publishes and
// handles messages. serve runs one, at the same place with the same data, and
// returns what kills it.
func killServer(t *testing.T, driver string, kills, messages int, serve func() (kill func())) {
	t.Helper()
	w, r := newWorked(t, driver), killSeed(t)
	kill := serve()
	n := startNode(t, w.dir, "m", strconv.Itoa(messages))
	for i := range kills {
		for at := messages / (kills + 1) * i; len(w.confirmed) < at+1+r.IntN(messages/(kills+1)); {
			words := n.next(t)
			if words == nil {
				t.Fatal("the node has ended")
			}
			w.said(words)
		}
		kill()
		kill = serve()
	}
	w.drained(n)
}

// TestQueueKilled shows that what a publisher was told to be safe is handled, however
// often the node that does so is killed, or its broker.
func TestQueueKilled(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		kills, messages := 2, 500
		if os.Getenv("TROUPE_SERVERS") != "" { // there is time for more
			kills, messages = 6, 3000
		}
		killNodes(t, "kind: queue.driver.jetstream, data_dir: data", kills, messages)
	})
	t.Run("nats", func(t *testing.T) {
		address := actorstest.Server(t, "TROUPE_NATS")
		t.Parallel()
		killNodes(t, fmt.Sprintf("kind: queue.driver.jetstream, url: %q", address), 5, 3000)
	})
	t.Run("amqp", func(t *testing.T) {
		address := actorstest.Server(t, "TROUPE_AMQP")
		t.Parallel()
		killNodes(t, fmt.Sprintf("kind: queue.driver.amqp, url: %q, default_queue_expiry: 10m, reconnect_delay: 50ms", address), 5, 3000)
	})
	t.Run("nats server", func(t *testing.T) {
		actorstest.Server(t, "TROUPE_NATS")
		t.Parallel()
		s := newServer(t, "nobody")
		address := net.JoinHostPort("127.0.0.1", s.port)
		killServer(t, fmt.Sprintf("kind: queue.driver.jetstream, url: %q", "nats://"+address), 4, 3000, func() func() {
			return s.run(address, "nats-server", "-a", "127.0.0.1", "-p", s.port, "-js", "-sd", s.dir)
		})
	})
	t.Run("rabbitmq server", func(t *testing.T) {
		actorstest.Server(t, "TROUPE_AMQP")
		t.Parallel()
		s := newServer(t, "rabbitmq")
		address := net.JoinHostPort("127.0.0.1", s.port)
		s.rabbit()
		killServer(t, fmt.Sprintf("kind: queue.driver.amqp, url: %q, reconnect_delay: 50ms", "amqp://guest:guest@"+address), 2, 3000, func() func() {
			return s.run(address, "/usr/lib/rabbitmq/bin/rabbitmq-server")
		})
	})
}

// server is one of the test alone, which may kill it.
type server struct {
	*testing.T
	dir, port string
	env       []string
	as        *syscall.Credential // nil for the user of the test
}

func newServer(t *testing.T, name string) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "troupe-killed") // one that another user may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{T: t, dir: dir, port: freePort(t)}
	if os.Getuid() != 0 {
		return s
	}
	who, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// rabbit prepares RabbitMQ, with a port mapper of its own.
func (s *server) rabbit() {
	for name, text := range map[string]string{"rabbitmq.conf": "listeners.tcp.1 = 127.0.0.1:" + s.port + "\n", "plugins": "[].\n"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
			s.Fatal(err)
		}
	}
	s.env = []string{
		"HOME=" + s.dir, "RABBITMQ_NODENAME=troupe-" + s.port + "@localhost", "RABBITMQ_CONFIG_FILE=" + filepath.Join(s.dir, "rabbitmq.conf"),
		"RABBITMQ_CONF_ENV_FILE=" + filepath.Join(s.dir, "none"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(s.dir, "plugins"),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(s.dir, "data"), "RABBITMQ_LOG_BASE=" + s.dir, "RABBITMQ_PID_FILE=" + filepath.Join(s.dir, "pid"),
		"RABBITMQ_DIST_PORT=" + freePort(s.T), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"ERL_EPMD_PORT=" + freePort(s.T), "ERL_EPMD_ADDRESS=127.0.0.1",
	}
	s.Cleanup(func() { _ = s.command("epmd", "-kill").Run() })
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return cmd
}

// run starts the server, waits until it takes connections, and returns what kills it.
func (s *server) run(address, name string, args ...string) (kill func()) {
	s.Helper()
	cmd := s.command(name, args...)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	killed := false
	kill = func() {
		if killed {
			return
		}
		killed = true
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	}
	s.Cleanup(kill)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for dialer := (&net.Dialer{}); ; time.Sleep(20 * time.Millisecond) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
			return kill
		}
		if ctx.Err() != nil {
			s.Fatalf("%s does not start", name)
		}
	}
}
