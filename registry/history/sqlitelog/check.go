package sqlitelog

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// check looks at what was written last, and at what everything else depends on.
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
	if have < format {
		if err := l.write(func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(l.ctx, tellAll); err != nil {
				return err
			}
			_, err := tx.ExecContext(l.ctx, `UPDATE metadata SET value = ? WHERE key = 'format'`, format)
			return err
		}); err != nil {
			return fmt.Errorf("open the registry history in %s: %w", l.file, err)
		}
	}
	var from uint64
	err = l.db.QueryRowContext(l.ctx, `SELECT coalesce(min(id), 0) FROM (SELECT id FROM versions ORDER BY id DESC LIMIT ?)`, history.Tail).Scan(&from)
	if err != nil {
		return l.damaged(0, err)
	}
	if l.highest, l.last, err = l.walk(from); err != nil {
		return err
	}
	head, err := l.number("head")
	if err != nil {
		return err
	}
	if head != 0 && !l.known(l.db, head) {
		return l.damaged(head, errors.New("it is in use and missing"))
	}
	return nil
}

// blob reads a part of the metadata that is not a number.
func (l *log) blob(key string) (data []byte, err error) {
	err = l.db.QueryRowContext(l.ctx, `SELECT value FROM metadata WHERE key = ?`, key).Scan(&data)
	if err != nil {
		return nil, l.damaged(0, fmt.Errorf("reading %s: %w", key, err))
	}
	return data, nil
}

func (l *log) chain() (*history.Chain, error) {
	data, err := l.blob("cuts")
	if err != nil {
		return nil, err
	}
	cuts, err := history.DecodeCuts(data)
	if err != nil {
		return nil, l.damaged(0, err)
	}
	return &history.Chain{Where: l.file, Cuts: cuts}, nil
}

// walk checks the versions from one on, and returns the newest and its hash.
func (l *log) walk(from uint64) (highest uint64, last []byte, err error) {
	chain, err := l.chain()
	if err != nil {
		return 0, nil, err
	}
	err = l.db.QueryRowContext(l.ctx, `SELECT hash FROM versions WHERE id < ? ORDER BY id DESC LIMIT 1`, from).Scan(&chain.Last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, nil, l.damaged(from, err)
	}
	rows, err := l.db.QueryContext(l.ctx, `SELECT id, parent_id, time, author, message, before, hash, data
		FROM versions LEFT JOIN changesets ON version_id = id WHERE id >= ? ORDER BY id`, from)
	if err != nil {
		return 0, nil, l.damaged(from, err)
	}
	defer rows.Close() //nolint:errcheck // they were only read
	for rows.Next() {
		var r registry.Record
		var before, hash, changes []byte
		if err := rows.Scan(&r.Version.Number, &r.Version.Parent, &r.Time, &r.Author, &r.Message, &before, &hash, &changes); err != nil {
			return 0, nil, l.damaged(highest+1, err)
		}
		highest = r.Version.Number
		if err := l.sound(r, changes, before, hash); err != nil {
			return 0, nil, err
		}
		if err := chain.Pass(highest, before, hash); err != nil {
			return 0, nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, l.damaged(highest+1, err)
	}
	want, err := l.blob("last")
	if err != nil {
		return 0, nil, err
	}
	return highest, chain.Last, chain.End(want)
}

// sound checks a version by itself.
func (l *log) sound(r registry.Record, changes, before, hash []byte) error {
	switch {
	case changes == nil:
		return l.damaged(r.Version.Number, errors.New("its changeset is missing"))
	case !bytes.Equal(hash, history.Sum(r, changes, before)):
		return l.damaged(r.Version.Number, errors.New("its hash does not fit"))
	}
	return nil
}

// Verify implements history.Log.
func (l *log) Verify() error {
	if l.closed {
		return history.ErrClosed
	}
	return history.Sound(l.verify(), l.allSound)
}

// allSound are the versions that are sound by themselves.
func (l *log) allSound() (list []uint64) {
	rows, err := l.db.QueryContext(l.ctx, `SELECT id FROM versions ORDER BY id`)
	if err != nil {
		return nil
	}
	for rows.Next() {
		var number uint64
		if rows.Scan(&number) == nil {
			list = append(list, number)
		}
	}
	if errors.Join(rows.Err(), rows.Close()) != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(n uint64) bool {
		_, err := l.Changes(n)
		if err == nil {
			_, err = l.Base(n)
		}
		return err != nil && !errors.Is(err, history.ErrUnknown)
	})
}

func (l *log) verify() error {
	if _, _, err := l.walk(0); err != nil {
		return err
	}
	records, err := l.Versions()
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Based {
			if _, err := l.Base(r.Version.Number); err != nil {
				return err
			}
		}
	}
	return nil
}
