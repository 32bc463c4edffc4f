package cluster

import (
	"cmp"
	"maps"
	"slices"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// groups are the memberships of process groups, by the node whose processes they
// are. Every node tells the others of its own; the scopes keep the groups.
type groups struct {
	of      map[string]map[place]*messages.Membership
	sharing map[string]bool // scopes of this node that run
}

type place struct{ scope, group, pid string }

// shared is a membership that another node tells of.
type shared struct {
	from *peer
	*messages.Membership
}

// set takes note of a membership of a node.
func (g *groups) set(node string, m *messages.Membership) {
	at := place{m.Scope, m.Group, m.PID}
	if m.Times > 0 {
		if g.of[node] == nil {
			g.of[node] = map[place]*messages.Membership{}
		}
		g.of[node][at] = m
		return
	}
	if delete(g.of[node], at); len(g.of[node]) == 0 {
		delete(g.of, node)
	}
}

// list is what a node has told, in order.
func (g *groups) list(node string) []*messages.Membership {
	return slices.SortedFunc(maps.Values(g.of[node]), func(a, b *messages.Membership) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Group, b.Group), cmp.Compare(a.PID, b.PID))
	})
}

// share answers a scope that begins or ends.
func (c *cluster) share(req *actors.Request, b *messages.PGShare) {
	if b.Off {
		delete(c.groups.sharing, b.Scope)
		req.Done()
		return
	}
	c.groups.sharing[b.Scope] = true
	out := []*messages.Membership{}
	for _, node := range slices.Sorted(maps.Keys(c.groups.of)) {
		if node == c.env.Procs.Node {
			continue
		}
		for _, m := range c.groups.list(node) {
			if m.Scope == b.Scope {
				out = append(out, m)
			}
		}
	}
	req.Reply(out)
}

// tell tells the other nodes of a membership of this one.
func (c *cluster) tell(m *messages.Membership) {
	c.groups.set(c.env.Procs.Node, m)
	for _, p := range c.all() {
		_ = p.post(messages.Item{Body: m}, false) // a node that is lost forgets it anyway
	}
}

// member takes note of a membership of another node.
func (c *cluster) member(node string, m *messages.Membership) {
	c.groups.set(node, m)
	if c.groups.sharing[m.Scope] {
		c.env.Cell.Tell(c.env.PID(m.Scope), m)
	}
}

// memberships tells a node of those of this one.
func (c *cluster) memberships(p *peer) {
	for _, m := range c.groups.list(c.env.Procs.Node) {
		_ = p.post(messages.Item{Body: m}, false)
	}
}

// leave drops the memberships of a node.
func (c *cluster) leave(node string) {
	for _, m := range c.groups.list(node) {
		c.member(node, &messages.Membership{Scope: m.Scope, Group: m.Group, PID: m.PID})
	}
}
