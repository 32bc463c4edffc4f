package cluster

import (
	"encoding/base64"
	"net"
	"os"
	"strings"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// settings are those of the sections membership and internode.
type settings struct {
	bindAddr, advertise         string
	bindPort                    int
	join                        []string
	secret                      []byte
	gossipInterval, pushPull    time.Duration
	reclaim, probe              time.Duration
	probeTimeout, tcpTimeout    time.Duration
	suspicion                   int
	wireAddr, wireAdvertise     string
	wirePort, wireAdvertisePort int
	autoPort                    bool
}

// readSettings takes them from the configuration of the node.
func readSettings(config map[string]any) (settings, error) {
	text := func(key string) string { s, _ := config["cluster."+key].(string); return s }
	number := func(key string) int { n, _ := config["cluster."+key].(int64); return int(n) }
	span := func(key string) time.Duration { d, _ := config["cluster."+key].(time.Duration); return d }
	s := settings{
		bindAddr: text("membership.bind_addr"), bindPort: number("membership.bind_port"), advertise: text("membership.advertise_addr"),
		gossipInterval: span("membership.gossip_interval"), pushPull: span("membership.push_pull_interval"),
		reclaim: span("membership.dead_node_reclaim_time"), probe: span("membership.probe_interval"),
		probeTimeout: span("membership.probe_timeout"), tcpTimeout: span("membership.tcp_timeout"), suspicion: number("membership.suspicion_mult"),
		wireAddr: text("internode.bind_addr"), wirePort: number("internode.bind_port"),
		wireAdvertise: text("internode.advertise_addr"), wireAdvertisePort: number("internode.advertise_port"),
	}
	s.autoPort, _ = config["cluster.internode.auto_port"].(bool)
	for _, a := range strings.Split(text("membership.join_addrs"), ",") {
		if a = strings.TrimSpace(a); a != "" {
			s.join = append(s.join, a)
		}
	}
	key, where := text("membership.secret_key"), "cluster.membership.secret_key"
	if file := text("membership.secret_file"); key == "" && file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return s, messages.Because(messages.Invalid, "reading cluster.membership.secret_file", err)
		}
		key, where = strings.TrimSpace(string(b)), "cluster.membership.secret_file"
	}
	if key != "" {
		var err error
		if s.secret, err = base64.StdEncoding.DecodeString(key); err != nil {
			return s, messages.Because(messages.Invalid, where+" is no base64", err)
		}
		if n := len(s.secret); n != 16 && n != 24 && n != 32 {
			return s, messages.Errorf(messages.Invalid, "%s has %d bytes: it must have 16, 24 or 32, as 'openssl rand -base64 32' makes them", where, n)
		}
	}
	// Where nothing else is said, a node is reached where it listens; where it
	// listens everywhere, under the address from which its gossip comes.
	if s.wireAdvertise == "" {
		for _, a := range []string{s.wireAddr, s.advertise, s.bindAddr} {
			if ip := net.ParseIP(a); a != "" && (ip == nil || !ip.IsUnspecified()) {
				s.wireAdvertise = a
				break
			}
		}
	}
	if s.wireAdvertise == "" {
		s.wireAdvertise = ownAddress()
	}
	return s, nil
}

// ownAddress is the first address of this machine that others may reach.
func ownAddress() string {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}
