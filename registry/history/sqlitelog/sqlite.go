// Package sqlitelog keeps the registry's history in a SQLite file that any
// SQLite tool can read: tables versions, changesets and metadata. It is a
// package of its own so that programs without it do not carry the database.
package sqlitelog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// format is the version of the tables below; Open refuses a newer one.
const format = 1

const schema = `
CREATE TABLE IF NOT EXISTS metadata (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
	id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, time INTEGER NOT NULL,
	author TEXT NOT NULL, message TEXT NOT NULL, before BLOB, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS changesets (version_id INTEGER PRIMARY KEY REFERENCES versions (id), data BLOB NOT NULL);
INSERT OR IGNORE INTO metadata VALUES ('format', 1), ('head', 0), ('last', x'');`

// Open opens the log in a file, which is made with its folder if it is not
// there, and checks every version in it. It may block on the disk.
func Open(file string) (history.Log, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("open the registry history in %s: %w", file, err)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the registry history in %s: %w", file, err)
	}
	db.SetMaxOpenConns(1)
	l := &log{db: db, file: file, ctx: context.Background()}
	if err := l.check(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

type log struct {
	db      *sql.DB
	file    string
	ctx     context.Context
	highest uint64
	last    []byte // hash of the newest version
	closed  bool
}

// check reads the whole log and follows its hashes.
func (l *log) check() error {
	if _, err := l.db.ExecContext(l.ctx, schema); err != nil {
		return fmt.Errorf("open the registry history in %s: %w; is it a history of Troupe?", l.file, err)
	}
	have, err := l.number("format")
	if err != nil {
		return err
	}
	if have > format {
		return fmt.Errorf("open the registry history in %s: it has format %d, this program knows %d; use a newer program", l.file, have, format)
	}
	rows, err := l.db.QueryContext(l.ctx, `SELECT id, parent_id, time, author, message, before, hash, data
		FROM versions LEFT JOIN changesets ON version_id = id ORDER BY id`)
	if err != nil {
		return l.damaged(l.highest+1, err)
	}
	defer rows.Close() //nolint:errcheck // they were only read
	var last []byte
	for rows.Next() {
		var r registry.Record
		var before, hash, changes []byte
		if err := rows.Scan(&r.Version.Number, &r.Version.Parent, &r.Time, &r.Author, &r.Message, &before, &hash, &changes); err != nil {
			return l.damaged(l.highest+1, err)
		}
		if changes == nil {
			return l.damaged(r.Version.Number, errors.New("its changeset is missing"))
		}
		if !bytes.Equal(before, last) || !bytes.Equal(hash, history.Sum(r, changes, before)) {
			return l.damaged(r.Version.Number, errors.New("its hash does not fit"))
		}
		last, l.highest = hash, r.Version.Number
	}
	if err := rows.Err(); err != nil {
		return l.damaged(l.highest+1, err)
	}
	var want []byte
	if err := l.db.QueryRowContext(l.ctx, `SELECT value FROM metadata WHERE key = 'last'`).Scan(&want); err != nil || !bytes.Equal(want, last) {
		return l.damaged(l.highest+1, errors.Join(errors.New("versions at the end are missing"), err))
	}
	l.last = last
	return nil
}

func (l *log) damaged(number uint64, cause error) error {
	return history.Damaged(l.file, number, cause)
}

func (l *log) number(key string) (n uint64, err error) {
	err = l.db.QueryRowContext(l.ctx, `SELECT value FROM metadata WHERE key = ?`, key).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read %s of the registry history in %s: %w", key, l.file, err)
	}
	return n, nil
}

// querier is a database or a transaction on it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (l *log) known(q querier, number uint64) bool {
	var one int
	return q.QueryRowContext(l.ctx, `SELECT 1 FROM versions WHERE id = ?`, number).Scan(&one) == nil
}

// Append implements history.Log; it returns once the version is on the disk.
func (l *log) Append(r registry.Record) error {
	if l.closed {
		return history.ErrClosed
	}
	changes, err := history.Encode(r.Ops)
	if err != nil {
		return err
	}
	hash := history.Sum(r, changes, l.last)
	err = l.write(func(tx *sql.Tx) error {
		if err := history.CheckAppend(r, l.highest, func(n uint64) bool { return l.known(tx, n) }); err != nil {
			return err
		}
		v := r.Version
		for _, step := range []struct {
			text string
			args []any
		}{
			{`INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)`, []any{v.Number, v.Parent, r.Time, r.Author, r.Message, l.last, hash}},
			{`INSERT INTO changesets VALUES (?, ?)`, []any{v.Number, changes}},
			{`UPDATE metadata SET value = ? WHERE key = 'last'`, []any{hash}},
			{`UPDATE metadata SET value = ? WHERE key = 'head'`, []any{v.Number}},
		} {
			if _, err := tx.ExecContext(l.ctx, step.text, step.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append version %d to the registry history in %s: %w", r.Version.Number, l.file, err)
	}
	l.highest, l.last = r.Version.Number, hash
	return nil
}

// write does something in a transaction.
func (l *log) write(f func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(l.ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Versions implements history.Log.
func (l *log) Versions() (out []registry.Record, err error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	rows, err := l.db.QueryContext(l.ctx, `SELECT id, parent_id, time, author, message FROM versions ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read the registry history in %s: %w", l.file, err)
	}
	defer rows.Close() //nolint:errcheck // they were only read
	for rows.Next() {
		var r registry.Record
		if err := rows.Scan(&r.Version.Number, &r.Version.Parent, &r.Time, &r.Author, &r.Message); err != nil {
			return nil, fmt.Errorf("read the registry history in %s: %w", l.file, err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Changes implements history.Log.
func (l *log) Changes(number uint64) ([]registry.Op, error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	var data []byte
	err := l.db.QueryRowContext(l.ctx, `SELECT data FROM changesets WHERE version_id = ?`, number).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, history.Unknown(number)
	}
	if err != nil {
		return nil, fmt.Errorf("read version %d of the registry history in %s: %w", number, l.file, err)
	}
	return history.Decode(data)
}

// Head implements history.Log.
func (l *log) Head() (uint64, error) {
	if l.closed {
		return 0, history.ErrClosed
	}
	return l.number("head")
}

// SetHead implements history.Log.
func (l *log) SetHead(number uint64) error {
	if l.closed {
		return history.ErrClosed
	}
	return l.write(func(tx *sql.Tx) error {
		if number != 0 && !l.known(tx, number) {
			return history.Unknown(number)
		}
		_, err := tx.ExecContext(l.ctx, `UPDATE metadata SET value = ? WHERE key = 'head'`, number)
		return err
	})
}

// Close implements history.Log.
func (l *log) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	return l.db.Close()
}
