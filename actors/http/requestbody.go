package http

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// lookAfter is how long a function may leave the body of its request alone before
	// it is read ahead, and how often its client is looked for. net/http notices that a client has gone away only where
	// somebody reads, or where the body has been read to its end.
	lookAfter = time.Second

	// readAhead is how much is read before the function asks for it.
	readAhead = 64 << 10

	// leftOver is how much of a body that the function did not read net/http reads
	// before it answers, so that the connection can be used again; leftOverTime is how
	// long it may wait for it.
	leftOver     = 256 << 10
	leftOverTime = 5 * time.Second
)

// requestBody is the body of a request. One goroutine at a time may call Read.
type requestBody struct {
	src   io.Reader
	done  func(error) // told how each read of src ended
	alone func() bool // looks whether the client has gone, and acts on it

	mu      sync.Mutex
	changed sync.Cond
	timer   *time.Timer
	buf     []byte // read ahead
	err     error  // what follows it
	busy    bool   // src is being read
	ahead   bool   // by fill
	closed  bool
}

// watch looks for the client from now on, and reads ahead whenever the function does
// not read. A client that waits for consent would take a read for it: its body is
// not read ahead.
func (b *requestBody) watch(ahead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(lookAfter, func() {
		if b.alone() {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if ahead && !b.busy {
			b.fill()
		}
		if !b.closed && (b.err == nil || errors.Is(b.err, os.ErrDeadlineExceeded)) {
			b.timer.Reset(lookAfter)
		}
	})
}

// fill reads ahead, as far as there is room, while mu is held.
func (b *requestBody) fill() {
	chunk := make([]byte, 4096)
	for b.err == nil && !b.closed && len(b.buf) < readAhead {
		b.busy, b.ahead = true, true
		b.mu.Unlock()
		n, err := b.src.Read(chunk)
		b.done(err)
		b.mu.Lock()
		b.busy, b.ahead = false, false
		b.buf, b.err = append(b.buf, chunk[:n]...), err
		b.changed.Broadcast()
	}
}

// Read implements io.Reader.
func (b *requestBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.buf) == 0 && b.busy {
		b.changed.Wait()
	}
	if len(b.buf) > 0 {
		n := copy(p, b.buf)
		if b.buf = b.buf[n:]; len(b.buf) == 0 {
			b.buf = nil
		}
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	b.busy = true
	b.mu.Unlock()
	n, err := b.src.Read(p)
	b.done(err)
	b.mu.Lock()
	b.busy, b.err = false, err
	return n, err
}

// ended reports whether the body has been received to its end.
func (b *requestBody) ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Is(b.err, io.EOF)
}

// close ends the reading ahead; stop breaks off what is being read.
func (b *requestBody) close(stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.ahead {
		stop()
	}
	for b.ahead {
		b.changed.Wait()
	}
}

// readDone is told how a read of the body ended.
func (x *Exchange) readDone(err error) {
	switch {
	case err == nil || errors.Is(err, os.ErrDeadlineExceeded):
		return
	case errors.Is(err, io.EOF):
		x.limitReads(time.Time{}) // from now on net/http waits for the client to go
	}
	x.limited.Store(false)
	x.cancelIfGone()
}

// cancelIfGone cancels the call of a client that went away while reads had a
// deadline.
func (x *Exchange) cancelIfGone() {
	if x.r.Context().Err() != nil && x.gone != nil {
		x.gone()
	}
}

// cancelIfHungUp cancels the call of a client that closed its connection before the
// body was read. It reports whether it has.
func (x *Exchange) cancelIfHungUp() bool {
	c, ok := x.r.Context().Value(connKey{}).(net.Conn)
	if !ok || x.gone == nil || !hungUp(c) {
		return false
	}
	x.gone()
	return true
}

// limitReads sets the time until which the body may be read. It reports whether
// that can be set.
func (x *Exchange) limitReads(t time.Time) bool {
	if !t.IsZero() {
		x.limited.Store(true) // before it can pass
	}
	return x.control.SetReadDeadline(t) == nil
}

// deadline is the end of d from now, or the end of the time that the service
// gives to a request, if that is earlier; it returns also which of the two times it
// is.
func (x *Exchange) deadline(d time.Duration) (time.Time, time.Duration) {
	t := time.Now().Add(d)
	if !x.until.IsZero() && (d <= 0 || x.until.Before(t)) {
		return x.until, x.patience
	}
	if d <= 0 {
		return time.Time{}, 0
	}
	return t, d
}

// unlimited gives reads the time of the service again, after one that had its own.
func (x *Exchange) unlimited() {
	if x.ended() || x.body.ended() {
		return
	}
	x.limitReads(x.until)
	if x.until.IsZero() {
		x.limited.Store(false)
		x.cancelIfGone()
	}
}

// skip reads what the function has left of a short body, as net/http does before
// it answers, but not for ever.
func (x *Exchange) skip() {
	if x.body.ended() || !x.reading.TryLock() {
		return
	}
	defer x.reading.Unlock()
	if x.r.ContentLength < leftOver {
		t, _ := x.deadline(leftOverTime)
		x.limitReads(t)
		if _, err := io.CopyN(io.Discard, &x.body, leftOver); errors.Is(err, io.EOF) {
			return
		}
	}
	x.w.Header().Set("Connection", "close") // then it is not read again
}
