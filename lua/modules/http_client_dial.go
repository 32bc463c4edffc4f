package modules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// inner are networks besides those netip knows whose addresses mean something
// else on each machine.
var inner = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("64:ff9b::/96")}

func privateIP(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range inner {
		if p.Contains(ip) {
			return true
		}
	}
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast()
}

// transport carries requests out over connections that this process may use.
// They are shared by what they may be used for: those to any address by the
// processes that may do everything, those to public addresses by all others. A
// connection to a private address that needed a permission serves one request.
// Addresses are checked when they are dialled, after names are resolved, for
// redirects too; a proxy would hide them.
func (out *outgoing) transport(pool messages.HTTPPool) http.RoundTripper {
	switch {
	case out.socket != "":
		return out.shared(pool, "socket "+out.socket, func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", out.socket)
		})
	case pool.Way() != nil:
		return out.through(pool, pool.Way())
	case out.free:
		return out.shared(pool, "any", (&net.Dialer{}).DialContext)
	}
	public := out.shared(pool, "public", dialChecked(func(netip.Addr) error { return errPrivate }))
	own := out.own(dialAllowed(out.may))
	return &careful{public, own}
}

// through carries requests out through a network.
func (out *outgoing) through(pool messages.HTTPPool, way *messages.Network) http.RoundTripper {
	if out.free {
		return out.shared(pool, "network "+way.Key, way.Dial)
	}
	return out.own(dialThrough(way, out.may))
}

// dialThrough dials through a network. Names are looked up at its other end, so only
// addresses that are written as such can be checked.
func dialThrough(way *messages.Network, may permission) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		ip, err := netip.ParseAddr(host)
		if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
			ip, err = netip.IPv6Loopback(), nil
		}
		if err == nil && privateIP(ip) && !may("http_client.private_ip", ip.Unmap().String()) {
			return nil, denied("not allowed: private IP %s", ip)
		}
		return way.Dial(ctx, network, address)
	}
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

// errPrivate ends the dialling of a shared connection to a private address.
var errPrivate = errors.New("a private address")

// dialChecked dials addresses, the private ones only if check lets them.
func dialChecked(check func(netip.Addr) error) dial {
	d := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return denied("not allowed: private IP %s", address)
		}
		if ip := at.Addr().Unmap(); privateIP(ip) {
			return check(ip)
		}
		return nil
	}}
	return d.DialContext
}

// dialAllowed refuses private addresses to those who may not use them.
func dialAllowed(may permission) dial {
	return dialChecked(func(ip netip.Addr) error {
		if may("http_client.private_ip", ip.String()) {
			return nil
		}
		return denied("not allowed: private IP %s", ip)
	})
}

// permission is Call.Allowed for use on any goroutine, also after the call.
type permission func(action, resource string) bool

func permissionOf(c *lua.Call) permission {
	self := c.Process()
	if self.Context == nil && !self.Strict {
		return func(string, string) bool { return true }
	}
	who := (&messages.Table{}).Set("pid", c.Host().PID())
	return func(action, resource string) bool { return self.Context.May(self.Strict, action, resource, who) }
}

// shared is the transport of the pool for a way to dial, or one for this request
// where the pool is full.
func (out *outgoing) shared(pool messages.HTTPPool, way string, d dial) *http.Transport {
	create := func() *http.Transport {
		return &http.Transport{DialContext: d, TLSClientConfig: out.tls, ForceAttemptHTTP2: true}
	}
	if t := pool.Transport(way+" "+out.tlsKey, create); t != nil {
		return t
	}
	return out.own(d)
}

func (out *outgoing) own(d dial) *http.Transport {
	return &http.Transport{DialContext: d, TLSClientConfig: out.tls, DisableKeepAlives: true, ForceAttemptHTTP2: true}
}

// careful sends over the shared public connections, and where the address is not
// public over one of the request's own.
type careful struct{ public, own *http.Transport }

// RoundTrip implements net/http.RoundTripper.
func (c *careful) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil { // it can be sent only once
		return c.own.RoundTrip(r)
	}
	res, err := c.public.RoundTrip(r)
	if !errors.Is(err, errPrivate) {
		return res, err
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return c.own.RoundTrip(again)
}

// tlsKey stands for TLS options: who gives the same ones may use the same
// connections.
func tlsKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
