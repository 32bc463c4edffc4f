package modules

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var sqlModule = lua.Module{
	Name:  "sql",
	Doc:   "SQL databases. Parameters are one list, and placeholders those of the database: ? for SQLite and MySQL, $1 for PostgreSQL. In rows NULL is absent, times are RFC 3339 text in UTC and integers numbers, which are exact up to 2^53.",
	Class: []lua.Class{lua.Storage, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig: "get(id: string): DB, error?", Doc: "Gives the database with that entry id.", Permission: "db.get", Ask: sqlGet,
	}},
	Tables: []lua.Table{
		{Name: "type", Doc: "The types of databases.", Consts: []lua.Const{
			{Name: "POSTGRES", Value: messages.SQLPostgres}, {Name: "MYSQL", Value: messages.SQLMySQL}, {Name: "SQLITE", Value: messages.SQLite}, {Name: "UNKNOWN", Value: "unknown"},
		}},
		{Name: "isolation", Doc: "What transactions see of each other. Not every database knows every level.", Consts: []lua.Const{
			{Name: "DEFAULT", Value: "default"},
			{Name: "READ_UNCOMMITTED", Value: "read_uncommitted"},
			{Name: "READ_COMMITTED", Value: "read_committed"},
			{Name: "WRITE_COMMITTED", Value: "write_committed"},
			{Name: "REPEATABLE_READ", Value: "repeatable_read"},
			{Name: "SERIALIZABLE", Value: "serializable"},
		}},
		sqlBuilderTable, sqlAsTable,
	},
	Consts: []lua.Const{sqlNull},
	Types: slices.Concat(sqlBuilderTypes, []lua.Type{
		{
			Name: "DB", Doc: "A database. A SQLite database has one connection: while a transaction is open, all other statements wait for its end, also those of the process that opened it; after 30 seconds of waiting for a transaction of its own DB object a statement fails with Timeout.", Of: (*sqlDB)(nil),
			Methods: slices.Concat(sqlStatements, []lua.Func{
				{Sig: "type(): string, error?", Doc: "One of sql.type.", Do: func(c *lua.Call) error {
					d := c.Self().(*sqlDB)
					if d.released {
						return errDBReleased
					}
					return c.Return(d.Type)
				}},
				{Sig: "begin(options?: table): Transaction, error?", Doc: "Begins a transaction; options are {isolation, read_only}. It is rolled back if it is still open when the process or the function call ends. A transaction with read_only refuses to write.", Ask: sqlBegin},
				{Sig: "stats(): table, error?", Doc: "Counts of connections: max_open_connections, open_connections, in_use, idle, wait_count, wait_duration (nanoseconds), max_idle_closed, max_idle_time_closed, max_lifetime_closed.", Do: sqlStats},
				{Sig: "release(): boolean, error?", Doc: "Lets go of the database and what was prepared with it; calling it again is harmless. Its transactions go on.", Do: func(c *lua.Call) error {
					c.Self().(*sqlDB).released = true
					return c.Return(true)
				}},
			}),
		},
		sqlTransactionType,
		sqlStatementType,
	}),
}

// sqlDB is a DB object.
type sqlDB struct {
	*messages.SQLDatabase
	released bool
	open     int // transactions begun with this object that are not over
}

var errDBReleased = messages.Errorf(messages.Invalid, "database is released")

func sqlGet(c *lua.Call) (*lua.Command, error) {
	id := c.String(0)
	if id == "" {
		return nil, messages.Errorf(messages.Invalid, "database ID required")
	}
	if !c.Allowed("db.get", id) {
		return nil, denied("not allowed to get database: %s", id)
	}
	missing := messages.Errorf(messages.NotFound, "database not found: %s", id)
	if _, _, ok := splitID(id); !ok {
		return nil, missing
	}
	cmd := lua.Ask(id, &messages.SQLOpen{}, func(c *lua.Call, d *messages.SQLDatabase) error { return c.Return(&sqlDB{SQLDatabase: d}) })
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
		switch err.Kind {
		case messages.NotFound:
			return missing
		case messages.Invalid:
			return messages.Errorf(messages.Invalid, "not a database: %s", id)
		}
		return err
	}
	return cmd, nil
}

// sqlRunner runs statements: a pool, a transaction.
type sqlRunner interface {
	QueryContext(ctx context.Context, text string, params ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, params ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

// sqlTarget is an object that statements are given to: a DB or a Transaction.
type sqlTarget interface {
	database() *messages.SQLDatabase
	// run makes the command that does work outside of the process, with a context
	// that ends with it.
	run(c *lua.Call, is sqlWork, work func(ctx context.Context, on sqlRunner) (any, error)) (*lua.Command, error)
}

// sqlWork says what is done with a database.
type sqlWork struct {
	does      string // in the name of its span
	doing     string // for errors; the id of the database comes behind
	statement string
}

func (d *sqlDB) database() *messages.SQLDatabase { return d.SQLDatabase }

func (d *sqlDB) run(c *lua.Call, is sqlWork, work func(context.Context, sqlRunner) (any, error)) (*lua.Command, error) {
	if d.released {
		return nil, errDBReleased
	}
	await := d.patience()
	return sqlCommand(d.SQLDatabase, is, c.Process().Context.Around(), func(ctx context.Context) (any, error) {
		pool, err := d.Pool()
		if err != nil {
			return nil, err
		}
		if err := await(ctx, pool); err != nil {
			return nil, err
		}
		return work(ctx, pool)
	}), nil
}

// sqlPatience is how long a statement waits for a transaction that was begun
// with the same object.
var sqlPatience = 30 * time.Second

// patience is what a statement does before it runs. Where one connection is all
// there is, and a transaction of the same object has it, nobody may be left who
// could end it: so the wait for it ends.
func (d *sqlDB) patience() func(context.Context, *sql.DB) error {
	if d.Type != messages.SQLite || d.open == 0 {
		return func(context.Context, *sql.DB) error { return nil }
	}
	return func(ctx context.Context, pool *sql.DB) error {
		short, cancel := context.WithTimeout(ctx, sqlPatience)
		defer cancel()
		conn, err := pool.Conn(short)
		if err != nil && ctx.Err() == nil && short.Err() != nil {
			return messages.Errorf(messages.Timeout, "the one connection of %s was taken for %s by a transaction that this program has begun; give statements to the transaction, or end it first", d.ID, sqlPatience)
		}
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// sqlCommand is the command that uses a database outside of the process, in a span
// of its own inside the one around.
func sqlCommand(d *messages.SQLDatabase, is sqlWork, around map[string]string, work func(context.Context) (any, error)) *lua.Command {
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		ctx, cancel := untilDone(done)
		defer cancel()
		_, endSpan := d.Traced(around, is.does, is.statement)
		v, err := work(ctx)
		if err != nil {
			err = messages.Wrap(d.Explain(err), is.doing+" "+d.ID)
			endSpan(err)
			return nil, err
		}
		endSpan(nil)
		return v, nil
	}}
}

// untilDone makes a context that ends when done is closed. cancel must be called.
func untilDone(done <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func sqlStats(c *lua.Call) error {
	d := c.Self().(*sqlDB)
	if d.released {
		return errDBReleased
	}
	pool, err := d.Pool()
	if err != nil {
		return err
	}
	s := pool.Stats()
	return c.Return(map[string]any{
		"max_open_connections": s.MaxOpenConnections, "open_connections": s.OpenConnections, "in_use": s.InUse, "idle": s.Idle,
		"wait_count": s.WaitCount, "wait_duration": int64(s.WaitDuration), "max_idle_closed": s.MaxIdleClosed,
		"max_idle_time_closed": s.MaxIdleTimeClosed, "max_lifetime_closed": s.MaxLifetimeClosed,
	})
}
