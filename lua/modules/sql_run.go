package modules

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlStatements are the methods that a DB and a Transaction share.
var sqlStatements = []lua.Func{
	{Sig: "query(sql: string, params?: any): list, error?", Doc: "Runs a statement and returns its rows, each a table of column and value.", Ask: func(c *lua.Call) (*lua.Command, error) {
		params, err := sqlParams(c, 1)
		if err != nil {
			return nil, err
		}
		return sqlQuery(c, c.Self().(sqlTarget), c.String(0), params)
	}},
	{Sig: "execute(sql: string, params?: any): table, error?", Doc: "Runs a statement and returns {last_insert_id, rows_affected}. PostgreSQL knows no last_insert_id: use RETURNING with query.", Ask: func(c *lua.Call) (*lua.Command, error) {
		params, err := sqlParams(c, 1)
		if err != nil {
			return nil, err
		}
		return sqlExecute(c, c.Self().(sqlTarget), c.String(0), params)
	}},
	{Sig: "prepare(sql: string): Statement, error?", Doc: "Prepares a statement to be run many times. It is closed when the process or the function call ends.", Ask: sqlPrepare},
}

// sqlQuery is the command that answers the rows of a statement.
func sqlQuery(c *lua.Call, on sqlTarget, text string, params []any) (*lua.Command, error) {
	return on.run(c, sqlWork{"query", "querying", text}, func(ctx context.Context, r sqlRunner) (any, error) {
		return sqlRows(r.QueryContext(ctx, text, params...))
	})
}

// sqlExecute is the command that answers what a statement has changed.
func sqlExecute(c *lua.Call, on sqlTarget, text string, params []any) (*lua.Command, error) {
	return on.run(c, sqlWork{"execute", "executing on", text}, func(ctx context.Context, r sqlRunner) (any, error) {
		return sqlResult(r.ExecContext(ctx, text, params...))
	})
}

func sqlResult(r sql.Result, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := &messages.Table{Object: true}
	if id, err := r.LastInsertId(); err == nil { // PostgreSQL has none
		out.Set("last_insert_id", float64(id))
	}
	if n, err := r.RowsAffected(); err == nil {
		out.Set("rows_affected", float64(n))
	}
	return out, nil
}

// sqlRows reads all rows. It is for the goroutine of a command: there may be
// many.
func sqlRows(rows *sql.Rows, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	keys := make([]messages.Value, len(columns))
	last := make([]bool, len(columns)) // of columns with one name the last one counts
	into := make([]any, len(columns))
	cells := make([]any, len(columns))
	for i, name := range columns {
		keys[i], last[i], into[i] = name, !slices.Contains(columns[i+1:], name), &cells[i]
	}
	out := []any{}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := &messages.Table{Object: true, Keys: make([]messages.Value, 0, len(keys)), Vals: make([]messages.Value, 0, len(keys))}
		for i, cell := range cells {
			if cell != nil && last[i] {
				row.Keys, row.Vals = append(row.Keys, keys[i]), append(row.Vals, sqlCell(cell))
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// sqlCell makes a Value of what a driver gives.
func sqlCell(v any) messages.Value {
	if t, ok := v.(time.Time); ok {
		v = t.UTC()
	}
	return messages.ValueOf(v)
}

var sqlStatementType = lua.Type{
	Name: "Statement", Doc: "A prepared statement.", Of: (*sqlStatement)(nil),
	Methods: []lua.Func{
		{Sig: "query(params?: any): list, error?", Doc: "Runs the statement and returns its rows.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s := c.Self().(*sqlStatement)
			return s.run(c, sqlWork{"query", "querying", s.text}, func(ctx context.Context, s *sql.Stmt, params []any) (any, error) {
				return sqlRows(s.QueryContext(ctx, params...))
			})
		}},
		{Sig: "execute(params?: any): table, error?", Doc: "Runs the statement and returns {last_insert_id, rows_affected}.", Ask: func(c *lua.Call) (*lua.Command, error) {
			s := c.Self().(*sqlStatement)
			return s.run(c, sqlWork{"execute", "executing on", s.text}, func(ctx context.Context, s *sql.Stmt, params []any) (any, error) {
				return sqlResult(s.ExecContext(ctx, params...))
			})
		}},
		{Sig: "close(): boolean, error?", Doc: "Closes the statement; calling it again is harmless.", Do: func(c *lua.Call) error {
			s := c.Self().(*sqlStatement)
			s.closed = true
			s.end()
			return c.Return(true)
		}},
	},
}

// sqlStatement is a Statement object.
type sqlStatement struct {
	on     sqlTarget
	stmt   *sql.Stmt
	text   string
	closed bool
	end    func() // closes stmt, without waiting for it
}

// run has the object that prepared the statement run it.
func (s *sqlStatement) run(c *lua.Call, is sqlWork, work func(context.Context, *sql.Stmt, []any) (any, error)) (*lua.Command, error) {
	if s.closed {
		return nil, messages.Errorf(messages.Invalid, "statement is closed")
	}
	params, err := sqlParams(c, 0)
	if err != nil {
		return nil, err
	}
	return s.on.run(c, is, func(ctx context.Context, _ sqlRunner) (any, error) { return work(ctx, s.stmt, params) })
}

// sqlPrepare prepares a statement. The end of the process may come before that
// of the preparation, which then closes what it made.
func sqlPrepare(c *lua.Call) (*lua.Command, error) {
	on, text := c.Self().(sqlTarget), c.String(0)
	life, end := context.WithCancel(context.Background())
	forget := c.OnEnd(end)
	drop := func() {
		forget()
		end()
	}
	cmd, err := on.run(c, sqlWork{"prepare", "preparing a statement for", text}, func(ctx context.Context, r sqlRunner) (any, error) {
		stmt, err := r.PrepareContext(ctx, text)
		if err == nil {
			context.AfterFunc(life, func() { _ = stmt.Close() }) // nobody is there to be told
		}
		return stmt, err
	})
	if err != nil {
		drop()
		return nil, err
	}
	cmd.Then = func(c *lua.Call, answer any) error {
		return c.Return(&sqlStatement{on: on, stmt: answer.(*sql.Stmt), text: text, end: drop})
	}
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
		drop()
		return err
	}
	return cmd, nil
}
