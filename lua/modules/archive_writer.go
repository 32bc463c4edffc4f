package modules

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// archiveWriter is a Writer object.
type archiveWriter struct {
	mu      sync.Mutex
	zip     *zip.Writer // one of zip and tar
	tar     *tar.Writer
	ends    []io.Closer   // what is closed when it is complete, in this order
	out     *bufio.Writer // in front of the file or stream
	file    io.Closer     // what it opened itself, or nil
	limits  limits
	entries int
	total   int64
	failed  error // it is broken: no more can be added

	to     *stream // lent to it, or nil
	forget func()
	closed bool // in the sense of the process
}

// newArchiveWriter begins an archive.
func newArchiveWriter(to io.Writer, l limits) (*archiveWriter, error) {
	w := &archiveWriter{limits: l, out: bufio.NewWriterSize(to, l.buffer)}
	var in io.Writer = w.out
	switch l.format {
	case "zip":
		w.zip = zip.NewWriter(in)
		w.ends = []io.Closer{w.zip}
		return w, nil
	case "tar.gz":
		z := gzip.NewWriter(in)
		in, w.ends = z, []io.Closer{z}
	case "tar.zst":
		z, err := zstdWriter(in, 3, nil)
		if err != nil {
			return nil, err
		}
		in, w.ends = z, []io.Closer{z}
	}
	w.tar = tar.NewWriter(in)
	w.ends = append([]io.Closer{w.tar}, w.ends...)
	return w, nil
}

// Close implements io.Closer: it leaves an archive that is not complete behind.
func (w *archiveWriter) Close() error {
	if w.file != nil {
		return w.file.Close()
	}
	return nil
}

// finish completes the archive.
func (w *archiveWriter) finish() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.failed
	for _, end := range w.ends {
		if e := end.Close(); err == nil {
			err = e
		}
	}
	if e := w.out.Flush(); err == nil {
		err = e
	}
	if e := w.Close(); err == nil {
		err = e
	}
	w.failed = errArchiveClosed
	return err
}

// added is what is to become an entry.
type added struct {
	name     string
	dir      bool
	mode     fs.FileMode
	modified time.Time
	store    bool
	size     int64 // -1 where it is not known
	from     io.Reader
}

// add writes an entry. Once a part of it is written, failing breaks the archive.
func (w *archiveWriter) add(a added) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.failed != nil:
		return w.failed
	case w.entries == w.limits.entries:
		return tooMany(w.limits)
	case a.size > w.limits.file:
		return tooLarge("entry "+strconv.Quote(a.name), "max_file_bytes", w.limits.file)
	case w.total+a.size > w.limits.total:
		return tooLarge("the archive", "max_total_bytes", w.limits.total)
	}
	if a.size < 0 && w.tar != nil { // a tar has the size in front
		b, err := io.ReadAll(&capped{a.from, w.limits.inline, tooLarge("content of unknown size", "max_inline_bytes", w.limits.inline)})
		if err != nil {
			return err
		}
		a.size, a.from = int64(len(b)), bytes.NewReader(b)
		if w.total+a.size > w.limits.total {
			return tooLarge("the archive", "max_total_bytes", w.limits.total)
		}
	}
	w.entries++
	n, err := w.write(a)
	w.total += n
	if err != nil {
		w.failed = messages.Wrap(err, "the archive is broken since entry "+strconv.Quote(a.name))
		return err
	}
	return nil
}

func (w *archiveWriter) write(a added) (int64, error) {
	var to io.Writer
	if w.zip != nil {
		h := &zip.FileHeader{Name: a.name, Modified: a.modified, Method: zip.Deflate}
		if a.store || a.dir {
			h.Method = zip.Store
		}
		h.SetMode(a.mode)
		if a.dir {
			h.SetMode(a.mode | fs.ModeDir)
		}
		var err error
		if to, err = w.zip.CreateHeader(h); err != nil {
			return 0, err
		}
	} else {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: a.name, Size: a.size, Mode: int64(a.mode.Perm()), ModTime: a.modified}
		if a.dir {
			h.Typeflag = tar.TypeDir
		}
		if err := w.tar.WriteHeader(h); err != nil {
			return 0, err
		}
		to = w.tar
	}
	if a.dir {
		return 0, nil
	}
	from := io.Reader(&capped{a.from, w.limits.file, tooLarge("entry "+strconv.Quote(a.name), "max_file_bytes", w.limits.file)})
	from = &capped{from, w.limits.total - w.total, tooLarge("the archive", "max_total_bytes", w.limits.total)}
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, from, make([]byte, w.limits.buffer))
	if err == nil && w.tar != nil && n != a.size {
		err = messages.Errorf(messages.Internal, "entry %q has %d bytes and not the %d that were announced", a.name, n, a.size)
	}
	return n, err
}

func archiveCreate(c *lua.Call) (*lua.Command, error) {
	if to, ok := c.Object(0).(*volume); ok {
		name, err := pathArg(c, to)
		if err != nil {
			return nil, err
		}
		l, err := writerLimits(c, 2, to.id, name)
		if err != nil {
			return nil, err
		}
		return opening(c, func(<-chan struct{}) (io.Closer, error) {
			f, err := openFile(to, name, openFlags["w"])
			if err != nil {
				return nil, err
			}
			w, err := newArchiveWriter(f, l)
			if err != nil {
				_ = f.Close() // nothing was written
				return nil, err
			}
			w.file = f
			return w, nil
		}, func(opened io.Closer, forget func()) any {
			w := opened.(*archiveWriter)
			w.forget = forget
			return w
		}), nil
	}
	to, ok := c.Object(0).(streamed)
	if !ok {
		return nil, lua.ArgError(1, "target: an FS, a Stream or a File expected, got "+c.TypeOf(0))
	}
	l, err := writerLimits(c, 1, "", "")
	if err != nil {
		return nil, err
	}
	s := to.asStream()
	out, ok := s.source.(io.Writer)
	return s.use("writing an archive to", ok, func() (any, error) { return newArchiveWriter(out, l) }, func(c *lua.Call, answer any) error {
		w := answer.(*archiveWriter)
		w.to, w.forget, s.busy = s, func() {}, true
		return c.Return(w)
	})
}

// writerLimits are the limits with the format that is to be written.
func writerLimits(c *lua.Call, i int, resource, name string) (limits, error) {
	l, err := archiveLimits(c, i, "archive.write", resource)
	if err != nil {
		return l, err
	}
	if l.format == "" {
		l.format = formatOf(name)
	}
	if l.format == "" {
		return l, messages.Errorf(messages.Invalid, "creating an archive: the format is not known; give the option format, one of archive.formats()")
	}
	return l, nil
}

// begin reads what the methods that add have in common: the name is argument 0.
func (w *archiveWriter) begin(c *lua.Call, opts int, mode fs.FileMode) (added, error) {
	a := added{mode: mode, modified: c.Host().Now(), size: -1}
	if w.closed {
		return a, errArchiveClosed
	}
	var err error
	if a.name, err = insideName(c.String(0)); err != nil {
		return a, err
	}
	if a.name == "." {
		return a, messages.Errorf(messages.Invalid, "an entry needs a name")
	}
	o := options{}
	if opts > 0 {
		o.table = c.Table(opts)
	}
	switch o.text("method") {
	case "", "deflate":
	case "store":
		a.store = true
	default:
		o.wrong("method", "store or deflate is expected")
	}
	a.mode = fs.FileMode(o.integer("mode", int(mode), 0, 0o777))
	if m := o.number("modified", -1, 0, 1<<40); m >= 0 {
		a.modified = time.Unix(int64(m), 0)
	}
	return a, o.err
}

func (w *archiveWriter) command(a added) *lua.Command {
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		a.from = &until{a.from, done}
		return true, w.add(a)
	}}
}

func archiveAdd(c *lua.Call) (*lua.Command, error) {
	w := c.Self().(*archiveWriter)
	a, err := w.begin(c, 2, 0o644)
	if err != nil {
		return nil, err
	}
	if t := c.TypeOf(1); t == "string" || t == "number" {
		data := c.String(1)
		a.from, a.size = strings.NewReader(data), int64(len(data))
		return w.command(a), nil
	}
	from, ok := c.Object(1).(streamed)
	if !ok {
		return nil, lua.ArgError(3, "data: a string, Stream or File expected, got "+c.TypeOf(1))
	}
	s := from.asStream()
	r, ok := s.source.(io.Reader)
	return s.use("adding", ok, func() (any, error) {
		a.from, a.size = honest{r}, remaining(s)
		return true, w.add(a)
	}, returnIt)
}

// remaining is how much a stream still has to give, -1 where that is not known.
func remaining(s *stream) int64 {
	if f, ok := s.source.(messages.File); ok {
		info, err := f.Stat()
		at, e := f.Seek(0, io.SeekCurrent)
		if err != nil || e != nil {
			return -1
		}
		return max(0, info.Size()-at)
	}
	if s.size < 0 {
		return -1
	}
	return max(0, s.size-s.at)
}

func archiveAddFile(c *lua.Call) (*lua.Command, error) {
	w, v := c.Self().(*archiveWriter), c.Object(1).(*volume)
	a, err := w.begin(c, 0, 0)
	if err != nil {
		return nil, err
	}
	name, err := v.name(c.String(2))
	if err != nil {
		return nil, err
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		f, err := openFile(v, name, os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // it was only read
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		a.from, a.size, a.mode, a.modified = &until{f, done}, info.Size(), info.Mode().Perm(), info.ModTime()
		return true, w.add(a)
	}}, nil
}

var archiveWriterType = lua.Type{
	Name: "Writer", Doc: "An archive that is being written. Only close completes it.", Of: (*archiveWriter)(nil),
	Methods: []lua.Func{
		{Sig: "add(name: string, data: any, options?: table): boolean, error?", Doc: "Adds a file: data is a string, or a Stream or File that is read to its end. Options: method, store or deflate (zip only); mode, 0 to 511; modified, in seconds since 1970. A tar needs sizes in advance: a Stream of unknown size must fit max_inline_bytes.", Ask: archiveAdd},
		{Sig: "add_file(name: string, fs: FS, path: string): boolean, error?", Doc: "Adds a file of a file system, with its mode and time.", Ask: archiveAddFile},
		{Sig: "add_dir(name: string): boolean, error?", Doc: "Adds a folder.", Ask: func(c *lua.Call) (*lua.Command, error) {
			w := c.Self().(*archiveWriter)
			a, err := w.begin(c, 0, 0o755)
			if err != nil {
				return nil, err
			}
			a.name, a.dir, a.size = a.name+"/", true, 0
			return inBackground(func() (any, error) { return true, w.add(a) }), nil
		}},
		{Sig: "close(): boolean, error?", Doc: "Completes the archive; may be repeated. A Stream or File that was given stays open.", Ask: func(c *lua.Call) (*lua.Command, error) {
			w := c.Self().(*archiveWriter)
			if w.closed {
				return nil, c.Return(true)
			}
			w.closed = true
			return &lua.Command{
				Go: func(<-chan struct{}) (any, error) { return true, w.finish() },
				Then: func(c *lua.Call, answer any) error {
					w.giveBack()
					return c.Return(answer)
				},
				Catch: func(_ *lua.Call, err *messages.Error) error {
					w.giveBack()
					return err
				},
			}, nil
		}},
	},
}

// giveBack ends the loan of a stream, and the care for a file.
func (w *archiveWriter) giveBack() {
	w.forget()
	if w.to != nil {
		w.to.busy = false
	}
}
