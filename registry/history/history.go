// Package history keeps the versions of the registry as an append-only log.
// Every implementation must pass Contract of package historytest.
package history

import (
	"errors"
	"fmt"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ErrOff is returned by a log that keeps nothing for what it cannot answer.
var ErrOff = errors.New("read the registry history: it is switched off; set registry.history_type to memory or sqlite")

// ErrUnknown is wrapped by errors about a version that is not in the log.
var ErrUnknown = errors.New("version not found")

// ErrClosed is returned by every method of a log that was closed.
var ErrClosed = errors.New("use the registry history: it is closed; open it again")

// Log keeps versions. Version 0 is the state from the files and is in no log. The
// methods may block on a disk and may be called by one goroutine at a time. What
// they read is checked: a log never gives anything else than it was given, but
// an error that wraps ErrDamaged.
type Log interface {
	// Append adds a version with its changes and makes it the head. Its number must
	// be greater than that of every version before, its parent 0 or in the log, or it
	// must have a base. When Append returns nil, the version is kept as safely as the
	// log can.
	Append(registry.Record) error
	// Versions returns all versions by number, without their changes and bases.
	Versions() ([]registry.Record, error)
	// Changes returns the operations of one version, or an error that wraps
	// ErrUnknown.
	Changes(number uint64) ([]registry.Op, error)
	// Base returns the base of one version, or an error that wraps ErrUnknown if it
	// has none.
	Base(number uint64) ([]registry.Op, error)
	// Head returns the version in use, 0 in an empty log.
	Head() (uint64, error)
	// SetHead notes that another version, which must be 0 or in the log, is in use.
	SetHead(number uint64) error
	// Trim removes the versions before one that is in the log, except the head. bases
	// has a base for every version that stays and loses its parent. If the program
	// ends meanwhile, all of that is done or nothing at the next opening.
	Trim(below uint64, bases map[uint64][]registry.Op) error
	// Verify reads everything that is kept and checks it.
	Verify() error
	// Close ends the use of the log. To close it again does nothing.
	Close() error
}

// Load returns all records of a log with their changes and bases, and its head.
func Load(log Log) ([]registry.Record, uint64, error) {
	records, err := log.Versions()
	if err != nil {
		return nil, 0, err
	}
	return LoadOnly(log, records)
}

// LoadOnly reads the changes and bases of some of the log's versions, which it
// fills in, and the head.
func LoadOnly(log Log, records []registry.Record) ([]registry.Record, uint64, error) {
	var err error
	for i := range records {
		r := &records[i]
		if r.Ops, err = log.Changes(r.Version.Number); err != nil {
			return nil, 0, err
		}
		if !r.Based {
			continue
		}
		if r.Base, err = log.Base(r.Version.Number); err != nil {
			return nil, 0, err
		}
	}
	head, err := log.Head()
	return records, head, err
}

// VerifyAll reads and checks everything, and says how much there is.
func VerifyAll(log Log) (*messages.RegistrySound, error) {
	if err := log.Verify(); err != nil {
		return nil, err
	}
	records, err := log.Versions()
	if err != nil {
		return nil, err
	}
	head, err := log.Head()
	return &messages.RegistrySound{Versions: len(records), Head: head}, err
}

// RecordData is a record for a file. head is the version in use.
func RecordData(r registry.Record, head uint64) (d messages.RecordData, err error) {
	d = messages.RecordData{Version: r.Version.Number, Parent: r.Version.Parent, Time: r.Time, Author: r.Author, Message: r.Message, Head: r.Version.Number == head}
	if d.Changes, err = EncodeJSON(r.Ops); err == nil && r.Based {
		d.Base, err = EncodeJSON(r.Base)
	}
	return d, err
}

// Record is the inverse of RecordData.
func Record(d messages.RecordData) (r registry.Record, err error) {
	r = registry.Record{Version: registry.Version{Number: d.Version, Parent: d.Parent}, Time: d.Time, Author: d.Author, Message: d.Message}
	if r.Ops, err = DecodeJSON(d.Changes); err != nil {
		return r, fmt.Errorf("version %d: %w", d.Version, err)
	}
	if d.Base != nil {
		r.Based = true
		if r.Base, err = DecodeJSON(d.Base); err != nil {
			return r, fmt.Errorf("the base of version %d: %w", d.Version, err)
		}
	}
	return r, nil
}

// CheckAppend says whether a record may follow the versions in a log: highest is the
// greatest number in it, known reports whether a number is in it.
func CheckAppend(r registry.Record, highest uint64, known func(uint64) bool) error {
	v := r.Version
	switch {
	case v.Number <= highest:
		return fmt.Errorf("append version %d to the registry history: version %d is there already; use a greater number", v.Number, highest)
	case v.Parent != 0 && r.Base == nil && !known(v.Parent):
		return fmt.Errorf("append version %d to the registry history: its parent %d: %w; append the parent first", v.Number, v.Parent, ErrUnknown)
	}
	return nil
}

// CheckTrim says whether a log can be trimmed.
func CheckTrim(below uint64, known func(uint64) bool) error {
	if !known(below) {
		return fmt.Errorf("trim the registry history to version %d: %w; name a version that is kept", below, ErrUnknown)
	}
	return nil
}

// Unknown is the error for a version that is not in the log.
func Unknown(number uint64) error {
	return fmt.Errorf("read version %d of the registry history: %w; list the versions to see which there are", number, ErrUnknown)
}
