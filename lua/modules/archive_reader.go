package modules

import (
	"archive/tar"
	"archive/zip"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// archiveReader is a Reader object.
type archiveReader struct {
	entries []*archived
	byName  map[string]*archived
	limits  limits
	stale   atomic.Bool // closed: its streams are of no use any more
	file    io.Closer   // what it opened itself, or nil
	forget  func()
}

// Close implements io.Closer.
func (r *archiveReader) Close() error {
	r.stale.Store(true)
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}

// seekAt reads anywhere in something with one position.
type seekAt struct {
	mu sync.Mutex
	io.ReadSeeker
}

// ReadAt implements io.ReaderAt.
func (s *seekAt) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.ReadSeeker, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// readArchive finds the entries of a zip or tar.
func readArchive(at io.ReaderAt, size int64, l limits) (*archiveReader, error) {
	format := l.format
	if format == "" {
		head := make([]byte, sniffSize)
		n, err := at.ReadAt(head, 0)
		if err != nil && err != io.EOF {
			return nil, err
		}
		format = sniff(head[:n])
	}
	r := &archiveReader{limits: l, byName: map[string]*archived{}}
	var err error
	switch format {
	case "zip":
		err = r.zip(at, size)
	case "tar":
		err = r.tar(at, size)
	case "":
		err = errFormat
	default:
		err = messages.Errorf(messages.Unavailable, "a %s can only be read from start to end; use archive.scan", format)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range r.entries {
		r.byName[plainName(e.name)] = e // of several, the last one counts
	}
	return r, nil
}

// plainName is what an entry is found by.
func plainName(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
}

func (r *archiveReader) zip(at io.ReaderAt, size int64) error {
	z, err := zip.NewReader(at, size)
	if err != nil {
		return corrupt("reading a zip", err)
	}
	if len(z.File) > r.limits.entries {
		return tooMany(r.limits)
	}
	for _, f := range z.File {
		e := &archived{
			name: f.Name, size: sizeOf(f.UncompressedSize64), packed: sizeOf(f.CompressedSize64), kind: "file",
			mode: f.Mode(), modified: f.Modified, method: strconv.Itoa(int(f.Method)), crc: &f.CRC32,
			open: func() (io.ReadCloser, error) {
				if f.Flags&1 != 0 {
					return nil, messages.Errorf(messages.Invalid, "entry %q is encrypted, which is not supported", f.Name)
				}
				return f.Open()
			},
		}
		switch f.Method {
		case zip.Store:
			e.method = "store"
		case zip.Deflate:
			e.method = "deflate"
		}
		switch {
		case strings.HasSuffix(f.Name, "/") || e.mode.IsDir():
			e.kind = "directory"
		case e.mode&os.ModeSymlink != 0:
			e.kind = "symlink"
		case !e.mode.IsRegular():
			e.kind = "other"
		}
		r.entries = append(r.entries, e)
	}
	return nil
}

// sizeOf is a size that a zip claims, which may be anything.
func sizeOf(n uint64) int64 { return int64(min(n, 1<<62)) }

func (r *archiveReader) tar(at io.ReaderAt, size int64) error {
	section := io.NewSectionReader(at, 0, size)
	t := newTarScan(section, func() int64 {
		n, _ := section.Seek(0, io.SeekCurrent)
		return n
	})
	for {
		e, err := t.next()
		if err != nil || e == nil {
			return err
		}
		if len(r.entries) == r.limits.entries {
			return tooMany(r.limits)
		}
		from := t.pos()
		e.open = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(at, from, e.size)), nil }
		r.entries = append(r.entries, e)
	}
}

// tarScan goes through a tar.
type tarScan struct {
	tar *tar.Reader
	pos func() int64 // how much of the tar was read
	end int64        // where the last entry ends at the earliest
}

func newTarScan(r io.Reader, pos func() int64) *tarScan {
	return &tarScan{tar: tar.NewReader(r), pos: pos}
}

const tarBlock = 512

// next gives the next entry, nil at the end.
func (t *tarScan) next() (*archived, error) {
	for {
		h, err := t.tar.Next()
		if err == io.EOF {
			if t.pos() < t.end+tarBlock {
				return nil, messages.Errorf(messages.Invalid, "reading a tar: it has no end mark; the archive is cut off")
			}
			return nil, nil
		}
		if err != nil {
			return nil, corrupt("reading a tar", err)
		}
		t.end = t.pos()
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		e := &archived{name: h.Name, size: h.Size, packed: h.Size, kind: "other", mode: h.FileInfo().Mode(), modified: h.ModTime, method: "store"}
		switch h.Typeflag {
		case tar.TypeReg:
			e.kind = "file"
		case tar.TypeDir:
			e.kind, e.size, e.packed = "directory", 0, 0
		case tar.TypeSymlink:
			e.kind = "symlink"
		case tar.TypeLink:
			e.kind = "link"
		}
		for key := range h.PAXRecords {
			if strings.HasPrefix(key, "GNU.sparse.") {
				e.kind = "other"
			}
		}
		if e.kind == "file" {
			t.end += (e.size + tarBlock - 1) / tarBlock * tarBlock
		}
		return e, nil
	}
}

func archiveOpen(c *lua.Call) (*lua.Command, error) {
	var source func() (io.ReaderAt, int64, io.Closer, error)
	at, resource := 1, ""
	inFile := func(f messages.File) (io.ReaderAt, int64, error) {
		size, err := f.Seek(0, io.SeekEnd)
		return &seekAt{ReadSeeker: f}, size, err
	}
	switch from := c.Object(0).(type) {
	case *volume:
		name, err := pathArg(c, from)
		if err != nil {
			return nil, err
		}
		at, resource = 2, from.id
		source = func() (io.ReaderAt, int64, io.Closer, error) {
			f, err := openFile(from, name, os.O_RDONLY)
			if err != nil {
				return nil, 0, nil, err
			}
			r, size, err := inFile(f)
			return r, size, f, err
		}
	case *file:
		source = func() (io.ReaderAt, int64, io.Closer, error) {
			r, size, err := inFile(from.source.(messages.File))
			return r, size, nil, err
		}
	case *stream:
		return nil, messages.Errorf(messages.Unavailable, "a Stream can only be read from start to end; use archive.scan")
	default:
		if c.TypeOf(0) != "string" {
			return nil, lua.ArgError(1, "an FS, a File or bytes expected, got "+c.TypeOf(0))
		}
		data := c.String(0)
		source = func() (io.ReaderAt, int64, io.Closer, error) {
			return strings.NewReader(data), int64(len(data)), nil, nil
		}
	}
	l, err := archiveLimits(c, at, "archive.read", resource)
	if err != nil {
		return nil, err
	}
	return opening(c, func(<-chan struct{}) (io.Closer, error) {
		from, size, owned, err := source()
		var r *archiveReader
		if err == nil {
			r, err = readArchive(from, size, l)
		}
		if err != nil {
			if owned != nil {
				_ = owned.Close() // it was only read
			}
			return nil, err
		}
		r.file = owned
		return r, nil
	}, func(opened io.Closer, forget func()) any {
		r := opened.(*archiveReader)
		r.forget = forget
		return r
	}), nil
}

// pathArg reads argument 1, a path in a file system that is argument 0.
func pathArg(c *lua.Call, v *volume) (string, error) {
	if c.TypeOf(1) != "string" {
		return "", lua.ArgError(2, "path: string expected, got "+c.TypeOf(1))
	}
	return v.name(c.String(1))
}

// archiveLimits reads the options in argument i and checks the permission.
func archiveLimits(c *lua.Call, i int, action, resource string) (limits, error) {
	if t := c.TypeOf(i); t != "table" && t != "nil" {
		return limits{}, lua.ArgError(i+1, "options: table expected, got "+t)
	}
	if !c.Allowed(action, resource) {
		return limits{}, denied("not allowed: %s %s", action, resource)
	}
	return limitsFrom(c.Table(i))
}

// entryArg finds the entry whose name is argument 0.
func entryArg(c *lua.Call) (*archiveReader, *archived, error) {
	r := c.Self().(*archiveReader)
	if r.stale.Load() {
		return r, nil, errArchiveClosed
	}
	e := r.byName[plainName(c.String(0))]
	if e == nil {
		return r, nil, messages.Errorf(messages.NotFound, "no entry %q in the archive", c.String(0))
	}
	return r, e, nil
}

var errArchiveClosed = messages.Errorf(messages.Invalid, "the archive is closed")

// content opens an entry and reads no more than limit of it. Its errors are of
// their kind.
func (r *archiveReader) content(e *archived, limit int64, option string) (*entryContent, error) {
	if e.kind != "file" {
		return nil, messages.Errorf(messages.Invalid, "entry %q is a %s and no file", e.name, e.kind)
	}
	rc, err := e.open()
	if err != nil {
		return nil, corrupt("opening entry "+strconv.Quote(e.name), err)
	}
	return &entryContent{capped: capped{rc, limit, tooLarge("entry "+strconv.Quote(e.name), option, limit)}, reader: r, name: e.name, close: rc.Close}, nil
}

// entryContent is the content of an entry while its Reader is open.
type entryContent struct {
	capped
	reader *archiveReader
	name   string
	close  func() error
}

// Read implements io.Reader.
func (e *entryContent) Read(p []byte) (int, error) {
	if e.reader.stale.Load() {
		return 0, errStale
	}
	n, err := e.capped.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, corrupt("reading entry "+strconv.Quote(e.name), err)
}

// Close implements io.Closer.
func (e *entryContent) Close() error { return e.close() }

var errStale = messages.Errorf(messages.Internal, "the stream is stale: its archive was closed or has gone on to another entry")

var archiveReaderType = lua.Type{
	Name: "Reader", Doc: "An archive whose entries can be read in any order.", Of: (*archiveReader)(nil),
	Methods: []lua.Func{
		{Sig: "entries(): function, error?", Doc: "An iterator over the entries: {name, size, compressed_size, is_dir, mode, modified, method, crc32, type}; type is file, directory, symlink, link or other; tars have no crc32.", Do: func(c *lua.Call) error {
			r := c.Self().(*archiveReader)
			if r.stale.Load() {
				return errArchiveClosed
			}
			list := make([]*messages.Table, len(r.entries))
			for i, e := range r.entries {
				list[i] = e.table()
			}
			return c.Return(iterator(list), nil)
		}},
		{Sig: "stat(name: string): table, error?", Doc: "One entry, as entries gives it.", Do: func(c *lua.Call) error {
			_, e, err := entryArg(c)
			if err != nil {
				return err
			}
			return c.Return(e.table())
		}},
		{Sig: "read(name: string): string, error?", Doc: "The content of an entry of at most max_inline_bytes.", Ask: func(c *lua.Call) (*lua.Command, error) {
			r, e, err := entryArg(c)
			if err != nil {
				return nil, err
			}
			return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
				from, err := r.content(e, r.limits.inline, "max_inline_bytes")
				if err != nil {
					return nil, err
				}
				defer from.Close() //nolint:errcheck // what was read has been checked
				var b strings.Builder
				_, err = io.Copy(&b, &until{from, done})
				return b.String(), err
			}}, nil
		}},
		{Sig: "stream(name: string): Stream, error?", Doc: "The content of an entry as a Stream; stale once the Reader is closed.", Ask: func(c *lua.Call) (*lua.Command, error) {
			r, e, err := entryArg(c)
			if err != nil {
				return nil, err
			}
			return opening(c, func(<-chan struct{}) (io.Closer, error) { return r.content(e, r.limits.file, "max_file_bytes") }, func(opened io.Closer, forget func()) any {
				return &stream{source: opened, noun: "the stream", kind: messages.Internal, size: e.size, forget: forget}
			}), nil
		}},
		{Sig: "extract(name: string, fs: FS, path?: string): boolean, error?", Doc: "Writes an entry to path, or to its own name, below the working directory of fs. Missing folders are made.", Ask: archiveExtract},
		{Sig: "extract_all(fs: FS, options?: table): integer, error?", Doc: "Writes all entries below the working directory of fs and returns how many files that were. Options: prefix, a folder to put them in; strip, how many leading parts of their names to leave out; filter, a pattern such as *.txt (or a list of them) for the whole name, or a function that is given the entry and answers true. Names are checked before anything is written.", Ask: archiveExtractAll},
		{Sig: "close(): boolean, error?", Doc: "Closes the archive; may be repeated. A File that was given stays open.", Ask: func(c *lua.Call) (*lua.Command, error) {
			r := c.Self().(*archiveReader)
			if r.stale.Load() {
				return nil, c.Return(true)
			}
			r.stale.Store(true)
			r.forget()
			return inBackground(func() (any, error) { return true, r.Close() }), nil
		}},
	},
}
