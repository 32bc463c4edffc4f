// Package sqlitelog keeps the registry's history in a SQLite file that any
// SQLite tool can read: tables versions, changesets, bases and metadata, and the
// table operations, which tells in text and JSON what the changesets say. It is a
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
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// format is the version of the tables below; Open refuses a newer one. Before 3,
// changesets were JSON without originals, and there was no table operations; the
// changesets are read as they are.
const format = 3

const schema = `
CREATE TABLE IF NOT EXISTS metadata (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
	id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, time INTEGER NOT NULL,
	author TEXT NOT NULL, message TEXT NOT NULL, before BLOB, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS changesets (version_id INTEGER PRIMARY KEY REFERENCES versions (id), data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS bases (version_id INTEGER PRIMARY KEY REFERENCES versions (id), data BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS operations (
	version_id INTEGER NOT NULL, number INTEGER NOT NULL, op TEXT NOT NULL, entry_id TEXT NOT NULL,
	kind TEXT, meta TEXT, data TEXT, original TEXT, PRIMARY KEY (version_id, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operations_by_entry ON operations (entry_id);
INSERT OR IGNORE INTO metadata VALUES ('format', 3), ('head', 0), ('last', x''), ('cuts', x'');`

// tell fills the table operations from changesets in JSON, of those that SQLite can
// read: its own limit is a depth of 1000. Nothing here reads that table.
const tell = `INSERT OR REPLACE INTO operations
	SELECT version, key, value->>'op', value->>'id', value->>'kind', value->'meta', value->'data', value->'original'
	FROM (%s), json_each(CASE WHEN json_valid(text) THEN text ELSE '{}' END, '$.ops')`

var (
	tellOne = fmt.Sprintf(tell, `SELECT ? AS version, ? AS text`)
	tellAll = fmt.Sprintf(tell, `SELECT version_id AS version, CAST(data AS TEXT) AS text FROM changesets`)
)

// Open opens the log in a file, which is made with its folder if it is not
// there, and checks the end of it. It may block on the disk.
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
		return nil, errors.Join(history.Sound(err, l.allSound), db.Close())
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
	text, err := history.EncodeJSON(r.Ops)
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
			{tellOne, []any{v.Number, string(text)}},
			{`UPDATE metadata SET value = ? WHERE key = 'last'`, []any{hash}},
			{`UPDATE metadata SET value = ? WHERE key = 'head'`, []any{v.Number}},
		} {
			if _, err := tx.ExecContext(l.ctx, step.text, step.args...); err != nil {
				return err
			}
		}
		if r.Base != nil {
			return l.addBase(tx, v.Number, r.Base, hash)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append version %d to the registry history in %s: %w", r.Version.Number, l.file, err)
	}
	l.highest, l.last = r.Version.Number, hash
	return nil
}

// addBase adds the base of a version that has a hash.
func (l *log) addBase(tx *sql.Tx, number uint64, base []registry.Op, version []byte) error {
	data, err := history.Encode(base)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(l.ctx, `INSERT OR REPLACE INTO bases VALUES (?, ?, ?)`, number, data, history.BaseSum(version, data))
	return err
}

// Trim implements history.Log.
func (l *log) Trim(below uint64, bases map[uint64][]registry.Op) error {
	if l.closed {
		return history.ErrClosed
	}
	err := l.write(func(tx *sql.Tx) error {
		if err := history.CheckTrim(below, func(n uint64) bool { return l.known(tx, n) }); err != nil {
			return err
		}
		var head uint64
		if err := tx.QueryRowContext(l.ctx, `SELECT value FROM metadata WHERE key = 'head'`).Scan(&head); err != nil {
			return err
		}
		for number, base := range bases {
			var hash []byte
			if err := tx.QueryRowContext(l.ctx, `SELECT hash FROM versions WHERE id = ?`, number).Scan(&hash); err != nil {
				return err
			}
			if err := l.addBase(tx, number, base, hash); err != nil {
				return err
			}
		}
		for _, table := range []string{"operations WHERE version_id", "changesets WHERE version_id", "bases WHERE version_id", "versions WHERE id"} {
			column := table[strings.LastIndexByte(table, ' '):]
			if _, err := tx.ExecContext(l.ctx, `DELETE FROM `+table+` < ? AND`+column+` <> ?`, below, head); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(l.ctx, `UPDATE metadata SET value = ? WHERE key = 'cuts'`, history.EncodeCuts(history.CutsAfter(below, head)))
		return err
	})
	if err != nil {
		return fmt.Errorf("trim the registry history in %s: %w", l.file, err)
	}
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
	chain, err := l.chain()
	if err != nil {
		return nil, err
	}
	rows, err := l.db.QueryContext(l.ctx, `SELECT id, parent_id, time, author, message, before, versions.hash, version_id IS NOT NULL
		FROM versions LEFT JOIN bases ON version_id = id ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read the registry history in %s: %w", l.file, err)
	}
	defer rows.Close() //nolint:errcheck // they were only read
	for rows.Next() {
		var r registry.Record
		var before, hash []byte
		if err := rows.Scan(&r.Version.Number, &r.Version.Parent, &r.Time, &r.Author, &r.Message, &before, &hash, &r.Based); err != nil {
			return nil, l.damaged(r.Version.Number, err)
		}
		if err := chain.Pass(r.Version.Number, before, hash); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the registry history in %s: %w", l.file, err)
	}
	return out, chain.End(l.last)
}

// Changes implements history.Log.
func (l *log) Changes(number uint64) ([]registry.Op, error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	r := registry.Record{Version: registry.Version{Number: number}}
	var before, hash, changes []byte
	err := l.db.QueryRowContext(l.ctx, `SELECT parent_id, time, author, message, before, hash, data
		FROM versions LEFT JOIN changesets ON version_id = id WHERE id = ?`, number).
		Scan(&r.Version.Parent, &r.Time, &r.Author, &r.Message, &before, &hash, &changes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, history.Unknown(number)
	}
	if err != nil {
		return nil, l.damaged(number, err)
	}
	if err := l.sound(r, changes, before, hash); err != nil {
		return nil, err
	}
	return history.Decode(changes)
}

// Base implements history.Log.
func (l *log) Base(number uint64) ([]registry.Op, error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	var version, data, hash []byte
	err := l.db.QueryRowContext(l.ctx, `SELECT versions.hash, data, bases.hash FROM bases JOIN versions ON version_id = id WHERE id = ?`, number).
		Scan(&version, &data, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, history.Unknown(number)
	}
	if err != nil {
		return nil, l.damaged(number, err)
	}
	if !bytes.Equal(hash, history.BaseSum(version, data)) {
		return nil, l.damaged(number, errors.New("the hash of its base does not fit"))
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
