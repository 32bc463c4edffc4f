package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/troupe-go/troupe/messages"
)

// topView is top on a terminal: what it has seen last and what its user does.
type topView struct {
	ctx      context.Context
	samples  *sampler
	interval time.Duration
	send     func(tea.Msg)
	work     sync.WaitGroup // traces

	all      []busyProcess
	rows     []busyProcess // those that are shown, in order
	sort     string
	filter   string
	selected string // PID
	first    int    // row at the top
	paused   bool
	mode     topMode
	note     string // the error of what was done last
	failed   string // why the node cannot be seen

	lines   []string // of the trace
	tracing int      // which trace
	stop    func()   // ends the trace

	width, height int
}

// topMode is what the keys are for.
type topMode int

const (
	topList topMode = iota
	topFilter
	topKill
	topTrace
	topHelp
)

// The messages of the view.
type (
	topTick   struct{}
	topSample struct {
		list []busyProcess
		err  error
	}
	topDone struct {
		what string
		err  error
	}
	topTraced struct {
		tracing int
		event   messages.TraceEvent
	}
	topTraceEnd struct {
		tracing int
		err     error
	}
)

func newTopView(ctx context.Context, n topNode, l listing, interval time.Duration) *topView {
	return &topView{ctx: ctx, samples: &sampler{node: n}, interval: interval, sort: l.sort, filter: l.filter, stop: func() {}, width: 80, height: 24}
}

// Init implements tea.Model.
func (v *topView) Init() tea.Cmd { return v.look }

// look takes a sample; there is never more than one under way.
func (v *topView) look() tea.Msg {
	list, err := v.samples.next(v.ctx)
	return topSample{list, err}
}

// Update implements tea.Model.
func (v *topView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		v.width, v.height = m.Width, m.Height
	case topTick:
		if v.paused {
			return v, v.tick()
		}
		return v, v.look
	case topSample:
		v.failed = ""
		if m.err != nil {
			v.failed = m.err.Error()
		} else if !v.paused {
			v.all = m.list
			v.arrange()
		}
		return v, v.tick()
	case topDone:
		if v.note = m.what; m.err != nil {
			v.note = m.err.Error()
		}
	case topTraced:
		if m.tracing == v.tracing {
			v.traced(m.event)
		}
	case topTraceEnd:
		if m.tracing == v.tracing {
			v.lines = append(v.lines, endOfTrace(m.err))
		}
	case tea.KeyPressMsg:
		return v, v.key(m)
	}
	return v, nil
}

func (v *topView) tick() tea.Cmd {
	return tea.Tick(v.interval, func(time.Time) tea.Msg { return topTick{} })
}

// arrange chooses and orders what is shown. The selection stays with its process,
// or near its place once that is gone.
func (v *topView) arrange() {
	at := v.cursor()
	v.rows = matchingBusy(v.all, v.filter)
	sortBusy(v.rows, v.sort)
	if !slices.ContainsFunc(v.rows, func(p busyProcess) bool { return p.PID == v.selected }) {
		v.choose(at)
	}
}

// cursor is the row of the selected process.
func (v *topView) cursor() int {
	return max(slices.IndexFunc(v.rows, func(p busyProcess) bool { return p.PID == v.selected }), 0)
}

func (v *topView) choose(row int) {
	v.selected = ""
	if len(v.rows) > 0 {
		v.selected = v.rows[min(max(row, 0), len(v.rows)-1)].PID
	}
}

func (v *topView) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	if name == "ctrl+c" {
		return tea.Quit
	}
	switch v.mode {
	case topFilter:
		v.typed(name, k.Text)
	case topKill:
		v.mode = topList
		if name == "y" || name == "Y" {
			return v.kill(v.selected)
		}
	case topTrace:
		if slices.Contains([]string{"q", "esc", "t"}, name) {
			v.endTrace()
		}
	case topHelp:
		v.mode = topList
	default:
		return v.command(name)
	}
	return nil
}

// command is a key in the list.
func (v *topView) command(name string) tea.Cmd {
	v.note = ""
	switch name {
	case "q":
		return tea.Quit
	case "?":
		v.mode = topHelp
	case "j", "down":
		v.choose(v.cursor() + 1)
	case "k", "up":
		v.choose(v.cursor() - 1)
	case "pgdown":
		v.choose(v.cursor() + v.room())
	case "pgup":
		v.choose(v.cursor() - v.room())
	case "home", "g":
		v.choose(0)
	case "end", "G":
		v.choose(len(v.rows) - 1)
	case "s":
		v.sort = topSortings[(slices.Index(topSortings, v.sort)+1)%len(topSortings)]
		v.arrange()
	case "/":
		v.mode = topFilter
	case "esc":
		v.filter = ""
		v.arrange()
	case "p", "space":
		v.paused = !v.paused
	case "K":
		if v.selected != "" {
			v.mode = topKill
		}
	case "t":
		if v.selected != "" {
			v.trace(v.selected)
		}
	default:
		if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(topSortings) {
			v.sort = topSortings[n-1]
			v.arrange()
		}
	}
	return nil
}

// typed is a key while the filter is written.
func (v *topView) typed(name, text string) {
	switch name {
	case "enter":
		v.mode = topList
	case "esc":
		v.mode, v.filter = topList, ""
	case "backspace":
		if r := []rune(v.filter); len(r) > 0 {
			v.filter = string(r[:len(r)-1])
		}
	default:
		v.filter += text
	}
	v.arrange()
}

func (v *topView) kill(pid string) tea.Cmd {
	return func() tea.Msg {
		err := v.samples.node.Ask(v.ctx, &messages.ControlTerminate{PID: pid}, nil)
		return topDone{"ended " + pid, err}
	}
}

// trace shows the messages of a process until endTrace.
func (v *topView) trace(pid string) {
	ctx, cancel := context.WithCancel(v.ctx)
	v.tracing++
	v.mode, v.stop, v.lines = topTrace, cancel, []string{"messages of " + pid}
	n, node := v.tracing, v.samples.node
	v.work.Go(func() {
		err := node.Trace(ctx, pid, nil, func(e messages.TraceEvent) error {
			v.send(topTraced{n, e})
			return nil
		})
		v.send(topTraceEnd{n, err})
	})
}

func (v *topView) endTrace() {
	v.stop()
	v.tracing++ // what is still on its way is of no interest
	v.mode, v.stop, v.lines = topList, func() {}, nil
}

// traced keeps as many lines of the trace as any terminal shows.
func (v *topView) traced(e messages.TraceEvent) {
	var b strings.Builder
	_ = traceLines(&b, false)(e) // it is written to memory
	v.lines = append(v.lines, strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")...)
	if most := 500; len(v.lines) > most {
		v.lines = slices.Delete(v.lines, 1, len(v.lines)-most+1)
	}
}

func endOfTrace(err error) string {
	if err != nil {
		return "the trace has ended: " + err.Error()
	}
	return "the process has ended"
}

// room is how many processes fit below the two lines of the head and above the
// one at the foot.
func (v *topView) room() int { return max(v.height-3, 1) }

var (
	topBold    = lipgloss.NewStyle().Bold(true)
	topChosen  = lipgloss.NewStyle().Reverse(true)
	topRunning = lipgloss.NewStyle().Foreground(lipgloss.Green)
	topError   = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// View implements tea.Model.
func (v *topView) View() tea.View {
	var lines []string
	switch v.mode {
	case topHelp:
		lines = strings.Split(topKeys, "\n")
	case topTrace:
		head, rest := v.lines[0], v.lines[1:]
		lines = append([]string{topBold.Render(head)}, rest[max(0, len(rest)-v.height+2):]...)
		for len(lines) < v.height-1 {
			lines = append(lines, "")
		}
		lines = append(lines, "q back to the list")
	default:
		lines = v.table()
	}
	lines = lines[:min(len(lines), max(v.height, 1))]
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, v.width, "…")
	}
	view := tea.NewView(strings.Join(lines, "\n"))
	view.AltScreen = true
	return view
}

// table is the list with its head and foot.
func (v *topView) table() []string {
	running, rate := 0, 0.0
	for _, p := range v.all {
		rate += p.Rate
		if p.State == "running" {
			running++
		}
	}
	head := fmt.Sprintf("%d processes, %d running, %.0f reductions/s, by %s", len(v.all), running, rate, v.sort)
	if v.filter != "" {
		head += fmt.Sprintf(", %d with %q", len(v.rows), v.filter)
	}
	if v.paused {
		head += " — paused"
	}
	lines := []string{topBold.Render(head)}
	at, room := v.cursor(), v.room()
	v.first = min(max(v.first, at-room+1), at, max(0, len(v.rows)-room))
	shown := v.rows[v.first:min(len(v.rows), v.first+room)]
	cells := [][]string{topColumns}
	for _, p := range shown {
		cells = append(cells, p.cells(time.Now()))
	}
	for i, l := range aligned(cells) {
		switch {
		case i == 0:
			l = topBold.Render(l)
		case shown[i-1].PID == v.selected:
			l = topChosen.Render(l + strings.Repeat(" ", max(0, v.width-ansi.StringWidth(l))))
		case shown[i-1].State == "running":
			l = topRunning.Render(l)
		}
		lines = append(lines, l)
	}
	for len(lines) < v.height-1 {
		lines = append(lines, "")
	}
	return append(lines, v.foot())
}

func (v *topView) foot() string {
	switch {
	case v.mode == topFilter:
		return "filter: " + v.filter + "▏ (enter keeps it, esc drops it)"
	case v.mode == topKill:
		return topError.Render("kill " + v.selected + "? (y/n)")
	case v.failed != "":
		return topError.Render(v.failed)
	case v.note != "":
		return v.note
	}
	return "q quit  ? help  s sort  / filter  t trace  K kill  p pause"
}

// aligned pads each column to its widest cell.
func aligned(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], ansi.StringWidth(c))
		}
	}
	out := make([]string, len(rows))
	for n, r := range rows {
		var b strings.Builder
		for i, c := range r {
			b.WriteString(c)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(c)+2))
			}
		}
		out[n] = b.String()
	}
	return out
}

const topKeys = `troupe top

  j, k, arrows   select a process; g and G the first and the last
  s, 1 … 5       sort by the next column; by rate, reductions, memory, mailbox, age
  /              show only processes with a text in PID, entry, name or state
  esc            show all
  t              the messages of the selected process, live
  K              kill the selected process
  p, space       pause
  q              quit

RED/S are the reductions that a process used in a second: VM instructions.
Press any key to go back.`
