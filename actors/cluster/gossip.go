package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/memberlist"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// gossip keeps the list of the nodes with SWIM (hashicorp/memberlist).
type gossip struct {
	list *memberlist.Memberlist
	addr string // where this node can be joined
	seen *seen
	stop context.CancelFunc
	done chan struct{}
}

// meta is what a node tells about itself. It has to fit into 512 bytes.
type meta struct {
	Incarnation uint64 `json:"i"`
	Addr        string `json:"a"`
}

func openGossip(s settings, env actors.Env, to *actor.PID, self member) (*gossip, error) {
	about, err := json.Marshal(meta{self.incarnation, self.addr})
	if err != nil {
		return nil, err
	}
	c := memberlist.DefaultLANConfig()
	c.Name, c.BindAddr, c.BindPort, c.AdvertisePort = self.name, s.bindAddr, s.bindPort, s.bindPort
	c.AdvertiseAddr, c.SecretKey = s.advertise, s.secret
	c.GossipInterval, c.PushPullInterval, c.DeadNodeReclaimTime = s.gossipInterval, s.pushPull, s.reclaim
	c.ProbeInterval, c.ProbeTimeout, c.TCPTimeout, c.SuspicionMult = s.probe, s.probeTimeout, s.tcpTimeout, s.suspicion
	c.Delegate = &delegate{about}
	seen := &seen{at: map[string]string{}}
	c.Events = &events{env, to, self.name, seen}
	c.Logger = log.New(&lines{env.Log}, "", 0)
	list, err := memberlist.Create(c)
	if err != nil {
		return nil, messages.Because(messages.Unavailable, fmt.Sprintf("listening for gossip on %s:%d (cluster.membership.bind_addr, bind_port)", s.bindAddr, s.bindPort), err)
	}
	own := net.JoinHostPort(s.bindAddr, strconv.Itoa(s.bindPort))
	if a := list.LocalNode(); a != nil {
		own = a.Address()
	}
	return &gossip{list: list, addr: own, seen: seen}, nil
}

// seen are the addresses of the members by name. (memberlist shows its own nodes,
// which it goes on writing to.)
type seen struct {
	mu sync.Mutex
	at map[string]string
}

func (s *seen) set(name, addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if addr == "" {
		delete(s.at, name)
		return
	}
	s.at[name] = addr
}

// join looks for the other nodes, and goes on looking for those of its list that
// are no members: after a split of the network nobody else would.
func (g *gossip) join(env actors.Env, addrs []string) {
	if len(addrs) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.stop, g.done = cancel, make(chan struct{})
	env.Go(func() {
		defer close(g.done)
		told := false
		for wait := 200 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			if missing := g.missing(addrs); len(missing) > 0 {
				_, err := g.list.Join(missing)
				if err != nil && !told && wait > time.Second {
					told = true
					env.Log.Warn("cluster: not all nodes answer; this one goes on trying", "missing", strings.Join(missing, ","), "error", err)
				}
				told = told && err != nil
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	})
}

// missing are those of addrs where no member is known to be.
func (g *gossip) missing(addrs []string) []string {
	known := map[string]bool{g.addr: true}
	g.seen.mu.Lock()
	for _, addr := range g.seen.at {
		known[addr] = true
	}
	g.seen.mu.Unlock()
	var out []string
	for _, a := range addrs {
		if !known[a] {
			out = append(out, a)
		}
	}
	return out
}

// leave tells the others, and ends.
func (g *gossip) leave() {
	if g.stop != nil {
		g.stop()
		<-g.done
	}
	_ = g.list.Leave(time.Second)
	_ = g.list.Shutdown()
}

// delegate tells the others about this node.
type delegate struct{ about []byte }

func (d *delegate) NodeMeta(limit int) []byte     { return d.about[:min(limit, len(d.about))] }
func (*delegate) NotifyMsg([]byte)                {}
func (*delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (*delegate) LocalState(bool) []byte          { return nil }
func (*delegate) MergeRemoteState([]byte, bool)   {}

// events passes on what gossip learns. It is called under a lock of memberlist.
type events struct {
	env  actors.Env
	to   *actor.PID
	self string
	seen *seen
}

func (e *events) NotifyJoin(n *memberlist.Node)   { e.tell(n) }
func (e *events) NotifyUpdate(n *memberlist.Node) { e.tell(n) }

func (e *events) NotifyLeave(n *memberlist.Node) {
	e.seen.set(n.Name, "")
	if n.Name != e.self {
		e.env.Sys.Root.Send(e.to, &down{n.Name})
	}
}

func (e *events) tell(n *memberlist.Node) {
	var m meta
	if n.Name == e.self {
		return
	}
	e.seen.set(n.Name, n.Address())
	if err := json.Unmarshal(n.Meta, &m); err != nil || m.Incarnation == 0 {
		e.env.Log.Warn("cluster: a member is no node of this kind", "node", n.Name)
		return
	}
	if host, port, err := net.SplitHostPort(m.Addr); err == nil && host == "" {
		m.Addr = net.JoinHostPort(n.Addr.String(), port)
	}
	e.env.Sys.Root.Send(e.to, &up{member{n.Name, m.Incarnation, m.Addr, n.Address()}})
}

// lines writes the log of memberlist, whose lines begin with their level.
type lines struct{ log *slog.Logger }

func (l *lines) Write(b []byte) (int, error) {
	text := strings.TrimSpace(string(b))
	level := slog.LevelDebug // what matters is told as it happens
	if strings.HasPrefix(text, "[ERR]") {
		level = slog.LevelWarn
	}
	if i := strings.Index(text, "] "); i > 0 {
		text = text[i+2:]
	}
	l.log.Log(context.Background(), level, "cluster: "+text)
	return len(b), nil
}
