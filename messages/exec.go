package messages

import "io"

// ExecOpen asks an exec.* entry for what runs commands with its settings.
// Answered with an Executor. It stays on its node.
type ExecOpen struct{}

// Executor makes commands of operating-system programs. It may be kept; a
// command that is made starts nothing yet.
type Executor interface {
	// Command is refused with Invalid for a line that is not in the whitelist or
	// cannot be split into words. An empty dir is that of the entry; env adds to
	// the environment of the entry.
	Command(line, dir string, env map[string]string) (Command, error)
}

// Command is one run of a program. Its methods may be called by many goroutines;
// those that block do so no longer than until Close. Used at the wrong time they
// answer Invalid.
type Command interface {
	Start() error // may block

	// Wait blocks until the program has ended, at most until done is closed, and
	// gives its exit code: 128+n where signal n ended it. It closes the command:
	// output that nobody took is lost.
	Wait(done <-chan struct{}) (code int, err error)

	// Output is the standard output (1) or error (2) of the program. The caller
	// closes it.
	Output(n int) (io.ReadCloser, error)

	WriteStdin(data string) error // blocks; "" ends the input
	Signal(n int) error

	// Close asks what still runs of the program to end, and ends it after some
	// seconds, or with force at once. It does not block and may be repeated.
	Close(force bool)

	// Over reports whether nothing is left that Close would end.
	Over() bool
}
