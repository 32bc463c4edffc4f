package files

import (
	"io/fs"
	"os"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// serve answers the commands that every kind of file system answers.
func serve(env actors.Env, req *actors.Request, files messages.FileSystem) {
	switch b := req.Body.(type) {
	case *messages.FilesOpen:
		req.Reply(files)
	case *messages.EntriesLoad:
		env.Cell.Go(func() (any, error) { return loadEntries(env, files, b) }, func(answer any, err error) {
			if err != nil {
				answer = err
			}
			req.Reply(answer)
		})
	default:
		actors.Unknown(req, env.ID)
	}
}

// view is a file system as package io/fs has it.
type view struct{ messages.FileSystem }

// Open implements fs.FS.
func (v view) Open(name string) (fs.File, error) { return v.OpenFile(name, os.O_RDONLY, 0) }

func loadEntries(env actors.Env, files messages.FileSystem, b *messages.EntriesLoad) (any, error) {
	info, err := files.Stat(b.Path)
	switch {
	case err != nil:
		return nil, err
	case b.File && info.IsDir():
		return nil, messages.Errorf(messages.Invalid, "loading entries: %s is a folder", b.Path)
	case !b.File && !info.IsDir():
		return nil, messages.Errorf(messages.Invalid, "loading entries: %s is no folder", b.Path)
	}
	var es registry.Entries
	var problems registry.Problems
	if b.File {
		content, err := fs.ReadFile(view{files}, b.Path)
		if err != nil {
			return nil, err
		}
		if es, problems = registry.ReadFile(b.Path, content, view{files}); len(es) == 0 {
			problems = problems.Strict() // nothing else is there that could go on
		}
	} else {
		es, problems = registry.Load([]registry.Source{{FS: view{files}, Root: b.Path, Name: b.Path}})
	}
	if err := problems.Err(); err != nil {
		return nil, messages.Errorf(messages.Invalid, "loading entries:\n%s", err)
	}
	for _, w := range problems.Warnings() {
		env.Log.Warn(w.String(), "logger", "loader", "entry", env.ID)
	}
	out := make([]*messages.EntryData, 0, len(es))
	for _, e := range es.Sorted() {
		out = append(out, actors.EntryData(e))
	}
	return out, nil
}
