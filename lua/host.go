package lua

import (
	"time"

	"github.com/troupe-go/troupe/messages"
)

// Host carries out what a process wants. All methods but Push are called from
// within VM.Run. None of them may block.
type Host interface {
	// Self says who the process is.
	Self() *Self

	// PID is the process's own PID. A function call gets one when it first
	// asks, so this is not a field of Self.
	PID() string

	// Now is the time, as the application sees it.
	Now() time.Time

	// Ask carries out a command; its answer comes back through VM.Answer with
	// the same tag.
	Ask(tag uint64, cmd *Command)

	// Tell sends body to the component that handles its type, the body of a
	// *Command to the actor it names; nothing comes back.
	Tell(body any)

	// Push has VM.Push called with tag and v, after all that was pushed before.
	// Unlike the other methods it may be called from any goroutine, also once the
	// process has ended.
	Push(tag uint64, v any)

	// Send puts mail into the mailbox of a PID or registered name.
	Send(dest string, m *messages.Mail) *messages.Error

	// Publish puts an event on the bus.
	Publish(e *messages.Event)

	// After has VM.Fire called with tag when d is over. stop reports whether
	// it came in time; a Fire that is already on its way is then ignored.
	After(tag uint64, d time.Duration) (stop func() bool)

	// TrapLinks reports whether the failure of a linked process is delivered as
	// an event; SetOptions, told to the host, changes it.
	TrapLinks() bool

	// Log writes a line. Fields alternate between names and values.
	Log(level int, logger, location, message string, fields []any)
}

// Observed is a Host that others look at while the process runs. Sliced is
// called, as the other methods are, whenever a slice of instructions is used up.
type Observed interface{ Sliced() }

// Forget, told to the host, says that nobody waits for the answer of the command
// with that tag any more: whoever works on it can stop.
type Forget struct{ Tag uint64 }

// Self is what a process knows about itself. It does not change while it runs.
type Self struct {
	Entry   string // id of the running code
	Host    string // entry id of the process host, or of the function's pool
	Parent  string // PID, "" if none
	Context *messages.Context
	Strict  bool // deny where actor or scope is missing

	Function bool      // a function call: no upgrade
	Workflow bool      // a workflow: what it waits for is recorded
	Terminal *Terminal // nil unless it runs on a terminal host
	Request  any       // what only the called function sees: the HTTP request, the queue delivery
}

// Terminal is what a process on a terminal host can use.
type Terminal struct {
	Args []string
	// Handler is the name of the actor that owns the terminal.
	Handler string
}

// Slot is the place a process runs in: one worker of the scheduler.
type Slot interface {
	// Preempt gives way when a slice is used up and returns when it is the
	// process's turn again.
	Preempt()

	// NewParking makes a place to wait in.
	NewParking() any

	// Park waits for Unpark of the same parking by a later Run. It returns
	// false if the process was ended meanwhile.
	Park(parking any) bool

	// Unpark lets the parked goroutine go on in place of the caller, who must
	// leave Run at once.
	Unpark(parking any)

	// Abandon ends the wait of a parked goroutine whose process has ended.
	Abandon(parking any)
}

// The levels of Host.Log.
const (
	LevelDebug = -4
	LevelInfo  = 0
	LevelWarn  = 4
	LevelError = 8
)
