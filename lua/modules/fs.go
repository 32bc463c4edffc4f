package modules

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// volume is an FS object: the file system of an entry, and where in it its holder
// is.
type volume struct {
	id    string
	files messages.FileSystem
	cwd   string // a name of package io/fs
}

var fsModule = lua.Module{
	Name:  "fs",
	Doc:   "Files. Paths may begin with a slash, which is the root of the file system; others begin at the working directory of the FS object. No path leaves the root.",
	Class: []lua.Class{lua.Storage, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig: "get(id: string): FS, error?", Doc: "Gives the file system with that entry id.", Permission: "fs.get", Ask: func(c *lua.Call) (*lua.Command, error) {
			return withVolume(c, func(v *volume) any { return v })
		},
	}},
	Tables: []lua.Table{
		{Name: "type", Doc: "What a name stands for.", Consts: []lua.Const{{Name: "FILE", Value: "file"}, {Name: "DIR", Value: "directory"}}},
		{Name: "seek", Doc: "Where File:seek counts from.", Consts: []lua.Const{{Name: "SET", Value: "set"}, {Name: "CUR", Value: "cur"}, {Name: "END", Value: "end"}}},
	},
	Types: []lua.Type{
		{
			Name: "FS", Doc: "A file system, with a working directory of its own.", Of: (*volume)(nil),
			Methods: []lua.Func{
				{Sig: "readfile(path: string): string, error?", Doc: "The whole of a file.", Ask: fsReadFile},
				{Sig: "read_file(path: string): string, error?", Doc: "The same as readfile.", Ask: fsReadFile},
				{Sig: "writefile(path: string, data: any, mode?: string): boolean, error?", Doc: "Writes a file: data is a string, or a File or Stream that is read to its end. mode is w (the default), a to append, wx for a file that must not exist.", Ask: fsWriteFile},
				{Sig: "write_file(path: string, data: any, mode?: string): boolean, error?", Doc: "The same as writefile.", Ask: fsWriteFile},
				{Sig: "open(path: string, mode?: string): File, error?", Doc: "Opens a file: r to read it (the default), w to write it anew, wx to make it (it must not exist), a to append.", Ask: fsOpen},
				{Sig: "stat(path: string): table, error?", Doc: "{name, size, mode, modified, is_dir, type}; modified in seconds since 1970.", Ask: fsStat},
				{Sig: "readdir(path: string): function, any", Doc: "An iterator over what is in a folder, in the order of the names: each is {name, type}. nil and an error where it cannot be read.", Ask: fsReadDir},
				{Sig: "mkdir(path: string): boolean, error?", Doc: "Makes a folder; the one above must be there.", Ask: fsDo(func(v *volume, name string) error { return v.files.Mkdir(name, 0o755) })},
				{Sig: "remove(path: string): boolean, error?", Doc: "Removes a file or an empty folder.", Ask: fsDo(func(v *volume, name string) error { return v.files.Remove(name) })},
				{Sig: "exists(path: string): boolean, error?", Doc: "Whether there is something of that name.", Ask: fsExists},
				{Sig: "isdir(path: string): boolean, error?", Doc: "Whether it is a folder; false and NotFound where nothing is there.", Ask: fsIsDir},
				{Sig: "chdir(path: string): boolean, error?", Doc: "Changes the working directory of this object.", Ask: fsChdir},
				{Sig: "pwd(): string, error?", Doc: "The working directory, with a slash at its start.", Do: func(c *lua.Call) error {
					return c.Return(path.Join("/", c.Self().(*volume).cwd))
				}},
			},
		},
		fileType,
	},
}

// withVolume finds the file system whose id is argument 0 and gives what object
// makes of it.
func withVolume(c *lua.Call, object func(v *volume) any) (*lua.Command, error) {
	id := c.String(0)
	if id == "" {
		return nil, messages.Errorf(messages.Invalid, "filesystem ID required")
	}
	if !c.Allowed("fs.get", id) {
		return nil, denied("not allowed to get filesystem: %s", id)
	}
	missing := messages.Errorf(messages.NotFound, "filesystem not found: %s", id)
	if _, _, ok := splitID(id); !ok {
		return nil, missing
	}
	cmd := lua.Ask(id, &messages.FilesOpen{}, func(c *lua.Call, files messages.FileSystem) error {
		return c.Return(object(&volume{id: id, files: files, cwd: "."}))
	})
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
		if err.Kind == messages.NotFound {
			return missing
		}
		return messages.Wrap(err, "getting filesystem "+id)
	}
	return cmd, nil
}

// name makes a name of package io/fs of a path.
func (v *volume) name(p string) (string, error) {
	if p == "" {
		return "", messages.Errorf(messages.Invalid, "path required")
	}
	if p[0] != '/' {
		p = v.cwd + "/" + p
	}
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		switch {
		case part == "" || part == ".":
		case part != "..":
			parts = append(parts, part)
		case len(parts) == 0:
			return "", messages.Errorf(messages.Invalid, "path %q leaves the root of %s", p, v.id)
		default:
			parts = parts[:len(parts)-1]
		}
	}
	if len(parts) == 0 {
		return ".", nil
	}
	return strings.Join(parts, "/"), nil
}

// onPath is the command of a method whose first argument is a path.
func onPath(c *lua.Call, work func(v *volume, name string) (any, error)) (*lua.Command, error) {
	v := c.Self().(*volume)
	name, err := v.name(c.String(0))
	if err != nil {
		return nil, err
	}
	return inBackground(func() (any, error) { return work(v, name) }), nil
}

func fsDo(work func(v *volume, name string) error) func(*lua.Call) (*lua.Command, error) {
	return func(c *lua.Call) (*lua.Command, error) {
		return onPath(c, func(v *volume, name string) (any, error) { return true, work(v, name) })
	}
}

// statOf is the command that looks at the path that is the first argument.
func statOf(c *lua.Call, then func(c *lua.Call, name string, info fs.FileInfo) error) (*lua.Command, error) {
	var at string
	cmd, err := onPath(c, func(v *volume, name string) (any, error) {
		at = name
		return v.files.Stat(name)
	})
	if cmd != nil {
		cmd.Then = func(c *lua.Call, answer any) error { return then(c, at, answer.(fs.FileInfo)) }
	}
	return cmd, err
}

func fileInfo(info fs.FileInfo) *messages.Table {
	name := info.Name()
	if name == "." {
		name = "/"
	}
	return (&messages.Table{}).Set("name", name).Set("size", float64(info.Size())).Set("mode", float64(info.Mode().Perm())).
		Set("modified", float64(info.ModTime().Unix())).Set("is_dir", info.IsDir()).Set("type", fileKind(info.IsDir()))
}

func fileKind(dir bool) string {
	if dir {
		return "directory"
	}
	return "file"
}

func fsStat(c *lua.Call) (*lua.Command, error) {
	return statOf(c, func(c *lua.Call, _ string, info fs.FileInfo) error { return c.Return(fileInfo(info)) })
}

func fsExists(c *lua.Call) (*lua.Command, error) {
	cmd, err := statOf(c, func(c *lua.Call, _ string, _ fs.FileInfo) error { return c.Return(true) })
	if err != nil {
		return nil, orFalse(c, messages.AsError(err))
	}
	cmd.Catch = func(c *lua.Call, err *messages.Error) error {
		if err.Kind == messages.NotFound {
			return c.Return(false)
		}
		return orFalse(c, err)
	}
	return cmd, nil
}

func fsIsDir(c *lua.Call) (*lua.Command, error) {
	cmd, err := statOf(c, func(c *lua.Call, _ string, info fs.FileInfo) error { return c.Return(info.IsDir()) })
	if err != nil {
		return nil, orFalse(c, messages.AsError(err))
	}
	cmd.Catch = orFalse
	return cmd, nil
}

func fsChdir(c *lua.Call) (*lua.Command, error) {
	v := c.Self().(*volume)
	return statOf(c, func(c *lua.Call, name string, info fs.FileInfo) error {
		if !info.IsDir() {
			return messages.Errorf(messages.Invalid, "changing to %s: it is not a directory", name)
		}
		v.cwd = name
		return c.Return(true)
	})
}

func fsReadDir(c *lua.Call) (*lua.Command, error) {
	cmd, err := onPath(c, func(v *volume, name string) (any, error) {
		list, err := v.files.ReadDir(name)
		if err != nil {
			return nil, err
		}
		out := make([]*messages.Table, len(list))
		for i, d := range list {
			dir := d.IsDir()
			if d.Type()&fs.ModeSymlink != 0 {
				info, err := v.files.Stat(path.Join(name, d.Name()))
				dir = err == nil && info.IsDir() // a link to nothing is no folder
			}
			out[i] = (&messages.Table{}).Set("name", d.Name()).Set("type", fileKind(dir))
		}
		return out, nil
	})
	if cmd != nil {
		cmd.Then = func(c *lua.Call, answer any) error { return c.Return(iterator(answer.([]*messages.Table)), nil) }
	}
	return cmd, err
}

// iterator is a function that gives the items in turn, for a generic for.
func iterator[T any](items []T) lua.Func {
	return lua.Func{Sig: "next(): any", Do: func(c *lua.Call) error {
		if len(items) == 0 {
			return c.Return(nil)
		}
		item := items[0]
		items = items[1:]
		return c.Return(item)
	}}
}

// sizeHint bounds what is set aside for a file because of the size it claims.
const sizeHint = 64 << 20

func fsReadFile(c *lua.Call) (*lua.Command, error) {
	v := c.Self().(*volume)
	name, err := v.name(c.String(0))
	if err != nil {
		return nil, err
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		f, err := openFile(v, name, os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // it was only read
		var b strings.Builder
		if info, err := f.Stat(); err == nil {
			b.Grow(int(min(info.Size(), sizeHint)))
		}
		if _, err := io.Copy(&b, &until{f, done}); err != nil {
			return nil, err
		}
		return b.String(), nil
	}}, nil
}

// until is a reader that fails when done is closed.
type until struct {
	io.Reader
	done <-chan struct{}
}

var errDone = messages.Errorf(messages.Canceled, "the process has ended")

// Read implements io.Reader.
func (u *until) Read(p []byte) (int, error) {
	select {
	case <-u.done:
		return 0, errDone
	default:
		return u.Reader.Read(p)
	}
}

var openFlags = map[string]int{
	"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREATE | os.O_TRUNC,
	"wx": os.O_WRONLY | os.O_CREATE | os.O_EXCL, "a": os.O_WRONLY | os.O_CREATE | os.O_APPEND,
}

// openFile opens a file and no folder.
func openFile(v *volume, name string, flag int) (messages.File, error) {
	f, err := v.files.OpenFile(name, flag, 0o644)
	if err != nil || flag != os.O_RDONLY {
		return f, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = messages.Errorf(messages.Invalid, "opening %s: it is a directory", name)
	}
	if err != nil {
		_ = f.Close() // it was only looked at
		return nil, err
	}
	return f, nil
}

func fsWriteFile(c *lua.Call) (*lua.Command, error) {
	v := c.Self().(*volume)
	name, err := v.name(c.String(0))
	if err != nil {
		return nil, err
	}
	mode := c.String(2)
	if mode == "" {
		mode = "w"
	}
	flag, ok := openFlags[mode]
	if !ok || mode == "r" {
		return nil, messages.Errorf(messages.Invalid, "writing %s: unknown mode %q: w, a or wx is expected", name, mode)
	}
	write := func(from io.Reader) (any, error) {
		f, err := openFile(v, name, flag)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(f, from)
		if e := f.Close(); err == nil {
			err = e
		}
		return true, err
	}
	switch c.TypeOf(1) {
	case "string", "number":
		data := c.String(1)
		return &lua.Command{Go: func(done <-chan struct{}) (any, error) { return write(&until{strings.NewReader(data), done}) }}, nil
	}
	from, ok := c.Object(1).(streamed)
	if !ok {
		return nil, lua.ArgError(3, "data: a string, File or Stream expected, got "+c.TypeOf(1))
	}
	s := from.asStream()
	r, ok := s.source.(io.Reader)
	return s.use("reading", ok, func() (any, error) { return write(r) }, func(c *lua.Call, _ any) error { return c.Return(true) })
}
