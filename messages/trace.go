package messages

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The directions of a TraceEvent.
const (
	TraceIn  = "in"  // the process got it
	TraceOut = "out" // the process sent it
)

// TraceEvent is one message that a process got or sent. Lifecycle events, such as
// the end of a monitored process, come as messages of the topic "@events".
type TraceEvent struct {
	Time    time.Time `json:"time"`
	Dir     string    `json:"dir"`            // TraceIn or TraceOut
	From    string    `json:"from,omitempty"` // PID, "" if unknown
	To      string    `json:"to"`             // PID or registered name
	Topic   string    `json:"topic"`
	Size    int       `json:"size"`              // bytes, estimated
	Payload string    `json:"payload"`           // as text, cut at TracePayload
	Dropped int       `json:"dropped,omitempty"` // events before this one that the reader was too slow for
}

// TracePayload is how many bytes of a message's payload are shown.
const TracePayload = 120

// NewTraceEvent describes a message. It costs no more for a large one, apart from
// its size.
func NewTraceEvent(now time.Time, dir, from, to string, m *Mail) TraceEvent {
	return TraceEvent{Time: now, Dir: dir, From: from, To: to, Topic: m.Topic, Size: m.Size(), Payload: Brief(TracePayload, m.Values...)}
}

// String is the event on one line.
func (e TraceEvent) String() string {
	other, word := e.From, "from"
	if e.Dir == TraceOut {
		other, word = e.To, "to"
	}
	if other == "" {
		other = "-"
	}
	return fmt.Sprintf("%s %-3s %s %s %s", e.Time.Format("15:04:05.000"), e.Dir, word, other, e.content())
}

// About is what the message says and who sent it, where neither time nor
// direction matters.
func (e TraceEvent) About() string {
	if e.From == "" {
		return e.content()
	}
	return "from " + e.From + " " + e.content()
}

func (e TraceEvent) content() string {
	return fmt.Sprintf("%s %dB %s", Printable(e.Topic), e.Size, e.Payload)
}

// Printable is s with a question mark in place of what could move the cursor of a
// terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// Brief renders values for people, on one line of at most about limit bytes. How
// long it takes depends on limit, not on the values.
func Brief(limit int, values ...Value) string {
	b := brief{limit: limit}
	for i, v := range values {
		if i > 0 {
			b.text(", ")
		}
		if b.value(v, 0); b.full() {
			break
		}
	}
	if b.full() {
		b.out = b.out[:limit]
		for len(b.out) > 0 {
			if r, n := utf8.DecodeLastRune(b.out); r != utf8.RuneError || n != 1 {
				break
			}
			b.out = b.out[:len(b.out)-1]
		}
		return Printable(string(b.out)) + "…"
	}
	return Printable(string(b.out))
}

type brief struct {
	out   []byte
	limit int
}

func (b *brief) full() bool { return len(b.out) > b.limit }

func (b *brief) text(s string) { b.out = append(b.out, s[:min(len(s), b.limit+1)]...) }

func (b *brief) value(v Value, depth int) {
	switch v := v.(type) {
	case nil:
		b.text("nil")
	case string:
		b.out = strconv.AppendQuote(b.out, v[:min(len(v), b.limit+1)])
	case bool, float64, int, int64:
		b.out = fmt.Append(b.out, v)
	case []byte:
		b.out = fmt.Appendf(b.out, "<%d bytes>", len(v))
	case *Table:
		b.table(v, depth)
	case *Payload:
		if v != nil && depth <= MaxDepth {
			b.value(v.Data, depth+1)
		}
	case *Error:
		if v != nil {
			b.text(v.Error())
		}
	default:
		b.out = fmt.Appendf(b.out, "<%T>", v)
	}
}

func (b *brief) table(t *Table, depth int) {
	if t == nil || depth > MaxDepth {
		b.text("{…}")
		return
	}
	b.text("{")
	sep := ""
	for _, v := range t.Array {
		b.text(sep)
		if b.value(v, depth+1); b.full() {
			return
		}
		sep = ", "
	}
	for i, k := range t.Keys {
		b.text(sep)
		if s, ok := k.(string); ok {
			b.text(s)
		} else {
			b.text("[")
			b.value(k, depth+1)
			b.text("]")
		}
		b.text(" = ")
		if b.value(t.Vals[i], depth+1); b.full() {
			return
		}
		sep = ", "
	}
	b.text("}")
}
