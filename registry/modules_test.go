package registry

import (
	"io/fs"
	"path"
	"testing"
	"testing/fstest"
)

func TestConstraint(t *testing.T) {
	for _, c := range []struct {
		constraint, version string
		want                bool
	}{
		{"1.2.0", "1.2.0", true},
		{"1.2.0", "v1.2.0", true},
		{"=1.2.0", "1.2.1", false},
		{"^1.2.0", "1.9.9", true},
		{"^1.2.0", "1.1.9", false},
		{"^1.2.0", "2.0.0", false},
		{"^1.2.0", "2.0.0-rc.1", false},
		{"^0.2.3", "0.2.9", true},
		{"^0.2.3", "0.3.0", false},
		{"^0.0.3", "0.0.4", false},
		{"^1", "1.5.0", true},
		{"^0", "0.9.0", true},
		{"^0", "1.0.0", false},
		{"~1.2.0", "1.2.7", true},
		{"~1.2.0", "1.3.0", false},
		{"~1", "1.9.0", true},
		{"~1", "2.0.0", false},
		{">=1.0.0", "3.0.0", true},
		{">=1.0.0 <2.0.0", "1.5.0", true},
		{">=1.0.0 <2.0.0", "2.0.0", false},
		{">= 1.0.0, < 2.0.0", "1.5.0", true},
		{">1.0.0", "1.0.0", false},
		{"<=1.0.0", "1.0.0", true},
		{"*", "whatever", true},
		{"", "1.0.0", true},
		{"1.0.0", "main", false},
		{"1.0.0-a.2", "1.0.0-a.2+build", true},
		{">1.0.0-a.2", "1.0.0-a.10", true},
		{">1.0.0-a", "1.0.0", true},
		{">1.0.0-1", "1.0.0-a", true},
		{">=1.0.0", "1.0.0-rc", false},
	} {
		k, err := ParseConstraint(c.constraint)
		if err != nil {
			t.Errorf("%s: %v", c.constraint, err)
		} else if got := k.Match(c.version); got != c.want {
			t.Errorf("%q matches %s: %v", c.constraint, c.version, got)
		}
	}
	for _, bad := range []string{"x", "^", "1.2.3.4", "><1.0.0", "1.0.0-", "~a.b", "1..2"} {
		if _, err := ParseConstraint(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzConstraint(f *testing.F) {
	f.Add(">=1.0.0 <2.0.0", "1.2.3-rc.1")
	f.Fuzz(func(_ *testing.T, constraint, version string) {
		if c, err := ParseConstraint(constraint); err == nil {
			c.Match(version)
		}
	})
}

func TestParseLock(t *testing.T) {
	lock, problems := ParseLock("wippy.lock", []byte(`
directories: {modules: .wippy, src: ./src}
options: {unpack_modules: true}
modules:
  - {name: acme/http, version: 1.2.0, hash: 4ea8}
replacements:
  - {from: acme/log, to: ../log}
`))
	wantProblems(t, problems)
	if lock.Directories != (LockDirectories{".wippy", "./src"}) || !lock.Options.UnpackModules || len(lock.Modules) != 1 || lock.Modules[0].Hash != "4ea8" || lock.Replacements[0].To != "../log" {
		t.Errorf("%+v", lock)
	}
	lock, problems = ParseLock("wippy.lock", nil)
	wantProblems(t, problems)
	if lock.Directories != (LockDirectories{".wippy", "src"}) {
		t.Errorf("%+v", lock)
	}
	for text, want := range map[string]string{
		"directories:\n  src: .\n":                      `error wippy.lock:2:3: "directories.src" is the folder of the lock file; the modules would be loaded twice; move the sources into a folder, such as ./src`,
		"directories: {src: app, modules: app/x}\n":     `error wippy.lock:1:15: "directories.src" holds the folder of the modules; they would be loaded twice; move one of them`,
		"modules: [{version: 1.0.0}]\n":                 `error wippy.lock:1:11: missing field "modules[0].name"; expected a string`,
		"modules: [{name: ../x}]\n":                     `error wippy.lock:1:12: module "../x" is not a module name; expected organisation/name`,
		"directorys: {}\n":                              `warning wippy.lock:1:1: unknown field "directorys"; did you mean "directories"?`,
		"- a\n":                                         "error wippy.lock:1:1: the file is not a map; write its settings by name",
		"a: [":                                          "error wippy.lock:1:1: cannot be parsed: line 1: did not find expected node content; correct the syntax",
		"modules: [{name: a/b}, {name: a/b}]\n":         "error wippy.lock:1:25: module a/b is listed twice; remove one of them",
		"modules: [{name: a/b, version: 1.2}]\n":        `error wippy.lock:1:23: field "modules[0].version" is a number; expected a string; put it in quotes`,
		"replacements:\n  - from: a/b\n    too: ../x\n": "",
	} {
		_, problems := ParseLock("wippy.lock", []byte(text))
		if want != "" {
			wantProblems(t, problems, want)
		} else if len(problems) != 2 {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add("directories: {modules: .wippy, src: ./src}\nmodules: [{name: a/b, version: '1'}]\n")
	f.Fuzz(func(_ *testing.T, text string) {
		ParseLock("wippy.lock", []byte(text))
		ParseManifest("wippy.yaml", []byte(text))
	})
}

// Without a list in the lock file every unpacked module counts.
func TestResolveUnlisted(t *testing.T) {
	disk := fstest.MapFS{
		"src/x.yaml":                           {Data: []byte("namespace: m\nname: app\nkind: registry.entry\n")},
		".wippy/vendor/acme/http/wippy.yaml":   {Data: []byte("version: 1.2.0\n")},
		".wippy/vendor/acme/http/src/x.yaml":   {Data: []byte("namespace: m\nname: http\nkind: registry.entry\n")},
		".wippy/vendor/acme/log/x.yaml":        {Data: []byte("namespace: m\nname: log\nkind: registry.entry\n")},
		".wippy/vendor/acme/loose.txt":         {},
		".wippy/vendor/acme/Not A Name/x.yaml": {},
	}
	open := func(name string) (fs.FS, error) { return fs.Sub(disk, path.Clean(name)) }
	lock := Lock{Directories: LockDirectories{Modules: ".wippy", Src: "./src"}}
	_, modules, problems := lock.Resolve(open, map[string]string{"acme/log": ""})
	wantProblems(t, problems)
	if len(modules) != 2 || modules[0].Name != "acme/http" || modules[0].Version != "1.2.0" || modules[1].Name != "acme/log" {
		t.Errorf("modules: %+v", modules)
	}
	lock.Modules = []LockModule{{Name: "acme/log"}}
	if _, modules, _ := lock.Resolve(open, nil); len(modules) != 1 {
		t.Errorf("modules beside a list: %+v", modules)
	}
}

func TestResolve(t *testing.T) {
	entry := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("namespace: m\nname: " + name + "\nkind: registry.entry\n")}
	}
	disk := map[string]fstest.MapFS{
		"src":                              {"x.yaml": entry("app")},
		"../log":                           {"wippy.yaml": {Data: []byte("version: 2.5.0\nexclude: ['m:secret']\n")}, "src/x.yaml": entry("log"), "src/y.yaml": entry("secret"), "z.yaml": entry("outside")},
		"../off":                           {"x.yaml": entry("off")},
		".wippy/vendor/acme/http-1.0.wapp": {"x.yaml": entry("http")},
		".wippy/vendor/acme/http":          {"x.yaml": entry("unpacked")},
		".wippy/vendor/acme/log":           {"x.yaml": entry("vendoredlog")},
		".wippy/vendor/acme/off":           {"x.yaml": entry("vendoredoff")},
	}
	open := func(name string) (fs.FS, error) {
		if fsys, ok := disk[name]; ok {
			return fsys, nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	lock := Lock{
		Directories:  LockDirectories{Modules: ".wippy", Src: "./src"},
		Modules:      []LockModule{{Name: "acme/http", Version: "1.0"}, {Name: "acme/log", Version: "2.0.0"}, {Name: "acme/off"}, {Name: "acme/gone", Version: "1"}},
		Replacements: []Replacement{{"acme/log", "../log"}, {"acme/off", "../off"}},
	}
	sources, modules, problems := lock.Resolve(open, map[string]string{"acme/off": "", "acme/lost": "../lost"})
	wantProblems(t, problems,
		"error ../lost: open the replacement of module acme/lost: read entries: file does not exist; correct the folder, or remove the replacement",
		"error wippy.lock: module acme/gone 1 is neither vendored nor replaced; put it into .wippy/vendor/acme/gone or add a replacement",
	)
	es, problems := Load(sources)
	wantProblems(t, problems)
	var names []string
	for _, e := range es.Sorted() {
		names = append(names, e.ID.Name+" of "+e.Module()+" in "+e.Pos.File)
	}
	wantLines(t, names, "app of  in src/x.yaml", "http of acme/http in .wippy/vendor/acme/http-1.0.wapp/x.yaml",
		"log of acme/log in ../log/src/x.yaml", "vendoredoff of acme/off in .wippy/vendor/acme/off/x.yaml")
	if len(modules) != 3 || modules[0].Version != "2.5.0" || !modules[0].Replaced {
		t.Errorf("%+v", modules)
	}
	dep := func(name, component, version string) Entry {
		return Entry{ID: ID{"app", name}, Kind: "ns.dependency", Data: map[string]any{"component": component, "version": version}}
	}
	wantProblems(t, CheckDependencies(EntriesOf(dep("a", "acme/log", "^2.0.0"), dep("b", "acme/log", "<2.5.0"), dep("c", "acme/lgo", ""), dep("d", "", ""), dep("e", "acme/http", "x"), dep("f", "other/thing", "*")), modules),
		`error app:b: module acme/log is in use as 2.5.0, which conflicts with the constraint "<2.5.0"; use a version that satisfies all constraints on it`,
		`error app:c: module acme/lgo is neither vendored nor replaced; did you mean "acme/log"?`,
		`error app:e: parse version constraint "x": use 1.2.0, ^1.2.0, ~1.2.0, >=1.0.0 <2.0.0 or *`,
		`error app:f: module other/thing is neither vendored nor replaced; vendor it or add a replacement`,
	)
	if _, _, problems := DefaultLock().Resolve(open, nil); len(problems) != 1 {
		t.Errorf("without the folder: %v", problems)
	}
}
