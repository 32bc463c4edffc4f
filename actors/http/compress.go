package http

import (
	"compress/gzip"
	nethttp "net/http"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/actors"
)

// newCompress sends longer bodies with gzip to clients that understand it.
func newCompress(_ actors.Env, o *options) middleware {
	least := o.number("compress.min.length", "1024")
	level := gzip.DefaultCompression
	switch s := o.text("compress.level", "", "default"); s {
	case "default":
	case "fastest":
		level = gzip.BestSpeed
	case "best":
		level = gzip.BestCompression
	default:
		o.wrong("compress.level", s, "default, fastest or best")
	}
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Add("Vary", "Accept-Encoding")
			if !accepts(r.Header.Get("Accept-Encoding"), "gzip") || r.Method == nethttp.MethodHead {
				next.ServeHTTP(w, r)
				return
			}
			c := &compressor{ResponseWriter: w, least: least, level: level}
			next.ServeHTTP(c, r)
			c.finish() // not after a panic: a body that was broken off must not look whole
		})
	}
}

// accepts reports whether the header Accept-Encoding allows a coding.
func accepts(header, coding string) bool {
	others := false
	for part := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(part, ";")
		name, wanted := strings.TrimSpace(name), true
		if q, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			f, err := strconv.ParseFloat(q, 64)
			wanted = err == nil && f > 0
		}
		switch {
		case strings.EqualFold(name, coding):
			return wanted
		case name == "*":
			others = wanted
		}
	}
	return others
}

// compressor holds the beginning of a body back until it is clear whether it is
// long enough.
type compressor struct {
	nethttp.ResponseWriter
	least  int
	level  int
	status int
	held   []byte
	passed bool // headers are sent
	zip    *gzip.Writer
}

// Unwrap gives the writer to net/http.ResponseController.
func (c *compressor) Unwrap() nethttp.ResponseWriter { return c.ResponseWriter }

// WriteHeader implements net/http.ResponseWriter.
func (c *compressor) WriteHeader(status int) {
	switch {
	case c.status != 0:
	case status == nethttp.StatusSwitchingProtocols: // what follows is no body
		c.status, c.passed = status, true
		c.ResponseWriter.WriteHeader(status)
	default:
		c.status = status
	}
}

// Write implements net/http.ResponseWriter.
func (c *compressor) Write(p []byte) (int, error) {
	if !c.passed {
		c.held = append(c.held, p...)
		if len(c.held) < c.least {
			return len(p), nil
		}
		if err := c.pass(true); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	if c.zip != nil {
		return c.zip.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// pass sends the headers and what was held back.
func (c *compressor) pass(long bool) error {
	c.passed = true
	if c.status == 0 {
		c.status = nethttp.StatusOK
	}
	h := c.Header()
	body := c.status != nethttp.StatusNoContent && c.status != nethttp.StatusNotModified
	if h.Get("Content-Type") == "" && len(c.held) > 0 {
		h.Set("Content-Type", nethttp.DetectContentType(c.held))
	}
	if long && body && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" {
		h.Del("Content-Length")
		h.Del("Accept-Ranges")
		if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) { // it stands for other bytes
			h.Set("Etag", "W/"+tag)
		}
		h.Set("Content-Encoding", "gzip")
		c.zip, _ = gzip.NewWriterLevel(c.ResponseWriter, c.level) // the level was checked
	}
	c.ResponseWriter.WriteHeader(c.status)
	held := c.held
	c.held = nil
	if len(held) == 0 {
		return nil
	}
	var err error
	if c.zip != nil {
		_, err = c.zip.Write(held)
	} else {
		_, err = c.ResponseWriter.Write(held)
	}
	return err
}

// FlushError implements what net/http.ResponseController looks for. A body that
// is flushed while it is short is a stream, and is compressed.
func (c *compressor) FlushError() error {
	if !c.passed {
		stream := !strings.HasPrefix(c.Header().Get("Content-Type"), "text/event-stream")
		if err := c.pass(stream); err != nil {
			return err
		}
	}
	if c.zip != nil {
		if err := c.zip.Flush(); err != nil {
			return err
		}
	}
	return nethttp.NewResponseController(c.ResponseWriter).Flush()
}

// finish sends what is left; errors mean that the client is gone.
func (c *compressor) finish() {
	if !c.passed && (c.status != 0 || len(c.held) > 0) {
		_ = c.pass(false)
	}
	if c.zip != nil {
		_ = c.zip.Close()
	}
}
