// Package cluster joins nodes. They find each other by gossip; what is sent to a
// process of another node travels over Proto.Actor remote, in order and once,
// as long as both nodes know each other.
package cluster

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/messages/wire"
)

// Component joins the node to a cluster where cluster.enabled is set.
var Component = actors.Component{
	Name:    "cluster",
	Doc:     "Joins this node to others: finds them by gossip, carries messages to their processes.",
	Handles: []any{(*messages.ClusterState)(nil)},
	New:     func(env actors.Env) actor.Actor { return &cluster{env: env} },
}

type cluster struct {
	env         actors.Env
	on          bool
	settings    settings
	incarnation uint64 // of this start of the node
	network     *network
	transport   func(addr string, b *wire.Batch) // brings batches to other nodes, mostly
	gossip      *gossip
	members     map[string]member // the other nodes
	names       names
	groups      groups

	peers sync.Map // name of a node → *peer; also read by those who send
}

// member is another node, as gossip tells of it.
type member struct {
	name        string
	incarnation uint64
	addr        string // where its internode listens
	gossip      string
}

// What gossip tells the actor.
type (
	up   struct{ member }
	down struct{ name string }
)

// Load makes processes of other nodes reachable: from here on PIDs name the node.
func (c *cluster) Load(ctx context.Context) (context.Context, error) {
	if c.on, _ = c.env.Config["cluster.enabled"].(bool); !c.on {
		return ctx, nil
	}
	name := c.env.Procs.Node
	if name == "" || strings.ContainsAny(name, "{}@|") {
		return ctx, messages.Errorf(messages.Invalid, "the node cannot be called %q in a cluster: a name has no {, }, @ and |; set cluster.name", name)
	}
	s, err := readSettings(c.env.Config)
	if err != nil {
		return ctx, err
	}
	c.settings, c.incarnation, c.members, c.names = s, rand.Uint64()|1, map[string]member{}, names{}
	c.groups = groups{map[string]map[place]*messages.Membership{}, map[string]bool{}}
	c.env.Sys.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
		node, ok := strings.CutPrefix(pid.Address, wayTo)
		return &outlet{c, node}, ok
	})
	c.env.Procs.Join(c.away)
	return ctx, nil
}

// Start listens, and looks for the other nodes.
func (c *cluster) Start(ctx context.Context) error {
	if !c.on {
		return nil
	}
	if len(c.settings.secret) == 0 {
		c.env.Log.Warn("the cluster is open to everybody who reaches it: set cluster.membership.secret_key or secret_file; then messages between nodes are encrypted, and only nodes that have the key can join",
			"gossip", c.settings.bindAddr, "internode", c.settings.wireAddr)
	}
	self := c.env.Cell.Self()
	n, err := actors.As[*network](actors.Await(ctx, func() (any, error) { return openNetwork(c.settings, c.env, c.arrived) }))
	if err != nil {
		return err
	}
	c.network, c.transport = n, n.send // whoever gossip tells of is written to
	own := member{name: c.env.Procs.Node, incarnation: c.incarnation, addr: n.addr}
	g, err := actors.As[*gossip](actors.Await(ctx, func() (any, error) { return openGossip(c.settings, c.env, self, own) }))
	if err != nil {
		c.network = nil
		n.close()
		return err
	}
	c.gossip = g
	c.env.Log.Info("cluster: this node listens", "node", c.env.Procs.Node, "gossip", c.gossip.addr, "internode", c.network.addr)
	c.gossip.join(c.env, c.settings.join)
	return nil
}

// Stop leaves the cluster.
func (c *cluster) Stop(ctx context.Context) error {
	if c.network == nil {
		return nil
	}
	n, g := c.network, c.gossip
	_, err := actors.Await(ctx, func() (any, error) {
		c.flushed(time.Second)
		g.leave()
		n.close()
		return nil, nil
	})
	for _, p := range c.all() {
		c.lose(p, "this node leaves the cluster")
	}
	return err
}

// flushed waits until the other nodes have what was sent to them, but not for ever.
func (c *cluster) flushed(longest time.Duration) {
	until := time.Now().Add(longest)
	for _, p := range c.all() {
		for !p.idle() && time.Now().Before(until) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// Receive implements actor.Actor.
func (c *cluster) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *up:
		c.meet(ctx, m.member)
	case *down:
		if p := c.peer(m.name); p != nil {
			c.lose(p, "it was not heard of any more")
		}
		delete(c.members, m.name)
	case *claimed:
		if c.peer(m.from.name) == m.from {
			c.claim(m.from.name, m.Claim)
		}
	case *forgotten:
		if c.peer(m.from.name) == m.from {
			c.forget(m.from.name)
			c.leave(m.from.name)
			c.claims(m.from)
			c.memberships(m.from)
		}
	case *shared:
		if c.peer(m.from.name) == m.from {
			c.member(m.from.name, m.Membership)
		}
	case *ended:
		c.release(m.name, m.pid)
	case *actors.Request:
		switch b := m.Body.(type) {
		case *messages.ClusterState:
			m.Reply(c.state())
		case *messages.PGShare:
			c.share(m, b)
		case *messages.Membership:
			c.tell(b)
			m.Done()
		case *messages.Register, *messages.Unregister:
			c.named(m)
		default:
			actors.Unknown(m, c.env.ID)
		}
	}
}

// meet begins the way to a node. One that was started again is another one.
func (c *cluster) meet(ctx actor.Context, m member) {
	c.members[m.name] = m
	if p := c.peer(m.name); p != nil {
		if p.member == m {
			return
		}
		c.lose(p, "it was started again")
	}
	p := &peer{c: c, member: m, session: uint64(c.env.Clock.Now().UnixNano()), base: 1, asks: map[uint64]question{}, ties: map[tie]bool{}}
	pid, err := ctx.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return p }, c.env.Props...), fmt.Sprintf("%s %x %x", m.name, m.incarnation, p.session))
	if err != nil {
		c.env.Log.Error("cluster: cannot begin the way to a node", "node", m.name, "error", err)
		return
	}
	p.pid = pid
	c.peers.Store(m.name, p)
	c.claims(p)
	c.memberships(p)
	c.env.Log.Info("cluster: node is there", "node", m.name, "address", m.addr)
	c.env.Publish(&messages.Event{System: "cluster", Kind: "node.joined", Path: m.name})
}

// lose ends the way to a node: whoever is tied to its processes is told.
func (c *cluster) lose(p *peer, why string) {
	c.peers.CompareAndDelete(p.name, p)
	p.lost(messages.Errorf(messages.Unavailable, "node %s is lost: %s", p.name, why).WithRetry(true), true)
	c.forget(p.name)
	c.leave(p.name)
	c.env.Sys.Root.Stop(p.pid)
	c.env.Log.Warn("cluster: node is lost", "node", p.name, "why", why)
	c.env.Publish(&messages.Event{System: "cluster", Kind: "node.left", Path: p.name})
}

func (c *cluster) peer(node string) *peer {
	p, _ := c.peers.Load(node)
	found, _ := p.(*peer)
	return found
}

func (c *cluster) all() (out []*peer) {
	c.peers.Range(func(_, p any) bool {
		out = append(out, p.(*peer))
		return true
	})
	slices.SortFunc(out, func(a, b *peer) int { return cmp.Compare(a.name, b.name) })
	return out
}

// arrived hands what came over the network to the way it came by. It runs on an
// actor of the network; what comes from a node that gossip has not told of yet
// will come again.
func (c *cluster) arrived(b *wire.Batch) {
	if p := c.peer(b.GetFrom()); p != nil && b.GetTo() == c.incarnation && b.GetIncarnation() == p.incarnation {
		c.env.Sys.Root.Send(p.pid, b)
	}
}

// state is what Lua sees of the cluster.
func (c *cluster) state() *messages.ClusterData {
	d := &messages.ClusterData{ID: c.env.Procs.Node, Role: "non-member", Members: []messages.MemberData{{ID: c.env.Procs.Node, Local: true}}}
	if c.gossip == nil {
		return d
	}
	d.Addr = c.gossip.addr
	d.Members[0].Addr = d.Addr
	others := make([]messages.MemberData, 0, len(c.members))
	for _, m := range c.members {
		others = append(others, messages.MemberData{ID: m.name, Addr: m.gossip})
	}
	slices.SortFunc(others, func(a, b messages.MemberData) int { return cmp.Compare(a.ID, b.ID) })
	d.Members = append(d.Members, others...)
	d.Size = len(d.Members)
	return d
}

// wayTo stands before the name of a node in the address of the PIDs of its
// processes.
const wayTo = "node "

// away finds a process of another node.
func (c *cluster) away(node, pid string) (*actors.Proc, *messages.Error) {
	p := c.peer(node)
	if p == nil {
		return nil, messages.Errorf(messages.Unavailable, "node %q cannot be reached: it is no member of the cluster, or was lost", node).WithRetry(true)
	}
	return p.proc(pid), nil
}

// outlet takes what is sent to processes of another node.
type outlet struct {
	c    *cluster
	node string
}

// SendUserMessage implements actor.Process.
func (o *outlet) SendUserMessage(pid *actor.PID, message any) {
	_, m, _ := actor.UnwrapEnvelope(message)
	p := o.c.peer(o.node)
	req, asks := m.(*actors.Request)
	switch {
	case p == nil && asks:
		req.Reply(messages.Errorf(messages.Unavailable, "node %q cannot be reached", o.node).WithRetry(true))
	case p == nil: // it was lost just now
	case asks:
		p.ask(pid.Id, req)
	default:
		if e, ok := m.(*messages.Exit); ok {
			p.untie(tie{local: e.From, remote: pid.Id})
		}
		if err := p.post(messages.Item{To: pid.Id, Body: m}, false); err != nil {
			o.c.env.Log.Warn("cluster: a message to a process of another node is dropped", "pid", pid.Id, "error", err)
		}
	}
}

// SendSystemMessage implements actor.Process.
func (*outlet) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (*outlet) Stop(*actor.PID) {}
