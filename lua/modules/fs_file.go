package modules

import (
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// file is a File object: a stream whose source is a messages.File.
type file struct{ stream }

// keeper closes what is opened outside of a process when that ends, whichever of
// the two comes first.
type keeper struct {
	mu    sync.Mutex
	held  io.Closer
	ended bool
}

// keep takes something over; it is an error, and closed, if the process has ended.
func (k *keeper) keep(c io.Closer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		_ = c.Close() // nobody is there to be told
		return errDone
	}
	k.held = c
	return nil
}

func (k *keeper) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	if k.held != nil {
		_ = k.held.Close() // nobody is there to be told
	}
}

func fsOpen(c *lua.Call) (*lua.Command, error) {
	v := c.Self().(*volume)
	name, err := v.name(c.String(0))
	if err != nil {
		return nil, err
	}
	mode := c.String(1)
	if !c.Has(1) {
		mode = "r"
	}
	flag, ok := openFlags[mode]
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "opening %s: unknown mode %q: r, w, wx or a is expected", name, mode)
	}
	return opening(c, func(<-chan struct{}) (io.Closer, error) { return openFile(v, name, flag) }, func(f io.Closer, forget func()) any {
		return &file{stream{source: f, noun: "the file", kind: messages.Invalid, size: -1, forget: forget}}
	}), nil
}

// opening is the command that opens something outside of the process, and makes an
// object of it that has to call forget when it closes it.
func opening(c *lua.Call, open func(done <-chan struct{}) (io.Closer, error), object func(opened io.Closer, forget func()) any) *lua.Command {
	k := &keeper{}
	forget := c.OnEnd(k.end)
	return &lua.Command{
		Go: func(done <-chan struct{}) (any, error) {
			opened, err := open(done)
			if err != nil {
				return nil, err
			}
			return opened, k.keep(opened)
		},
		Then: func(c *lua.Call, answer any) error { return c.Return(object(answer.(io.Closer), forget)) },
		Catch: func(_ *lua.Call, err *messages.Error) error {
			forget()
			return err
		},
	}
}

// fileDo is the command of a File method.
func fileDo(c *lua.Call, doing string, work func(f messages.File) (any, error), then func(c *lua.Call, answer any) error) (*lua.Command, error) {
	s := c.Self().(*file).asStream()
	return s.use(doing, true, func() (any, error) { return work(s.source.(messages.File)) }, then)
}

func returnIt(c *lua.Call, answer any) error { return c.Return(answer) }

var errEOF = messages.Errorf(messages.NotFound, "EOF")

// readUpTo reads n bytes, or what there is to the end. Memory is used for what
// comes and not for what was asked for.
func readUpTo(r io.Reader, n int64) (string, error) {
	var b strings.Builder
	_, err := io.Copy(&b, io.LimitReader(r, n))
	if b.Len() > 0 {
		return b.String(), nil // an error comes again with the next read
	}
	return "", err
}

var fileType = lua.Type{
	Name: "File", Doc: "An open file; closed when the process ends. Wherever a Stream is read, a File can be.", Of: (*file)(nil),
	Methods: []lua.Func{
		{Sig: "read(n?: integer): string, error?", Doc: "Reads up to n bytes, 4096 if n is left out; at the end nil and NotFound \"EOF\".", Ask: func(c *lua.Call) (*lua.Command, error) {
			n := int64(c.Number(0))
			if n <= 0 {
				n = 4096
			}
			return fileDo(c, "reading", func(f messages.File) (any, error) { return readUpTo(f, n) }, func(c *lua.Call, answer any) error {
				if answer == "" {
					return errEOF
				}
				return c.Return(answer)
			})
		}},
		{Sig: "write(data?: string): boolean, error?", Doc: "Writes data, which must not be empty.", Ask: func(c *lua.Call) (*lua.Command, error) {
			data := c.String(0)
			if data == "" {
				return nil, messages.Errorf(messages.Invalid, "data required")
			}
			return fileDo(c, "writing", func(f messages.File) (any, error) {
				_, err := io.WriteString(f, data)
				return true, err
			}, returnIt)
		}},
		{Sig: "seek(whence?: string, offset?: integer): number, error?", Doc: "Moves to offset from the start (set, the default), the position (cur) or the end (end), and returns the position.", Ask: func(c *lua.Call) (*lua.Command, error) {
			offset := int64(c.Number(1))
			whence, known := whences[c.String(0)]
			if !known {
				return nil, messages.Errorf(messages.Invalid, "unknown whence %q: set, cur or end is expected", c.String(0))
			}
			return fileDo(c, "seeking", func(f messages.File) (any, error) { return f.Seek(offset, whence) }, returnIt)
		}},
		{Sig: "stat(): table, error?", Doc: "{name, size, mode, modified, is_dir, type}, as FS:stat gives it.", Ask: func(c *lua.Call) (*lua.Command, error) {
			return fileDo(c, "looking at", func(f messages.File) (any, error) { return f.Stat() }, func(c *lua.Call, answer any) error {
				return c.Return(fileInfo(answer.(fs.FileInfo)))
			})
		}},
		{Sig: "sync(): boolean, error?", Doc: "Returns once everything written is on the disk.", Ask: func(c *lua.Call) (*lua.Command, error) {
			return fileDo(c, "syncing", func(f messages.File) (any, error) { return true, f.Sync() }, returnIt)
		}},
		{Sig: "close(): boolean, error?", Doc: "Closes the file; may be repeated.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s := c.Self().(*file).asStream()
			if s.closed {
				return nil, c.Return(true)
			}
			s.forget()
			s.closed = true
			return inBackground(func() (any, error) { return true, s.source.(io.Closer).Close() }), nil
		}},
		{Sig: "scanner(split?: string): Scanner, error?", Doc: "Reads the file in lines (the default), words, bytes or runes.", Do: func(c *lua.Call) error {
			s := c.Self().(*file).asStream()
			if s.closed {
				return messages.Errorf(messages.Invalid, "scanning: the file is closed")
			}
			scan, err := newScanner(s.source.(io.Reader), c.String(0), s.use)
			if err != nil {
				return err
			}
			return c.Return(scan)
		}},
	},
}
