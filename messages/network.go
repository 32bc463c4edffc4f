package messages

import (
	"context"
	"net"
)

// NetworkOpen asks a network.* entry for its way out. Answered with a *Network. It
// stays on its node.
type NetworkOpen struct{}

// Network is a way out of this machine. Many goroutines may use it, also after the
// entry has changed.
type Network struct {
	ID   string
	Key  string // another one where connections must not be shared
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}
