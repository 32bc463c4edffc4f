package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

// busyProcess is a process between two looks at it.
type busyProcess struct {
	shownProcess
	Rate float64 `json:"reductions_per_second"`
}

// topNode is what top needs of a node.
type topNode interface {
	asker
	Trace(ctx context.Context, pid string, begun func(), f func(messages.TraceEvent) error) error
}

// sampler looks at the processes of a node again and again.
type sampler struct {
	node topNode
	at   time.Time
	last map[string]int64 // reductions by PID
}

// next looks once more. A process that is new has used its reductions since it
// was started.
func (s *sampler) next(ctx context.Context) ([]busyProcess, error) {
	all, err := processes(ctx, s.node)
	if err != nil {
		return nil, err
	}
	now, last := time.Now(), make(map[string]int64, len(all))
	list := make([]busyProcess, len(all))
	for i, p := range all {
		list[i].shownProcess = p
		since := s.at
		if p.Started.After(since) {
			since = p.Started
		}
		if over := now.Sub(since).Seconds(); over > 0 {
			list[i].Rate = max(float64(p.Reductions-s.last[p.PID])/over, 0)
		}
		last[p.PID] = p.Reductions
	}
	s.at, s.last = now, last
	return list, nil
}

// topSortings are the orders of top, by the keys 1, 2, …
var topSortings = append([]string{"rate"}, sortings...)

func sortBusy(list []busyProcess, by string) {
	slices.SortStableFunc(list, func(a, b busyProcess) int {
		order := compareProcesses(a.shownProcess, b.shownProcess, by)
		if by == "rate" {
			order = cmp.Compare(b.Rate, a.Rate)
		}
		return cmp.Or(order, cmp.Compare(a.PID, b.PID))
	})
}

func matchingBusy(list []busyProcess, text string) []busyProcess {
	out := []busyProcess{}
	for _, p := range list {
		if p.has(text) {
			out = append(out, p)
		}
	}
	return out
}

var topColumns = slices.Insert(slices.Clone(columns), rateColumn, "RED/S")

// rateColumn is where top has one column more than ps.
const rateColumn = 4

func (p busyProcess) cells(now time.Time) []string {
	return slices.Insert(p.shownProcess.cells(now), rateColumn, fmt.Sprintf("%.0f", p.Rate))
}

func (p *program) topCommand() *cobra.Command {
	l := listing{sort: "rate", sortings: topSortings}
	var once, asJSON bool
	var interval time.Duration
	c := &cobra.Command{
		Use: "top", Short: "Watch the processes of the node that runs in this folder",
		Long: `Shows the processes of the running node, again after each interval, with the
reductions that each used in a second. The keys are shown by ?. Where the output
is no terminal, and with --once or --json, it looks for one interval, prints what
it has seen and ends.`,
		Example: "  troupe top\n  troupe top --once --sort memory --filter app:worker",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return err
			}
			if interval < 10*time.Millisecond {
				return fmt.Errorf("--interval %s: expected 10ms or more", interval)
			}
			n, err := p.node()
			if err != nil {
				return err
			}
			defer n.Close()
			if out, ok := p.out.(*os.File); !once && !asJSON && ok && term.IsTerminal(int(out.Fd())) {
				return p.watchTop(c.Context(), n, l, interval)
			}
			s := sampler{node: n}
			if _, err := s.next(c.Context()); err != nil {
				return err
			}
			select {
			case <-time.After(interval):
			case <-c.Context().Done():
				return c.Context().Err()
			}
			all, err := s.next(c.Context())
			if err != nil {
				return err
			}
			list := matchingBusy(all, l.filter)
			sortBusy(list, l.sort)
			if asJSON {
				return p.printJSON(list)
			}
			return printTop(p.out, list)
		},
	}
	l.flags(c)
	c.Flags().BoolVar(&once, "once", false, "print one table and end, also on a terminal")
	c.Flags().BoolVar(&asJSON, "json", false, "print one list in JSON and end")
	c.Flags().DurationVar(&interval, "interval", time.Second, "`time` between two looks")
	return c
}

func printTop(out io.Writer, list []busyProcess) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(topColumns, "\t"))
	for _, p := range list {
		fmt.Fprintln(w, strings.Join(p.cells(time.Now()), "\t"))
	}
	return w.Flush()
}

// watchTop is top on a terminal.
func (p *program) watchTop(ctx context.Context, n *boot.Control, l listing, interval time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	m := newTopView(ctx, n, l, interval)
	t := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(p.in), tea.WithOutput(p.out))
	m.send = t.Send
	_, err := t.Run()
	cancel()
	m.work.Wait()
	return err
}
