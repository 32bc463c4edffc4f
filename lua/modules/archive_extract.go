package modules

import (
	"io"
	"os"
	"path"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// extraction is an entry and the name it gets.
type extraction struct {
	entry *archived
	name  string
}

func archiveExtract(c *lua.Call) (*lua.Command, error) {
	r, e, err := entryArg(c)
	if err != nil {
		return nil, err
	}
	name, err := e.target()
	if err != nil {
		return nil, err
	}
	to := c.Object(1).(*volume)
	if c.Has(2) {
		name = c.String(2)
	}
	if name, err = to.name(name); err != nil {
		return nil, err
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		_, err := r.extract(to.files, []extraction{{e, name}}, done)
		return true, err
	}}, nil
}

func archiveExtractAll(c *lua.Call) (*lua.Command, error) {
	r, to := c.Self().(*archiveReader), c.Object(0).(*volume)
	if r.stale.Load() {
		return nil, errArchiveClosed
	}
	o := options{table: c.Table(1)}
	prefix, strip := o.text("prefix"), o.integer("strip", 0, 0, 1<<20)
	wanted, err := filterFrom(c, &o)
	if err != nil {
		return nil, err
	}
	if prefix == "" {
		prefix = "."
	}
	if prefix, err = to.name(prefix); err != nil {
		return nil, err
	}
	var list []extraction
	for _, e := range r.entries {
		if !wanted(e) {
			continue
		}
		name, err := e.target()
		if err != nil {
			return nil, err
		}
		parts := strings.Split(name, "/")
		if len(parts) <= strip || name == "." {
			continue
		}
		list = append(list, extraction{e, path.Join(prefix, strings.Join(parts[strip:], "/"))})
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) { return r.extract(to.files, list, done) }}, nil
}

// filterFrom reads the option filter of extract_all.
func filterFrom(c *lua.Call, o *options) (func(*archived) bool, error) {
	if f := c.Predicate(1, "filter"); f != nil {
		return func(e *archived) bool { return f(e.table()) }, o.err
	}
	var patterns []string
	switch v := o.get("filter").(type) {
	case nil:
	case string:
		patterns = []string{v}
	default:
		patterns = o.texts("filter")
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			o.wrong("filter", "a pattern such as docs/*.txt is expected")
		}
	}
	return func(e *archived) bool {
		for _, p := range patterns {
			if ok, _ := path.Match(p, plainName(e.name)); ok {
				return true
			}
		}
		return len(patterns) == 0
	}, o.err
}

// extract writes entries and returns how many files they were. The one that it
// fails at is removed.
func (r *archiveReader) extract(files messages.FileSystem, list []extraction, done <-chan struct{}) (int, error) {
	n, left, buf := 0, r.limits.total, make([]byte, r.limits.buffer)
	made := map[string]bool{".": true}
	for _, x := range list {
		if x.entry.kind == "directory" {
			if err := makeFolders(files, x.name, made); err != nil {
				return n, err
			}
			continue
		}
		if err := makeFolders(files, path.Dir(x.name), made); err != nil {
			return n, err
		}
		written, err := r.write(files, x, left, buf, done)
		if err != nil {
			return n, err
		}
		left -= written
		n++
	}
	return n, nil
}

func (r *archiveReader) write(files messages.FileSystem, x extraction, left int64, buf []byte, done <-chan struct{}) (n int64, err error) {
	from, err := r.content(x.entry, r.limits.file, "max_file_bytes")
	if err != nil {
		return 0, err
	}
	defer from.Close() //nolint:errcheck // what was read has been checked
	mode := x.entry.mode.Perm() | 0o600
	f, err := files.OpenFile(x.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return 0, err
	}
	n, err = io.CopyBuffer(struct{ io.Writer }{f}, &until{&capped{from, left, tooLarge("all that is extracted", "max_total_bytes", r.limits.total)}, done}, buf)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = files.Remove(x.name) // what went wrong first is told
	}
	return n, err
}

// makeFolders makes a folder and those above it that are missing.
func makeFolders(files messages.FileSystem, name string, made map[string]bool) error {
	if made[name] {
		return nil
	}
	if err := makeFolders(files, path.Dir(name), made); err != nil {
		return err
	}
	err := files.Mkdir(name, 0o755)
	if messages.IsKind(err, messages.AlreadyExists) {
		info, e := files.Stat(name)
		if err = e; e == nil && !info.IsDir() {
			err = messages.Errorf(messages.Invalid, "making folder %s: a file of that name is there", name)
		}
	}
	made[name] = err == nil
	return err
}
