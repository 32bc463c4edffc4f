package actors

// Runner is an actor that has work of its own to do after its messages: a Lua
// process. The mailbox calls Run after each batch, on the same worker.
type Runner interface {
	// Run does the work that the messages made possible. It reports false when
	// the calling goroutine gave its place to another one (Slot.Unpark) or was
	// abandoned, and must not touch the actor any more.
	Run(Slot) bool

	// Runnable reports whether Run has something to do.
	Runnable() bool
}

// Slot is one worker of the scheduler, as the work that runs on it sees it.
type Slot interface {
	// Preempt gives way to whatever else can run, and returns when it is the
	// caller's turn again. Nobody else runs the actor meanwhile.
	Preempt()

	// NewParking makes a place to wait in, for one use.
	NewParking() any

	// Park gives the worker and the actor's mailbox away and waits until a later
	// Run of the same actor calls Unpark. It returns false if Abandon was called
	// instead: then the caller owns nothing any more and must unwind.
	Park(parking any) bool

	// Unpark hands worker and actor to the goroutine that waits there. The
	// caller must leave Run at once and report false.
	Unpark(parking any)

	// Abandon ends a wait whose actor has ended.
	Abandon(parking any)
}

// Boxed is an actor that wants to know its mailbox: whoever looks at it asks how
// many messages wait there. Any goroutine may call UserMessageCount.
type Boxed interface {
	Boxed(box interface{ UserMessageCount() int })
}
