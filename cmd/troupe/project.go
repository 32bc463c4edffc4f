package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/registry"
)

// project is an application on disk: configuration, lock file, sources.
type project struct {
	config   boot.Config
	sources  []registry.Source
	folders  []string // of the sources
	modules  []registry.Module
	warnings registry.Problems
	strict   bool
	archive  []boot.Option    // for entries that come from an archive
	stages   []registry.Stage // run by load after all others
	parts    boot.Parts       // set by load
}

// configNames are looked for where no --config is given.
var configNames = []string{"troupe.yaml", ".wippy.yaml"}

// open reads configuration and lock file; lock is "" for the usual one.
func (p *program) open(lock string, set []string) (*project, error) {
	return p.openWith(set, func(pr *project) registry.Problems { return pr.locate(lock) })
}

// openWith reads the configuration; locate finds the sources.
func (p *program) openWith(set []string, locate func(*project) registry.Problems) (*project, error) {
	pr := &project{strict: p.flags.strict}
	problems, err := pr.configure(p.flags.config, p.flags.profiles)
	if err != nil {
		return nil, err
	}
	for _, s := range set {
		if pr.config, err = pr.config.Set(s); err != nil {
			return nil, err
		}
	}
	problems = append(problems, locate(pr)...)
	if pr.strict {
		problems = problems.Strict()
	}
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("reading the configuration:\n%w", err)
	}
	pr.warnings = problems.Warnings()
	return pr, nil
}

func (pr *project) configure(names, profiles []string) (registry.Problems, error) {
	if len(names) == 0 {
		for _, name := range configNames {
			if _, err := os.Stat(name); err == nil {
				names = []string{name}
				break
			}
		}
	}
	if len(names) == 0 {
		if len(profiles) > 0 {
			return nil, fmt.Errorf("profile %s: there is no configuration file that could declare it; write %s", profiles[0], configNames[0])
		}
		return nil, nil
	}
	files := make([]boot.ConfigFile, len(names))
	for i, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w; correct --config", err)
		}
		files[i] = boot.ConfigFile{Name: name, Content: content}
	}
	var problems registry.Problems
	pr.config, problems = boot.ReadConfig(boot.ConfigOptions{Profiles: profiles, Env: os.LookupEnv}, files...)
	return problems, nil
}

// locate reads the lock file and finds the sources.
func (pr *project) locate(name string) registry.Problems {
	lock, dir := registry.DefaultLock(), "."
	if name == "" {
		name = registry.LockName
	} else {
		dir = filepath.Dir(name)
	}
	content, err := os.ReadFile(name)
	var problems registry.Problems
	switch {
	case err == nil:
		if lock, problems = registry.ParseLock(name, content); problems.Err() != nil {
			return problems
		}
	case !errors.Is(err, fs.ErrNotExist) || name != registry.LockName:
		return registry.Problems{{Pos: registry.Pos{File: name}, Text: "cannot be read: " + err.Error(), Hint: "correct --lock-file"}}
	}
	var found registry.Problems
	pr.sources, pr.modules, found = lock.Resolve(pr.opener(dir), pr.config.Replacements())
	problems = append(problems, found...)
	for i, m := range pr.modules {
		if m.Dir != "" {
			pr.modules[i].Dir = below(dir, m.Dir)
		}
	}
	return problems
}

// below is the path of a name that a lock file in dir gives.
func below(dir, name string) string {
	path := filepath.FromSlash(name)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// opener opens folders below a lock file. What is read cannot leave a folder,
// not even by a symbolic link.
func (pr *project) opener(dir string) registry.Opener {
	return func(name string) (fs.FS, error) {
		path := below(dir, name)
		if strings.HasSuffix(name, ".wapp") {
			if _, err := os.Stat(path); err != nil {
				return nil, err
			}
			return nil, errors.New("module archives are not supported yet; vendor the module as a folder")
		}
		root, err := os.OpenRoot(path)
		if err != nil {
			return nil, err
		}
		pr.folders = append(pr.folders, path)
		return root.FS(), nil
	}
}

// options are those of boot for this project.
func (pr *project) options() []boot.Option {
	opts := []boot.Option{boot.WithConfig(pr.config), boot.WithSources(pr.sources...), boot.WithModules(pr.modules...), boot.WithNode(pr.node())}
	if pr.strict {
		opts = append(opts, boot.WithStrict())
	}
	return append(opts, pr.archive...)
}

// node is the name of this node: the same at every start in this folder.
func (pr *project) node() string {
	for _, name := range []string{"WIPPY_NODE_ID", "WIPPY_RELAY_NODE_NAME"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	clustered := pr.config.Bool("cluster.enabled")
	if v := pr.config.String("cluster.name"); v != "" && clustered {
		return v
	}
	if v := pr.config.String("relay.node_name"); v != "" {
		return v
	}
	if host, err := os.Hostname(); clustered && err == nil {
		return host
	}
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		host, _ := os.Hostname()
		machine = []byte(host)
	}
	dir, _ := os.Getwd()
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.TrimSpace(string(machine))+"\n"+dir)).String()
}

// load reads and checks all entries without starting anything. The problems
// include those of the configuration that are only warnings.
func (pr *project) load(more ...boot.Option) (registry.Entries, registry.Problems, error) {
	parts, err := standard.Parts().WithStages(pr.stages...).Resolve()
	if err != nil {
		return nil, nil, err
	}
	pr.parts = parts
	opts := append([]boot.Option{boot.WithConfig(pr.config), boot.WithModules(pr.modules...)}, pr.archive...)
	es, problems := boot.Entries(pr.sources, parts, append(opts, more...)...)
	problems = append(problems, boot.Check(es, parts).WithoutFollowing(problems)...)
	problems = append(problems, pr.warnings...)
	problems.Sort()
	if pr.strict {
		problems = problems.Strict()
	}
	return es, problems, nil
}
