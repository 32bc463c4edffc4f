// Package history keeps the versions of the registry as an append-only log.
// Every implementation must pass Contract of package historytest.
package history

import (
	"errors"
	"fmt"

	"github.com/troupe-go/troupe/registry"
)

// ErrOff is returned by a log that keeps nothing for what it cannot answer.
var ErrOff = errors.New("read the registry history: it is switched off; set registry.history_type to memory or sqlite")

// ErrUnknown is wrapped by errors about a version that is not in the log.
var ErrUnknown = errors.New("version not found")

// ErrClosed is returned by every method of a log that was closed.
var ErrClosed = errors.New("use the registry history: it is closed; open it again")

// Log keeps versions. Version 0 is the state from the files and is in no log. The
// methods may block on a disk and may be called by one goroutine at a time.
type Log interface {
	// Append adds a version with its changes and makes it the head. Its number must
	// be greater than that of every version before, its parent 0 or in the log. When
	// Append returns nil, the version is kept as safely as the log can.
	Append(registry.Record) error
	// Versions returns all versions by number, without their changes.
	Versions() ([]registry.Record, error)
	// Changes returns the operations of one version, or an error that wraps
	// ErrUnknown.
	Changes(number uint64) ([]registry.Op, error)
	// Head returns the version in use, 0 in an empty log.
	Head() (uint64, error)
	// SetHead notes that another version, which must be 0 or in the log, is in use.
	SetHead(number uint64) error
	// Close ends the use of the log. To close it again does nothing.
	Close() error
}

// Load returns all records of a log with their changes, and its head, as
// State.Replay takes them.
func Load(log Log) ([]registry.Record, uint64, error) {
	records, err := log.Versions()
	if err != nil {
		return nil, 0, err
	}
	for i := range records {
		if records[i].Ops, err = log.Changes(records[i].Version.Number); err != nil {
			return nil, 0, err
		}
	}
	head, err := log.Head()
	return records, head, err
}

// CheckAppend says whether a record may follow the versions in a log: highest is the
// greatest number in it, known reports whether a number is in it.
func CheckAppend(r registry.Record, highest uint64, known func(uint64) bool) error {
	v := r.Version
	switch {
	case v.Number <= highest:
		return fmt.Errorf("append version %d to the registry history: version %d is there already; use a greater number", v.Number, highest)
	case v.Parent != 0 && !known(v.Parent):
		return fmt.Errorf("append version %d to the registry history: its parent %d: %w; append the parent first", v.Number, v.Parent, ErrUnknown)
	}
	return nil
}

// Unknown is the error for a version that is not in the log.
func Unknown(number uint64) error {
	return fmt.Errorf("read version %d of the registry history: %w; list the versions to see which there are", number, ErrUnknown)
}
