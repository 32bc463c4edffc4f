package actors

import (
	"context"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// LogOptions say how log lines look. Zero values give lines for machines that
// read tabs, from level info.
type LogOptions struct {
	Level  slog.Leveler // default info
	JSON   bool         // an object for each line
	Pretty bool         // for people: seconds since Start, columns
	Color  bool         // with Pretty: colours by level
	Stacks bool         // errors carry the Go stack of the place that logs them
	Start  time.Time    // with Pretty: what seconds are counted from
}

// NewLogHandler writes log lines to w, one Write for each. The attribute
// "logger" is the name of the logger and has a place of its own in the line.
func NewLogHandler(w io.Writer, opt LogOptions) slog.Handler {
	if opt.Level == nil {
		opt.Level = slog.LevelInfo
	}
	return &logHandler{opt: opt, out: &logOut{w: w}}
}

// SilentLog returns a logger without output.
func SilentLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// LogGate holds back the log lines of a handler while somebody needs the
// terminal for itself.
type LogGate struct{ closed atomic.Int32 }

// Close holds lines back until open is called, once.
func (g *LogGate) Close() (open func()) {
	g.closed.Add(1)
	return sync.OnceFunc(func() { g.closed.Add(-1) })
}

// Handler puts the gate in front of a handler. Lines that meet it closed are
// lost.
func (g *LogGate) Handler(h slog.Handler) slog.Handler { return &gated{h, g} }

type gated struct {
	slog.Handler
	gate *LogGate
}

// Enabled implements slog.Handler.
func (h *gated) Enabled(ctx context.Context, level slog.Level) bool {
	return h.gate.closed.Load() == 0 && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h *gated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &gated{h.Handler.WithAttrs(attrs), h.gate}
}

// WithGroup implements slog.Handler.
func (h *gated) WithGroup(name string) slog.Handler {
	return &gated{h.Handler.WithGroup(name), h.gate}
}

type logOut struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

// logHandler is a slog.Handler for the three forms of a line.
type logHandler struct {
	opt    LogOptions
	out    *logOut
	logger string
	fields []logField // those of With
	open   []string   // groups that are open
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.opt.Level.Level()
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fields = cloneFields(h.fields)
	for _, a := range attrs {
		c.add(a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.open = append(slices.Clone(h.open), name)
	return &c
}

// add puts an attribute into the groups that are open.
func (h *logHandler) add(a slog.Attr) {
	if len(h.open) == 0 && a.Key == "logger" && a.Value.Kind() == slog.KindString {
		h.logger = a.Value.String()
		return
	}
	h.fields = addField(h.fields, h.open, a)
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	line := *h
	stack := h.opt.Stacks && r.Level >= slog.LevelError
	if r.NumAttrs() > 0 || stack {
		line.fields = cloneFields(h.fields)
		r.Attrs(func(a slog.Attr) bool {
			line.add(a)
			return true
		})
	}
	if stack {
		line.open = nil
		line.add(slog.String("stack", string(debug.Stack())))
	}
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	b := h.out.buf[:0]
	switch {
	case h.opt.JSON:
		b = line.json(b, r)
	case h.opt.Pretty:
		b = line.pretty(b, r)
	default:
		b = line.tabs(b, r)
	}
	b = append(b, '\n')
	if cap(b) <= 1<<16 {
		h.out.buf = b
	}
	_, err := h.out.w.Write(b)
	return err
}

// oneLine keeps a message from looking like several log lines.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

func (h *logHandler) tabs(b []byte, r slog.Record) []byte {
	if !r.Time.IsZero() {
		b = r.Time.AppendFormat(b, "2006-01-02 15:04:05")
		b = append(b, '\t')
	}
	b = append(b, r.Level.String()...)
	if h.logger != "" {
		b = append(append(b, '\t'), h.logger...)
	}
	b = append(append(b, '\t'), oneLine.Replace(r.Message)...)
	if len(h.fields) > 0 {
		b = appendFields(append(b, '\t'), h.fields, true)
	}
	return b
}

func (h *logHandler) pretty(b []byte, r slog.Record) []byte {
	color := func(code string) {
		if h.opt.Color {
			b = append(b, code...)
		}
	}
	color("\x1b[90m")
	b = appendSeconds(b, r.Time.Sub(h.opt.Start))
	color(levelColor(r.Level))
	b = append(b, "  "...)
	b = appendPadded(b, r.Level.String(), 5)
	color("\x1b[36m")
	b = append(b, "  "...)
	b = appendPadded(b, h.logger, 12)
	color("\x1b[0m")
	b = append(b, "  "...)
	b = append(b, oneLine.Replace(r.Message)...)
	if len(h.fields) > 0 {
		b = append(b, "  "...)
		color("\x1b[90m")
		b = appendFields(b, h.fields, true)
		color("\x1b[0m")
	}
	return b
}

func (h *logHandler) json(b []byte, r slog.Record) []byte {
	line := make([]logField, 0, 4+len(h.fields))
	if !r.Time.IsZero() {
		line = append(line, logField{key: "ts", value: slog.StringValue(r.Time.Format(time.RFC3339Nano))})
	}
	line = append(line, logField{key: "level", value: slog.StringValue(strings.ToLower(r.Level.String()))})
	if h.logger != "" {
		line = append(line, logField{key: "logger", value: slog.StringValue(h.logger)})
	}
	line = append(line, logField{key: "msg", value: slog.StringValue(r.Message)})
	return appendFields(b, append(line, h.fields...), false)
}

func levelColor(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "\x1b[31m"
	case l >= slog.LevelWarn:
		return "\x1b[33m"
	case l >= slog.LevelInfo:
		return "\x1b[32m"
	}
	return "\x1b[35m"
}

// FrameworkLog is the logger for Proto.Actor itself: its warnings and errors
// appear among ours, the rest of what it says is of no use to an operator.
func FrameworkLog(log *slog.Logger) func(*actor.ActorSystem) *slog.Logger {
	l := slog.New(&loud{log.Handler()}).With("logger", "proto.actor")
	return func(*actor.ActorSystem) *slog.Logger { return l }
}

// loud lets only warnings and errors through.
type loud struct{ slog.Handler }

func (l *loud) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && l.Handler.Enabled(ctx, level)
}
func (l *loud) WithAttrs(as []slog.Attr) slog.Handler { return &loud{l.Handler.WithAttrs(as)} }
func (l *loud) WithGroup(name string) slog.Handler    { return &loud{l.Handler.WithGroup(name)} }
