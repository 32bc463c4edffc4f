package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/troupe-go/troupe/messages"
)

// explained gives an error its kind: that of a driver says what the database
// answered, and is nil for errors that are not the database's.
func explained(err error, byDriver func(error) *messages.Error) *messages.Error {
	var ours *messages.Error
	var netErr net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return messages.AsError(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return messages.AsError(err)
	case errors.Is(err, sql.ErrTxDone):
		return messages.Errorf(messages.Invalid, "transaction is not active")
	}
	if e := byDriver(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &netErr), err.Error() == "sql: database is closed":
		return messages.Errorf(messages.Unavailable, "%s", err).WithRetry(true)
	}
	return messages.Errorf(messages.Invalid, "%s", err) // parameters that do not fit the statement
}
