package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	nethttp "net/http"
	"os"
	"path"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// openFiles asks an fs.* entry for its file system: each time, as it can change.
func openFiles(ctx context.Context, env actors.Env, id string) (messages.FileSystem, error) {
	v, err := actors.As[messages.FileSystem](actors.Call(ctx, env.Sys, env.PID(id), &messages.FilesOpen{}))
	if err != nil {
		return nil, &noFiles{messages.Wrap(err, "opening the file system "+id)}
	}
	return v, nil
}

// noFiles is the error of a file system that cannot be had at all.
type noFiles struct{ error }

// Unwrap gives the error with its kind.
func (n *noFiles) Unwrap() error { return n.error }

// fileName is a path of a URL as the name of a file, "." for the root. It is
// false for one that could lead elsewhere.
func fileName(p string) (string, bool) {
	if strings.ContainsAny(p, "\\\x00") {
		return "", false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." {
			return "", false
		}
	}
	name := strings.TrimPrefix(path.Clean("/"+p), "/")
	if name == "" {
		name = "."
	}
	return name, fs.ValidPath(name)
}

func notFile(name string) error {
	return messages.Errorf(messages.NotFound, "%s is no file", name)
}

// codings are the forms in which a file may lie beside itself, best first.
var codings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// sendFile answers with a file: whole, in ranges, or not at all where the client
// has it. With packed it sends the compressed form that lies beside the file if
// the client takes it. Nothing is sent where it returns an error.
func sendFile(w nethttp.ResponseWriter, r *nethttp.Request, files messages.FileSystem, name, cache string, packed bool) error {
	file, info, err := openFile(files, name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := w.Header()
	if h.Get("Content-Type") == "" {
		kind, err := contentType(file, name)
		if err != nil {
			return err
		}
		h.Set("Content-Type", kind)
	}
	tag := ""
	if packed {
		type form struct {
			coding string
			file   messages.File
			info   fs.FileInfo
		}
		var forms []form
		for _, c := range codings {
			other, otherInfo, err := openFile(files, name+c.suffix)
			if err != nil {
				continue
			}
			defer func() { _ = other.Close() }() // it was only read
			forms = append(forms, form{c.name, other, otherInfo})
		}
		if len(forms) > 0 {
			h.Add("Vary", "Accept-Encoding")
		}
		if at := preferred(r.Header, len(forms), func(i int) string { return forms[i].coding }); at >= 0 {
			file, info, tag = forms[at].file, forms[at].info, "-"+forms[at].coding
			h.Set("Content-Encoding", forms[at].coding)
		}
	}
	if cache != "" {
		h.Set("Cache-Control", cache)
	}
	if at := info.ModTime(); h.Get("Etag") == "" && !at.IsZero() { // files of a program have no time
		h.Set("Etag", fmt.Sprintf(`"%x-%x%s"`, at.UnixNano(), info.Size(), tag))
	}
	nethttp.ServeContent(w, r, name, info.ModTime(), file)
	return nil
}

func openFile(files messages.FileSystem, name string) (messages.File, fs.FileInfo, error) {
	info, err := files.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = notFile(name)
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := files.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// contentType is told by the name of a file, or by how it begins.
func contentType(file messages.File, name string) (string, error) {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind, nil
	}
	begin := make([]byte, 512)
	n, err := io.ReadFull(file, begin)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return nethttp.DetectContentType(begin[:n]), nil
}

// fileFailed answers in place of a file. Clients learn no more than the kind of
// the failure.
func fileFailed(w nethttp.ResponseWriter, env actors.Env, err error) {
	status := nethttp.StatusInternalServerError
	var none *noFiles
	switch missing := errors.As(err, &none); {
	case messages.IsKind(err, messages.Unavailable):
		status = nethttp.StatusServiceUnavailable
	case missing:
	case messages.IsKind(err, messages.NotFound), messages.IsKind(err, messages.Invalid):
		status = nethttp.StatusNotFound
	case messages.IsKind(err, messages.PermissionDenied):
		status = nethttp.StatusForbidden
	}
	if status >= nethttp.StatusInternalServerError {
		env.Log.Error("a file cannot be sent", "entry", env.ID, "error", err.Error())
	}
	nethttp.Error(w, strings.ToLower(nethttp.StatusText(status)), status)
}
