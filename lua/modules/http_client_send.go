package modules

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"

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

// guardedDialer refuses private addresses to those who may not use them. They are
// checked when they are dialled, after names are resolved, for redirects too.
func guardedDialer(may permission) *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return denied("not allowed: private IP %s", address)
		}
		if ip := at.Addr().Unmap(); privateIP(ip) && !may("http_client.private_ip", ip.String()) {
			return denied("not allowed: private IP %s", ip)
		}
		return nil
	}}
}

// transport is made for one request: a connection that another process was
// allowed to make must not be used again. There is no proxy, which would hide
// the addresses.
func (out *outgoing) transport() *http.Transport {
	dial := guardedDialer(out.may).DialContext
	if out.socket != "" {
		dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", out.socket)
		}
	}
	return &http.Transport{DialContext: dial, TLSClientConfig: out.tls, DisableKeepAlives: true, ForceAttemptHTTP2: true}
}

// send carries the request out; it ends early when done is closed.
func (out *outgoing) send(done <-chan struct{}) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), out.timeout)
	defer cancel()
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	req, err := http.NewRequestWithContext(ctx, out.method, out.to, strings.NewReader(out.body))
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "making a request: %s", err)
	}
	req.Header, req.Host = out.header, out.host
	if out.auth {
		req.SetBasicAuth(out.user, out.pass)
	}
	for k, v := range out.cookies {
		req.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	client := &http.Client{Transport: out.transport(), CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirects")
		}
		if to := next.URL.String(); !out.may("http_client.request", to) {
			return denied("not allowed: %s", to)
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		return nil, sendFailed(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(res.Body, out.limit+1))
	if err != nil {
		return nil, sendFailed(err)
	}
	if int64(len(body)) > out.limit {
		return nil, messages.Errorf(messages.Internal, "the response of %s is larger than %d bytes; raise max_response_body if that is right", out.to, out.limit).WithRetry(false)
	}
	return response(res, body), nil
}

// sendFailed keeps refusals; everything else can be different next time.
func sendFailed(err error) error {
	var refused *messages.Error
	if errors.As(err, &refused) {
		return refused
	}
	return messages.Errorf(messages.Internal, "request failed: %s", err).WithRetry(true)
}

func response(res *http.Response, body []byte) *messages.Table {
	headers, cookies := map[string]any{}, map[string]any{}
	for k, v := range res.Header {
		headers[k] = v[0]
	}
	for _, k := range res.Cookies() {
		cookies[k.Name] = k.Value
	}
	out := (&messages.Table{}).Set("status_code", float64(res.StatusCode)).Set("url", res.Request.URL.String()).
		Set("body_size", float64(len(body))).Set("headers", messages.ValueOf(headers)).Set("cookies", messages.ValueOf(cookies))
	if len(body) > 0 {
		out.Set("body", string(body))
	}
	return out
}
