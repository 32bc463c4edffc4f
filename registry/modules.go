package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Module is a module that an application uses.
type Module struct {
	Name     string // organisation/name
	Version  string // "" if unknown
	Replaced bool   // taken from a local folder
	Dir      string // its folder, relative to the lock file; "" for an archive
	Manifest Manifest
	Source   Source
}

// Opener opens a folder, or a module archive (a path that ends in .wapp), given
// relative to the lock file. An error that is fs.ErrNotExist says there is none.
type Opener func(name string) (fs.FS, error)

// Resolve finds the sources of an application in the order to load them in: its own
// folder, replaced modules, vendored modules. overrides are replacements from
// the configuration, module to folder; they win over those of the lock file, and an
// empty folder switches a replacement off.
func (l Lock) Resolve(open Opener, overrides map[string]string) ([]Source, []Module, Problems) {
	r := resolver{lock: l, open: open}
	replaced := map[string]string{}
	for _, rep := range l.Replacements {
		replaced[rep.From] = rep.To
	}
	maps.Copy(replaced, overrides)
	maps.DeleteFunc(replaced, func(_, to string) bool { return to == "" })

	r.app()
	for _, name := range slices.Sorted(maps.Keys(replaced)) {
		r.replacement(name, replaced[name])
	}
	for _, m := range l.Modules {
		if _, ok := replaced[m.Name]; !ok {
			r.vendored(m)
		}
	}
	r.unlisted(replaced)
	r.problems.Sort()
	return r.sources, r.modules, r.problems
}

// unlisted finds the modules that lie unpacked among the vendored ones where the
// lock file lists none, as without a lock file, in the order of their names.
func (r *resolver) unlisted(replaced map[string]string) {
	if len(r.lock.Modules) > 0 {
		return
	}
	vendor := path.Join(r.lock.Directories.Modules, "vendor")
	for _, org := range r.folders(vendor) {
		for _, name := range r.folders(path.Join(vendor, org)) {
			full := org + "/" + name
			if _, ok := replaced[full]; !ok && isModuleName(full) {
				r.vendored(LockModule{Name: full})
			}
		}
	}
}

// folders lists the folders in a folder, none where there is no such folder.
func (r *resolver) folders(name string) []string {
	fsys, err := r.open(name)
	if err != nil {
		return nil
	}
	entries, _ := fs.ReadDir(fsys, ".")
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

type resolver struct {
	lock     Lock
	open     Opener
	sources  []Source
	modules  []Module
	problems Problems
}

func (r *resolver) fail(file, text, hint string) {
	r.problems = append(r.problems, Problem{Pos: Pos{File: file}, Text: text, Hint: hint})
}

// folder opens a folder and makes sure that it is there: some file systems only
// notice when they are read.
func (r *resolver) folder(name string) (fs.FS, error) {
	fsys, err := r.open(name)
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(fsys, "."); err != nil {
		return nil, err
	}
	return fsys, nil
}

func (r *resolver) app() {
	dir := path.Clean(r.lock.Directories.Src)
	fsys, err := r.folder(dir)
	if err != nil {
		r.fail(dir, "open the source folder: "+unreadable("", err).Text, "create it, or correct directories.src in "+LockName)
		return
	}
	src := Source{FS: fsys}
	if dir == "." {
		src.Skip = []string{path.Clean(r.lock.Directories.Modules)}
	} else {
		src.Name = dir
	}
	r.sources = append(r.sources, src)
}

func (r *resolver) replacement(name, to string) {
	fsys, err := r.folder(to)
	if err != nil {
		r.fail(to, fmt.Sprintf("open the replacement of module %s: %s", name, unreadable("", err).Text), "correct the folder, or remove the replacement")
		return
	}
	root, shown := ".", path.Clean(to)
	if info, err := fs.Stat(fsys, "src"); err == nil && info.IsDir() {
		root, shown = "src", path.Join(to, "src")
	}
	version := ""
	for _, m := range r.lock.Modules {
		if m.Name == name {
			version = m.Version
		}
	}
	r.add(Module{Name: name, Version: version, Replaced: true, Dir: to, Source: Source{FS: fsys, Root: root, Name: shown}}, path.Clean(to))
}

func (r *resolver) vendored(m LockModule) {
	dir := path.Join(r.lock.Directories.Modules, "vendor", m.Name)
	tries := []string{dir + "-" + m.Version + ".wapp", dir}
	if r.lock.Options.UnpackModules {
		slices.Reverse(tries)
	}
	if !isModuleName(m.Name) || (m.Version != "" && path.Base(m.Version) != m.Version) {
		r.fail(LockName, fmt.Sprintf("module %q %q: not a module name and version", m.Name, m.Version), "expected organisation/name and a version such as 1.2.0")
		return
	}
	for _, name := range tries {
		fsys, err := r.folder(name)
		switch {
		case err == nil:
			found := Module{Name: m.Name, Version: m.Version, Source: Source{FS: fsys, Name: name}}
			if name == dir {
				found.Dir = name
			}
			r.add(found, name)
			return
		case !errors.Is(err, fs.ErrNotExist):
			r.fail(name, "open module "+m.Name+": "+unreadable("", err).Text, "vendor it again")
			return
		}
	}
	r.fail(LockName, fmt.Sprintf("module %s %s is neither vendored nor replaced", m.Name, m.Version), fmt.Sprintf("put it into %s or add a replacement", dir))
}

func (r *resolver) add(m Module, shown string) {
	content, err := fs.ReadFile(m.Source.FS, ManifestName)
	if err == nil {
		manifest, exclude, problems := ParseManifest(path.Join(shown, ManifestName), content)
		m.Manifest, m.Source.Exclude = manifest, exclude
		r.problems = append(r.problems, problems...)
		if (m.Replaced || m.Version == "") && manifest.Version != "" {
			m.Version = manifest.Version
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		r.problems = append(r.problems, unreadable(path.Join(shown, ManifestName), err))
	}
	m.Source.Module = m.Name
	r.modules = append(r.modules, m)
	r.sources = append(r.sources, m.Source)
}

// CheckDependencies reports every ns.dependency whose module is neither vendored
// nor replaced, and every module whose version does not satisfy all constraints
// on it. The version of a module is not checked where it is unknown.
func CheckDependencies(es Entries, modules []Module) Problems {
	var problems Problems
	byName := map[string]Module{}
	for _, m := range modules {
		byName[m.Name] = m
	}
	for _, e := range es.Sorted() {
		if e.Kind != "ns.dependency" {
			continue
		}
		name, _ := e.Fields()["component"].(string)
		text, _ := e.Fields()["version"].(string)
		constraint, err := ParseConstraint(text)
		m, ok := byName[name]
		switch {
		case name == "": // the check of the kinds reports it
		case !ok:
			hint := DidYouMean(name, slices.Collect(maps.Keys(byName)))
			if hint == "" {
				hint = "vendor it or add a replacement"
			}
			problems = append(problems, problemAt(e, Error, []string{"component"}, "module "+name+" is neither vendored nor replaced", hint))
		case err != nil:
			problems = append(problems, problemAt(e, Error, []string{"version"}, err.Error(), ""))
		case m.Version != "" && !constraint.Match(m.Version):
			problems = append(problems, problemAt(e, Error, []string{"version"},
				fmt.Sprintf("module %s is in use as %s, which conflicts with the constraint %q", name, m.Version, text), "use a version that satisfies all constraints on it"))
		}
	}
	problems.Sort()
	return problems
}
