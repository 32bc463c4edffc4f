package http

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// clientStall is how long a client may take nothing of a response, or send nothing
// of a body that the function waits for, where the service has no timeouts of its
// own.
const clientStall = time.Minute

// stallListener gives the clients of a server without a write timeout a limit for
// each part of a response: one that reads slowly gets all of it, one that never
// reads does not keep its function waiting for ever.
type stallListener struct{ net.Listener }

// Accept implements net.Listener.
func (l stallListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		return &stallConn{TCPConn: t}, err
	}
	return c, err
}

// stallConn sets the deadline of every write, until somebody else sets one.
type stallConn struct {
	*net.TCPConn
	other atomic.Bool
}

// stallPart is how much a client has to take within clientStall.
const stallPart = 64 << 10

func (c *stallConn) limit() {
	if !c.other.Load() {
		_ = c.TCPConn.SetWriteDeadline(time.Now().Add(clientStall)) // else the write fails
	}
}

// SetDeadline implements net.Conn.
func (c *stallConn) SetDeadline(t time.Time) error {
	c.other.Store(true)
	return c.TCPConn.SetDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *stallConn) SetWriteDeadline(t time.Time) error {
	c.other.Store(true)
	return c.TCPConn.SetWriteDeadline(t)
}

// Write implements net.Conn.
func (c *stallConn) Write(p []byte) (n int, err error) {
	for {
		c.limit()
		m, err := c.TCPConn.Write(p[n:min(len(p), n+stallPart)])
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// ReadFrom implements io.ReaderFrom: files go to the client without being copied.
func (c *stallConn) ReadFrom(r io.Reader) (n int64, err error) {
	all, limited := r.(*io.LimitedReader)
	for {
		part := &io.LimitedReader{R: r, N: stallPart}
		if limited {
			part.R, part.N = all.R, min(all.N, stallPart)
		}
		want := part.N
		c.limit()
		m, err := c.TCPConn.ReadFrom(part)
		n += m
		if limited {
			all.N -= m
		}
		if err != nil || m < want || limited && all.N == 0 {
			return n, err
		}
	}
}
