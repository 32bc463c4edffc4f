package http

import (
	"context"
	nethttp "net/http"
	"strconv"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// newMetrics counts and times requests. Nothing waits for the metrics.
func newMetrics(env actors.Env, _ *options) middleware {
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			begun := env.Clock.Now()
			watch := &statusWatch{ResponseWriter: w}
			env.Measure(messages.GaugeAdd, "http_requests_in_flight", 1, nil)
			defer func() {
				labels := map[string]string{"method": methodLabel(r.Method), "status": strconv.Itoa(watch.code())}
				env.Measure(messages.GaugeAdd, "http_requests_in_flight", -1, nil)
				env.Measure(messages.CounterAdd, "http_requests_total", 1, labels)
				env.Measure(messages.HistogramObserve, "http_request_duration_seconds", env.Clock.Now().Sub(begun).Seconds(), labels)
			}()
			next.ServeHTTP(watch, r)
			watch.whole = true
		})
	}
}

// methodLabel keeps clients from making labels of their own.
func methodLabel(m string) string {
	for _, known := range methods {
		if m == known {
			return m
		}
	}
	return "other"
}

// newOTel puts a span around each request, inside the one that its headers name.
// Without telemetry it does nothing.
func newOTel(env actors.Env, _ *options) middleware {
	tracer, ok := actors.TracerKey.Lookup(env.App)
	if on, _ := env.Config["otel.http.enabled"].(bool); !ok || !on {
		return func(next nethttp.Handler) nethttp.Handler { return next }
	}
	extract, _ := env.Config["otel.http.extract_headers"].(bool)
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			around := map[string]string{}
			if extract {
				for _, name := range tracer.Headers() {
					if v := r.Header.Get(name); v != "" {
						around[name] = v
					}
				}
			}
			method := methodLabel(r.Method)
			span := tracer.Begin(actors.SpanServer, method, around)
			span.Set("http.request.method", method)
			span.Set("url.path", r.URL.Path)
			watch := &statusWatch{ResponseWriter: w}
			defer func() {
				span.Set("http.response.status_code", watch.code())
				var err error
				if watch.code() >= nethttp.StatusInternalServerError {
					err = messages.Errorf(messages.Internal, "%s", nethttp.StatusText(watch.code()))
				}
				span.End(err)
			}()
			next.ServeHTTP(watch, r.WithContext(context.WithValue(r.Context(), traceKey{}, span.Headers())))
			watch.whole = true
		})
	}
}

// newAccessLog writes a line for each request when it is over. The query is left
// out: it may hold secrets.
func newAccessLog(env actors.Env, _ *options) middleware {
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			begun := env.Clock.Now()
			watch := &statusWatch{ResponseWriter: w}
			defer func() {
				fields := []any{
					"router", env.ID, "method", r.Method, "path", r.URL.Path, "status", watch.code(), "bytes", watch.sent,
					"duration", env.Clock.Now().Sub(begun), "remote", r.RemoteAddr,
				}
				if id := watch.Header().Get(requestIDHeader); id != "" {
					fields = append(fields, "request_id", id)
				}
				env.Log.Info("HTTP request", fields...)
			}()
			next.ServeHTTP(watch, r)
			watch.whole = true
		})
	}
}

// statusWatch notes the status and the size of a response.
type statusWatch struct {
	nethttp.ResponseWriter
	status int
	sent   int64
	whole  bool // the handler came to its end
}

// Unwrap gives the writer to net/http.ResponseController.
func (s *statusWatch) Unwrap() nethttp.ResponseWriter { return s.ResponseWriter }

// WriteHeader implements net/http.ResponseWriter.
func (s *statusWatch) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements net/http.ResponseWriter.
func (s *statusWatch) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = nethttp.StatusOK
	}
	n, err := s.ResponseWriter.Write(p)
	s.sent += int64(n)
	return n, err
}

// code is 499 for a response that nobody got.
func (s *statusWatch) code() int {
	switch {
	case s.status != 0:
		return s.status
	case s.whole:
		return nethttp.StatusOK
	}
	return 499
}
