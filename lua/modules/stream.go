package modules

import (
	"bufio"
	"io"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var streamModule = lua.Module{
	Name: "stream", Doc: "The type of the streams that other modules give; there is nothing to call.",
	Class: []lua.Class{lua.IO, lua.Nondeterministic},
	Types: []lua.Type{streamType, scannerType},
}

// stream is a Stream object: what its source can do, it can. It belongs to one
// process, and only the calls of its source run outside of it.
type stream struct {
	source any    // an io.Reader, io.Writer, io.Seeker, io.Closer: any of them
	noun   string // what it is called in errors: the stream, the file
	kind   string // of the errors of its use
	size   int64
	at     int64
	closed bool
	busy   bool // a call of the source is running
	forget func()
}

// newStream makes a Stream of something that can read, write, seek or close. It
// is closed when the process ends. size is -1 where it is not known.
func newStream(c *lua.Call, source any, size int64) *stream {
	s := &stream{source: source, noun: "the stream", kind: messages.Internal, size: size}
	s.forget = c.OnEnd(func() { _ = s.shut() }) // nobody is there to be told
	return s
}

func (s *stream) shut() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if c, ok := s.source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// streamed is an object that is used as a stream: a Stream, a File.
type streamed interface{ asStream() *stream }

func (s *stream) asStream() *stream { return s }

// Stream is a Stream or File object as modules in packages of their own see it.
type Stream interface {
	// Use makes the command that runs work outside of the process while nothing
	// else uses the stream. source is an io.Reader, io.Writer or io.Seeker: any of
	// them.
	Use(doing string, work func(source any) (any, error), then func(c *lua.Call, answer any) error) (*lua.Command, error)
}

// Use implements Stream.
func (s *stream) Use(doing string, work func(source any) (any, error), then func(c *lua.Call, answer any) error) (*lua.Command, error) {
	return s.use(doing, true, func() (any, error) { return work(s.source) }, then)
}

// How much one read gives where the program does not say, and at most.
const (
	chunkSize = 32 << 10
	maxChunk  = 16 << 20
)

// use runs one call of the source outside the process.
func (s *stream) use(doing string, able bool, work func() (any, error), then func(c *lua.Call, answer any) error) (*lua.Command, error) {
	switch {
	case s.closed:
		return nil, messages.Errorf(s.kind, "%s: %s is closed", doing, s.noun)
	case !able:
		return nil, messages.Errorf(s.kind, "%s: %s cannot do that", doing, s.noun)
	case s.busy:
		return nil, messages.Errorf(s.kind, "%s: %s is in use by another coroutine or an archive; let one of them do it", doing, s.noun)
	}
	s.busy = true
	return &lua.Command{
		Go: func(<-chan struct{}) (any, error) { return work() },
		Then: func(c *lua.Call, answer any) error {
			s.busy = false
			return then(c, answer)
		},
		Catch: func(_ *lua.Call, err *messages.Error) error {
			s.busy = false
			if err.Kind != "" && err.Kind != messages.Internal {
				return err
			}
			return messages.Because(messages.Internal, doing+" "+s.noun, err)
		},
	}, nil
}

// readSome reads until there is something: "" is the end.
func readSome(r io.Reader, n int) (string, error) {
	b := make([]byte, n)
	got, err := r.Read(b)
	for got == 0 && err == nil {
		got, err = r.Read(b)
	}
	if got > 0 || err == io.EOF {
		return string(b[:got]), nil // an error comes again with the next read
	}
	return "", err
}

var whences = map[string]int{"": io.SeekStart, "set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}

var streamType = lua.Type{
	Name: "Stream", Doc: "A body, file or pipe, used piece by piece.", Of: (*stream)(nil),
	Methods: []lua.Func{
		{Sig: "read(n?: integer): string, error?", Doc: "Reads up to n bytes, 32 KB if n is left out or 0, at most 16 MB; nil, nil at the end.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s, n := c.Self().(*stream), c.Int(0)
			if n <= 0 {
				n = chunkSize
			}
			r, ok := s.source.(io.Reader)
			return s.use("reading", ok, func() (any, error) { return readSome(r, min(n, maxChunk)) }, func(c *lua.Call, answer any) error {
				text := answer.(string)
				s.at += int64(len(text))
				return c.Return(orNil(text), nil)
			})
		}},
		{Sig: "write(data: string): number, error?", Doc: "Writes data and returns how many bytes it has.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s, data := c.Self().(*stream), c.String(0)
			w, ok := s.source.(io.Writer)
			return s.use("writing", ok, func() (any, error) { return io.WriteString(w, data) }, func(c *lua.Call, answer any) error {
				s.at += int64(answer.(int))
				return c.Return(answer, nil)
			})
		}},
		{Sig: "seek(whence?: string, offset?: integer): number, error?", Doc: "Moves to offset from the start (set, the default), the position (cur) or the end (end), and returns the position.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s, offset := c.Self().(*stream), int64(c.Number(1))
			whence, known := whences[c.String(0)]
			if !known {
				return nil, messages.Errorf(messages.Invalid, "unknown whence %q: set, cur or end is expected", c.String(0))
			}
			k, ok := s.source.(io.Seeker)
			return s.use("seeking", ok, func() (any, error) { return k.Seek(offset, whence) }, func(c *lua.Call, answer any) error {
				s.at = answer.(int64)
				return c.Return(answer, nil)
			})
		}},
		{Sig: "flush(): boolean, error?", Doc: "Sends on what was written.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s := c.Self().(*stream)
			return s.use("flushing", true, func() (any, error) {
				if f, ok := s.source.(interface{ Flush() error }); ok {
					return true, f.Flush()
				}
				return true, nil
			}, func(c *lua.Call, _ any) error { return c.Return(true, nil) })
		}},
		{Sig: "stat(): table, error?", Doc: "{size, position, readable, writable, seekable}; a size of -1 is not known.", Do: func(c *lua.Call) error {
			s := c.Self().(*stream)
			_, r := s.source.(io.Reader)
			_, w := s.source.(io.Writer)
			_, k := s.source.(io.Seeker)
			return c.Return(map[string]any{"size": s.size, "position": s.at, "readable": r && !s.closed, "writable": w && !s.closed, "seekable": k && !s.closed}, nil)
		}},
		{Sig: "scanner(split?: string): Scanner, error?", Doc: "Reads the stream in lines (the default), words, bytes or runes.", Do: func(c *lua.Call) error {
			s := c.Self().(*stream)
			r, ok := s.source.(io.Reader)
			if !ok || s.closed {
				return messages.Errorf(messages.Internal, "scanning: the stream is closed or cannot be read")
			}
			scan, err := newScanner(r, c.String(0), s.use)
			if err != nil {
				return err
			}
			return c.Return(scan)
		}},
		{Sig: "close(): boolean, error?", Doc: "Ends the stream; may be repeated.", Do: func(c *lua.Call) error {
			s := c.Self().(*stream)
			s.forget()
			if err := s.shut(); err != nil {
				return messages.Because(messages.Internal, "closing the stream", messages.AsError(err))
			}
			return c.Return(true, nil)
		}},
	},
}

// scanner is a Scanner object. It shares its source with the object it came
// from, whose use runs the calls.
type scanner struct {
	scan *bufio.Scanner
	use  func(doing string, able bool, work func() (any, error), then func(*lua.Call, any) error) (*lua.Command, error)
}

// maxToken is the longest line or word a Scanner gives.
const maxToken = 1 << 20

var splits = map[string]bufio.SplitFunc{"": bufio.ScanLines, "lines": bufio.ScanLines, "words": bufio.ScanWords, "bytes": bufio.ScanBytes, "runes": bufio.ScanRunes}

func newScanner(r io.Reader, split string, use func(string, bool, func() (any, error), func(*lua.Call, any) error) (*lua.Command, error)) (*scanner, error) {
	f := splits[split]
	if f == nil {
		return nil, messages.Errorf(messages.Invalid, "unknown split %q: lines, words, bytes or runes is expected", split)
	}
	s := &scanner{scan: bufio.NewScanner(r), use: use}
	s.scan.Buffer(nil, maxToken)
	s.scan.Split(f)
	return s, nil
}

var scannerType = lua.Type{
	Name: "Scanner", Doc: "Reads something line by line or word by word.", Of: (*scanner)(nil),
	Methods: []lua.Func{
		{Sig: "scan(): boolean, error?", Doc: "Goes to the next line or word; false at the end and after an error.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s := c.Self().(*scanner)
			cmd, err := s.use("scanning", true, func() (any, error) { return s.scan.Scan(), nil }, func(c *lua.Call, answer any) error {
				if err := s.scan.Err(); err != nil {
					return c.Return(false, messages.Because(messages.Internal, "scanning", messages.AsError(err)))
				}
				return c.Return(answer, nil)
			})
			if err != nil {
				return nil, c.Return(false, err)
			}
			return cmd, nil
		}},
		{Sig: "text(): string", Doc: "The line or word, without its end.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*scanner).scan.Text()) }},
		{Sig: "err(): error?", Doc: "What ended the scan, nil at the end of the stream.", Do: func(c *lua.Call) error {
			if err := c.Self().(*scanner).scan.Err(); err != nil {
				return c.Return(messages.Because(messages.Internal, "scanning", messages.AsError(err)))
			}
			return c.Return(nil)
		}},
	},
}
