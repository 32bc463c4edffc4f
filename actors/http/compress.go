package http

import (
	"compress/gzip"
	"io"
	nethttp "net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/troupe-go/troupe/actors"
)

// packer compresses what is written to it.
type packer interface {
	io.WriteCloser
	Flush() error
	Reset(to io.Writer)
}

// packers are codings that bodies can be sent in, the one for clients without
// preference first. The writers are large, and used again.
type packers []struct {
	coding string
	unused *sync.Pool
}

// zstdWindow bounds the memory of both sides; clients refuse more than 8 MiB.
const zstdWindow = 512 << 10

func newPackers(gzipLevel, brotliLevel int, zstdLevel zstd.EncoderLevel) packers {
	pool := func(create func() packer) *sync.Pool { return &sync.Pool{New: func() any { return create() }} }
	return packers{
		{"gzip", pool(func() packer {
			z, _ := gzip.NewWriterLevel(nil, gzipLevel) // the level is one of the package
			return z
		})},
		{"br", pool(func() packer { return brotli.NewWriterLevel(nil, brotliLevel) })},
		{"zstd", pool(func() packer { // without concurrency it has no goroutines to end
			z, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstdLevel), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true)) // the options are in range
			return z
		})},
	}
}

// newCompress sends longer bodies with gzip, brotli or zstd to clients that
// understand it.
func newCompress(_ actors.Env, o *options) middleware {
	least := o.number("compress.min.length", "1024")
	var all packers
	switch s := o.text("compress.level", "", "default"); s {
	case "default":
		all = newPackers(gzip.DefaultCompression, 4, zstd.SpeedDefault)
	case "fastest":
		all = newPackers(gzip.BestSpeed, 1, zstd.SpeedFastest)
	case "best": // the last levels of brotli are too slow to wait for
		all = newPackers(gzip.BestCompression, 9, zstd.SpeedBetterCompression)
	default:
		o.wrong("compress.level", s, "default, fastest or best")
	}
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Add("Vary", "Accept-Encoding")
			at := preferred(r.Header, len(all), func(i int) string { return all[i].coding })
			if at < 0 || r.Method == nethttp.MethodHead {
				next.ServeHTTP(w, r)
				return
			}
			c := &compressor{ResponseWriter: w, least: least, coding: all[at].coding, unused: all[at].unused}
			next.ServeHTTP(c, r)
			c.finish() // not after a panic: a body that was broken off must not look whole
		})
	}
}

// preferred is the index of the coding, among n, that the client wants most, and
// the first of those it wants as much; -1 where it takes none of them.
func preferred(h nethttp.Header, n int, coding func(int) string) int {
	header, best, most := strings.Join(h.Values("Accept-Encoding"), ","), -1, 0.0
	for i := range n {
		if q := quality(header, coding(i)); q > most {
			best, most = i, q
		}
	}
	return best
}

// quality is how much a client wants a coding by the header Accept-Encoding; 0
// for not at all.
func quality(header, coding string) float64 {
	others := 0.0
	for part := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(part, ";")
		name, wanted := strings.TrimSpace(name), 1.0
		if key, q, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(key), "q") {
			f, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			if wanted = 0; err == nil && f > 0 { // also not where it is no number
				wanted = min(f, 1)
			}
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
	coding string
	unused *sync.Pool
	status int
	held   []byte
	passed bool // headers are sent
	zip    packer
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
	body := c.status != nethttp.StatusNoContent && c.status != nethttp.StatusNotModified && c.status != nethttp.StatusPartialContent
	if h.Get("Content-Type") == "" && len(c.held) > 0 {
		h.Set("Content-Type", nethttp.DetectContentType(c.held))
	}
	if long && body && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" {
		h.Del("Content-Length")
		h.Del("Accept-Ranges")
		if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) { // it stands for other bytes
			h.Set("Etag", "W/"+tag)
		}
		h.Set("Content-Encoding", c.coding)
		c.zip = c.unused.Get().(packer)
		c.zip.Reset(c.ResponseWriter)
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
		c.zip.Reset(nil) // the pool must not keep the connection
		c.unused.Put(c.zip)
	}
}
