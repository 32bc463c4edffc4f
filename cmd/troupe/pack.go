package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/pack"
)

// isArchive reports whether a name on the command line means an archive.
func isArchive(name string) bool {
	return strings.HasSuffix(name, ".pack") || strings.HasSuffix(name, ".wapp")
}

// openArchive opens an archive in place of the sources of a folder.
func (p *program) openArchive(name string, set []string) (*project, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	a, err := readArchive(f) // which stays open: embedded files are read from it
	var files map[string]fs.FS
	if err == nil {
		files, err = a.Embedded()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the archive %s: %w", name, err), f.Close())
	}
	return p.openWith(set, func(pr *project) registry.Problems {
		pr.sources, pr.modules = a.Sources(name), a.Modules()
		pr.archive = []boot.Option{boot.WithLinked(), boot.WithEmbedded(files)}
		return nil
	})
}

func readArchive(f *os.File) (*pack.Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return pack.Open(f, info.Size())
}

type packFlags struct {
	description         string
	tags, meta          []string
	embed               []string
	embedAll, list      bool
	bytecode            string
	excludeNS, excludes []string
	lock                string
}

func (p *program) packCommand() *cobra.Command {
	var f packFlags
	c := &cobra.Command{
		Use:   "pack file",
		Short: "Write the application into one file",
		Long: `Write the application into one file that 'troupe run' runs in place of the folder.

The archive holds the entries as they are after all stages, those of modules too,
with the files that they name. The configuration stays outside: the archive is run
with that of the folder it is run in.`,
		Example: `  troupe pack app.pack
  troupe pack app.pack --embed app:assets -d "Release 1.2" -t stable --meta commit=4ea8
  troupe pack app.pack --bytecode
  troupe pack --list
  troupe run app.pack`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 && !(f.list && len(args) == 0) {
				return fmt.Errorf("expected the name of one file to write, such as app.pack; see '%s --help'", c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return p.pack(&f, args) },
	}
	fl := c.Flags()
	fl.StringVarP(&f.description, "description", "d", "", "what the archive is")
	fl.StringSliceVarP(&f.tags, "tags", "t", nil, "words to find it by, with commas between (repeatable)")
	fl.StringArrayVar(&f.meta, "meta", nil, "more about the archive: `key=value` (repeatable)")
	fl.StringArrayVar(&f.embed, "embed", nil, "pack the files of the fs.directory entries of this `pattern` of ids (repeatable)")
	fl.BoolVar(&f.embedAll, "embed-all", false, "pack the files of all fs.directory entries")
	fl.BoolVar(&f.list, "list", false, "list the fs.directory entries and write nothing")
	fl.StringArrayVar(&f.excludeNS, "exclude-ns", nil, "leave out the namespaces of this `pattern` (repeatable)")
	fl.StringArrayVar(&f.excludes, "exclude", nil, "leave out the entries of this `pattern` of ids (repeatable)")
	fl.StringVar(&f.bytecode, "bytecode", "", "compile the Lua entries, all or with =`pattern` those of these ids")
	fl.Lookup("bytecode").NoOptDefVal = "**"
	fl.StringVarP(&f.lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

// chooser makes one condition of patterns of ids; "**" alone means all. Each must
// have chosen something once missing is asked.
type chooser struct {
	texts    []string
	patterns []registry.IDPattern
	used     []bool
}

func newChooser(flag string, texts []string) (*chooser, error) {
	c := &chooser{texts: texts, used: make([]bool, len(texts))}
	for _, text := range texts {
		if text == "**" {
			text = "**:**"
		}
		p, err := registry.CompileIDPattern(text)
		if err != nil {
			return nil, fmt.Errorf("--%s %s: %w", flag, text, err)
		}
		c.patterns = append(c.patterns, p)
	}
	return c, nil
}

func (c *chooser) match(id registry.ID) bool {
	found := false
	for i, p := range c.patterns {
		if p.Match(id) {
			found, c.used[i] = true, true
		}
	}
	return found
}

func (c *chooser) missing() (string, bool) {
	if i := slices.Index(c.used, false); i >= 0 {
		return c.texts[i], true
	}
	return "", false
}

func (p *program) pack(f *packFlags, args []string) error {
	if len(args) > 0 && !isArchive(args[0]) {
		return fmt.Errorf("packing into %s: 'troupe run' knows an archive by its name; let it end in .pack", args[0])
	}
	manifest := pack.Manifest{Description: f.description, Tags: f.tags}
	for _, m := range f.meta {
		key, value, ok := strings.Cut(m, "=")
		if !ok || key == "" {
			return fmt.Errorf("--meta %s: expected key=value", m)
		}
		if manifest.Meta == nil {
			manifest.Meta = map[string]string{}
		}
		manifest.Meta[key] = value
	}
	pr, err := p.open(f.lock, nil)
	if err != nil {
		return err
	}
	if f.embedAll || f.list && len(f.embed) == 0 {
		f.embed = []string{"**"}
	}
	embed, err := newChooser("embed", f.embed)
	if err != nil {
		return err
	}
	compile := &chooser{}
	if f.bytecode != "" {
		if compile, err = newChooser("bytecode", []string{f.bytecode}); err != nil {
			return err
		}
	}
	var folders []registry.Entry
	pr.stages = []registry.Stage{
		registry.Disable(registry.DisableRules{Namespaces: f.excludeNS, Entries: f.excludes}),
		registry.EmbedFS(embed.match, func(e registry.Entry) { folders = append(folders, e) }),
		registry.Bytecode(compile.match, bytecode),
	}
	es, problems, err := pr.load()
	if err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return fmt.Errorf("reading the entries:\n%w", err)
	}
	for _, w := range problems.Warnings() {
		fmt.Fprintln(p.err, "warning:", w)
	}
	if text, missing := embed.missing(); missing && !f.embedAll && !f.list {
		return fmt.Errorf("--embed %s: it matches no fs.directory entry; 'troupe pack --list' lists them", text)
	}
	if text, missing := compile.missing(); missing {
		return fmt.Errorf("--bytecode=%s: it matches no Lua entry", text)
	}
	if f.list {
		return p.listFolders(folders)
	}
	for _, m := range pr.modules {
		manifest.Modules = append(manifest.Modules, pack.Module{Name: m.Name, Version: m.Version})
	}
	files, err := pr.embedded(es, folders)
	if err != nil {
		return err
	}
	if err := write(args[0], manifest, es, files); err != nil {
		return fmt.Errorf("writing %s: %w", args[0], err)
	}
	fmt.Fprintf(p.out, "wrote %s: %s, %s\n", args[0], count(len(es), "entry", "entries"), count(len(files), "embedded folder", "embedded folders"))
	return nil
}

// bytecode compiles the source of an entry.
func bytecode(e registry.Entry) (string, error) {
	source, _ := e.Fields()["source"].(string)
	code, err := lua.CompileBytecode(e.ID.String(), source)
	return base64.StdEncoding.EncodeToString(code), err
}

func (p *program) listFolders(folders []registry.Entry) error {
	if len(folders) == 0 {
		fmt.Fprintln(p.err, "no entry of kind fs.directory")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, e := range folders {
		fmt.Fprintf(w, "%s\t%v\n", e.ID, e.Fields()["directory"])
	}
	return w.Flush()
}

// embedded opens the folders that are packed.
func (pr *project) embedded(es registry.Entries, folders []registry.Entry) (map[registry.ID]fs.FS, error) {
	out := map[registry.ID]fs.FS{}
	for _, e := range folders {
		dir, err := pr.folderOf(e)
		if err != nil {
			return nil, fmt.Errorf("embedding %s: %w", e.ID, err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, fmt.Errorf("embedding %s: %w", e.ID, err)
		}
		out[e.ID] = root.FS()
	}
	for id, e := range es {
		if e.Kind == "fs.embed" && out[id] == nil {
			return nil, fmt.Errorf("packing %s: it is an fs.embed, whose files are not in this folder; make it an fs.directory and pack it with --embed, or leave it out with --exclude", id)
		}
	}
	return out, nil
}

// folderOf is the folder of an fs.directory, as it would be when it runs here.
func (pr *project) folderOf(e registry.Entry) (string, error) {
	dir, ok := e.Fields()["directory"].(string)
	if !ok || len(registry.Placeholders(dir)) > 0 {
		return "", errors.New("its folder comes from the environment; write it into the entry to embed it")
	}
	dir = filepath.FromSlash(dir)
	if base, _ := e.Fields()["base"].(string); base == "module" && e.Module() != "" && !filepath.IsAbs(dir) {
		for _, m := range pr.modules {
			if m.Name == e.Module() {
				dir = filepath.Join(m.Dir, dir)
			}
		}
	}
	return dir, nil
}

// write puts the archive in place once all of it is written.
func write(name string, m pack.Manifest, es registry.Entries, files map[registry.ID]fs.FS) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after success it has another name
	w := bufio.NewWriterSize(f, 1<<16)
	err = pack.Write(w, m, es, files)
	if err = errors.Join(err, w.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
