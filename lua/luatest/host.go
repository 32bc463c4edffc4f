package luatest

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// PID is that of the process.
const PID = "{app:procs|0x00001}"

// Epoch is when the clock of a Host starts.
var Epoch = time.Date(2024, time.June, 15, 14, 30, 45, 0, time.UTC)

// Unanswered, given by Options.Answer, leaves a command without an answer.
type Unanswered struct{}

// Line is a line of the log.
type Line struct {
	Level                     int
	Logger, Location, Message string
	Fields                    []any
}

// Sent is mail that the process sent.
type Sent struct {
	Dest string
	Mail *messages.Mail
}

// Host is the lua.Host around the process under test. Its exported fields record
// what the process wanted; they may be read once Run has returned.
type Host struct {
	Asked  []*lua.Command
	Told   []any
	Sent   []Sent
	Events []*messages.Event
	Lines  []Line

	vm      *lua.VM
	opt     Options
	now     time.Time
	trap    bool
	answers []func()
	timers  []timer
}

type timer struct {
	tag uint64
	at  time.Time
}

// Self implements lua.Host.
func (h *Host) Self() *lua.Self { return &h.opt.Self }

// PID implements lua.Host.
func (h *Host) PID() string { return PID }

// Now is the virtual time.
func (h *Host) Now() time.Time { return h.now }

// TrapLinks implements lua.Host.
func (h *Host) TrapLinks() bool { return h.trap }

// Pending is how many timers have neither fired nor been stopped.
func (h *Host) Pending() int { return len(h.timers) }

// Ask records the command and queues its answer.
func (h *Host) Ask(tag uint64, cmd *lua.Command) {
	h.Asked = append(h.Asked, cmd)
	h.answers = append(h.answers, func() {
		var v any
		switch {
		case cmd.Go != nil:
			var err error
			if v, err = cmd.Go(nil); err != nil {
				v = err
			}
		case h.opt.Answer != nil:
			v = h.opt.Answer(cmd)
		default:
			v = messages.Errorf(messages.Unavailable, "nothing answers %T", cmd.Body)
		}
		if _, none := v.(Unanswered); none {
			return
		}
		if err, ok := v.(error); ok {
			v = messages.AsError(err)
		}
		h.vm.Answer(tag, v)
	})
}

// Tell records what it is told and keeps options.
func (h *Host) Tell(body any) {
	if o, ok := body.(*messages.SetOptions); ok {
		h.trap = o.TrapLinks
	}
	h.Told = append(h.Told, body)
}

// Push adds to a stream at once: here everything runs on one goroutine.
func (h *Host) Push(tag uint64, v any) { h.vm.Push(tag, v) }

// Send records mail; what the process sends to itself arrives.
func (h *Host) Send(dest string, m *messages.Mail) *messages.Error {
	h.Sent = append(h.Sent, Sent{dest, m})
	if dest == PID {
		h.vm.Deliver(m)
	}
	return nil
}

// Publish records an event.
func (h *Host) Publish(e *messages.Event) { h.Events = append(h.Events, e) }

// Log records a line.
func (h *Host) Log(level int, logger, location, message string, fields []any) {
	h.Lines = append(h.Lines, Line{level, logger, location, message, fields})
}

// After arms a timer on the virtual clock.
func (h *Host) After(tag uint64, d time.Duration) func() bool {
	h.timers = append(h.timers, timer{tag, h.now.Add(max(0, d))})
	return func() bool {
		_, pending := h.take(tag)
		return pending
	}
}

// take removes a timer.
func (h *Host) take(tag uint64) (timer, bool) {
	for i, t := range h.timers {
		if t.tag == tag {
			h.timers = append(h.timers[:i], h.timers[i+1:]...)
			return t, true
		}
	}
	return timer{}, false
}

// step lets one thing from outside happen: an answer, or else the timer that is
// due first. It reports false if there is none.
func (h *Host) step() bool {
	if len(h.answers) > 0 {
		answer := h.answers[0]
		h.answers = h.answers[1:]
		answer()
		return true
	}
	if len(h.timers) == 0 {
		return false
	}
	first := h.timers[0]
	for _, t := range h.timers[1:] {
		if t.at.Before(first.at) {
			first = t
		}
	}
	h.take(first.tag)
	if at := first.at.Add(h.opt.Lag); at.After(h.now) {
		h.now = at
	}
	h.vm.Fire(first.tag, h.now)
	return true
}
