package relay

import (
	"hash/fnv"

	"github.com/troupe-go/troupe/actors"
)

// Tier is how far a message has to go.
type Tier int

// The tiers, in the order they are tried.
const (
	Local     Tier = iota // a process of this node
	Peer                  // a member of the cluster
	Internode             // any other node whose address is known
	Nowhere               // nobody knows that node
)

// Router decides where a message goes. It is pure: what is known of other nodes
// is given to it.
type Router struct {
	Node      string
	Peers     map[string]bool   // members of the cluster
	Addresses map[string]string // nodes that are reached by address
}

// Route returns the tier for a PID or name, and the node it leads to.
func (r Router) Route(to string) (Tier, string) {
	node, _, _, ok := actors.ParsePID(to)
	switch {
	case !ok || node == "" || node == r.Node:
		return Local, r.Node
	case r.Peers[node]:
		return Peer, node
	case r.Addresses[node] != "":
		return Internode, node
	}
	return Nowhere, node
}

// Worker chooses one of n workers by the sender, with FNV-1a: what one sender
// sends stays in order, different senders run side by side.
func Worker(sender string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sender))
	return int(h.Sum32() % uint32(n))
}
