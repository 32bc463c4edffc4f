package messages

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The kinds of an Error. An unknown kind is "".
const (
	Unknown          = ""
	NotFound         = "NotFound"
	AlreadyExists    = "AlreadyExists"
	Invalid          = "Invalid"
	PermissionDenied = "PermissionDenied"
	Unavailable      = "Unavailable"
	Internal         = "Internal"
	Canceled         = "Canceled"
	Conflict         = "Conflict"
	Timeout          = "Timeout"
	RateLimited      = "RateLimited"
)

// Retry says whether trying again can help.
type Retry uint8

// The three answers.
const (
	RetryUnspecified Retry = iota
	RetryYes
	RetryNo
)

// Error is a Go error, a message and the error object that Lua sees. Its chain
// survives every border whole: for each link message, kind, retry, details and
// stack.
type Error struct {
	Kind    string
	Message string
	Retry   Retry
	Details *Table
	Stack   []Frame // innermost first; empty where it did not pass through Lua
	Cause   *Error

	// Context marks a link that only puts words in front of its cause; kind,
	// retry and details are those of the cause.
	Context bool
}

// Frame is one line of a Lua stack.
type Frame struct {
	Source string // the entry
	Line   int
	Name   string // the function, where it has a name
}

// Errorf returns an Error of that kind with a formatted message.
func Errorf(kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap puts context in front of err and keeps its kind, retry and details. A
// chain of 1000 links stays as it is.
func Wrap(err error, context string) *Error {
	cause := AsError(err)
	links := 0
	for e := cause; e != nil; e = e.Cause {
		if links++; links >= maxChain {
			return cause
		}
	}
	return &Error{Kind: cause.Kind, Message: context, Retry: cause.Retry, Details: cause.Details, Cause: cause, Context: true}
}

// Because returns an Error of its own kind with err as its cause.
func Because(kind, message string, err error) *Error {
	return &Error{Kind: kind, Message: message, Cause: AsError(err)}
}

// AsError turns any Go error into an Error. One that is already in the chain is
// kept; cancellation and deadlines get their kinds, everything else Internal.
// It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok {
		return e
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		if text := err.Error(); text != e.Error() {
			if before, ok := strings.CutSuffix(text, ": "+e.Error()); ok {
				return Wrap(e, before)
			}
		}
		return e
	case errors.Is(err, context.Canceled):
		return Errorf(Canceled, "%s", err)
	case errors.Is(err, context.DeadlineExceeded):
		return Errorf(Timeout, "%s", err)
	}
	return Errorf(Internal, "%s", err)
}

// maxChain is how many links of a chain count; a chain that is longer is a
// mistake, or a cycle.
const maxChain = 1000

// Error is the text of the whole chain, outside to inside.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	var b strings.Builder
	b.WriteString(e.Message)
	for i, c := 1, e.Cause; c != nil && i < maxChain; i, c = i+1, c.Cause {
		b.WriteString(": ")
		b.WriteString(c.Message)
	}
	return b.String()
}

// Unwrap gives the cause to the errors package.
func (e *Error) Unwrap() error {
	if e.Cause == nil {
		return nil
	}
	return e.Cause
}

// Has reports whether e, or one of the errors that caused it, is of that kind.
// A nil error has none.
func (e *Error) Has(kind string) bool {
	for i := 0; e != nil && i < maxChain; i, e = i+1, e.Cause {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// Root is the error without the contexts that were put in front of it.
func (e *Error) Root() *Error {
	for e.Context && e.Cause != nil {
		e = e.Cause
	}
	return e
}

// Final reports whether the error says that trying again cannot help.
func (e *Error) Final() bool { return e.Retry == RetryNo }

// WithDetails returns a copy of e with these details.
func (e *Error) WithDetails(details map[string]any) *Error {
	c := *e
	c.Details, _ = ValueOf(details).(*Table)
	return &c
}

// WithRetry returns a copy of e that says whether trying again can help.
func (e *Error) WithRetry(again bool) *Error {
	c := *e
	c.Retry = RetryNo
	if again {
		c.Retry = RetryYes
	}
	return &c
}

// IsKind reports whether err is an Error of that kind.
func IsKind(err error, kind string) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
