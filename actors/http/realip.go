package http

import (
	nethttp "net/http"
	"net/netip"
	"strings"

	"github.com/troupe-go/troupe/actors"
)

const trustedSubnets = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10,::1,fc00::/7,fe80::/10"

// newRealIP takes the address of the client from the headers of trusted proxies.
func newRealIP(_ actors.Env, o *options) middleware {
	all := o.flag("real_ip.trust_all", "")
	var trusted []netip.Prefix
	for _, s := range o.list("real_ip.trusted.subnets", "trusted_subnets", trustedSubnets) {
		p, err := netip.ParsePrefix(s)
		if a, single := netip.ParseAddr(s); single == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			o.wrong("real_ip.trusted.subnets", s, "addresses or subnets, as in 10.0.0.0/8")
		}
		trusted = append(trusted, p)
	}
	trust := func(remote string) bool {
		if all {
			return true
		}
		a, ok := address(remote)
		for _, p := range trusted {
			if ok && p.Contains(a) {
				return true
			}
		}
		return false
	}
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if trust(r.RemoteAddr) {
				if ip := forwarded(r.Header); ip != "" {
					c := *r
					c.RemoteAddr = ip
					r = &c
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// address is the IP of "ip:port" or of a bare address.
func address(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// forwarded is the client's address that a proxy tells, "" for none.
func forwarded(h nethttp.Header) string {
	first, _, _ := strings.Cut(h.Get("X-Forwarded-For"), ",")
	for _, s := range []string{h.Get("True-Client-IP"), h.Get("X-Real-IP"), first} {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			return a.String()
		}
		return ""
	}
	return ""
}
