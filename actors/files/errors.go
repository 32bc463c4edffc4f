package files

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/troupe-go/troupe/messages"
)

// checkName refuses what is no name of package io/fs.
func checkName(doing, name string) error {
	if !fs.ValidPath(name) || strings.ContainsRune(name, 0) {
		return messages.Errorf(messages.Invalid, "%s %q: not a path below the root", doing, name)
	}
	return nil
}

// failed gives an error of the operating system its kind. It is nil for nil.
func failed(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	var ours *messages.Error
	if errors.As(err, &ours) {
		return ours
	}
	var where *fs.PathError
	if errors.As(err, &where) {
		err = where.Err // its path is ours
	}
	return messages.Errorf(kindOf(err), "%s %s: %s", doing, name, err)
}

func kindOf(err error) string {
	var no syscall.Errno
	numbered := errors.As(err, &no)
	switch {
	case numbered && (no == syscall.ENOTEMPTY || no == syscall.EISDIR || no == syscall.ENOTDIR || no == syscall.EINVAL ||
		no == syscall.EBADF || no == syscall.ENAMETOOLONG || no == syscall.ELOOP || no == syscall.ENXIO):
		return messages.Invalid // ENOTEMPTY would count as ErrExist
	case errors.Is(err, fs.ErrNotExist):
		return messages.NotFound
	case errors.Is(err, fs.ErrExist):
		return messages.AlreadyExists
	case errors.Is(err, fs.ErrPermission), numbered && no == syscall.EROFS:
		return messages.PermissionDenied
	case !numbered: // closed, or os.Root says that the name leads out of it
		return messages.Invalid
	}
	return messages.Internal
}
