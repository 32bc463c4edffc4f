package actors

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/troupe-go/troupe/messages"
)

// LogSystem is the system of the events that log lines become. Their kind is
// the level in lower case, their path the name of the logger.
const LogSystem = "log"

// LogStream is a slog.Handler that also publishes every line as an event. It
// never makes the one who logs wait: lines that find the queue full are counted
// and left out.
type LogStream struct {
	next  slog.Handler
	core  *streamCore
	shape *logHandler // collects attributes and groups
}

type streamCore struct {
	queue   chan *messages.Event
	dropped atomic.Int64
	level   slog.Leveler
	once    sync.Once
	end     chan struct{}
	done    chan struct{}
}

// NewLogStream wraps a handler. Until Run is called lines wait in a queue of the
// given size; level is from which on lines are published.
func NewLogStream(next slog.Handler, level slog.Leveler, size int) *LogStream {
	return &LogStream{
		next: next, shape: &logHandler{},
		core: &streamCore{queue: make(chan *messages.Event, max(1, size)), level: level, end: make(chan struct{}), done: make(chan struct{})},
	}
}

// Run publishes what is queued until Close; it blocks.
func (s *LogStream) Run(publish func(*messages.Event)) {
	defer close(s.core.done)
	for {
		select {
		case e := <-s.core.queue:
			publish(e)
		case <-s.core.end:
			for {
				select {
				case e := <-s.core.queue:
					publish(e)
				default:
					return
				}
			}
		}
	}
}

// Close ends Run after what is queued was published, and waits for that. It must
// not be called without Run.
func (s *LogStream) Close() {
	s.core.once.Do(func() { close(s.core.end) })
	<-s.core.done
}

// Dropped is how many lines found the queue full.
func (s *LogStream) Dropped() int64 { return s.core.dropped.Load() }

// Enabled implements slog.Handler.
func (s *LogStream) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= s.core.level.Level() || s.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (s *LogStream) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= s.core.level.Level() {
		select {
		case s.core.queue <- s.event(r):
		default:
			s.core.dropped.Add(1)
		}
	}
	if !s.next.Enabled(ctx, r.Level) {
		return nil
	}
	return s.next.Handle(ctx, r)
}

func (s *LogStream) event(r slog.Record) *messages.Event {
	line := *s.shape
	line.fields = cloneFields(line.fields)
	r.Attrs(func(a slog.Attr) bool {
		line.add(a)
		return true
	})
	level := strings.ToLower(r.Level.String())
	data := (&messages.Table{}).Set("level", level).Set("message", r.Message)
	if line.logger != "" {
		data.Set("logger", line.logger)
	}
	if !r.Time.IsZero() {
		data.Set("time", float64(r.Time.UnixMicro())/1e6)
	}
	if len(line.fields) > 0 {
		data.Set("fields", fieldTable(line.fields))
	}
	return &messages.Event{System: LogSystem, Kind: level, Path: line.logger, Data: data}
}

func fieldTable(fs []logField) *messages.Table {
	t := &messages.Table{}
	for _, f := range fs {
		switch {
		case f.group != nil:
			t.Set(f.key, fieldTable(f.group))
		case f.value.Kind() == slog.KindAny, f.value.Kind() == slog.KindTime, f.value.Kind() == slog.KindDuration:
			t.Set(f.key, logValue(f.value))
		default:
			t.Set(f.key, messages.ValueOf(f.value.Any()))
		}
	}
	return t
}

// logValue keeps what messages can carry; anything else becomes its text.
func logValue(v slog.Value) messages.Value {
	switch x := v.Any().(type) {
	case *messages.Table, *messages.Error:
		return x
	case error:
		return x.Error()
	case map[string]any, []any, []string:
		return messages.ValueOf(x)
	}
	return v.String()
}

// WithAttrs implements slog.Handler.
func (s *LogStream) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &LogStream{next: s.next.WithAttrs(attrs), core: s.core, shape: s.shape.WithAttrs(attrs).(*logHandler)}
}

// WithGroup implements slog.Handler.
func (s *LogStream) WithGroup(name string) slog.Handler {
	if name == "" {
		return s
	}
	return &LogStream{next: s.next.WithGroup(name), core: s.core, shape: s.shape.WithGroup(name).(*logHandler)}
}
