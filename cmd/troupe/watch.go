package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/troupe-go/troupe/boot"
)

// quiet is how long the files must rest before they are read again: editors
// write in several steps.
const quiet = 150 * time.Millisecond

// patience is how long files that never rest, such as a database in the folder,
// can put that off.
const patience = 10 * quiet

// watcher notes edits to files from now on.
type watcher struct{ *fsnotify.Watcher }

func newWatcher(folders []string) (*watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching the files: %w", err)
	}
	w := &watcher{n}
	for _, dir := range folders {
		if err := w.add(dir); err != nil {
			return nil, errors.Join(fmt.Errorf("watching %s: %w", dir, err), w.Close())
		}
	}
	return w, nil
}

// add watches a folder with those below it.
func (w *watcher) add(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // what vanished is not watched
		}
		if name := d.Name(); path != dir && (name == "node_modules" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		return w.Add(path)
	})
}

// watch applies edits to the application's files until ctx or the application
// ends. A broken edit is told and changes nothing.
func (p *program) watch(ctx context.Context, rt *boot.Runtime, w *watcher) {
	var rest <-chan time.Time
	var first time.Time // of the edits that wait
	for {
		select {
		case <-ctx.Done():
			return
		case <-rt.Done():
			return
		case err := <-w.Errors:
			fmt.Fprintln(p.err, "warning: watching the files:", err)
		case e := <-w.Events:
			if strings.HasPrefix(filepath.Base(e.Name), ".") || e.Op == fsnotify.Chmod || isOutput(e.Name) {
				continue
			}
			if e.Has(fsnotify.Create) {
				_ = w.add(e.Name) // a new folder
			}
			if rest == nil {
				first = time.Now()
			}
			if time.Since(first) < patience {
				rest = time.After(quiet)
			}
		case <-rest:
			rest = nil
			p.reload(ctx, rt)
		}
	}
}

// isOutput tells if the program's own output goes to a file: what it says about an
// edit would be the next edit.
func isOutput(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if out, err := f.Stat(); err == nil && os.SameFile(info, out) {
			return true
		}
	}
	return false
}

// reload makes a version of what the files say now.
func (p *program) reload(ctx context.Context, rt *boot.Runtime) {
	done, err := rt.Apply(ctx, nil)
	switch {
	case err != nil:
		p.complain(fmt.Errorf("%w\nthe version before goes on", err))
	case done.Changed():
		fmt.Fprintf(p.err, "v%d in %s\n", done.Version, done.Took.Round(time.Millisecond))
		(&program{out: p.err}).printChanges(done.Changes)
	}
}
