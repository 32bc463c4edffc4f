package cluster

import (
	"cmp"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// names are the claims to each name, by the node that makes it. Every node tells
// the others of its own. Two may claim a name before they hear of each other: the
// first one has it, and the other one gives it up.
type names map[string]map[string]*messages.Claim

// owner is the claim that counts.
func (n names) owner(name string) *messages.Claim {
	var first *messages.Claim
	for _, c := range n[name] {
		if first == nil || cmp.Or(cmp.Compare(c.At, first.At), cmp.Compare(c.PID, first.PID)) < 0 {
			first = c
		}
	}
	return first
}

func (n names) set(node string, c *messages.Claim) {
	if c.Off {
		if delete(n[c.Name], node); len(n[c.Name]) == 0 {
			delete(n, c.Name)
		}
		return
	}
	if n[c.Name] == nil {
		n[c.Name] = map[string]*messages.Claim{}
	}
	n[c.Name][node] = c
}

// What the actor of the cluster is told about names.
type (
	claimed struct { // by another node
		from *peer
		*messages.Claim
	}
	forgotten struct{ from *peer }       // it knows nothing of this node any more
	ended     struct{ name, pid string } // a process of this node
)

func (c *cluster) self() *actor.PID { return c.env.PID("cluster") }

// named answers the requests for names that count in the cluster.
func (c *cluster) named(req *actors.Request) {
	own := c.env.Procs.Node
	switch b := req.Body.(type) {
	case *messages.Unregister:
		mine := c.names[b.Name][own]
		if mine == nil || mine.PID != b.By {
			req.Reply(false)
			return
		}
		c.release(b.Name, mine.PID)
		req.Reply(true)
	case *messages.Register:
		if owner := c.names.owner(b.Name); owner != nil {
			if owner.PID == b.PID {
				req.Done()
				return
			}
			req.Reply(messages.Errorf(messages.AlreadyExists, "name already registered").WithDetails(map[string]any{"existing_pid": owner.PID}))
			return
		}
		p, self := c.env.Procs.Find(b.PID), c.self()
		if p == nil || !p.AtEnd("name "+b.Name, func() { c.env.Sys.Root.Send(self, &ended{b.Name, b.PID}) }) {
			req.Reply(messages.Errorf(messages.NotFound, "process not found: %s", b.PID))
			return
		}
		c.claim(own, &messages.Claim{Name: b.Name, PID: b.PID, At: uint64(c.env.Clock.Now().UnixNano())})
		req.Done()
	}
}

// release gives up a name of a process of this node.
func (c *cluster) release(name, pid string) {
	own := c.env.Procs.Node
	if mine := c.names[name][own]; mine != nil && mine.PID == pid {
		c.claim(own, &messages.Claim{Name: name, PID: pid, Off: true})
	}
}

// claim takes note of a claim, and tells the others of one of this node. A process
// of this node whose claim does not count loses its name, and is told.
func (c *cluster) claim(node string, claim *messages.Claim) {
	own := c.env.Procs.Node
	c.names.set(node, claim)
	if node == own {
		for _, p := range c.all() {
			_ = p.post(messages.Item{Body: claim}, false) // a node that is lost forgets it anyway
		}
	}
	owner := c.names.owner(claim.Name)
	if owner == nil {
		c.env.Procs.NameWide(claim.Name, "")
		return
	}
	c.env.Procs.NameWide(claim.Name, owner.PID)
	if mine := c.names[claim.Name][own]; mine != nil && mine != owner {
		if p := c.env.Procs.Find(mine.PID); p != nil {
			c.env.Sys.Root.Send(p.Actor, &messages.Cancel{From: mine.PID, Reason: "name revoked: " + claim.Name})
		}
		c.release(claim.Name, mine.PID)
	}
}

// claims tells a node of the names of this one.
func (c *cluster) claims(p *peer) {
	own := c.env.Procs.Node
	for _, name := range slices.Sorted(maps.Keys(c.names)) {
		if mine := c.names[name][own]; mine != nil {
			_ = p.post(messages.Item{Body: mine}, false)
		}
	}
}

// forget drops what a node claimed.
func (c *cluster) forget(node string) {
	for _, name := range slices.Sorted(maps.Keys(c.names)) {
		if c.names[name][node] != nil {
			c.claim(node, &messages.Claim{Name: name, Off: true})
		}
	}
}
