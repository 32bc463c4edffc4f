// Package badgerlog keeps the registry's history in a BadgerDB folder. It is a
// package of its own so that programs without a durable history do not carry the
// database.
package badgerlog

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// format is the version of the layout below; Open refuses a newer one.
const format = 1

// The keys: one record and one changeset for each version, the version in use,
// the hash of the newest record, and the format.
var (
	recordPrefix = []byte("v/")
	changePrefix = []byte("c/")
	headKey      = []byte("head")
	lastKey      = []byte("last")
	formatKey    = []byte("format")
)

// stored is a version as it is written.
type stored struct {
	Parent  uint64 `json:"parent"`
	Time    int64  `json:"time"`
	Author  string `json:"author,omitempty"`
	Message string `json:"message,omitempty"`
	Before  []byte `json:"before"` // hash of the record before
	Hash    []byte `json:"hash"`
}

// Open opens the log in a folder, which is made if it is not there, and checks
// every record of it. It may block on the disk. A second process cannot open the
// same folder.
func Open(dir string) (history.Log, error) {
	o := badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithCompression(options.None).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithValueLogFileSize(64 << 20).
		WithBlockCacheSize(0).WithIndexCacheSize(0).WithNumCompactors(2)
	db, err := badger.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open the registry history in %s: %w; is another process using it?", dir, err)
	}
	l := &log{db: db, dir: dir}
	if err := l.check(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

type log struct {
	db      *badger.DB
	dir     string
	highest uint64
	last    []byte // hash of the newest record
	closed  bool
}

func key(prefix []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(prefix), number)
}

func (s stored) record(number uint64) registry.Record {
	return registry.Record{Version: registry.Version{Number: number, Parent: s.Parent}, Time: s.Time, Author: s.Author, Message: s.Message}
}

// check reads the whole log and follows its hashes.
func (l *log) check() error {
	return l.db.Update(func(tx *badger.Txn) error {
		if v, err := get(tx, formatKey); err == nil && (len(v) != 1 || v[0] > format) {
			return fmt.Errorf("open the registry history in %s: it has format %v, this program knows %d; use a newer program", l.dir, v, format)
		} else if errors.Is(err, badger.ErrKeyNotFound) {
			if err := tx.Set(formatKey, []byte{format}); err != nil {
				return err
			}
		}
		var last []byte
		it := tx.NewIterator(badger.IteratorOptions{Prefix: recordPrefix, PrefetchValues: true, PrefetchSize: 100})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			number := binary.BigEndian.Uint64(it.Item().Key()[len(recordPrefix):])
			s, err := decode(it.Item())
			if err != nil {
				return l.damaged(number, err)
			}
			changes, err := get(tx, key(changePrefix, number))
			if err != nil {
				return l.damaged(number, err)
			}
			if !bytes.Equal(s.Before, last) || !bytes.Equal(s.Hash, history.Sum(s.record(number), changes, s.Before)) {
				return l.damaged(number, errors.New("its hash does not fit"))
			}
			last, l.highest = s.Hash, number
		}
		want, err := get(tx, lastKey)
		if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
			return err
		}
		if !bytes.Equal(want, last) {
			return l.damaged(l.highest+1, errors.New("records at the end are missing"))
		}
		l.last = last
		return nil
	})
}

func (l *log) damaged(number uint64, cause error) error {
	return history.Damaged(l.dir, number, cause)
}

func get(tx *badger.Txn, k []byte) ([]byte, error) {
	item, err := tx.Get(k)
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

func decode(item *badger.Item) (s stored, err error) {
	err = item.Value(func(v []byte) error { return json.Unmarshal(v, &s) })
	return s, err
}

func (l *log) known(tx *badger.Txn, number uint64) bool {
	_, err := tx.Get(key(recordPrefix, number))
	return err == nil
}

// Append implements history.Log; it returns once the record is on the disk.
func (l *log) Append(r registry.Record) error {
	if l.closed {
		return history.ErrClosed
	}
	changes, err := history.Encode(r.Ops)
	if err != nil {
		return err
	}
	v := r.Version
	s := stored{Parent: v.Parent, Time: r.Time, Author: r.Author, Message: r.Message, Before: l.last}
	s.Hash = history.Sum(r, changes, s.Before)
	err = l.db.Update(func(tx *badger.Txn) error {
		if err := history.CheckAppend(r, l.highest, func(n uint64) bool { return l.known(tx, n) }); err != nil {
			return err
		}
		record, err := json.Marshal(s)
		if err != nil {
			return err
		}
		return errors.Join(
			tx.Set(key(recordPrefix, v.Number), record),
			tx.Set(key(changePrefix, v.Number), changes),
			tx.Set(lastKey, s.Hash),
			tx.Set(headKey, binary.BigEndian.AppendUint64(nil, v.Number)),
		)
	})
	if err != nil {
		return fmt.Errorf("append version %d to the registry history in %s: %w", v.Number, l.dir, err)
	}
	l.highest, l.last = v.Number, s.Hash
	return nil
}

// Versions implements history.Log.
func (l *log) Versions() (out []registry.Record, err error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	err = l.db.View(func(tx *badger.Txn) error {
		it := tx.NewIterator(badger.IteratorOptions{Prefix: recordPrefix, PrefetchValues: true, PrefetchSize: 100})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			number := binary.BigEndian.Uint64(it.Item().Key()[len(recordPrefix):])
			s, err := decode(it.Item())
			if err != nil {
				return err
			}
			out = append(out, s.record(number))
		}
		return nil
	})
	return out, err
}

// Changes implements history.Log.
func (l *log) Changes(number uint64) (ops []registry.Op, err error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	err = l.db.View(func(tx *badger.Txn) error {
		b, err := get(tx, key(changePrefix, number))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return history.Unknown(number)
		}
		if err != nil {
			return err
		}
		ops, err = history.Decode(b)
		return err
	})
	return ops, err
}

// Head implements history.Log.
func (l *log) Head() (head uint64, err error) {
	if l.closed {
		return 0, history.ErrClosed
	}
	err = l.db.View(func(tx *badger.Txn) error {
		b, err := get(tx, headKey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err == nil && len(b) != 8 {
			return fmt.Errorf("read the head of the registry history: %w", history.ErrDamaged)
		}
		if err == nil {
			head = binary.BigEndian.Uint64(b)
		}
		return err
	})
	return head, err
}

// SetHead implements history.Log.
func (l *log) SetHead(number uint64) error {
	if l.closed {
		return history.ErrClosed
	}
	return l.db.Update(func(tx *badger.Txn) error {
		if number != 0 && !l.known(tx, number) {
			return history.Unknown(number)
		}
		return tx.Set(headKey, binary.BigEndian.AppendUint64(nil, number))
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
