package messages

import "database/sql"

// SQLOpen asks a db.sql.* entry for its database. Answered with a *SQLDatabase,
// or with Unavailable while the entry does not run. It stays on its node.
type SQLOpen struct{}

// SQLDatabase is a database that a db.sql.* entry serves. It may be kept: Pool
// gives the connections of the moment, also after the entry was started again.
type SQLDatabase struct {
	ID   string
	Type string // SQLPostgres, SQLMySQL or SQLite

	// Pool is safe for use by many goroutines. The entry closes the pool it
	// gives; its error is an Unavailable while the entry does not run.
	Pool func() (*sql.DB, error)

	// Explain gives an error of the driver its kind: AlreadyExists for a key that
	// is there, Invalid for a mistake in the statement or its parameters, Conflict
	// (retryable) for what another transaction got in the way of, Unavailable
	// (retryable) for a server that cannot be reached, and so on.
	Explain func(error) *Error

	// Trace begins the span of something that is done with the database, inside the
	// span that these headers name. statement has placeholders where parameters go,
	// and is empty where there is none. What happens inside names the headers that
	// Trace returns; end ends the span, and does nothing when called again. Trace is
	// nil where nothing is traced.
	Trace func(around map[string]string, does, statement string) (inside map[string]string, end func(error))
}

// Traced is Trace where that is not nil, and otherwise nothing.
func (d *SQLDatabase) Traced(around map[string]string, does, statement string) (inside map[string]string, end func(error)) {
	if d.Trace == nil {
		return nil, func(error) {}
	}
	return d.Trace(around, does, statement)
}

// The types of databases, as programs see them.
const (
	SQLite      = "sqlite"
	SQLPostgres = "postgres"
	SQLMySQL    = "mysql"
)
