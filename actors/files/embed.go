package files

import (
	"context"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// EmbedConfig are the fields of fs.embed.
type EmbedConfig struct{}

// Embed is a read-only file system whose files come with the application.
var Embed = actors.Define(actors.Spec[EmbedConfig]{
	Name: "fs.embed", Doc: "Files that come with the application, read-only. They are in its archive ('troupe pack --embed'), or a Go program gives them with boot.WithEmbedded.",
	Serve: func(env actors.Env, _ EmbedConfig) actor.Actor { return &embed{env: env} },
})

type embed struct {
	env   actors.Env
	files *embedded
}

// Load implements actors.Loader.
func (e *embed) Load(ctx context.Context) (context.Context, error) {
	all, _ := actors.EmbeddedKey.Lookup(e.env.App)
	files, ok := all[e.env.ID]
	if !ok {
		return ctx, messages.Errorf(messages.Invalid, "no files come with the application for %s; use fs.directory and pack it with 'troupe pack --embed', or give the files in Go with boot.WithEmbedded", e.env.ID)
	}
	e.files = &embedded{files}
	return ctx, nil
}

// Receive implements actor.Actor.
func (e *embed) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		serve(e.env, req, e.files)
	}
}

// embedded is the messages.FileSystem of an fs.FS.
type embedded struct{ files fs.FS }

func readOnly(doing, name string) error {
	return messages.Errorf(messages.PermissionDenied, "%s %s: the file system is read-only", doing, name)
}

// OpenFile implements messages.FileSystem.
func (e *embedded) OpenFile(name string, flag int, _ fs.FileMode) (messages.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC) != 0 {
		return nil, readOnly("opening", name)
	}
	if err := checkName("opening", name); err != nil {
		return nil, err
	}
	f, err := e.files.Open(name)
	if err != nil {
		return nil, failed("opening", name, err)
	}
	return &embeddedFile{file: f, name: name}, nil
}

// Stat implements messages.FileSystem.
func (e *embedded) Stat(name string) (fs.FileInfo, error) {
	if err := checkName("looking at", name); err != nil {
		return nil, err
	}
	info, err := fs.Stat(e.files, name)
	return info, failed("looking at", name, err)
}

// ReadDir implements messages.FileSystem.
func (e *embedded) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := checkName("reading folder", name); err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(e.files, name)
	return list, failed("reading folder", name, err)
}

// Mkdir implements messages.FileSystem.
func (e *embedded) Mkdir(name string, _ fs.FileMode) error { return readOnly("making folder", name) }

// Remove implements messages.FileSystem.
func (e *embedded) Remove(name string) error { return readOnly("removing", name) }

// embeddedFile is an open file of an fs.FS, which may not be made for a Close from
// elsewhere.
type embeddedFile struct {
	mu   sync.Mutex
	file fs.File
	name string
}

// Read implements messages.File.
func (f *embeddedFile) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.file.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, failed("reading", f.name, err)
}

// Write implements messages.File.
func (f *embeddedFile) Write([]byte) (int, error) { return 0, readOnly("writing", f.name) }

// Seek implements messages.File.
func (f *embeddedFile) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.file.(io.Seeker)
	if !ok {
		return 0, messages.Errorf(messages.Invalid, "seeking in %s: it can only be read from start to end", f.name)
	}
	at, err := s.Seek(offset, whence)
	return at, failed("seeking in", f.name, err)
}

// Stat implements messages.File.
func (f *embeddedFile) Stat() (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.file.Stat()
	return info, failed("looking at", f.name, err)
}

// Sync implements messages.File.
func (f *embeddedFile) Sync() error { return nil }

// Close implements messages.File.
func (f *embeddedFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return failed("closing", f.name, f.file.Close())
}
