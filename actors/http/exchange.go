package http

import (
	"errors"
	"io"
	nethttp "net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// Exchange is one HTTP request and its response, as the called function sees
// them through the Lua module http. Its methods may be called from any goroutine
// and at any time: once the request is over they answer with errors. Status and
// headers are sent with the first byte of the body, or at the end.
type Exchange struct {
	w       nethttp.ResponseWriter
	control nethttp.ResponseController
	r       *nethttp.Request
	params  map[string]string
	gone    func()      // cancels the call
	limited atomic.Bool // reads of the body have a deadline, or it has passed

	until    time.Time     // the deadline that the service sets; zero for none
	patience time.Duration // what it gives to a request

	reading sync.Mutex // held while the function reads the body
	body    requestBody
	whole   []byte     // the body, once it was read whole
	kept    bool       // it was
	writing sync.Mutex // held while something is sent
	size    int        // bytes written so far, while writing is held

	mu      sync.Mutex // guards what follows; never held while anything waits
	status  int
	typed   bool // the function chose the content type
	touched bool // the response is the function's own
	sent    bool
	flushed bool // every write is flushed
	over    bool
	long    bool // the body is longer than middleware body_limit allows
	duplex  bool // the body is read while the response is written
	closers []func()
}

func newExchange(w nethttp.ResponseWriter, r *nethttp.Request, params map[string]string) *Exchange {
	x := &Exchange{w: w, control: *nethttp.NewResponseController(w), r: r, params: params}
	x.body.changed.L = &x.body.mu
	if live, ok := r.Context().Value(servingKey{}).(*serving); ok && live.read > 0 {
		x.until, x.patience = time.Now().Add(live.read), live.read
	}
	return x
}

// watch has a client noticed that goes away while the function does not read.
func (x *Exchange) watch() {
	switch {
	case x.r.ContentLength == 0:
		x.body.err = io.EOF
		if !x.until.IsZero() {
			x.limitReads(time.Time{}) // the request is read
			x.limited.Store(false)
		}
		return
	case !x.until.IsZero():
		x.limited.Store(true)
	}
	x.body.src, x.body.done, x.body.alone = x.r.Body, x.readDone, x.cancelIfHungUp
	x.body.watch(x.r.Header.Get("Expect") == "")
}

// Request is the request; it must not be changed, and its body not be read.
func (x *Exchange) Request() *nethttp.Request { return x.r }

// Params are the values of the path parameters.
func (x *Exchange) Params() map[string]string { return x.params }

var errOver = messages.Errorf(messages.Internal, "the HTTP request is over; read and write before the function returns")

func (x *Exchange) ended() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.over
}

// Read reads from the body and waits for it.
func (x *Exchange) Read(p []byte) (int, error) {
	x.reading.Lock()
	defer x.reading.Unlock()
	if x.ended() {
		return 0, errOver
	}
	t, patience := x.deadline(clientStall)
	limited := x.limitReads(t)
	n, err := x.body.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, messages.Errorf(messages.Internal, "request timeout after %dms", patience.Milliseconds())
	}
	if limited {
		x.unlimited()
	}
	if long := x.overLimit(err); long != nil {
		return n, long
	}
	return n, err
}

// Duplex lets the body be read on while the response is written; else what is not
// read when the response begins is lost.
func (x *Exchange) Duplex() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over && !x.sent {
		x.duplex = x.control.EnableFullDuplex() == nil
	}
}

// overLimit is the error of a body that middleware body_limit cuts off, nil for
// other errors.
func (x *Exchange) overLimit(err error) error {
	var long *nethttp.MaxBytesError
	if !errors.As(err, &long) {
		return nil
	}
	x.mu.Lock()
	x.long = true
	x.mu.Unlock()
	return tooLarge(long.Limit+1, long.Limit)
}

// tooLong reports whether the function met the end that body_limit sets.
func (x *Exchange) tooLong() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.long
}

// Body reads the body whole, at most max bytes of it, and waits for it at most
// as long as timeout says. Called again it gives the same.
func (x *Exchange) Body(max int64, timeout time.Duration) ([]byte, error) {
	x.reading.Lock()
	defer x.reading.Unlock()
	if x.ended() {
		return nil, errOver
	}
	if x.kept {
		return x.whole, tooLarge(int64(len(x.whole)), max)
	}
	if err := tooLarge(x.r.ContentLength, max); err != nil {
		return nil, err
	}
	t, patience := x.deadline(timeout)
	limited := x.limitReads(t)
	b, err := io.ReadAll(io.LimitReader(&x.body, max+1))
	late := errors.Is(err, os.ErrDeadlineExceeded)
	if limited && !late {
		x.unlimited()
	}
	switch {
	case late: // the deadline stays, or the answer would wait for the rest of the body
		return nil, messages.Errorf(messages.Internal, "request timeout after %dms", patience.Milliseconds())
	case err != nil:
		if long := x.overLimit(err); long != nil {
			return nil, long
		}
		return nil, messages.Errorf(messages.Internal, "reading the request body: %s", err)
	}
	if err := tooLarge(int64(len(b)), max); err != nil {
		return nil, err
	}
	x.whole, x.kept = b, true
	return b, nil
}

func tooLarge(n, max int64) error {
	if n > max {
		return messages.Errorf(messages.Invalid, "request body too large: the limit is %d bytes", max)
	}
	return nil
}

// change makes a change of what is not sent yet.
func (x *Exchange) change(what string, touch bool, f func() error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.over:
		return errOver
	case x.sent:
		return messages.Errorf(messages.Invalid, "cannot set %s", what)
	}
	if err := f(); err != nil {
		return err
	}
	x.touched = x.touched || touch
	return nil
}

const afterHeaders = "headers after they are sent"

// SetStatus sets the status, 200 to 599.
func (x *Exchange) SetStatus(code int) error {
	return x.change("status after headers are sent", true, func() error {
		if code < 200 || code > 599 {
			return messages.Errorf(messages.Invalid, "status %d is not between 200 and 599", code)
		}
		x.status = code
		return nil
	})
}

// SetHeader sets a header.
func (x *Exchange) SetHeader(name, value string) error {
	return x.change(afterHeaders, true, func() error {
		if !isToken(name) {
			return messages.Errorf(messages.Invalid, "%q cannot be the name of a header", name)
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			return messages.Errorf(messages.Invalid, "the value of header %s contains a line break or a zero byte", name)
		}
		x.w.Header().Set(name, value)
		x.typed = x.typed || nethttp.CanonicalHeaderKey(name) == "Content-Type"
		return nil
	})
}

// SetContentType sets the content type. A function that does only this leaves
// the response to its result.
func (x *Exchange) SetContentType(value string) error {
	return x.change(afterHeaders, false, func() error {
		if strings.ContainsAny(value, "\r\n\x00") {
			return messages.Errorf(messages.Invalid, "the content type contains a line break or a zero byte")
		}
		x.w.Header().Set("Content-Type", value)
		x.typed = true
		return nil
	})
}

// SetTransfer chooses how the body is sent: "chunked" sends every write at once,
// "sse" makes it a stream of events.
func (x *Exchange) SetTransfer(mode string) error {
	return x.change(afterHeaders, false, func() error {
		switch mode {
		case "chunked":
		case "sse":
			x.eventHeaders()
		default:
			return messages.Errorf(messages.Invalid, "unknown transfer mode %q; use chunked or sse", mode)
		}
		x.flushed = true
		return nil
	})
}

func (x *Exchange) eventHeaders() {
	h := x.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	x.typed = true
}

// Write sends a part of the body and waits until it is on its way.
func (x *Exchange) Write(p []byte) error { return x.send(p, nil) }

// WriteJSON is Write of JSON: where no header was sent and no other JSON type was
// chosen, the content type is application/json.
func (x *Exchange) WriteJSON(p []byte) error {
	return x.send(p, x.jsonHeader)
}

func (x *Exchange) jsonHeader() {
	if h := x.w.Header(); !x.typed || !strings.Contains(h.Get("Content-Type"), "json") {
		h.Set("Content-Type", "application/json")
	}
}

// keptBack is how much of a body net/http keeps to itself until the handler is
// done, so as to know its length.
const keptBack = 2048

// Buffer is Write, or WriteJSON, of what is so short that it need not wait for the
// client. It reports false, and has done nothing, where it might have to.
func (x *Exchange) Buffer(p []byte, json bool) (done bool, err error) {
	if !x.writing.TryLock() {
		return false, nil
	}
	defer x.writing.Unlock()
	x.mu.Lock()
	flushed := x.flushed
	x.mu.Unlock()
	if flushed || x.size+len(p) > keptBack || !x.body.ended() {
		return false, nil
	}
	var first func()
	if json {
		first = x.jsonHeader
	}
	return true, x.write(p, first)
}

// WriteEvent sends one server-sent event; data must be free of line breaks.
func (x *Exchange) WriteEvent(name string, data []byte) error {
	if strings.ContainsAny(name, "\r\n\x00") {
		return messages.Errorf(messages.Invalid, "the name of an event cannot contain line breaks")
	}
	b := append([]byte("event: "+name+"\ndata: "), data...)
	if err := x.send(append(b, "\n\n"...), x.eventHeaders); err != nil {
		return err
	}
	return x.Flush()
}

// Flush sends what was written so far, and the headers.
func (x *Exchange) Flush() error {
	if err := x.send(nil, nil); err != nil {
		return err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.ended() {
		return errOver
	}
	return writeFailed(x.control.Flush())
}

// send writes; first prepares the headers where they are not sent yet.
func (x *Exchange) send(p []byte, first func()) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.write(p, first)
}

// write is send while writing is held.
func (x *Exchange) write(p []byte, first func()) error {
	x.mu.Lock()
	if x.over {
		x.mu.Unlock()
		return errOver
	}
	begin := !x.sent
	x.sent, x.touched = true, true
	if begin && first != nil {
		first()
	}
	status, flush, duplex := x.status, x.flushed, x.duplex
	x.mu.Unlock()
	if begin {
		if status == 0 {
			status = nethttp.StatusOK
		}
		if !duplex {
			x.skip()
		}
		x.w.WriteHeader(status)
	}
	if len(p) == 0 {
		return nil
	}
	x.size += len(p)
	if _, err := x.w.Write(p); err != nil {
		return writeFailed(err)
	}
	if flush {
		return writeFailed(x.control.Flush())
	}
	return nil
}

func writeFailed(err error) error {
	if err == nil {
		return nil
	}
	return messages.Errorf(messages.Internal, "writing the response: %s", err)
}

// close ends the exchange: from now on nothing is read or written any more. What
// is being read or written is broken off; then close reports true, and the
// connection is of no use.
func (x *Exchange) close() (broken bool) {
	x.mu.Lock()
	x.over = true
	duplex := x.duplex
	x.mu.Unlock()
	if !x.writing.TryLock() {
		broken = true
		_ = x.control.SetWriteDeadline(time.Unix(1, 0)) // without deadlines it ends by itself
		x.writing.Lock()
	}
	x.writing.Unlock()
	if !x.reading.TryLock() {
		broken = true
		x.limitReads(time.Unix(1, 0))
		x.reading.Lock()
	}
	x.reading.Unlock()
	if duplex && !broken && x.r.Context().Err() == nil {
		x.skip() // clients may fail that still send when the response ends, and net/http does it no more
	}
	x.body.close(func() { x.limitReads(time.Unix(1, 0)) })
	if !broken && !x.body.ended() && x.body.err == nil { // net/http reads some of it before it answers
		t, _ := x.deadline(leftOverTime)
		x.limitReads(t)
	}
	for _, f := range x.closers {
		f()
	}
	return broken
}

// OnClose has f called when the exchange is closed, at once if it is.
func (x *Exchange) OnClose(f func()) {
	x.mu.Lock()
	if !x.over {
		x.closers = append(x.closers, f)
		x.mu.Unlock()
		return
	}
	x.mu.Unlock()
	f()
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
