package modules

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var sqlTransactionType = lua.Type{
	Name: "Transaction", Doc: "A transaction. Its statements run one after the other.", Of: (*sqlTransaction)(nil),
	Methods: slices.Concat(sqlStatements, []lua.Func{
		sqlFinish("commit", "Ends the transaction and keeps its changes.", (*sql.Tx).Commit),
		sqlFinish("rollback", "Ends the transaction and undoes its changes.", (*sql.Tx).Rollback),
		sqlSavepoint("savepoint", "Marks a point to go back to. A name has letters, digits and underscores.", "SAVEPOINT "),
		sqlSavepoint("rollback_to", "Undoes the changes since the savepoint, which stays.", "ROLLBACK TO SAVEPOINT "),
		sqlSavepoint("release", "Forgets the savepoint and keeps the changes since.", "RELEASE SAVEPOINT "),
		{Sig: "db_type(): string, error?", Doc: "One of sql.type.", Do: func(c *lua.Call) error {
			return c.Return(c.Self().(*sqlTransaction).db.Type)
		}},
	}),
}

// sqlTransaction is a Transaction object.
type sqlTransaction struct {
	db   *sqlDB
	tx   *sql.Tx
	over bool

	trace   map[string]string // of its span
	endSpan func(error)

	end func() // rolls back if nothing else has ended it, without waiting for it

	// A connection runs one statement at a time, and coroutines may each run one.
	mu sync.Mutex
}

var errTxOver = messages.Errorf(messages.Invalid, "transaction is not active")

func (t *sqlTransaction) database() *messages.SQLDatabase { return t.db.SQLDatabase }

func (t *sqlTransaction) run(c *lua.Call, is sqlWork, work func(context.Context, sqlRunner) (any, error)) (*lua.Command, error) {
	if t.over {
		return nil, errTxOver
	}
	return sqlCommand(t.db.SQLDatabase, is, t.trace, func(ctx context.Context) (any, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		return work(ctx, t.tx)
	}), nil
}

var sqlIsolations = map[string]sql.IsolationLevel{
	"": sql.LevelDefault, "default": sql.LevelDefault, "read_uncommitted": sql.LevelReadUncommitted, "read_committed": sql.LevelReadCommitted,
	"write_committed": sql.LevelWriteCommitted, "repeatable_read": sql.LevelRepeatableRead, "serializable": sql.LevelSerializable,
}

// sqlBegin begins a transaction whose context ends with the process: package
// database/sql rolls it back then, on a goroutine of its own.
func sqlBegin(c *lua.Call) (*lua.Command, error) {
	d := c.Self().(*sqlDB)
	o := &options{table: c.Table(0)}
	name := o.text("isolation")
	level, known := sqlIsolations[name]
	txOptions := &sql.TxOptions{Isolation: level, ReadOnly: o.flag("read_only")}
	switch {
	case d.released:
		return nil, errDBReleased
	case o.err != nil:
		return nil, o.err
	case !known:
		return nil, messages.Errorf(messages.Invalid, "unknown isolation %q: one of sql.isolation is expected", name)
	}
	inside, endSpan := d.Traced(c.Process().Context.Around(), "transaction", "")
	life, cancel := context.WithCancel(context.Background())
	end := func() {
		cancel()
		endSpan(nil)
	}
	forget := c.OnEnd(end)
	drop := func() {
		forget()
		end()
	}
	await := d.patience()
	cmd := sqlCommand(d.SQLDatabase, sqlWork{does: "begin", doing: "beginning a transaction on"}, inside, func(ctx context.Context) (any, error) {
		pool, err := d.Pool()
		if err != nil {
			return nil, err
		}
		if err := await(ctx, pool); err != nil {
			return nil, err
		}
		return pool.BeginTx(life, txOptions)
	})
	cmd.Then = func(c *lua.Call, answer any) error {
		d.open++
		return c.Return(&sqlTransaction{db: d, tx: answer.(*sql.Tx), trace: inside, endSpan: endSpan, end: drop})
	}
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
		endSpan(err)
		drop()
		return err
	}
	return cmd, nil
}

// sqlFinish declares commit or rollback. Whatever comes of it, the transaction
// is over afterwards.
func sqlFinish(name, doc string, finish func(*sql.Tx) error) lua.Func {
	return lua.Func{Sig: name + "(): boolean, error?", Doc: doc, Ask: func(c *lua.Call) (*lua.Command, error) {
		t := c.Self().(*sqlTransaction)
		cmd, err := t.run(c, sqlWork{does: name, doing: name + " of a transaction on"}, func(context.Context, sqlRunner) (any, error) {
			err := finish(t.tx)
			if err != nil {
				err = t.db.Explain(err)
			}
			defer t.endSpan(err)
			return true, err
		})
		if err != nil {
			return nil, err
		}
		t.over = true
		over := func() {
			t.db.open--
			t.end()
		}
		cmd.Then = func(c *lua.Call, answer any) error {
			over()
			return c.Return(answer)
		}
		cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
			over()
			return err
		}
		return cmd, nil
	}}
}

func sqlSavepoint(name, doc, command string) lua.Func {
	return lua.Func{Sig: name + "(name: string): boolean, error?", Doc: doc, Ask: func(c *lua.Call) (*lua.Command, error) {
		t, savepoint := c.Self().(*sqlTransaction), c.String(0)
		if !isSavepoint(savepoint) {
			return nil, messages.Errorf(messages.Invalid, "invalid savepoint name %q: letters, digits and underscores are expected", savepoint)
		}
		quote := `"`
		if t.db.Type == messages.SQLMySQL {
			quote = "`"
		}
		text := command + quote + savepoint + quote
		return t.run(c, sqlWork{"execute", name + " " + savepoint + " on", text}, func(ctx context.Context, r sqlRunner) (any, error) {
			_, err := r.ExecContext(ctx, text)
			return true, err
		})
	}}
}

func isSavepoint(name string) bool {
	other := strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	return name != "" && other < 0
}
