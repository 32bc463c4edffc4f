package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Source is a folder with entry files.
type Source struct {
	FS      fs.FS
	Root    string   // folder in FS to read and for file:/// to begin at; "" is all of it
	Name    string   // put before paths in messages, for example "src"
	Skip    []string // folders in FS that are not read, for example that of the modules
	Exclude Exclude  // what else is left out
	Module  string   // the module the entries belong to, "organisation/name", or ""
}

// Load reads the entries of all .yaml, .yml and .json files of the sources, in
// their order and there in the order of the paths. Folders called node_modules and .git are
// skipped, and files without a namespace belong to others. Of several definitions of
// an ID the last one counts, with a warning. Files that cannot be parsed are
// skipped with a warning; mistakes in a file with a namespace are errors. All
// problems are returned at once, sorted by file and line, with all entries that
// could be read. Content that is inlined with file:// is
// taken from the FS, which decides about symbolic links.
func Load(sources []Source) (Entries, Problems) {
	l := loader{entries: Entries{}}
	for _, src := range sources {
		l.source(src)
	}
	l.problems.Sort()
	return l.entries, l.problems
}

type loader struct {
	entries  Entries
	problems Problems
}

func (l *loader) source(src Source) {
	root := path.Clean(src.Root)
	if src.Root == "" {
		root = "."
	}
	if !fs.ValidPath(root) {
		l.problems = append(l.problems, Problem{Pos: Pos{File: src.Name}, Text: fmt.Sprintf("read entries: folder %q leaves the file system it is in", src.Root), Hint: "give a path below it"})
		return
	}
	err := fs.WalkDir(src.FS, root, func(p string, d fs.DirEntry, err error) error {
		rel := p
		if root != "." {
			rel = strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
		}
		display := path.Join(src.Name, rel)
		switch {
		case err != nil:
			l.problems = append(l.problems, unreadable(display, err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() && p != root:
			if d.Name() == "node_modules" || d.Name() == ".git" || src.skips(p) || src.excludes(p) {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || !isEntryFile(d.Name()) || src.excludes(p):
			return nil
		}
		content, err := fs.ReadFile(src.FS, p)
		if err != nil {
			l.problems = append(l.problems, unreadable(display, err))
			return nil
		}
		f := fileReader{src: src, root: root, path: p, display: display, budget: len(content) + 100_000}
		for _, e := range f.read(content) {
			l.add(src, e)
		}
		l.problems = append(l.problems, f.problems...)
		return nil
	})
	if err != nil {
		l.problems = append(l.problems, unreadable(path.Join(src.Name, root), err))
	}
}

func (src Source) skips(p string) bool {
	return slices.ContainsFunc(src.Skip, func(s string) bool { return path.Clean(s) == p })
}

// excludes tries the rules with the path below the module and below its folder
// src, as both are in use.
func (src Source) excludes(p string) bool {
	return src.Exclude.File(p) || src.Exclude.File(strings.TrimPrefix(p, "src/"))
}

func isEntryFile(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// unreadable reports an error of the file system without the path that it repeats.
func unreadable(display string, err error) Problem {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if display == "" {
		display = "."
	}
	return Problem{Pos: Pos{File: display}, Text: "read entries: " + err.Error(), Hint: "check that it exists and may be read"}
}

func (l *loader) add(src Source, e Entry) {
	if src.Exclude.Entry(e) {
		return
	}
	if old, ok := l.entries[e.ID]; ok {
		l.problems = append(l.problems, Problem{
			Pos: e.Pos, Severity: Warning, Entry: e.ID,
			Text: "declared twice: this definition is used, not the one at " + old.Pos.String(),
			Hint: "remove or rename one of them",
		})
	}
	l.entries[e.ID] = e
}

// ReadFile reads the entries of one file that is given as its content, as Load does.
// The name tells YAML from JSON by its ending and stands in messages; file://
// values are read from files, or are errors if that is nil.
func ReadFile(name string, content []byte, files fs.FS) (Entries, Problems) {
	if files == nil {
		files = noFiles{}
	}
	l := loader{entries: Entries{}}
	f := fileReader{src: Source{FS: files}, root: ".", path: name, display: name, budget: len(content) + 100_000}
	for _, e := range f.read(content) {
		l.add(f.src, e)
	}
	l.problems = append(l.problems, f.problems...)
	l.problems.Sort()
	return l.entries, l.problems
}

type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
