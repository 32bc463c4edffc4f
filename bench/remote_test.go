package bench

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages/wire"
)

const farKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// Messages of 100 bytes between two programs on this machine: one way, one pair,
// and 100 on their way at the same time.
func BenchmarkRemote(b *testing.B) {
	for _, load := range []struct {
		name  string
		width int // 0 for one way
	}{{"one-way", 0}, {"pair", 1}, {"100-in-flight", 100}} {
		count := func(n int) int {
			if load.width > 0 {
				return 2 * n
			}
			return n
		}
		for name, key := range map[string]string{"troupe": "", "troupe-tls": farKey} {
			b.Run(load.name+"/"+name, func(b *testing.B) {
				rt, pid := farNode(b, key)
				work := func(n int) {
					if load.width == 0 {
						drive(b, rt, "far_away", pid, n)
					} else {
						drive(b, rt, "far", pid, max(n, load.width), load.width)
					}
				}
				work(1)
				b.ResetTimer()
				work(b.N)
				perSecond(b, count(b.N), "msg/s")
			})
		}
		b.Run(load.name+"/protoactor", func(b *testing.B) {
			sys, far := farActor(b)
			farWork(sys, far, 1, load.width)
			b.ResetTimer()
			farWork(sys, far, b.N, load.width)
			perSecond(b, count(b.N), "msg/s")
		})
	}
}

// far starts this program once more as the other side, and returns what it says.
func far(b *testing.B, what string) string {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFar$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), "TROUPE_FAR="+what)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestFar is the other side.
func TestFar(t *testing.T) {
	what := os.Getenv("TROUPE_FAR")
	if what == "" {
		t.Skip("part of the benchmarks")
	}
	if key, ok := strings.CutPrefix(what, "troupe "); ok {
		rt, addr := member(t, "far", key, "")
		pid, err := rt.Call(context.Background(), "bench:drive", "spawn_far")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(addr, pid)
	} else {
		sys := protoSystem()
		listen(sys)
		var boss *actor.PID
		left := 0
		pid, err := sys.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
			m, ok := c.Message().(*wire.Mail)
			if !ok {
				return
			}
			switch string(m.Topic) {
			case "ping":
				c.Send(c.Sender(), &wire.Mail{Topic: []byte("pong"), Values: m.Values})
			case "count":
				boss = c.Sender()
				_, _ = fmt.Sscan(m.From, &left)
			case "n":
				if left--; left == 0 {
					c.Send(boss, &wire.Mail{Topic: []byte("round")})
				}
			}
		}), "far")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(pid.Address)
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the other side ends
}

// member starts a node of a cluster on the loopback.
func member(t testing.TB, name, key, join string) (*boot.Runtime, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	_ = l.Close()
	config, problems := boot.NewConfig(map[string]any{
		"cluster.enabled": true, "cluster.name": name, "cluster.membership.join_addrs": join, "cluster.membership.secret_key": key,
		"cluster.membership.bind_addr": "127.0.0.1", "cluster.membership.bind_port": addr.Port, "cluster.internode.bind_addr": "127.0.0.1",
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	dir, err := fs.Sub(app, "app")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := boot.Start(context.Background(), dir, standard.Parts(), boot.WithConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Stop() })
	return rt, addr.String()
}

// farNode joins a node with a process on it, whose PID it returns.
func farNode(b *testing.B, key string) (*boot.Runtime, string) {
	addr, pid, _ := strings.Cut(far(b, "troupe "+key), " ")
	rt, _ := member(b, "near", key, addr)
	return rt, pid
}

func listen(sys *actor.ActorSystem) {
	remote.NewRemote(sys, remote.Configure("127.0.0.1", 0)).Start()
}

func farActor(b *testing.B) (*actor.ActorSystem, *actor.PID) {
	addr := far(b, "protoactor")
	sys := protoSystem()
	listen(sys)
	b.Cleanup(func() { remote.GetRemote(sys).Shutdown(true) })
	return sys, actor.NewPID(addr, "far")
}

// farWork does the work of drive.lua with actors in Go.
func farWork(sys *actor.ActorSystem, far *actor.PID, n, width int) {
	text := []*wire.Value{{Kind: wire.Value_STRING, Text: []byte(strings.Repeat("x", 100))}}
	done := make(chan bool)
	n, width = max(n, width), min(max(n, width), width)
	got, sent := 0, 0
	sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		ping := func() {
			sent++
			c.Request(far, &wire.Mail{Topic: []byte("ping"), Values: text})
		}
		switch m := c.Message().(type) {
		case *actor.Started:
			if width == 0 {
				c.Request(far, &wire.Mail{Topic: []byte("count"), From: fmt.Sprint(n)})
				for range n {
					c.Send(far, &wire.Mail{Topic: []byte("n"), Values: text})
				}
				return
			}
			for range width {
				ping()
			}
		case *wire.Mail:
			if got++; string(m.Topic) == "round" || got == n {
				close(done)
			} else if sent < n {
				ping()
			}
		}
	}))
	<-done
}
