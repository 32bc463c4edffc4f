package http

import (
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// relayOptions are what the function of an endpoint, and later a control message,
// says about a relay.
type relayOptions struct {
	target    string // PID; "" for a stream that is detached
	topic     string
	heartbeat time.Duration // 0 for none
	idle      time.Duration // 0 for no limit
	hard      time.Duration // 0 for no limit
	metadata  messages.Value
}

// parseRelay reads the header of a relay.
func parseRelay(procs *actors.Procs, k *relayKind, header string) (relayOptions, error) {
	o := relayOptions{topic: k.prefix + ".message", heartbeat: 30 * time.Second}
	v, err := messages.DecodeJSON([]byte(header))
	if err != nil {
		return o, messages.Errorf(messages.Invalid, "Invalid %s header: %s", k.header, err)
	}
	t, ok := v.(*messages.Table)
	if !ok {
		return o, messages.Errorf(messages.Invalid, "Invalid %s header: a JSON object is expected", k.header)
	}
	o, err = o.with(procs, k, t)
	if err == nil && o.target == "" && !k.detachable {
		err = messages.Errorf(messages.Invalid, "Invalid target PID: target_pid is missing")
	}
	return o, err
}

// with returns the options changed by the fields of t. After an error they are as
// before.
func (o relayOptions) with(procs *actors.Procs, k *relayKind, t *messages.Table) (relayOptions, error) {
	before := o
	var err error
	text := func(name string, set func(string) error) {
		v := t.Get(name)
		if v == nil || err != nil {
			return
		}
		s, ok := v.(string)
		if !ok {
			err = messages.Errorf(messages.Invalid, "a string is expected")
		} else {
			err = set(s)
		}
		if err != nil {
			what := name
			if name == "target_pid" {
				what = "target PID"
			}
			err = messages.Errorf(messages.Invalid, "Invalid %s: %s", what, err)
		}
	}
	duration := func(to *time.Duration) func(string) error {
		return func(s string) error {
			d, err := time.ParseDuration(s)
			if err == nil && d < 0 {
				err = messages.Errorf(messages.Invalid, "%q is negative", s)
			}
			*to = d
			return err
		}
	}
	text("target_pid", func(s string) error {
		if o.target = ""; s == "" && k.detachable {
			return nil
		}
		if _, _, _, ok := actors.ParsePID(s); !ok {
			return messages.Errorf(messages.Invalid, "%q is not a PID of the form {host|0x00001}", s)
		}
		p := procs.Find(s)
		if p == nil {
			return messages.Errorf(messages.NotFound, "process not found: %s", s)
		}
		o.target = p.PID
		return nil
	})
	text("message_topic", func(s string) error {
		if s == "" {
			return messages.Errorf(messages.Invalid, "it is empty")
		}
		o.topic = s
		return nil
	})
	text("heartbeat_interval", duration(&o.heartbeat))
	if k.detachable {
		text("idle_timeout", duration(&o.idle))
		text("hard_timeout", duration(&o.hard))
	}
	if m := t.Get("metadata"); m != nil {
		o.metadata = m
	}
	if err != nil {
		return before, err
	}
	return o, nil
}

// relayOrigins are the origins that the options of a middleware allow.
func relayOrigins(o *options, key string) []string {
	return o.list(key, "allow_origins", o.text("allowed_origins", "", ""))
}

// ofOrigin reports whether a request comes from a page of the own origin, from no
// page, or from an origin of the list. An item of the list may be a bare host.
func ofOrigin(r *nethttp.Request, list []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		same := func(host string) bool { return strings.EqualFold(host, u.Host) }
		if same(r.Host) || slices.ContainsFunc(list, same) {
			return true
		}
	}
	return allowedOrigin(list, origin)
}

// relayWriter holds the response of a function back that asks for a relay, until
// it is clear that nothing else was written. Everything else passes.
type relayWriter struct {
	nethttp.ResponseWriter
	header string
	held   bool
	passed bool
}

// Unwrap gives the writer to net/http.ResponseController.
func (w *relayWriter) Unwrap() nethttp.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements net/http.ResponseWriter.
func (w *relayWriter) WriteHeader(status int) {
	switch {
	case w.passed || w.held:
	case status >= 100 && status < 200 && status != nethttp.StatusSwitchingProtocols:
		w.ResponseWriter.WriteHeader(status)
	case status == nethttp.StatusOK && w.Header().Get(w.header) != "":
		w.held = true
	default:
		w.pass(status)
	}
}

func (w *relayWriter) pass(status int) {
	w.passed, w.held = true, false
	w.Header().Del(w.header)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements net/http.ResponseWriter.
func (w *relayWriter) Write(p []byte) (int, error) {
	if len(p) == 0 && !w.passed {
		w.WriteHeader(nethttp.StatusOK)
		return 0, nil
	}
	if !w.passed {
		w.pass(nethttp.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// FlushError implements what net/http.ResponseController looks for.
func (w *relayWriter) FlushError() error {
	if !w.passed {
		w.pass(nethttp.StatusOK)
	}
	return nethttp.NewResponseController(w.ResponseWriter).Flush()
}

// wanted takes what the function said about a relay out of the response; "" where
// it wants none, or has answered itself.
func (w *relayWriter) wanted() string {
	if w.passed {
		return ""
	}
	v := w.Header().Get(w.header)
	w.Header().Del(w.header)
	return v
}
