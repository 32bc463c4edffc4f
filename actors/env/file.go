package env

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// FileConfig are the fields of env.storage.file.
type FileConfig struct {
	Path       string `yaml:"file_path" required:"true" doc:"The .env file, relative to the working directory. It is read afresh on every access."`
	AutoCreate bool   `yaml:"auto_create" default:"false" doc:"Create the file, with its folder, on the first write."`
	FileMode   any    `yaml:"file_mode" default:"0644" doc:"Permissions of a new file, octal."`
	DirMode    any    `yaml:"dir_mode" default:"0755" doc:"Permissions of a new folder, octal."`
}

// Validate implements registry.Validator.
func (c *FileConfig) Validate() error {
	for _, f := range []struct {
		name  string
		value any
	}{{"file_mode", c.FileMode}, {"dir_mode", c.DirMode}} {
		if _, err := actors.Permissions(f.value); err != nil {
			return &registry.FieldError{Path: []string{f.name}, Text: err.Error(), Hint: "write permissions as in 0644"}
		}
	}
	return nil
}

// File keeps values in a text file.
var File = actors.Define(actors.Spec[FileConfig]{
	Name: "env.storage.file",
	Doc:  "Environment values in a .env file of KEY=VALUE lines; writing keeps its comments.",
	Serve: func(env actors.Env, c FileConfig) actor.Actor {
		f := &file{env: env, disk: disk{path: c.Path, create: c.AutoCreate}}
		f.disk.mode, _ = actors.Permissions(c.FileMode) // Validate has tried them
		f.disk.dirMode, _ = actors.Permissions(c.DirMode)
		return f
	},
})

// file is the actor of an env.storage.file. One access is under way at a time.
type file struct {
	env   actors.Env
	disk  disk
	queue []*actors.Request
	busy  bool
}

// Receive implements actor.Actor.
func (f *file) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	f.queue = append(f.queue, req)
	if f.busy {
		return
	}
	f.busy = true
	f.env.Cell.Script(func(ctx context.Context) {
		for len(f.queue) > 0 {
			req := f.queue[0]
			f.queue = f.queue[1:]
			v, err := actors.Await(ctx, func() (any, error) { return f.disk.do(f.env.ID, req.Body) })
			if err != nil {
				v = err
			}
			req.Reply(v)
		}
		f.busy = false
	})
}

// disk is the file itself; its methods block.
type disk struct {
	path          string
	create        bool
	mode, dirMode fs.FileMode
}

func (d disk) do(id string, body any) (any, error) {
	switch b := body.(type) {
	case *messages.EnvRead:
		text, _, err := d.read()
		if err != nil {
			return nil, err
		}
		v, ok := fileValues(text)[b.Key]
		if !ok {
			return nil, errNotFound
		}
		return v, nil
	case *messages.EnvList:
		text, _, err := d.read()
		return fileValues(text), err
	case *messages.EnvWrite:
		return &messages.Done{}, d.change(func(text string) (string, error) { return setValue(text, b.Key, b.Value) })
	case *messages.EnvDelete:
		return &messages.Done{}, d.change(func(text string) (string, error) { return removeValue(text, b.Key), nil })
	}
	return nil, notAnswered(id, body)
}

// maxFile is the largest file that is read.
const maxFile = 16 << 20

// read returns the text; a file that is not there reads as empty.
func (d disk) read() (text string, there bool, err error) {
	f, err := os.Open(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, messages.Because(messages.Internal, "reading env file", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", true, messages.Because(messages.Internal, "reading env file", err)
	case len(content) > maxFile:
		return "", true, messages.Errorf(messages.Internal, "reading env file %s: it is larger than %d MiB; is it the right file?", d.path, maxFile>>20)
	}
	return string(content), true, nil
}

// change replaces the file by what edit makes of it, or leaves it as it is.
func (d disk) change(edit func(string) (string, error)) error {
	text, there, err := d.read()
	if err != nil {
		return err
	}
	after, err := edit(text)
	if err != nil {
		return err
	}
	if after == text {
		return nil
	}
	if !there && !d.create {
		return messages.Errorf(messages.NotFound, "writing env file %s: it does not exist; create it, or set auto_create", d.path)
	}
	if err := d.replace(after, there); err != nil {
		return messages.Because(messages.Internal, "writing env file", err)
	}
	return nil
}

// replace writes a file beside the old one and puts it in its place, so that
// nobody ever sees half of it.
func (d disk) replace(text string, there bool) error {
	path, mode := d.path, d.mode
	if there { // what a link points to is replaced, not the link
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		info, err := os.Stat(real)
		if err != nil {
			return err
		}
		path, mode = real, info.Mode().Perm()
	} else if err := os.MkdirAll(filepath.Dir(path), d.dirMode); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.WriteString(text)
	for _, step := range []func() error{
		func() error { return tmp.Chmod(mode) },
		tmp.Sync,
	} {
		if err == nil {
			err = step()
		}
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
