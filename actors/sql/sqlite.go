package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// SQLiteConfig are the fields of db.sql.sqlite.
type SQLiteConfig struct {
	File    string            `yaml:"file" required:"true" doc:"The database file, relative to the working directory; it is made if it is missing, its folder is not. :memory: is a database that lives as long as the service runs."`
	Options map[string]string `yaml:"options" doc:"Accepted. There is nothing to set."`
	Pool    struct {
		MaxOpen     int           `yaml:"max_open" min:"0" doc:"Accepted. There is one connection."`
		MaxIdle     int           `yaml:"max_idle" min:"0" doc:"Accepted. There is one connection."`
		MaxLifetime time.Duration `yaml:"max_lifetime" default:"1h" min:"1ns" doc:"After this time the connection to a file is made anew."`
	} `yaml:"pool" doc:"The connection."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// SQLite is a database in a file or in memory.
var SQLite = define[SQLiteConfig]("db.sql.sqlite",
	"A SQLite database: one file, or memory. It has one connection, so that statements run one after the other, and the others wait while a transaction is open. Foreign keys are checked, and the journal is a write-ahead log.",
	messages.SQLite, explainSQLite)

// inMemory is the file that is none.
const inMemory = ":memory:"

// busyTimeout is how long a statement waits for another program that writes to
// the same file.
const busyTimeout = 5 * time.Second

func (c SQLiteConfig) plan() (plan, error) {
	options := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "foreign_keys(1)", "journal_mode(WAL)",
	}}.Encode()
	dsn, memory := inMemory+"?"+options, c.File == inMemory
	if !memory {
		path, err := filepath.Abs(c.File)
		if err != nil {
			return plan{}, messages.Errorf(messages.Invalid, "file %q: %s", c.File, err)
		}
		if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") {
			path = "/" + path // a drive letter
		}
		dsn = (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
	}
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return plan{}, messages.Errorf(messages.Invalid, "file %q: %s", c.File, err)
	}
	return plan{
		key: fmt.Sprint(dsn, c.Pool), where: "SQLite " + c.File, timeout: c.Lifecycle.StartTimeout,
		open: func() *sql.DB {
			pool := sql.OpenDB(sqliteConnector{connector})
			pool.SetMaxOpenConns(1)
			if !memory { // with its connection a database in memory would end
				pool.SetConnMaxLifetime(c.Pool.MaxLifetime)
			}
			return pool
		},
		connect: func(ctx context.Context, pool *sql.DB) error {
			if folder := filepath.Dir(c.File); !memory {
				if info, err := os.Stat(folder); err != nil || !info.IsDir() {
					return messages.Errorf(messages.NotFound, "opening SQLite file %s: there is no folder %s; make it, or change file", c.File, folder)
				}
			}
			if err := pool.PingContext(ctx); err != nil {
				return messages.Because(messages.Unavailable, "opening SQLite file "+c.File, err)
			}
			return nil
		},
	}, nil
}

// sqliteConnector makes connections that keep the promise of a transaction to
// read only, which the driver does not.
type sqliteConnector struct{ driver.Connector }

// sqliteConn has what package database/sql uses of the driver's connections.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return careful{raw.(sqliteConn)}, nil
}

type careful struct{ sqliteConn }

// BeginTx implements driver.ConnBeginTx.
func (c careful) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	if err != nil || !opts.ReadOnly {
		return tx, err
	}
	if err := c.readOnly(true); err != nil {
		_ = tx.Rollback() // the first error counts
		return nil, err
	}
	return reading{tx, c}, nil
}

func (c careful) readOnly(on bool) error {
	n := 0
	if on {
		n = 1
	}
	_, err := c.ExecContext(context.Background(), fmt.Sprintf("PRAGMA query_only = %d", n), nil)
	return err
}

// reading is a transaction that only reads; its connection writes again
// afterwards.
type reading struct {
	driver.Tx
	conn careful
}

func (r reading) Commit() error   { return errors.Join(r.Tx.Commit(), r.conn.readOnly(false)) }
func (r reading) Rollback() error { return errors.Join(r.Tx.Rollback(), r.conn.readOnly(false)) }

func explainSQLite(err error) *messages.Error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return messages.Errorf(messages.AlreadyExists, "%s", e)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_READONLY:
		return messages.Errorf(messages.Invalid, "%s", e)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return messages.Errorf(messages.Unavailable, "%s", e).WithRetry(true)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return messages.Errorf(messages.Unavailable, "%s", e)
	case sqlite3.SQLITE_INTERRUPT:
		return messages.Errorf(messages.Canceled, "%s", e)
	}
	return messages.Errorf(messages.Internal, "%s", e)
}
