// Package files serves file systems: folders of the machine, and files that are
// part of the program.
package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Directory, Embed} }

// DirectoryConfig are the fields of fs.directory.
type DirectoryConfig struct {
	Directory string `yaml:"directory" required:"true" doc:"The folder; nothing outside of it can be reached."`
	Base      string `yaml:"base" default:"project" oneof:"project|module" doc:"Where a relative folder begins: project: at the working directory; module: at the root of the entry's module."`
	Mode      any    `yaml:"mode" default:"0755" doc:"Permissions of a folder that is made, octal. Those of the owner also bound what the file system allows: r reading, w writing, x entering folders. All read bits without any execute bit mean all execute bits too."`
	AutoInit  bool   `yaml:"auto_init" default:"false" doc:"Make the folder if it is missing."`
	Type      string `yaml:"type" doc:"A label without effect."`
}

// Validate implements registry.Validator.
func (c *DirectoryConfig) Validate() error {
	if _, err := actors.Permissions(c.Mode); err != nil {
		return &registry.FieldError{Path: []string{"mode"}, Text: err.Error(), Hint: "write permissions as in \"0755\""}
	}
	return nil
}

// The permission bits of the owner, and those of everyone.
const (
	mayRead  fs.FileMode = 0o400
	mayWrite fs.FileMode = 0o200
	mayEnter fs.FileMode = 0o100

	allRead, allEnter fs.FileMode = 0o444, 0o111
)

func (c *DirectoryConfig) permissions() fs.FileMode {
	mode, _ := actors.Permissions(c.Mode) // Validate has tried it
	if mode&allRead == allRead && mode&allEnter == 0 {
		mode |= allEnter
	}
	return mode
}

// Directory is a folder of the machine.
var Directory = actors.Define(actors.Spec[DirectoryConfig]{
	Name: "fs.directory", Doc: "A folder of the machine as a file system.",
	Serve: func(env actors.Env, _ DirectoryConfig) actor.Actor {
		return &directory{env: env, folder: &folder{id: env.ID}}
	},
})

// directory is the actor of an fs.directory. Its folder stays the same object
// when the entry changes: who holds it sees the new one.
type directory struct {
	env    actors.Env
	folder *folder
}

// Load implements actors.Loader.
func (d *directory) Load(ctx context.Context) (context.Context, error) {
	return ctx, d.open(ctx, d.env.Entry)
}

// Update implements actors.Updater.
func (d *directory) Update(ctx context.Context, e registry.Entry) error { return d.open(ctx, e) }

// Unload implements actors.Unloader.
func (d *directory) Unload(context.Context) error {
	d.folder.set(nil)
	return nil
}

func (d *directory) open(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[DirectoryConfig](ctx, d.env, e)
	if err != nil {
		return err
	}
	dir, err := d.locate(c, e)
	if err != nil {
		return err
	}
	mode := c.permissions()
	root, err := actors.As[*os.Root](actors.Await(ctx, func() (any, error) {
		root, err := openRoot(dir, mode, c.AutoInit)
		if err != nil {
			return nil, messages.Errorf(messages.Invalid, "opening the folder of %s: %s", d.env.ID, err)
		}
		return root, nil
	}))
	if err != nil {
		return err
	}
	d.folder.set(&opened{root, mode})
	return nil
}

// locate makes the path of the folder absolute: it must not move with the working
// directory.
func (d *directory) locate(c DirectoryConfig, e registry.Entry) (string, error) {
	dir := filepath.FromSlash(c.Directory)
	if c.Base == "module" && e.Module() != "" && !filepath.IsAbs(dir) {
		dirs, _ := actors.ModuleDirsKey.Lookup(d.env.App)
		root, ok := dirs[e.Module()]
		if !ok {
			return "", messages.Errorf(messages.Invalid, "the folder of %s begins at the root of module %s, which is no folder on this machine; use base: project, or vendor the module as a folder", d.env.ID, e.Module())
		}
		dir = filepath.Join(root, dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", messages.Because(messages.Internal, "finding the folder of "+d.env.ID, err)
	}
	return dir, nil
}

func openRoot(dir string, mode fs.FileMode, create bool) (*os.Root, error) {
	if create {
		// Folders above must let us in, whatever the mode of the last one.
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return nil, err
		}
		if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, messages.Errorf(messages.Invalid, "%s does not exist; create it or set auto_init: true", dir)
	}
	return root, err
}

// Receive implements actor.Actor.
func (d *directory) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopped: // after a failure there was no Unload
		d.folder.set(nil)
	case *actors.Request:
		serve(d.env, m, d.folder)
	}
}
