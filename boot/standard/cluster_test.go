package standard_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// clusterApp is what every node of the tests runs.
const clusterApp = `
  - name: host
    kind: process.host
    lifecycle: {auto_start: true}

  - name: echo
    kind: process.lua
    method: main
    source: |
      return { main = function()
        local inbox, events = process.inbox(), process.events()
        while true do
          local r = channel.select({inbox:case_receive(), events:case_receive()})
          if r.channel == events then
            return "cancelled: " .. tostring(r.value.kind)
          end
          local m = r.value
          if m:topic() == "ping" then
            process.send(m:from(), "pong", m:payload():data())
          elseif m:topic() == "end" then
            return "done"
          elseif m:topic() == "fail" then
            error("failed on purpose")
          end
        end
      end }

  - name: spawn
    kind: function.lua
    method: main
    source: |
      return { main = function() return assert(process.spawn("app:echo", "app:host")) end }

  - name: pings
    kind: process.lua
    method: main
    source: |
      return { main = function(to, n)
        local pongs = process.listen("pong")
        for i = 1, n do
          while true do
            local ok, err = process.send(to, "ping", i)
            if ok then break end
            if not err:retryable() then error(err) end
          end
        end
        for i = 1, n do
          local v = pongs:receive()
          if v ~= i then error("got " .. tostring(v) .. " in place of " .. i) end
        end
        return n
      end }

  - name: watch
    kind: process.lua
    method: main
    modules: [time]
    source: |
      return { main = function(to, how, act)
        process.set_options({trap_links = true})
        local events = process.events()
        local ok, err = process[how](to)
        if not ok then return { failed = tostring(err), kind = err:kind() } end
        if act == "cancel" then assert(process.cancel(to, "enough"))
        elseif act == "terminate" then assert(process.terminate(to))
        else assert(process.send(to, act))
        end
        local r = channel.select({events:case_receive(), time.after("30s"):case_receive()})
        if r.channel ~= events then return { failed = "nothing came" } end
        local e = r.value
        return { kind = e.kind, from = e.from, value = e.result.value, error = e.result.error and tostring(e.result.error) }
      end }

  - name: run
    kind: function.lua
    method: main
    pool: {size: 4}
    source: |
      return { main = function(id, ...)
        local pid = assert(process.spawn_monitored(id, "app:host", ...))
        local e = process.events():receive()
        if e.result.error then error(e.result.error) end
        return e.result.value
      end }

  - name: members
    kind: function.lua
    method: main
    modules: [system]
    source: |
      return { main = function()
        local names = {}
        for _, m in ipairs(assert(system.cluster.members())) do table.insert(names, m.id) end
        return names
      end }

  - name: hold
    kind: process.lua
    method: main
    source: |
      return { main = function(to, how)
        process.set_options({trap_links = true})
        local events, asks = process.events(), process.listen("how did it end")
        assert(process[how](to))
        assert(process.registry.register("holder"))
        local e = events:receive()
        process.send(asks:receive(), "so", { kind = e.kind, error = e.result.error:kind() })
      end }

  - name: hold_begin
    kind: function.lua
    method: main
    modules: [time]
    source: |
      return { main = function(how, to)
        assert(process.spawn("app:hold", "app:host", to, how))
        while not process.registry.lookup("holder") do time.sleep("5ms") end
        return true
      end }

  - name: hold_end
    kind: function.lua
    method: main
    source: |
      return { main = function()
        local so = process.listen("so")
        assert(process.send("holder", "how did it end", process.pid()))
        return (so:receive())
      end }

  - name: named
    kind: process.lua
    method: main
    source: |
      return { main = function(name, boss)
        local inbox = process.inbox()
        local ok, err = process.registry.register(name, nil, process.registry.EVENTUAL)
        process.send(boss, "named", ok and "yes" or err:kind())
        if not ok then return end
        while true do
          local m = inbox:receive()
          process.send(m:from(), "pong", process.pid())
        end
      end }

  - name: spawn_named
    kind: function.lua
    method: main
    source: |
      return { main = function(name)
        local named = process.listen("named")
        assert(process.spawn("app:named", "app:host", name, process.pid()))
        local how = named:receive()
        if how ~= "yes" then return how end
        return name
      end }

  - name: by_name
    kind: process.lua
    method: main
    modules: [time]
    source: |
      return { main = function(name)
        local pongs = process.listen("pong")
        while not process.send(name, "ping") do time.sleep("5ms") end
        return (pongs:receive())
      end }

  - name: finds
    kind: process.lua
    method: main
    source: |
      return { main = function(name) return process.registry.lookup(name) and name end }

  - name: send
    kind: function.lua
    method: main
    source: |
      return { main = function(to) return process.send(to, "x") end }

  - {name: rooms, kind: pg.scope, lifecycle: {auto_start: true}}

  - name: guest
    kind: process.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(group, boss)
        local rooms, inbox, heard = assert(require("pg").open("app:rooms")), process.inbox(), 0
        assert(rooms:join({group, group}))
        process.send(boss, "in")
        while true do
          local m = inbox:receive()
          if m:topic() == "news" then heard = heard + 1
          elseif m:topic() == "leave" then assert(rooms:leave(group))
          elseif m:topic() == "heard" then process.send(m:from(), "so", heard)
          else return end
        end
      end }

  - name: guest_begin
    kind: function.lua
    method: main
    source: |
      return { main = function(group)
        local came = process.listen("in")
        local pid = assert(process.spawn("app:guest", "app:host", group, process.pid()))
        came:receive()
        return pid
      end }

  - name: ask
    kind: function.lua
    method: main
    source: |
      return { main = function(to, topic)
        local so = process.listen("so")
        assert(process.send(to, topic))
        return topic == "heard" and (so:receive()) or true
      end }

  - name: rooms_now
    kind: function.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(group)
        local rooms = assert(require("pg").open("app:rooms"))
        local list = assert(rooms:get_members(group))
        table.sort(list)
        return table.concat(list, " ") .. "|" .. #assert(rooms:get_local_members(group)) ..
          "|" .. table.concat(assert(rooms:which_groups()), " ") .. "|" .. table.concat(assert(rooms:which_local_groups()), " ")
      end }

  - name: broadcast
    kind: function.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(group, only)
        local rooms = assert(require("pg").open("app:rooms"))
        if only then return (assert(rooms:broadcast_local(group, "news", 1))) end
        return (assert(rooms:broadcast(group, "news", 1)))
      end }

  - name: changes
    kind: process.lua
    method: main
    modules: [pg]
    source: |
      return { main = function(group, n)
        local rooms = assert(require("pg").open("app:rooms"))
        local sub, now = rooms:monitor(group)
        assert(rooms:join("watchers"))
        local count = { ["member.joined"] = 0, ["member.left"] = 0 } -- nodes have no order among each other
        while count["member.joined"] + count["member.left"] < n do
          local e = sub:channel():receive()
          count[e.kind] = count[e.kind] + #e.data.PIDs
        end
        return #now .. " were, " .. count["member.joined"] .. " joined, " .. count["member.left"] .. " left"
      end }
`

// A node is a program of its own: it can be killed, and Proto.Actor remote sets a
// logger of the whole program, so that two in one are a race.
type clusterNode struct {
	t    *testing.T
	name string
	addr string // of its gossip
	cmd  *exec.Cmd
	in   *json.Encoder
	out  *json.Decoder
	mu   sync.Mutex
	dead bool
}

type nodeCall struct {
	ID   string
	Args []any
}

type nodeAnswer struct {
	Value any
	Error string
	Kind  string
}

const clusterKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// startNode starts a node on the loopback whose gossip goes at the speed of a
// local network.
func startNode(t *testing.T, name string, set map[string]any, join ...*clusterNode) *clusterNode {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	n := &clusterNode{t: t, name: name, addr: l.Addr().String()}
	var addrs []string
	for _, o := range join {
		addrs = append(addrs, o.addr)
	}
	config := map[string]any{
		"cluster.enabled": true, "cluster.name": name,
		"cluster.membership.bind_addr": "127.0.0.1", "cluster.membership.bind_port": port,
		"cluster.membership.join_addrs": strings.Join(addrs, ","), "cluster.membership.secret_key": clusterKey,
		"cluster.membership.gossip_interval": "20ms", "cluster.membership.probe_interval": "300ms", "cluster.membership.probe_timeout": "200ms",
		"cluster.membership.dead_node_reclaim_time": "100ms", "cluster.internode.bind_addr": "127.0.0.1",
	}
	maps.Copy(config, set)
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command(os.Args[0], "-test.run=^TestClusterNode$", "-test.timeout=10m")
	n.cmd.Env = append(os.Environ(), "TROUPE_TEST_NODE="+string(text), "GORACE=halt_on_error=1")
	n.cmd.Stderr = os.Stderr
	in, err := n.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n.in, n.out = json.NewEncoder(in), json.NewDecoder(out)
	t.Cleanup(func() {
		n.kill()
	})
	return n
}

func (n *clusterNode) kill() {
	if !n.dead {
		n.dead = true
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	}
}

// call calls a function, or starts a process, of the node.
func (n *clusterNode) call(id string, args ...any) nodeAnswer {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.in.Encode(nodeCall{id, args}); err != nil {
		n.t.Fatal(n.name, err)
	}
	var a nodeAnswer
	if err := n.out.Decode(&a); err != nil {
		n.t.Fatal(n.name, err)
	}
	return a
}

// want calls and compares; text that begins with ~ is only contained.
func (n *clusterNode) want(want any, id string, args ...any) {
	n.t.Helper()
	a := n.call(id, args...)
	if text, ok := want.(string); ok && strings.HasPrefix(text, "~") {
		if got := fmt.Sprint(a.Value, " ", a.Error); !strings.Contains(got, text[1:]) {
			n.t.Errorf("%s: %s%v gave %s, want %s in it", n.name, id, args, got, text[1:])
		}
		return
	}
	if a.Error != "" || fmt.Sprint(a.Value) != fmt.Sprint(want) {
		n.t.Errorf("%s: %s%v gave %v %s, want %v", n.name, id, args, a.Value, a.Error, want)
	}
}

// spawn starts an echo on the node.
func (n *clusterNode) spawn() string {
	n.t.Helper()
	a := n.call("app:spawn")
	pid, _ := a.Value.(string)
	if !strings.HasPrefix(pid, "{"+n.name+"@app:host|0x") {
		n.t.Fatalf("%s spawned %v %s", n.name, a.Value, a.Error)
	}
	return pid
}

// members waits until every node sees exactly all of them.
func members(t *testing.T, nodes ...*clusterNode) {
	t.Helper()
	var names []string
	for _, n := range nodes {
		names = append(names, n.name)
	}
	slices.Sort(names)
	until := time.Now().Add(60 * time.Second)
	for _, n := range nodes {
		for {
			var got []string
			list, _ := n.call("app:members").Value.([]any)
			for _, v := range list {
				got = append(got, v.(string))
			}
			if len(got) > 0 && got[0] != n.name {
				t.Fatalf("%s does not stand first: %v", n.name, got)
			}
			if slices.Sort(got); slices.Equal(got, names) {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("%s sees %v, want %v", n.name, got, names)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// TestClusterNode is such a node.
func TestClusterNode(t *testing.T) {
	text := os.Getenv("TROUPE_TEST_NODE")
	if text == "" {
		t.Skip("part of the other tests")
	}
	out := json.NewEncoder(os.Stdout)
	var data map[string]any
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	if p, ok := data["cluster.membership.bind_port"].(float64); ok {
		data["cluster.membership.bind_port"] = int(p)
	}
	config, problems := boot.NewConfig(data)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rt := start(t, clusterApp, boot.WithConfig(config))
	in := json.NewDecoder(os.Stdin)
	for {
		var c nodeCall
		if in.Decode(&c) != nil {
			return
		}
		v, err := call(t, rt, c.ID, c.Args...)
		a := nodeAnswer{Value: v}
		if err != nil {
			a.Error, a.Kind = err.Error(), messages.AsError(err).Kind
		}
		if err := out.Encode(a); err != nil {
			return
		}
	}
}

func TestCluster(t *testing.T) {
	a := startNode(t, "a", nil)
	b := startNode(t, "b", nil, a)
	members(t, a, b)

	t.Run("mail", func(t *testing.T) {
		echo := b.spawn()
		a.want(5000, "app:run", "app:pings", echo, 5000)
		b.want(5000, "app:run", "app:pings", a.spawn(), 5000)
		b.want(100, "app:run", "app:pings", echo, 100) // it knows its own by that name too
	})
	t.Run("ends", func(t *testing.T) {
		for _, c := range []struct{ how, act, kind, rest string }{
			{"monitor", "end", "pid.exit", "value:done"},
			{"monitor", "fail", "pid.exit", "failed on purpose"},
			{"monitor", "cancel", "pid.exit", "value:cancelled: pid.cancel"},
			{"monitor", "terminate", "pid.exit", "process was terminated"},
			{"link", "fail", "pid.link.down", "failed on purpose"},
			{"link", "terminate", "pid.link.down", "process was terminated"},
		} {
			echo := b.spawn()
			got := fmt.Sprint(a.call("app:run", "app:watch", echo, c.how, c.act))
			for _, want := range []string{"kind:" + c.kind, "from:" + echo, c.rest} {
				if !strings.Contains(got, want) {
					t.Errorf("%s, %s: got %s, want %s in it", c.how, c.act, got, want)
				}
			}
		}
	})
	t.Run("names", func(t *testing.T) {
		a.want("~{b@app:host|", "app:run", "app:by_name", b.call("app:spawn_named", "wide").Value)
		a.want("~AlreadyExists", "app:spawn_named", "wide")
		b.want("wide", "app:run", "app:finds", "wide")
	})
	t.Run("nobody", func(t *testing.T) {
		gone := "{b@app:host|0xfffff}"
		a.want("~kind:NotFound", "app:run", "app:watch", gone, "monitor", "x")
		a.want("~kind:NotFound", "app:run", "app:watch", gone, "link", "x")
		a.want("~kind:Unavailable", "app:run", "app:watch", "{c@app:host|0x00001}", "monitor", "x")
		a.want("~node \"c\" cannot be reached", "app:send", "{c@app:host|0x00001}")
	})
}

// A node that is killed is lost to the others, and is another one when it comes
// back.
func TestClusterLosesNode(t *testing.T) {
	a := startNode(t, "a", nil)
	b := startNode(t, "b", nil, a)
	c := startNode(t, "c", nil, b) // it finds a by gossip
	members(t, a, b, c)
	for _, how := range []string{"monitor", "link"} {
		echo := b.spawn()
		a.want(true, "app:hold_begin", how, echo)
		c.want(true, "app:hold_begin", how, echo)
		b.kill()
		for _, n := range []*clusterNode{a, c} {
			n.want("map[error:Unavailable kind:pid.link.down]", "app:hold_end")
		}
		members(t, a, c)
		b = startNode(t, "b", nil, a)
		members(t, a, b, c)
		a.want("~process not found", "app:run", "app:watch", strings.Replace(echo, "|0x", "|0xff", 1), "monitor", "x")
		a.want(100, "app:run", "app:pings", b.spawn(), 100)
	}
}

// A node that stands still is lost, and found again when it goes on.
func TestClusterStandsStill(t *testing.T) {
	a := startNode(t, "a", nil)
	b := startNode(t, "b", nil, a)
	members(t, a, b)
	echo := b.spawn()
	a.want(true, "app:hold_begin", "monitor", echo)
	if err := b.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	a.want("map[error:Unavailable kind:pid.link.down]", "app:hold_end")
	a.want("~cannot be reached", "app:send", echo)
	if err := b.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	members(t, a, b)
	a.want(100, "app:run", "app:pings", echo, 100)
	b.want(100, "app:run", "app:pings", a.spawn(), 100)
}

// Who has another key does not get in.
func TestClusterKey(t *testing.T) {
	a := startNode(t, "a", nil)
	b := startNode(t, "b", nil, a)
	stranger := startNode(t, "x", map[string]any{"cluster.membership.secret_key": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="}, a)
	open := startNode(t, "y", map[string]any{"cluster.membership.secret_key": ""}, a)
	members(t, a, b)
	members(t, stranger)
	members(t, open)
	a.want(10, "app:run", "app:pings", b.spawn(), 10)
}

// awaits calls until the function gives what is wanted.
func (n *clusterNode) awaits(want any, id string, args ...any) {
	n.t.Helper()
	until(n.t, fmt.Sprint(n.name, ": ", want), func() bool {
		a := n.call(id, args...)
		return a.Error == "" && fmt.Sprint(a.Value) == fmt.Sprint(want)
	})
}

// Process groups span the nodes: members, broadcasts and events of other nodes count
// as one's own, and go with their node.
func TestClusterGroups(t *testing.T) {
	a := startNode(t, "a", nil)
	b := startNode(t, "b", nil, a)
	members(t, a, b)
	guest := func(n *clusterNode, group string) string {
		pid, _ := n.call("app:guest_begin", group).Value.(string)
		return pid
	}
	twice := func(pid string) string { return pid + " " + pid }
	one := guest(a, "kitchen")
	b.awaits(twice(one)+"|0|kitchen|", "app:rooms_now", "kitchen")
	two := guest(b, "kitchen")
	a.awaits(twice(one)+" "+twice(two)+"|2|kitchen|kitchen", "app:rooms_now", "kitchen")
	hall := guest(b, "hall")
	a.awaits(twice(hall)+"|0|hall kitchen|kitchen", "app:rooms_now", "hall")

	a.want(true, "app:broadcast", "kitchen")
	b.want(true, "app:broadcast", "kitchen", true)
	a.want(1, "app:ask", one, "heard")
	b.awaits(2, "app:ask", two, "heard")
	b.want(0, "app:ask", hall, "heard")

	// one who comes later finds all of them, and those who left once
	b.want(true, "app:ask", two, "leave")
	c := startNode(t, "c", nil, a)
	members(t, a, b, c)
	c.awaits(twice(one)+" "+two+"|0|hall kitchen|", "app:rooms_now", "kitchen")

	changes := make(chan nodeAnswer, 1)
	watcher := startNode(t, "d", nil, a)
	members(t, a, b, c, watcher)
	watcher.awaits(twice(one)+" "+two+"|0|hall kitchen|", "app:rooms_now", "kitchen")
	go func() { changes <- watcher.call("app:run", "app:changes", "kitchen", 5) }()
	a.awaits(twice(one)+" "+two+"|2|hall kitchen watchers|kitchen", "app:rooms_now", "kitchen")
	a.want(true, "app:ask", one, "leave")
	three := guest(c, "kitchen")
	a.awaits(one+" "+two+" "+twice(three)+"|1|hall kitchen watchers|kitchen", "app:rooms_now", "kitchen")
	a.want(true, "app:ask", one, "end")
	b.kill()
	if got := <-changes; got.Error != "" || got.Value != "3 were, 2 joined, 3 left" {
		t.Errorf("events: %v %s", got.Value, got.Error)
	}
	for _, n := range []*clusterNode{a, c} {
		local := 0
		groups := ""
		if n == c {
			local, groups = 2, "kitchen"
		}
		n.awaits(fmt.Sprintf("%s|%d|kitchen|%s", twice(three), local, groups), "app:rooms_now", "kitchen")
	}
}
