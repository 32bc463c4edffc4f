// Package badgerlog keeps the registry's history in a BadgerDB folder. It is a
// package of its own so that programs without a durable history do not carry the
// database.
package badgerlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// format is the version of the layout below; Open refuses a newer one. Before 3,
// changesets were JSON without originals; they are read as they are.
const format = 3

// The keys: one record and one changeset for each version, a base for some; the
// version in use, the hash of the newest record, the versions whose predecessor
// was removed, the version to which the log is being trimmed, and the format.
var (
	recordPrefix = []byte("v/")
	changePrefix = []byte("c/")
	basePrefix   = []byte("b/")
	headKey      = []byte("head")
	lastKey      = []byte("last")
	cutsKey      = []byte("cuts")
	trimKey      = []byte("trim")
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
// the end of it. It may block on the disk. A second process cannot open the
// same folder.
func Open(dir string) (history.Log, error) { return openWith(dir, true) }

func openWith(dir string, sync bool) (history.Log, error) {
	o := badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(sync).WithCompression(options.None).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithValueLogFileSize(64 << 20).
		WithBlockCacheSize(0).WithIndexCacheSize(0).WithNumCompactors(2)
	err := removeUnborn(dir)
	if err != nil {
		return nil, fmt.Errorf("open the registry history in %s: %w", dir, err)
	}
	db, err := badger.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open the registry history in %s: %w; is another process using it?", dir, err)
	}
	l := &log{db: db, dir: dir}
	if err := l.check(); err != nil {
		return nil, errors.Join(history.Sound(err, l.allSound), db.Close())
	}
	return l, nil
}

// unborn is how long a file that another process has just made may be empty.
const unborn = time.Second

// removeUnborn removes files that a killed program had made but not given their
// size yet: BadgerDB cannot open a folder with them. Nothing can be in them.
func removeUnborn(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range list {
		if ext := filepath.Ext(f.Name()); ext != ".vlog" && ext != ".mem" {
			continue
		}
		file := filepath.Join(dir, f.Name())
		for {
			info, err := os.Stat(file)
			if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > 0 {
				break
			}
			if err != nil {
				return err
			}
			// One that is this young may belong to a process that runs.
			if age := time.Since(info.ModTime()); age >= 0 && age < unborn {
				time.Sleep(unborn - age)
				continue
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return err
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
		if r.Base != nil {
			if err := addBase(tx, v.Number, r.Base, s.Hash); err != nil {
				return err
			}
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
		based := l.based(tx)
		return l.walk(tx, 0, func(number uint64, s stored) error {
			r := s.record(number)
			r.Based = based[number]
			out = append(out, r)
			return nil
		})
	})
	return out, err
}

// Changes implements history.Log.
func (l *log) Changes(number uint64) (ops []registry.Op, err error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	err = l.db.View(func(tx *badger.Txn) error {
		s, err := l.stored(tx, number)
		if err != nil {
			return err
		}
		changes, err := l.sound(tx, number, s)
		if err == nil {
			ops, err = history.Decode(changes)
		}
		return err
	})
	return ops, err
}

// Base implements history.Log.
func (l *log) Base(number uint64) (ops []registry.Op, err error) {
	if l.closed {
		return nil, history.ErrClosed
	}
	err = l.db.View(func(tx *badger.Txn) error {
		s, err := l.stored(tx, number)
		if err != nil {
			return err
		}
		data, err := get(tx, key(basePrefix, number))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return history.Unknown(number)
		}
		if err != nil {
			return l.damaged(number, err)
		}
		hash, base := data[:min(len(data), sha256.Size)], data[min(len(data), sha256.Size):]
		if !bytes.Equal(hash, history.BaseSum(s.Hash, base)) {
			return l.damaged(number, errors.New("the hash of its base does not fit"))
		}
		ops, err = history.Decode(base)
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
		head, err = headOf(tx)
		return err
	})
	return head, err
}

func headOf(tx *badger.Txn) (uint64, error) {
	b, err := get(tx, headKey)
	switch {
	case errors.Is(err, badger.ErrKeyNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, fmt.Errorf("read the head of the registry history: %w", history.ErrDamaged)
	}
	return binary.BigEndian.Uint64(b), nil
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
