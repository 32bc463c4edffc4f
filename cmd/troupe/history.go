package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/openlog"
)

// kept is the history of an application: of the node that runs in its folder, else
// of the disk.
type kept interface {
	sound() (*messages.RegistrySound, error)
	load() (records []registry.Record, head uint64, err error)
	close() error
}

func (p *program) kept(lock string) (kept, error) {
	pr, err := p.open(lock, nil)
	if err != nil {
		return nil, err
	}
	if c, err := boot.DialControl(pr.config.String("control.socket")); err == nil {
		return keptByNode{c}, nil
	}
	log, err := p.openHistory(lock)
	return keptOnDisk{log}, err
}

type keptOnDisk struct{ log history.Log }

func (k keptOnDisk) sound() (*messages.RegistrySound, error)  { return history.VerifyAll(k.log) }
func (k keptOnDisk) load() ([]registry.Record, uint64, error) { return history.Load(k.log) }
func (k keptOnDisk) close() error                             { return k.log.Close() }

type keptByNode struct{ *boot.Control }

func (k keptByNode) sound() (*messages.RegistrySound, error) {
	var out messages.RegistrySound
	return &out, k.Ask(context.Background(), &messages.RegistryVerify{}, &out)
}

func (k keptByNode) load() (records []registry.Record, head uint64, err error) {
	const page = 200
	for after := uint64(0); ; {
		var part messages.RegistryRecordsData
		if err := k.Ask(context.Background(), &messages.RegistryRecords{After: after, Limit: page}, &part); err != nil {
			return nil, 0, err
		}
		for _, d := range part.Records {
			r, err := history.Record(d)
			if err != nil {
				return nil, 0, err
			}
			records, after = append(records, r), d.Version
		}
		if head = part.Head; len(part.Records) < page {
			return records, head, nil
		}
	}
}

func (k keptByNode) close() error {
	k.Close()
	return nil
}

// openHistory opens the durable history of this folder while no node uses it.
func (p *program) openHistory(lock string) (history.Log, error) {
	pr, err := p.open(lock, nil)
	if err != nil {
		return nil, err
	}
	if c, err := boot.DialControl(pr.config.String("control.socket")); err == nil {
		c.Close()
		return nil, errors.New("a node is running in this folder and uses the history; stop it first")
	}
	kind := pr.config.String("registry.history_type")
	if !openlog.Durable(kind) {
		return nil, fmt.Errorf("the history of this application is not kept on disk: registry.history_type is %q; set it to badger or sqlite", kind)
	}
	return openlog.Open(kind, pr.config.String("registry.history_path"))
}

func (p *program) registryVerify() *cobra.Command {
	var lock string
	var asJSON, asYAML bool
	c := &cobra.Command{
		Use: "verify", Short: "Check every record of the history, of the running node or on disk", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			k, err := p.kept(lock)
			if err != nil {
				return err
			}
			sound, err := k.sound()
			if err := errors.Join(err, k.close()); err != nil {
				return err
			}
			if show := p.format(asJSON, asYAML); show != nil {
				return show(sound)
			}
			fmt.Fprintf(p.out, "%d versions are sound; v%d is in use\n", sound.Versions, sound.Head)
			return nil
		},
	}
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asYAML, "yaml", false, "print YAML")
	c.MarkFlagsMutuallyExclusive("json", "yaml")
	return c
}

func (p *program) registryExport() *cobra.Command {
	var lock, to string
	c := &cobra.Command{
		Use: "export file", Short: "Write the history to a file: JSON lines, or a SQLite database",
		Example: "  troupe registry export history.jsonl\n  troupe registry export --to sqlite history.db",
		Args:    oneFile,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if to != "jsonl" && to != "sqlite" {
				return fmt.Errorf("--to %s: expected jsonl or sqlite", to)
			}
			if _, err := os.Stat(args[0]); err == nil {
				return fmt.Errorf("%s is there already; name another file", args[0])
			}
			k, err := p.kept(lock)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, k.close()) }()
			records, head, err := k.load()
			if err != nil {
				return err
			}
			// Under its name is only what is complete.
			part := args[0] + ".part"
			for _, rest := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(part + rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			if to == "jsonl" {
				err = writeLines(part, records, head)
			} else {
				err = copyHistory("sqlite", part, records, head)
			}
			if err != nil {
				return errors.Join(err, os.Remove(part))
			}
			if err := os.Rename(part, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%d versions written to %s\n", len(records), args[0])
			return nil
		},
	}
	c.Flags().StringVar(&to, "to", "jsonl", "jsonl or sqlite")
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

func oneFile(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("expected one file; see '%s --help'", c.CommandPath())
	}
	return nil
}

func writeLines(name string, records []registry.Record, head uint64) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(f)
	for _, r := range records {
		d, err := history.RecordData(r, head)
		if err == nil {
			err = enc.Encode(d)
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// copyHistory appends records to the log at path.
func copyHistory(kind, path string, records []registry.Record, head uint64) error {
	log, err := openlog.Open(kind, path)
	if err != nil {
		return err
	}
	return errors.Join(appendAll(log, records, head), log.Close())
}

func appendAll(log history.Log, records []registry.Record, head uint64) error {
	for _, r := range records {
		if err := log.Append(r); err != nil {
			return err
		}
	}
	return log.SetHead(head)
}

func (p *program) registryImport() *cobra.Command {
	var lock string
	c := &cobra.Command{
		Use: "import file", Short: "Fill an empty history from a file that export has written",
		Example: "  troupe registry import history.jsonl",
		Args:    oneFile,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			records, head, err := readHistory(args[0])
			if err != nil {
				return fmt.Errorf("reading %s: %w", args[0], err)
			}
			log, err := p.openHistory(lock)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, log.Close()) }()
			if have, err := log.Versions(); err != nil {
				return err
			} else if len(have) > 0 {
				return fmt.Errorf("the history of this folder has %d versions already; move it away to begin with another one", len(have))
			}
			if err := appendAll(log, records, head); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%d versions read from %s; v%d is in use\n", len(records), args[0], head)
			return nil
		},
	}
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

// readHistory reads JSON lines, or a SQLite history.
func readHistory(name string) (records []registry.Record, head uint64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	in := bufio.NewReader(f)
	if start, _ := in.Peek(len(sqliteMark)); string(start) == sqliteMark {
		log, err := openlog.Open("sqlite", name)
		if err != nil {
			return nil, 0, err
		}
		records, head, err = history.Load(log)
		return records, head, errors.Join(err, log.Close())
	}
	dec := json.NewDecoder(in)
	for {
		var l messages.RecordData
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return records, head, nil
		} else if err != nil {
			return nil, 0, fmt.Errorf("version %d: %w", len(records)+1, err)
		}
		r, err := history.Record(l)
		if err != nil {
			return nil, 0, err
		}
		records = append(records, r)
		if l.Head {
			head = l.Version
		}
	}
}

// sqliteMark is what a SQLite file begins with (sqlite.org/fileformat2.html).
const sqliteMark = "SQLite format 3\x00"

func (p *program) registryGraph() *cobra.Command {
	var lock string
	var files bool
	var dot, asJSON, asYAML bool
	c := &cobra.Command{
		Use: "graph [id]", Short: "Show which entry refers to which, or what one entry uses and is used by",
		Example: "  troupe registry graph app:web\n  troupe registry graph --dot | dot -Tsvg > graph.svg",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			es, err := p.entries(lock, files)
			if err != nil {
				return err
			}
			parts, err := standard.Parts().Resolve()
			if err != nil {
				return err
			}
			kinds := parts.Schemas()
			edges := []edge{}
			for _, e := range es.Sorted() {
				for _, ref := range kinds.References(e) {
					// A field is found by its name and by what its kind says of it.
					next := edge{e.ID.String(), ref.ID.String(), strings.TrimPrefix(strings.Join(ref.Path, "."), "data.")}
					if _, there := es[ref.ID]; there && !slices.Contains(edges[max(0, len(edges)-20):], next) {
						edges = append(edges, next)
					}
				}
			}
			if len(args) == 1 {
				id, err := registry.ParseID(args[0])
				if err != nil {
					return err
				}
				if _, there := es[id]; !there {
					_, err := lookup(es, args[0], "")
					return err
				}
				near := []edge{}
				for _, e := range edges {
					if e.From == id.String() || e.To == id.String() {
						near = append(near, e)
					}
				}
				edges = near
			}
			show := p.format(asJSON, asYAML)
			switch {
			case show != nil:
				return show(edges)
			case dot:
				fmt.Fprintln(p.out, "digraph entries {\n  rankdir=LR;\n  node [shape=box];")
				for _, e := range edges {
					fmt.Fprintf(p.out, "  %q -> %q [label=%q];\n", e.From, e.To, e.Field)
				}
				fmt.Fprintln(p.out, "}")
			default:
				for _, e := range edges {
					fmt.Fprintf(p.out, "%s → %s (%s)\n", e.From, e.To, e.Field)
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&files, "files", false, fromFiles)
	c.Flags().BoolVar(&dot, "dot", false, "print it in the language of Graphviz")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	c.Flags().BoolVar(&asYAML, "yaml", false, "print YAML")
	c.MarkFlagsMutuallyExclusive("dot", "json", "yaml")
	return c
}

// edge is a reference.
type edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Field string `json:"field"`
}
