package http

import (
	"context"
	"maps"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// middleware puts something around a handler.
type middleware func(nethttp.Handler) nethttp.Handler

// chain puts a list of middleware around a handler, the first one outermost.
func chain(h nethttp.Handler, list []middleware) nethttp.Handler {
	for _, m := range slices.Backward(list) {
		h = m(h)
	}
	return h
}

// catalog is the middleware for one place, by name.
type catalog map[string]func(actors.Env, *options) middleware

// before runs ahead of the search for a route, after behind it.
var (
	before = catalog{
		"cors": newCORS, "ratelimit": newRateLimit, "compress": newCompress, "real_ip": newRealIP, "metrics": newMetrics, "otel": newOTel,
		"sendfile": newSendfile, "token_auth": newTokenAuth, "request_id": newRequestID, "access_log": newAccessLog, "body_limit": newBodyLimit,
	}
	after = catalog{"endpoint_firewall": newEndpointFirewall, "resource_firewall": newResourceFirewall, "websocket_relay": newWSRelay, "sse_relay": newSSERelay}
)

// build makes the middleware of a router, or says what is wrong with its name or
// options.
func (c catalog) build(env actors.Env, names []string, values map[string]string) ([]middleware, error) {
	var out []middleware
	known := map[string]bool{}
	for _, name := range names {
		create := c[name]
		if create == nil {
			names := slices.Sorted(maps.Keys(c))
			text := "unknown middleware " + strconv.Quote(name) + "; there are " + strings.Join(names, ", ") + " in this place"
			if hint := registry.DidYouMean(name, names); hint != "" {
				text += "; " + hint
			}
			return nil, messages.Errorf(messages.Invalid, "%s", text)
		}
		o := &options{values: values, known: known}
		m := create(env, o)
		if o.err != nil {
			return nil, o.err
		}
		out = append(out, m)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !known[key] {
			env.Log.Warn("no middleware here reads this option", "entry", env.ID, "option", key, "hint", registry.DidYouMean(key, slices.Sorted(maps.Keys(known))))
		}
	}
	return out, nil
}

// options reads the options of one middleware and keeps the first mistake.
type options struct {
	values map[string]string
	known  map[string]bool // what was asked for, also where it is not set
	err    error
}

// text is an option under its key or its older name.
func (o *options) text(key, older, def string) string {
	o.known[key], o.known[older] = true, true
	if v, ok := o.values[key]; ok {
		return v
	}
	if v, ok := o.values[older]; ok && older != "" {
		return v
	}
	return def
}

func (o *options) list(key, older, def string) []string {
	var out []string
	for item := range strings.SplitSeq(o.text(key, older, def), ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

func (o *options) flag(key, older string) bool {
	s := o.text(key, older, "false")
	b, err := strconv.ParseBool(s)
	if err != nil {
		o.wrong(key, s, `"true" or "false"`)
	}
	return b
}

func (o *options) number(key, def string) int {
	s := o.text(key, "", def)
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		o.wrong(key, s, "a whole number above 0")
	}
	return n
}

func (o *options) wrong(key, value, want string) {
	if o.err == nil {
		o.err = messages.Errorf(messages.Invalid, "option %s is %q; expected %s", key, value, want)
	}
}

type matchedKey struct{}

// matched notes which endpoint a request has reached, for the middleware behind
// the match.
func matched(id string, h nethttp.Handler) nethttp.Handler {
	return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), matchedKey{}, id)))
	})
}

// endpointOf is the endpoint a request has reached.
func endpointOf(ctx context.Context) string {
	id, _ := ctx.Value(matchedKey{}).(string)
	return id
}
