package modules

import (
	"bufio"
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// walker is a Walker object. The stream it reads is lent to it.
type walker struct {
	mu      sync.Mutex
	scan    *tarScan
	raw     *counter
	limits  limits
	entries int
	total   int64
	turn    int // counts the entries: a stream of another one is stale
	over    bool
	failed  error

	from *stream
}

// counter counts what is read, and stops at a limit.
type counter struct {
	capped
	n int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.capped.Read(p)
	c.n += int64(n)
	return n, err
}

// newWalker begins to read a tar.
func newWalker(from io.Reader, l limits) (*walker, error) {
	in := bufio.NewReaderSize(honest{from}, max(l.buffer, sniffSize))
	format := l.format
	if format == "" {
		head, err := in.Peek(sniffSize)
		if err != nil && err != io.EOF {
			return nil, err
		}
		format = sniff(head)
	}
	var r io.Reader = in
	var err error
	switch format {
	case "tar":
	case "tar.gz":
		r, err = gzip.NewReader(in)
	case "tar.zst":
		r, err = zstdReader(in, nil)
	case "zip":
		return nil, messages.Errorf(messages.Unavailable, "a zip needs random access; open it from a file system or as bytes with archive.open")
	default:
		return nil, errFormat
	}
	if err != nil {
		return nil, corrupt("reading a "+format, err)
	}
	// Headers take up bytes too: a KiB for each of the entries, and something for none.
	raw := &counter{capped: capped{r, l.total + int64(l.entries)<<10 + 1<<20, tooLarge("the archive", "max_total_bytes", l.total)}}
	w := &walker{raw: raw, limits: l}
	w.scan = newTarScan(raw, func() int64 { return raw.n })
	return w, nil
}

// next goes to the next entry, and tells its turn; nil is the end.
func (w *walker) next() (*archived, int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	if w.over || w.failed != nil {
		return nil, w.turn, w.failed
	}
	e, err := w.scan.next()
	switch {
	case err != nil:
	case e == nil:
		// Check sums stand behind the end, and padding before them.
		w.over = true
		_, err = io.Copy(io.Discard, io.LimitReader(w.raw, 1<<20))
		err = corrupt("reading the end of the archive", err)
	default:
		err = w.check(e)
	}
	if err != nil {
		w.failed = err
		return nil, w.turn, err
	}
	return e, w.turn, nil
}

func (w *walker) check(e *archived) error {
	if w.entries++; w.entries > w.limits.entries {
		return tooMany(w.limits)
	}
	if e.size > w.limits.file {
		return tooLarge("entry "+strconv.Quote(e.name), "max_file_bytes", w.limits.file)
	}
	if w.total += e.size; w.total > w.limits.total {
		return tooLarge("the archive", "max_total_bytes", w.limits.total)
	}
	_, err := insideName(e.name)
	return err
}

// walked is the content of the entry a walker stands at.
type walked struct {
	w    *walker
	turn int
}

// Read implements io.Reader.
func (e *walked) Read(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	if e.turn != e.w.turn {
		return 0, errStale
	}
	n, err := e.w.scan.tar.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, corrupt("reading an entry of the archive", err)
}

func archiveScan(c *lua.Call) (*lua.Command, error) {
	from, ok := c.Object(0).(streamed)
	if !ok {
		return nil, lua.ArgError(1, "stream: a Stream or File expected, got "+c.TypeOf(0))
	}
	l, err := archiveLimits(c, 1, "archive.read", "")
	if err != nil {
		return nil, err
	}
	s := from.asStream()
	r, ok := s.source.(io.Reader)
	return s.use("scanning", ok, func() (any, error) { return newWalker(r, l) }, func(c *lua.Call, answer any) error {
		w := answer.(*walker)
		w.from, s.busy = s, true
		return c.Return(w)
	})
}

var archiveWalkerType = lua.Type{
	Name: "Walker", Doc: "An archive that is read from start to end.", Of: (*walker)(nil),
	Methods: []lua.Func{
		{Sig: "walk(): function, error?", Doc: "An iterator over the entries, as Reader:entries gives them without crc32, each with a Stream of its content that is stale after the next step. What is wrong with the archive is raised.", Do: func(c *lua.Call) error {
			w := c.Self().(*walker)
			if w.from == nil {
				return errArchiveClosed
			}
			return c.Return(lua.Func{Sig: "next(): any, Stream?", Ask: func(*lua.Call) (*lua.Command, error) { return w.step(), nil }}, nil)
		}},
		{Sig: "close(): boolean, error?", Doc: "Ends the walk; may be repeated. The stream it was made of stays open, at no certain position.", Ask: func(c *lua.Call) (*lua.Command, error) {
			w := c.Self().(*walker)
			s := w.from
			if s == nil {
				return nil, c.Return(true)
			}
			w.from = nil
			cmd := inBackground(func() (any, error) { // waits for a step that is under way
				w.mu.Lock()
				defer w.mu.Unlock()
				w.turn++
				w.over, w.failed = true, errArchiveClosed
				return true, nil
			})
			cmd.Then = func(c *lua.Call, answer any) error {
				s.busy = false
				return c.Return(answer)
			}
			return cmd, nil
		}},
	},
}

// step is the command of one step of the iterator.
func (w *walker) step() *lua.Command {
	var turn int
	cmd := inBackground(func() (any, error) {
		e, n, err := w.next()
		turn = n
		return e, err
	})
	cmd.Then = func(c *lua.Call, answer any) error {
		e := answer.(*archived)
		if e == nil {
			return c.Return(nil)
		}
		return c.Return(e.table(), &stream{source: &walked{w, turn}, noun: "the stream", kind: messages.Internal, size: e.size, forget: func() {}})
	}
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error { return lua.Raise(err) }
	return cmd
}
