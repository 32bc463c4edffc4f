package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/openlog"
)

// versions is the history of an application: of the node that runs in its
// folder, else of what is on the disk.
type versions interface {
	list() (all []*messages.VersionData, current int64, err error)
	at(version int64) (registry.Entries, error)
	moveTo(version int64) error
	close() error
}

// versions opens the history of the application in this folder.
func (p *program) versions(lock string) (versions, error) {
	pr, err := p.open(lock, nil)
	if err != nil {
		return nil, err
	}
	if c, err := boot.DialControl(pr.config.String("control.socket")); err == nil {
		return liveVersions{c}, nil
	}
	kind, path := pr.config.String("registry.history_type"), pr.config.String("registry.history_path")
	if !pr.config.Bool("registry.enable_history") || !openlog.Durable(kind) {
		return nil, errors.New("no node is running in this folder and its configuration keeps versions in memory only; start one with 'troupe run', or set registry.history_type to badger or sqlite")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no history yet at %s (registry.history_path); it is made by the first 'troupe run'", path)
	}
	es, problems, err := pr.load()
	if err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("reading the entries:\n%w", err)
	}
	log, err := openlog.Open(kind, path)
	if err != nil {
		return nil, err
	}
	s := storedVersions{log: log, state: registry.NewState(pr.parts.Schemas(), es, registry.StateOptions{Past: log})}
	head, err := log.Head()
	var warnings registry.Problems
	if err == nil {
		s.records, err = log.Versions()
	}
	if err == nil {
		warnings, err = s.state.Replay(s.records, head)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	for _, w := range warnings {
		fmt.Fprintln(p.err, "warning:", w)
	}
	return s, nil
}

// liveVersions is the history of a running node.
type liveVersions struct{ *boot.Control }

func (r liveVersions) list() (all []*messages.VersionData, current int64, err error) {
	var now messages.VersionData
	if err := r.Ask(context.Background(), &messages.RegistryVersion{}, &now); err != nil {
		return nil, 0, err
	}
	err = r.Ask(context.Background(), &messages.RegistryVersions{}, &all)
	return all, now.ID, err
}

func (r liveVersions) at(version int64) (registry.Entries, error) {
	var list []*messages.EntryData
	if err := r.Ask(context.Background(), &messages.RegistryFind{At: &version}, &list); err != nil {
		return nil, fmt.Errorf("version %d: %w", version, err)
	}
	out := registry.Entries{}
	for _, d := range list {
		id, err := registry.ParseID(d.ID)
		if err != nil {
			return nil, err
		}
		out[id] = registry.Entry{ID: id, Kind: d.Kind, Meta: d.Meta, Data: d.Data}
	}
	return out, nil
}

func (r liveVersions) moveTo(version int64) error {
	return r.Ask(context.Background(), &messages.RegistryGoto{ID: version}, nil)
}

func (r liveVersions) close() error {
	r.Close()
	return nil
}

// storedVersions is the history of an application that does not run.
type storedVersions struct {
	log     history.Log
	records []registry.Record
	state   *registry.State
}

func (s storedVersions) list() (all []*messages.VersionData, current int64, err error) {
	all = []*messages.VersionData{{Parent: -1}}
	for _, r := range s.records {
		all = append(all, &messages.VersionData{ID: int64(r.Version.Number), Parent: int64(r.Version.Parent), Time: time.Unix(r.Time, 0), Author: r.Author, Message: r.Message})
	}
	return all, int64(s.state.Current().Version().Number), nil
}

func (s storedVersions) at(version int64) (registry.Entries, error) {
	snap, err := s.state.SnapshotAt(uint64(version))
	if err != nil {
		return nil, err
	}
	return snap.Entries(), nil
}

func (s storedVersions) moveTo(version int64) error { return s.log.SetHead(uint64(version)) }
func (s storedVersions) close() error               { return s.log.Close() }

// onVersions makes a command that works on the history. show, if it is not nil,
// prints the result for programs.
func (p *program) onVersions(use, short, example string, args int, run func(h versions, args []int64, show func(any) error) error) *cobra.Command {
	var lock string
	var asJSON, asYAML bool
	c := &cobra.Command{
		Use: use, Short: short, Example: example,
		Args: func(c *cobra.Command, given []string) error {
			if len(given) != args {
				return fmt.Errorf("expected %d version numbers; see '%s --help'", args, c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, given []string) (err error) {
			numbers := make([]int64, len(given))
			for i, text := range given {
				if numbers[i], err = strconv.ParseInt(strings.TrimPrefix(text, "v"), 10, 64); err != nil || numbers[i] < 0 {
					return fmt.Errorf("%q is not the number of a version; 'troupe registry history' lists them", text)
				}
			}
			h, err := p.versions(lock)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.close()) }()
			return run(h, numbers, p.format(asJSON, asYAML))
		},
	}
	c.Flags().StringVarP(&lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asYAML, "yaml", false, "print YAML")
	c.MarkFlagsMutuallyExclusive("json", "yaml")
	return c
}

// format is how a result is printed for programs; nil if it is for people.
func (p *program) format(asJSON, asYAML bool) func(any) error {
	switch {
	case asJSON:
		return p.printJSON
	case asYAML:
		return p.printYAML
	}
	return nil
}

// shownVersion is a version in JSON and YAML.
type shownVersion struct {
	Version int64  `json:"version" yaml:"version"`
	Parent  *int64 `json:"parent" yaml:"parent"`
	Current bool   `json:"current" yaml:"current"`
	Time    string `json:"time,omitempty" yaml:"time,omitempty"`
	Author  string `json:"author,omitempty" yaml:"author,omitempty"`
	Message string `json:"message,omitempty" yaml:"message,omitempty"`
}

func (p *program) registryHistory() *cobra.Command {
	return p.onVersions("history", "List the versions of the registry", "", 0, func(h versions, _ []int64, show func(any) error) error {
		all, current, err := h.list()
		if err != nil {
			return err
		}
		list := make([]shownVersion, len(all))
		for i, v := range all {
			list[i] = shownVersion{Version: v.ID, Current: v.ID == current, Author: v.Author, Message: v.Message}
			if v.ID > 0 {
				list[i].Parent, list[i].Time = &v.Parent, v.Time.UTC().Format(time.RFC3339)
			}
		}
		if show != nil {
			return show(list)
		}
		w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, v := range list {
			mark, note := " ", v.Message
			if v.Current {
				mark = "*"
			}
			if v.Version == 0 {
				note = "the files"
			} else if *v.Parent != v.Version-1 {
				note = strings.TrimSpace(fmt.Sprintf("(made on v%d) %s", *v.Parent, note))
			}
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%s v%d\t%s\t%s\t%s", mark, v.Version, v.Time, v.Author, note), "\t "))
		}
		return w.Flush()
	})
}

func (p *program) registryDiff() *cobra.Command {
	return p.onVersions("diff from to", "Show what is different between two versions", "  troupe registry diff 0 3", 2, func(h versions, at []int64, show func(any) error) error {
		before, err := h.at(at[0])
		if err != nil {
			return err
		}
		after, err := h.at(at[1])
		if err != nil {
			return err
		}
		changes := registry.Diff(before, after)
		if show != nil {
			return show(shownChanges(changes))
		}
		p.printChanges(changes)
		return nil
	})
}

func (p *program) registryRollback() *cobra.Command {
	return p.onVersions("rollback version", "Make a version the current one again", "  troupe registry rollback 3", 1, func(h versions, at []int64, show func(any) error) error {
		_, from, err := h.list()
		if err != nil {
			return err
		}
		before, err := h.at(from)
		if err != nil {
			return err
		}
		after, err := h.at(at[0])
		if err != nil {
			return err
		}
		if err := h.moveTo(at[0]); err != nil {
			return err
		}
		changes := registry.Diff(before, after)
		if show != nil {
			return show(map[string]any{"from": from, "to": at[0], "changes": shownChanges(changes)})
		}
		fmt.Fprintf(p.out, "v%d → v%d\n", from, at[0])
		p.printChanges(changes)
		return nil
	})
}

func shownChanges(changes []registry.Change) []map[string]any {
	out := []map[string]any{}
	for _, c := range changes {
		fields := []map[string]any{}
		for _, f := range c.Fields {
			fields = append(fields, map[string]any{"path": f.Path, "old": f.Old, "new": f.New})
		}
		out = append(out, map[string]any{"op": strings.TrimPrefix(c.Op.String(), "entry."), "id": c.ID.String(), "kind": c.Kind, "fields": fields})
	}
	return out
}

// printChanges shows changes for people, texts of several lines by line.
func (p *program) printChanges(changes []registry.Change) {
	for _, c := range changes {
		fmt.Fprintln(p.out, c)
		for _, f := range c.Fields {
			old, isText := f.Old.(string)
			now, isToo := f.New.(string)
			if isText && isToo && strings.Contains(old+now, "\n") {
				fmt.Fprintf(p.out, "    %s:\n", f.Path)
				p.printLines(old, now)
				continue
			}
			fmt.Fprintf(p.out, "    %s: %s → %s\n", f.Path, brief(f.Old), brief(f.New))
		}
	}
	if len(changes) == 0 {
		fmt.Fprintln(p.out, "nothing is different")
	}
}

// brief is a value on one line.
func brief(v any) string {
	if v == nil {
		return "(none)"
	}
	text := fmt.Sprint(v)
	if s, ok := v.(string); ok {
		text = strconv.Quote(s)
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}

// printLines prints the lines that are different.
func (p *program) printLines(old, now string) {
	d := diffmatchpatch.New()
	a, b, lines := d.DiffLinesToChars(old, now)
	for _, part := range d.DiffCharsToLines(d.DiffMain(a, b, false), lines) {
		mark := map[diffmatchpatch.Operation]string{diffmatchpatch.DiffDelete: "-", diffmatchpatch.DiffInsert: "+"}[part.Type]
		if mark == "" {
			continue
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(part.Text, "\n"), "\n") {
			fmt.Fprintf(p.out, "      %s %s\n", mark, line)
		}
	}
}
