package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history/openlog"
)

func (p *program) registryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "registry",
		Short: "Look at the entries of the application and their versions",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.registryList(), p.registryShow(), p.registryHistory(), p.registryDiff(), p.registryRollback(), p.registryGraph(), p.registryVerify(), p.registryExport(), p.registryImport())
	return c
}

type listFlags struct {
	kind, namespace, name string
	meta                  []string
	json, yaml            bool
	lock                  string
	files                 bool
}

// fromFiles is what the flag --files does.
const fromFiles = "what the files say, not the version that the running node or the history on disk has in use"

func (p *program) registryList() *cobra.Command {
	var f listFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List entries",
		Example: `  troupe registry list -k process.lua
  troupe registry list --meta type=tool --meta title~^Up --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return p.listEntries(f) },
	}
	fl := c.Flags()
	fl.StringVarP(&f.kind, "kind", "k", "", "only this kind; * stands for anything")
	fl.StringVarP(&f.namespace, "namespace", "n", "", "only this namespace; * stands for anything")
	fl.StringVar(&f.name, "name", "", "only this name; * stands for anything")
	fl.StringArrayVar(&f.meta, "meta", nil, "only with this metadata: field=value, field~regex, field*substring, field^prefix, field$suffix (repeatable)")
	fl.BoolVar(&f.files, "files", false, fromFiles)
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.yaml, "yaml", false, "print YAML")
	fl.StringVarP(&f.lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	c.MarkFlagsMutuallyExclusive("json", "yaml")
	return c
}

// shown is an entry in JSON and YAML.
type shown struct {
	ID   string         `json:"id" yaml:"id"`
	Kind string         `json:"kind" yaml:"kind"`
	Meta map[string]any `json:"meta,omitempty" yaml:"meta,omitempty"`
	Data any            `json:"data" yaml:"data"`
}

func showEntry(e registry.Entry) shown { return shown{e.ID.String(), e.Kind, e.Meta, e.Data} }

// query turns the flags into a filter.
func (f listFlags) query() (registry.Query, error) {
	filter := map[string]any{}
	for key, v := range map[string]string{".kind": f.kind, ".ns": f.namespace, ".name": f.name} {
		if v != "" {
			filter[key] = v
		}
	}
	for _, m := range f.meta {
		i := strings.IndexAny(m, "=~*^$")
		if i < 1 {
			return registry.Query{}, fmt.Errorf("--meta %s: expected field=value, field~regex, field*substring, field^prefix or field$suffix", m)
		}
		key := "meta." + m[:i]
		if m[i] != '=' {
			key = m[i:i+1] + key
		}
		filter[key] = m[i+1:]
	}
	q, warnings := registry.CompileFilter(filter)
	if len(warnings) > 0 {
		return q, fmt.Errorf("--meta: %s", strings.Join(warnings, "; "))
	}
	return q, nil
}

// entries are those in use: of the node that runs in this folder, else of the
// history on disk, else of the files. What is wrong with the files is told on
// stderr unless it keeps them from being read at all.
func (p *program) entries(lock string, files bool) (registry.Entries, error) {
	pr, err := p.open(lock, nil)
	if err != nil {
		return nil, err
	}
	if !files && (pr.running() || pr.hasHistory()) {
		h, err := p.versions(lock)
		if err != nil {
			return nil, err
		}
		_, current, err := h.list()
		var es registry.Entries
		if err == nil {
			es, err = h.at(current)
		}
		return es, errors.Join(err, h.close())
	}
	es, problems, err := pr.load()
	if err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		if len(es) == 0 {
			return nil, fmt.Errorf("reading the entries:\n%w", err)
		}
		fmt.Fprintln(p.err, "warning: there are mistakes in these entries; 'troupe lint' lists them")
	}
	return es, nil
}

// running reports whether a node runs in this folder.
func (pr *project) running() bool {
	c, err := boot.DialControl(pr.config.String("control.socket"))
	if err == nil {
		c.Close()
	}
	return err == nil
}

// hasHistory reports whether there is one on disk.
func (pr *project) hasHistory() bool {
	if !pr.config.Bool("registry.enable_history") || !openlog.Durable(pr.config.String("registry.history_type")) {
		return false
	}
	_, err := os.Stat(pr.config.String("registry.history_path"))
	return err == nil
}

func (p *program) listEntries(f listFlags) error {
	q, err := f.query()
	if err != nil {
		return err
	}
	es, err := p.entries(f.lock, f.files)
	if err != nil {
		return err
	}
	list := []shown{}
	for _, e := range es.Sorted() {
		if q.Match(e) {
			list = append(list, showEntry(e))
		}
	}
	switch {
	case f.json:
		return p.printJSON(list)
	case f.yaml:
		return p.printYAML(list)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, e := range list {
		fmt.Fprintf(w, "%s\t%s\n", e.ID, e.Kind)
	}
	return w.Flush()
}

func (p *program) registryShow() *cobra.Command {
	var field, lock string
	var asJSON, asYAML, raw, files bool
	c := &cobra.Command{
		Use:   "show id",
		Short: "Show one entry",
		Example: `  troupe registry show app:hello
  troupe registry show app:hello -f data.source --raw`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("expected the id of one entry, such as app:hello; see '%s --help'", c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			es, err := p.entries(lock, files)
			if err != nil {
				return err
			}
			v, err := lookup(es, args[0], field)
			if err != nil {
				return err
			}
			if text, ok := v.(string); ok && (raw || field != "" && !asJSON && !asYAML) {
				fmt.Fprint(p.out, strings.TrimSuffix(text, "\n")+"\n")
				return nil
			}
			if asJSON {
				return p.printJSON(v)
			}
			return p.printYAML(v)
		},
	}
	c.Flags().StringVarP(&field, "field", "f", "", "only this field: kind, meta.x.y, data.x.y or x.y")
	c.Flags().BoolVar(&files, "files", false, fromFiles)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asYAML, "yaml", false, "print YAML (default)")
	c.Flags().BoolVar(&raw, "raw", false, "print a text as it is")
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	c.MarkFlagsMutuallyExclusive("json", "yaml", "raw")
	return c
}

// lookup finds an entry, or a field of it.
func lookup(es registry.Entries, name, field string) (any, error) {
	id, err := registry.ParseID(name)
	if err != nil {
		return nil, err
	}
	e, ok := es[id]
	if !ok {
		hint := "use 'troupe registry list' to see all entries"
		if near, found := es.Nearest(id); found {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, fmt.Errorf("entry %s not found; %s", name, hint)
	}
	if field == "" {
		return showEntry(e), nil
	}
	path := strings.Split(field, ".")
	var v any = map[string]any{"id": e.ID.String(), "kind": e.Kind, "meta": e.Meta, "data": e.Data}
	switch path[0] {
	case "id", "kind", "meta", "data":
	default:
		v = e.Data
	}
	for i, key := range path {
		m, _ := v.(map[string]any)
		if v, ok = m[key]; !ok {
			return nil, fmt.Errorf("entry %s has no field %s", name, strings.Join(path[:i+1], "."))
		}
	}
	return v, nil
}

func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (p *program) printYAML(v any) error {
	enc := yaml.NewEncoder(p.out)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return enc.Close()
}
