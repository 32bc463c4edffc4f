package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/troupe-go/troupe/messages"
)

// folder is the messages.FileSystem of a folder of the machine. That no name
// leads out of it, not even through a symbolic link, is the work of os.Root.
type folder struct {
	id  string
	now atomic.Pointer[opened]
}

type opened struct {
	root *os.Root
	mode fs.FileMode
}

// set replaces what is open. Calls that are under way keep the old root open until
// they are done with it.
func (f *folder) set(o *opened) {
	if old := f.now.Swap(o); old != nil {
		_ = old.root.Close() // it only was a place to look names up in
	}
}

// use checks a name and the permissions that something needs besides the one to
// enter, and returns the root.
func (f *folder) use(doing, name string, need fs.FileMode) (*opened, error) {
	if err := checkName(doing, name); err != nil {
		return nil, err
	}
	o := f.now.Load()
	if o == nil {
		return nil, messages.Errorf(messages.Unavailable, "%s %s: the file system %s is closed", doing, name, f.id)
	}
	for _, p := range []struct {
		bit  fs.FileMode
		what string
	}{{mayRead, "reading"}, {mayWrite, "writing"}, {mayEnter, "entering folders"}} {
		if need&p.bit != 0 && o.mode&p.bit == 0 {
			return nil, messages.Errorf(messages.PermissionDenied, "%s %s: mode %04o of %s does not allow %s", doing, name, o.mode, f.id, p.what)
		}
	}
	return o, nil
}

// OpenFile implements messages.FileSystem.
func (f *folder) OpenFile(name string, flag int, mode fs.FileMode) (messages.File, error) {
	need := mayEnter
	if access := flag & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR); access != os.O_WRONLY {
		need |= mayRead
	}
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC) != 0 {
		need |= mayWrite
	}
	o, err := f.use("opening", name, need)
	if err != nil {
		return nil, err
	}
	// A pipe must not keep us waiting for its other end.
	file, err := o.root.OpenFile(name, flag|syscall.O_NONBLOCK, mode&o.mode)
	if err != nil {
		return nil, f.failed("opening", name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = messages.Errorf(messages.Invalid, "opening %s: it is a device or a pipe and no file", name)
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, f.failed("opening", name, err)
	}
	return &diskFile{file, name}, nil
}

// Stat implements messages.FileSystem.
func (f *folder) Stat(name string) (fs.FileInfo, error) {
	need := mayEnter
	if name == "." {
		need = 0
	}
	o, err := f.use("looking at", name, need)
	if err != nil {
		return nil, err
	}
	info, err := o.root.Stat(name)
	if errors.Is(err, syscall.ENOTDIR) { // below a file there is nothing
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, f.failed("looking at", name, err)
	}
	return info, nil
}

// ReadDir implements messages.FileSystem.
func (f *folder) ReadDir(name string) ([]fs.DirEntry, error) {
	o, err := f.use("reading folder", name, mayRead|mayEnter)
	if err != nil {
		return nil, err
	}
	dir, err := o.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, f.failed("reading folder", name, err)
	}
	defer dir.Close() //nolint:errcheck // it was only read
	list, err := dir.ReadDir(-1)
	if err != nil {
		return nil, f.failed("reading folder", name, err)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Mkdir implements messages.FileSystem.
func (f *folder) Mkdir(name string, mode fs.FileMode) error {
	o, err := f.use("making folder", name, mayWrite|mayEnter)
	if err != nil {
		return err
	}
	return f.failed("making folder", name, o.root.Mkdir(name, mode&o.mode))
}

// Remove implements messages.FileSystem.
func (f *folder) Remove(name string) error {
	o, err := f.use("removing", name, mayWrite|mayEnter)
	if err != nil {
		return err
	}
	if name == "." {
		return messages.Errorf(messages.Invalid, "removing the root of %s: it cannot be removed", f.id)
	}
	return f.failed("removing", name, o.root.Remove(name))
}

// failed is failed for a folder, whose root may have been exchanged meanwhile.
func (f *folder) failed(doing, name string, err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return messages.Errorf(messages.Unavailable, "%s %s: the file system %s was just closed or changed", doing, name, f.id).WithRetry(true)
	}
	return failed(doing, name, err)
}

// diskFile is an open file of a folder.
type diskFile struct {
	file *os.File
	name string
}

// Read implements messages.File.
func (d *diskFile) Read(p []byte) (int, error) {
	n, err := d.file.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, failed("reading", d.name, err)
}

// Write implements messages.File.
func (d *diskFile) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	return n, failed("writing", d.name, err)
}

// Seek implements messages.File.
func (d *diskFile) Seek(offset int64, whence int) (int64, error) {
	at, err := d.file.Seek(offset, whence)
	return at, failed("seeking in", d.name, err)
}

// Stat implements messages.File.
func (d *diskFile) Stat() (fs.FileInfo, error) {
	info, err := d.file.Stat()
	return info, failed("looking at", d.name, err)
}

// Sync implements messages.File.
func (d *diskFile) Sync() error { return failed("writing", d.name, d.file.Sync()) }

// Close implements messages.File.
func (d *diskFile) Close() error { return failed("closing", d.name, d.file.Close()) }
