package messages

import (
	"io"
	"io/fs"
)

// FilesOpen asks a fs.* entry for its file system. Answered with a FileSystem,
// or with Unavailable while the entry does not run. It stays on its node.
type FilesOpen struct{}

// EntriesLoad asks a fs.* entry for the entries in its files, as they are read at
// boot: those of all files below a folder, or of one file. Answered with
// []*EntryData in the order of their ids. Path is a name of FileSystem.
type EntriesLoad struct {
	Path string
	File bool
}

// FileSystem is the folder tree of a fs.* entry. Names are those of io/fs: no
// leading slash, no "." or ".." elements, "." for the root; others are refused
// with Invalid. Errors are *Error of kind NotFound, AlreadyExists,
// PermissionDenied, Invalid or Internal. All methods may block and may be called
// by many goroutines.
type FileSystem interface {
	// OpenFile opens a file as os.OpenFile does, with the flags of package os.
	OpenFile(name string, flag int, mode fs.FileMode) (File, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error) // sorted by name
	Mkdir(name string, mode fs.FileMode) error  // not recursive
	Remove(name string) error                   // a file or an empty folder
}

// File is an open file with one position. Its methods may be called by many
// goroutines, Close at any time. Its errors are as those of FileSystem, and io.EOF.
type File interface {
	io.ReadWriteSeeker
	Stat() (fs.FileInfo, error)
	Sync() error
	Close() error
}
