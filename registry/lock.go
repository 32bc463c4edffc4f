package registry

import (
	"path"
	"strings"
)

// LockName is the name of the lock file.
const LockName = "wippy.lock"

// Lock is the content of wippy.lock. Paths are relative to the file.
type Lock struct {
	Directories  LockDirectories `yaml:"directories" doc:"Where sources and modules are."`
	Options      LockOptions     `yaml:"options" doc:"How modules are kept."`
	Modules      []LockModule    `yaml:"modules" doc:"The modules in use."`
	Replacements []Replacement   `yaml:"replacements" doc:"Modules that are taken from local folders."`
}

// LockDirectories are the folders of an application.
type LockDirectories struct {
	Modules string `yaml:"modules" default:".wippy" doc:"Folder of the vendored modules."`
	Src     string `yaml:"src" doc:"Folder of the application's entries."`
}

// LockOptions change how modules are kept.
type LockOptions struct {
	UnpackModules bool `yaml:"unpack_modules" default:"false" doc:"Keep modules as folders instead of archives."`
}

// LockModule is one module in a lock file.
type LockModule struct {
	Name    string `yaml:"name" required:"true" doc:"The module, organisation/name."`
	Version string `yaml:"version" doc:"The version in use."`
	Hash    string `yaml:"hash" doc:"Check sum of the archive."`
}

// Replacement says that a module is taken from a local folder.
type Replacement struct {
	From string `yaml:"from" required:"true" doc:"The module, organisation/name."`
	To   string `yaml:"to" required:"true" doc:"The folder."`
}

// DefaultLock is what counts where there is no lock file: everything below the
// working folder except the modules.
func DefaultLock() Lock { return Lock{Directories: LockDirectories{Modules: ".wippy", Src: "."}} }

// ParseLock reads a lock file; the name stands in messages. A source folder that
// holds the modules folder as well is an error, as it would load the modules twice.
func ParseLock(name string, content []byte) (Lock, Problems) {
	lock, problems := DecodeFile[Lock](name, content)
	if problems.Err() != nil {
		return lock, problems
	}
	fail := func(text, hint string, at ...string) {
		_, places, _ := readConfig(name, content)
		e := Entry{Pos: Pos{File: name, Line: 1, Column: 1}, places: places}
		problems = append(problems, problemAt(e, Error, at, text, hint))
	}
	switch {
	case lock.Directories.Src == "":
		lock.Directories.Src = "src"
	case path.Clean(lock.Directories.Src) == ".":
		fail(`"directories.src" is the folder of the lock file; the modules would be loaded twice`, "move the sources into a folder, such as ./src", "directories", "src")
	case inside(lock.Directories.Modules, lock.Directories.Src):
		fail(`"directories.src" holds the folder of the modules; they would be loaded twice`, "move one of them", "directories", "src")
	}
	seen := map[string]bool{}
	for i, m := range lock.Modules {
		if !isModuleName(m.Name) {
			fail("module \""+m.Name+"\" is not a module name", "expected organisation/name", "modules", utoa(uint64(i)), "name")
		} else if seen[m.Name] {
			fail("module "+m.Name+" is listed twice", "remove one of them", "modules", utoa(uint64(i)), "name")
		}
		seen[m.Name] = true
	}
	problems.Sort()
	return lock, problems
}

func inside(p, dir string) bool {
	p, dir = path.Clean(p), path.Clean(dir)
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// isModuleName reports whether a name is organisation/name without tricks that
// would lead out of a folder.
func isModuleName(s string) bool {
	org, name, ok := strings.Cut(s, "/")
	return ok && isModulePart(org) && isModulePart(name)
}

func isModulePart(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == "" && strings.Trim(s, ".") != ""
}

// Manifest is the content of a module's wippy.yaml.
type Manifest struct {
	Organization string         `yaml:"organization" doc:"Who publishes the module."`
	Module       string         `yaml:"module" doc:"Name: lower case, digits, hyphens."`
	Version      string         `yaml:"version" doc:"Semantic version."`
	Description  string         `yaml:"description" doc:"One sentence."`
	License      string         `yaml:"license" doc:"SPDX name of the license."`
	Repository   string         `yaml:"repository" doc:"Address of the sources."`
	Homepage     string         `yaml:"homepage" doc:"Address of the documentation."`
	Keywords     []string       `yaml:"keywords" doc:"Words to find it by."`
	Authors      []any          `yaml:"authors" doc:"Names, or maps with name and email."`
	Type         string         `yaml:"type" doc:"What kind of module it is."`
	Exclude      []string       `yaml:"exclude" doc:"Patterns namespace:name of entries, and of files, that are left out."`
	ExcludeMeta  map[string]any `yaml:"exclude_meta" doc:"Values of metadata fields whose entries are left out."`
}

// ManifestName is the name of the manifest in the folder of a module.
const ManifestName = "wippy.yaml"

// ParseManifest reads a manifest and its exclude rules; the name stands in messages.
func ParseManifest(name string, content []byte) (Manifest, Exclude, Problems) {
	m, problems := DecodeFile[Manifest](name, content)
	if problems.Err() != nil {
		return m, Exclude{}, problems
	}
	fail := func(text, hint string) {
		problems = append(problems, Problem{Pos: Pos{File: name, Line: 1}, Text: text, Hint: hint})
	}
	if m.Module != "" && strings.Trim(m.Module, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		fail(`module "`+m.Module+`" is not a module name`, "use lower-case letters, digits and hyphens")
	}
	values := map[string][]string{}
	for field, v := range m.ExcludeMeta {
		list, ok := stringList(v)
		if !ok {
			fail(`"exclude_meta.`+field+`" is not a string or a list of strings`, "write the values as strings")
		}
		values[field] = list
	}
	x, err := NewExclude(m.Exclude, values)
	if err != nil {
		fail(err.Error(), "")
	}
	return m, x, problems
}

// stringList reads a string or a list of strings.
func stringList(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, true
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, false
			}
			out[i] = s
		}
		return out, true
	}
	return nil, false
}
