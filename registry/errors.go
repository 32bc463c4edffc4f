package registry

import "fmt"

// ErrorKind is the class of a refused change, as scripts see it.
type ErrorKind int

// Kinds of an ApplyError.
const (
	Internal ErrorKind = iota
	Invalid
	NotFound
	Conflict
	Unavailable
)

// String returns the name scripts compare with, for example "Conflict".
func (k ErrorKind) String() string {
	switch k {
	case Invalid:
		return "Invalid"
	case NotFound:
		return "NotFound"
	case Conflict:
		return "Conflict"
	case Unavailable:
		return "Unavailable"
	}
	return "Internal"
}

// ApplyError says why the registry refused a change or a question.
type ApplyError struct {
	Kind      ErrorKind
	Text      string
	Retryable bool           // the same call may succeed on a fresh snapshot
	Details   map[string]any // plain Go data, may be nil
	Cause     error          // may be nil
}

// Error returns the text, followed by that of the cause.
func (e *ApplyError) Error() string {
	if e.Cause != nil {
		return e.Text + ": " + e.Cause.Error()
	}
	return e.Text
}

// Unwrap returns the cause.
func (e *ApplyError) Unwrap() error { return e.Cause }

func errNoChanges() error { return &ApplyError{Kind: Invalid, Text: "no changes to apply"} }

func errExists(id ID) error {
	return &ApplyError{Kind: Conflict, Text: fmt.Sprintf("entry already exists: {ns: %s, name: %s}", id.NS, id.Name)}
}

func errNotFound(id ID) error {
	return &ApplyError{Kind: NotFound, Text: "entry not found: " + id.String()}
}

func errVersionNotFound(n uint64) error {
	return &ApplyError{Kind: NotFound, Text: "version not found", Details: map[string]any{"version": int64(n)}}
}

func errMoved(expected, actual uint64) error {
	return &ApplyError{
		Kind: Conflict, Text: "registry changed during apply", Retryable: true,
		Details: map[string]any{"expected_version": int64(expected), "actual_version": int64(actual)},
	}
}

// FailedApply is the error of a change that components refused and that was
// undone. Cause is the first refusal; rollback is what went wrong while undoing,
// or nil.
func FailedApply(cause, rollback error) error {
	e := &ApplyError{Kind: Internal, Text: "failed to apply changes", Cause: cause, Details: map[string]any{}}
	if cause != nil {
		e.Details["cause"] = cause.Error()
	}
	if rollback != nil {
		e.Details["rollback_error"] = rollback.Error()
	}
	return e
}
