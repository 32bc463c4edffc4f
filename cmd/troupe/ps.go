package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// node finds the node that runs in this folder.
func (p *program) node() (*boot.Control, error) {
	pr, err := p.open("", nil)
	if err != nil {
		return nil, err
	}
	return boot.DialControl(pr.config.String("control.socket"))
}

// shownProcess is a process in JSON.
type shownProcess struct {
	PID        string    `json:"pid"`
	Entry      string    `json:"entry"`
	Host       string    `json:"host"`
	State      string    `json:"state"`
	Reductions int64     `json:"reductions"`
	Memory     int64     `json:"memory"`
	Mailbox    int       `json:"mailbox"`
	Parent     string    `json:"parent,omitempty"`
	Actor      string    `json:"actor,omitempty"`
	Names      []string  `json:"names,omitempty"`
	Started    time.Time `json:"started"`
}

// sortings are the orders of a list of processes; the largest comes first.
var sortings = []string{"reductions", "memory", "mailbox", "age"}

func sortProcesses(list []shownProcess, by string) {
	slices.SortStableFunc(list, func(a, b shownProcess) int { return compareProcesses(a, b, by) })
}

func compareProcesses(a, b shownProcess, by string) int {
	switch by {
	case "reductions":
		return cmp.Compare(b.Reductions, a.Reductions)
	case "memory":
		return cmp.Compare(b.Memory, a.Memory)
	case "mailbox":
		return cmp.Compare(b.Mailbox, a.Mailbox)
	case "age":
		return a.Started.Compare(b.Started)
	}
	return cmp.Compare(a.PID, b.PID)
}

// has reports whether text is in its PID, entry, state or names.
func (s shownProcess) has(text string) bool {
	return strings.Contains(s.PID+"\n"+s.Entry+"\n"+s.State+"\n"+strings.Join(s.Names, "\n"), text)
}

// matching are the processes with text in their PID, entry or names.
func matching(list []shownProcess, text string) []shownProcess {
	out := []shownProcess{}
	for _, s := range list {
		if s.has(text) {
			out = append(out, s)
		}
	}
	return out
}

// asker is what answers commands: a node.
type asker interface {
	Ask(ctx context.Context, command, out any) error
}

// processes asks a node for its processes.
func processes(ctx context.Context, c asker) ([]shownProcess, error) {
	var all []messages.ProcessData
	if err := c.Ask(ctx, &messages.Processes{}, &all); err != nil {
		return nil, err
	}
	list := make([]shownProcess, len(all))
	for i, d := range all {
		list[i] = shownProcess{
			PID: d.PID, Entry: d.Source, Host: d.Host, State: d.State, Reductions: d.Steps, Memory: d.Memory,
			Mailbox: d.Mailbox, Parent: d.Parent, Actor: d.Actor, Names: d.Names, Started: d.Started,
		}
	}
	return list, nil
}

var columns = []string{"PID", "ENTRY", "NAME", "STATE", "REDUCTIONS", "MEMORY", "MAILBOX", "AGE"}

// cells are the columns of a process.
func (s shownProcess) cells(now time.Time) []string {
	memory := "-" // it was never measured
	if s.Memory > 0 {
		memory = byteText(s.Memory)
	}
	names := messages.Printable(strings.Join(s.Names, ","))
	if names == "" {
		names = "-"
	}
	return []string{s.PID, s.Entry, names, s.State, fmt.Sprint(s.Reductions), memory, fmt.Sprint(s.Mailbox), age(now.Sub(s.Started))}
}

// age is a duration with its two largest units.
func age(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	switch day := 24 * time.Hour; {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.String()
}

// byteText is a size with one digit after the point.
func byteText(n int64) string {
	f, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	for f >= 1024 && len(units) > 1 {
		f, units = f/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[0])
}

func printProcesses(out io.Writer, list []shownProcess) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, s := range list {
		fmt.Fprintln(w, strings.Join(s.cells(time.Now()), "\t"))
	}
	return w.Flush()
}

// listing are the flags of the commands that list processes.
type listing struct {
	sort, filter string
	sortings     []string
}

func (l *listing) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.sort, "sort", l.sort, "largest first by `column`: "+strings.Join(l.sortings, ", "))
	c.Flags().StringVar(&l.filter, "filter", "", "only processes with this `text` in PID, entry, name or state")
}

func (l *listing) check() error {
	if l.sort != "" && !slices.Contains(l.sortings, l.sort) {
		return fmt.Errorf("--sort %s: expected %s", l.sort, strings.Join(l.sortings, ", "))
	}
	return nil
}

// of is the list as the flags want it.
func (l *listing) of(all []shownProcess) []shownProcess {
	list := matching(all, l.filter)
	sortProcesses(list, l.sort)
	return list
}

func (p *program) psCommand() *cobra.Command {
	l := listing{sortings: sortings}
	var asJSON bool
	c := &cobra.Command{
		Use: "ps", Short: "List the processes of the node that runs in this folder",
		Example: "  troupe ps --sort memory\n  troupe ps --filter app:worker --json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return err
			}
			n, err := p.node()
			if err != nil {
				return err
			}
			defer n.Close()
			all, err := processes(c.Context(), n)
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(l.of(all))
			}
			return printProcesses(p.out, l.of(all))
		},
	}
	l.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) killCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kill PID [reason]", Short: "End a process of the running node at once, by PID or registered name",
		Example: "  troupe kill '{app:host|0x00007}'\n  troupe kill worker 'it hangs'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("expected a PID or registered name, and perhaps a reason; 'troupe ps' lists the processes")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			n, err := p.node()
			if err != nil {
				return err
			}
			defer n.Close()
			reason := ""
			if len(args) == 2 {
				reason = args[1]
			}
			return n.Ask(c.Context(), &messages.ControlTerminate{PID: args[0], Reason: reason}, nil)
		},
	}
}
