package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/openlog"
)

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
	c := &cobra.Command{
		Use: "verify", Short: "Check every record of the history on disk", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			log, err := p.openHistory(lock)
			if err != nil {
				return err
			}
			var records []registry.Record
			var head uint64
			err = log.Verify()
			if err == nil {
				records, err = log.Versions()
			}
			if err == nil {
				head, err = log.Head()
			}
			if err := errors.Join(err, log.Close()); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%d versions are sound; v%d is in use\n", len(records), head)
			return nil
		},
	}
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

// line is a version in a file of JSON lines.
type line struct {
	Version uint64          `json:"version"`
	Parent  uint64          `json:"parent"`
	Time    int64           `json:"time"`
	Author  string          `json:"author,omitempty"`
	Message string          `json:"message,omitempty"`
	Head    bool            `json:"head,omitempty"`
	Changes json.RawMessage `json:"changes"`
	Base    json.RawMessage `json:"base,omitempty"` // all that is different from version 0
}

func (p *program) registryExport() *cobra.Command {
	var lock, to string
	c := &cobra.Command{
		Use: "export file", Short: "Write the history to a file: JSON lines, or a SQLite database",
		Example: "  troupe registry export history.jsonl\n  troupe registry export --to sqlite history.db",
		Args:    oneFile,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if _, err := os.Stat(args[0]); err == nil {
				return fmt.Errorf("%s is there already; name another file", args[0])
			}
			log, err := p.openHistory(lock)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, log.Close()) }()
			records, head, err := history.Load(log)
			if err != nil {
				return err
			}
			switch to {
			case "jsonl":
				err = writeLines(args[0], records, head)
			case "sqlite":
				err = copyHistory("sqlite", args[0], records, head)
			default:
				return fmt.Errorf("--to %s: expected jsonl or sqlite", to)
			}
			if err == nil {
				fmt.Fprintf(p.out, "%d versions written to %s\n", len(records), args[0])
			}
			return err
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
		changes, err := history.EncodeJSON(r.Ops)
		if err != nil {
			return errors.Join(err, f.Close())
		}
		l := line{Version: r.Version.Number, Parent: r.Version.Parent, Time: r.Time, Author: r.Author, Message: r.Message, Head: r.Version.Number == head, Changes: changes}
		if r.Based {
			if l.Base, err = history.EncodeJSON(r.Base); err != nil {
				return errors.Join(err, f.Close())
			}
		}
		if err := enc.Encode(l); err != nil {
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
		var l line
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return records, head, nil
		} else if err != nil {
			return nil, 0, fmt.Errorf("version %d: %w", len(records)+1, err)
		}
		ops, err := history.DecodeJSON(l.Changes)
		if err != nil {
			return nil, 0, fmt.Errorf("version %d: %w", l.Version, err)
		}
		r := registry.Record{Version: registry.Version{Number: l.Version, Parent: l.Parent}, Time: l.Time, Author: l.Author, Message: l.Message, Ops: ops}
		if l.Base != nil {
			if r.Base, err = history.DecodeJSON(l.Base); err != nil {
				return nil, 0, fmt.Errorf("the base of version %d: %w", l.Version, err)
			}
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
	var dot, asJSON, asYAML bool
	c := &cobra.Command{
		Use: "graph [id]", Short: "Show which entry refers to which, or what one entry uses and is used by",
		Example: "  troupe registry graph app:web\n  troupe registry graph --dot | dot -Tsvg > graph.svg",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			pr, err := p.open(lock, nil)
			if err != nil {
				return err
			}
			es, _, err := pr.load()
			if err != nil {
				return err
			}
			kinds := pr.parts.Schemas()
			edges := []edge{}
			for _, e := range es.Sorted() {
				for _, ref := range kinds.References(e) {
					if _, there := es[ref.ID]; there {
						edges = append(edges, edge{e.ID.String(), ref.ID.String(), strings.Join(ref.Path, ".")})
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
