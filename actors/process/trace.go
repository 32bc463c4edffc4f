package process

import (
	"slices"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// tracing is who looks at the messages of a process. A process has none unless
// its entry keeps the last messages or somebody traces it; the fields do not
// change.
type tracing struct {
	last    *lastMessages
	readers []*actors.Trace
}

// lastMessages are the last messages of a process, for the report of its crash:
// limits.trace of its entry. They belong to the process's goroutine.
type lastMessages struct {
	ring []messages.TraceEvent
	next int
}

func (l *lastMessages) add(e messages.TraceEvent) {
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
		return
	}
	l.ring[l.next] = e
	l.next = (l.next + 1) % len(l.ring)
}

// text is one line for each message, the oldest first.
func (l *lastMessages) text() string {
	lines := make([]string, 0, len(l.ring))
	for i := range l.ring {
		lines = append(lines, l.ring[(l.next+i)%len(l.ring)].String())
	}
	return strings.Join(lines, "\n")
}

// remember begins to keep the last messages where the entry says so.
func (p *process) remember() {
	n := p.def.program.Limits.Trace
	if old := p.traced.Load(); n > 0 && (old == nil || old.last == nil) {
		p.retrace(func(t *tracing) { t.last = &lastMessages{ring: make([]messages.TraceEvent, 0, n)} })
	}
}

// retrace replaces the tracing by one that change has changed.
func (p *process) retrace(change func(*tracing)) {
	for {
		old := p.traced.Load()
		t := &tracing{}
		if old != nil {
			*t = *old
		}
		change(t)
		if t.last == nil && len(t.readers) == 0 {
			t = nil
		}
		if p.traced.CompareAndSwap(old, t) {
			return
		}
	}
}

// Trace implements actors.Traceable.
func (p *process) Trace(r *actors.Trace, on bool) {
	p.retrace(func(t *tracing) {
		t.readers = slices.DeleteFunc(slices.Clone(t.readers), func(o *actors.Trace) bool { return o == r })
		if on {
			t.readers = append(t.readers, r)
		}
	})
}

// untrace ends all traces: the process, or the call that had the PID, has ended.
func (p *process) untrace() {
	if t := p.traced.Load(); t != nil {
		for _, r := range t.readers {
			r.End()
		}
	}
}

// got and sent tell those who look at the messages.
func (t *tracing) got(p *process, m *messages.Mail) { t.note(p, messages.TraceIn, m.From, p.name(), m) }

func (t *tracing) sent(p *process, dest string, m *messages.Mail) {
	t.note(p, messages.TraceOut, p.name(), dest, m)
}

func (t *tracing) note(p *process, dir, from, to string, m *messages.Mail) {
	e := messages.NewTraceEvent(p.node.Clock.Now(), dir, from, to, m)
	if t.last != nil {
		t.last.add(e)
	}
	for _, r := range t.readers {
		r.Offer(e)
	}
}

// name is the PID, "" for a call that has none.
func (p *process) name() string {
	if p.proc == nil {
		return ""
	}
	return p.proc.PID
}

// event delivers a lifecycle event.
func (p *process) event(from string, e *messages.Table) {
	if t := p.traced.Load(); t != nil {
		t.got(p, messages.NewMail(from, eventsTopic, e))
	}
	p.vm.Event(e)
}

// eventsTopic stands for lifecycle events among the messages of a process.
const eventsTopic = "@events"
