package http

import (
	"crypto/sha256"
	nethttp "net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/troupe-go/troupe/actors"
)

// newRateLimit refuses requests of a client that sends too many.
func newRateLimit(env actors.Env, o *options) middleware {
	l := &limiter{
		now: env.Clock.Now, buckets: map[string]*bucket{},
		burst: float64(o.number("ratelimit.burst", "20")), max: o.number("ratelimit.max_entries", "100000"),
		sweepEvery: o.span("ratelimit.cleanup_interval", "5m"), ttl: o.span("ratelimit.entry_ttl", "10m"),
	}
	requests, window := o.number("ratelimit.requests", "100"), o.span("ratelimit.window", "1m")
	l.rate = float64(requests) / window.Seconds()
	key := rateKey(o)
	limit, text := strconv.Itoa(requests), o.text("ratelimit.window", "", "1m")
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			k := key(r)
			if k == "" {
				nethttp.Error(w, "Rate limit key extraction failed", nethttp.StatusBadRequest)
				return
			}
			if len(k) > sha256.Size { // clients choose it: it must not fill the memory
				sum := sha256.Sum256([]byte(k))
				k = string(sum[:])
			}
			if !l.allow(k) {
				w.Header().Set("X-RateLimit-Limit", limit)
				w.Header().Set("X-RateLimit-Window", text)
				nethttp.Error(w, "Rate limit exceeded", nethttp.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// span is an option that is a duration of at least a second.
func (o *options) span(key, def string) time.Duration {
	s := o.text(key, "", def)
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Second {
		o.wrong(key, s, "a duration of at least 1s, as in 1m")
		return time.Second
	}
	return d
}

func rateKey(o *options) func(*nethttp.Request) string {
	s := o.text("ratelimit.key", "", "ip")
	kind, name, named := strings.Cut(s, ":")
	switch {
	case s == "ip":
		return func(r *nethttp.Request) string {
			if a, ok := address(r.RemoteAddr); ok {
				return a.String()
			}
			return r.RemoteAddr
		}
	case kind == "header" && named && name != "":
		name = textproto.CanonicalMIMEHeaderKey(name)
		return func(r *nethttp.Request) string { return r.Header.Get(name) }
	case kind == "query" && named && name != "":
		return func(r *nethttp.Request) string { return r.URL.Query().Get(name) }
	}
	o.wrong("ratelimit.key", s, "ip, header:Name or query:name")
	return nil
}

// limiter is a token bucket for each key.
type limiter struct {
	now        func() time.Time
	rate       float64 // tokens a second
	burst      float64
	max        int
	sweepEvery time.Duration
	ttl        time.Duration

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func (l *limiter) allow(key string) bool {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) >= l.sweepEvery {
		l.swept = now
		for k, b := range l.buckets {
			if now.Sub(b.at) >= l.ttl {
				delete(l.buckets, k)
			}
		}
	}
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= l.max {
			for k := range l.buckets { // any: memory must not grow with the number of attackers
				delete(l.buckets, k)
				break
			}
		}
		b = &bucket{tokens: l.burst, at: now}
		l.buckets[strings.Clone(key)] = b // it may be a piece of a long URL
	}
	b.tokens = min(l.burst, b.tokens+max(0, now.Sub(b.at).Seconds())*l.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
