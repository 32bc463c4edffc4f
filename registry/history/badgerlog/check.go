package badgerlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/troupe-go/troupe/registry/history"
)

// check looks at what was written last, and at what everything else depends on.
func (l *log) check() error {
	err := l.db.Update(func(tx *badger.Txn) error {
		v, err := get(tx, formatKey)
		switch {
		case err == nil && (len(v) != 1 || v[0] > format):
			return fmt.Errorf("open the registry history in %s: it has format %v, this program knows %d; use a newer program", l.dir, v, format)
		case err != nil && !errors.Is(err, badger.ErrKeyNotFound):
			return err
		case err == nil && v[0] == format:
			return nil
		}
		return tx.Set(formatKey, []byte{format})
	})
	if err != nil {
		return err
	}
	if err := l.finishTrim(); err != nil {
		return err
	}
	return l.db.View(func(tx *badger.Txn) error {
		if err := l.walk(tx, tail(tx), func(number uint64, s stored) error {
			l.highest, l.last = number, s.Hash
			_, err := l.sound(tx, number, s)
			return err
		}); err != nil {
			return err
		}
		head, err := headOf(tx)
		if err == nil && head != 0 && !l.known(tx, head) {
			err = l.damaged(head, errors.New("it is in use and missing"))
		}
		return err
	})
}

// tail is the first of the last versions.
func tail(tx *badger.Txn) (from uint64) {
	it := tx.NewIterator(badger.IteratorOptions{Prefix: recordPrefix, Reverse: true})
	defer it.Close()
	it.Seek(key(recordPrefix, 1<<64-1))
	for range history.Tail {
		if !it.Valid() {
			return 0
		}
		from = numberOf(it.Item())
		it.Next()
	}
	return from
}

func numberOf(item *badger.Item) uint64 {
	return binary.BigEndian.Uint64(item.Key()[len(recordPrefix):])
}

// walk passes the versions from one on and follows their hashes to the last.
func (l *log) walk(tx *badger.Txn, from uint64, visit func(number uint64, s stored) error) error {
	data, err := get(tx, cutsKey)
	if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
		return l.damaged(0, err)
	}
	cuts, err := history.DecodeCuts(data)
	if err != nil {
		return l.damaged(0, err)
	}
	chain := history.Chain{Where: l.dir, Cuts: cuts}
	first := true
	it := tx.NewIterator(badger.IteratorOptions{Prefix: recordPrefix, PrefetchValues: true, PrefetchSize: 100})
	defer it.Close()
	for it.Seek(key(recordPrefix, from)); it.Valid(); it.Next() {
		number := numberOf(it.Item())
		s, err := decode(it.Item())
		if err != nil {
			return l.damaged(number, err)
		}
		if first && from > 0 {
			chain.Last = s.Before // what comes before is not looked at
		}
		first = false
		if err := chain.Pass(number, s.Before, s.Hash); err != nil {
			return err
		}
		if err := visit(number, s); err != nil {
			return err
		}
	}
	want, err := get(tx, lastKey)
	if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
		return l.damaged(0, err)
	}
	return chain.End(want)
}

// stored reads the record of a version.
func (l *log) stored(tx *badger.Txn, number uint64) (s stored, err error) {
	item, err := tx.Get(key(recordPrefix, number))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return s, history.Unknown(number)
	}
	if err == nil {
		s, err = decode(item)
	}
	if err != nil {
		err = l.damaged(number, err)
	}
	return s, err
}

// sound checks a version by itself and returns its encoded changes.
func (l *log) sound(tx *badger.Txn, number uint64, s stored) ([]byte, error) {
	changes, err := get(tx, key(changePrefix, number))
	if err != nil {
		return nil, l.damaged(number, fmt.Errorf("its changeset: %w", err))
	}
	if !bytes.Equal(s.Hash, history.Sum(s.record(number), changes, s.Before)) {
		return nil, l.damaged(number, errors.New("its hash does not fit"))
	}
	return changes, nil
}

// based tells which versions have a base.
func (l *log) based(tx *badger.Txn) map[uint64]bool {
	out := map[uint64]bool{}
	it := tx.NewIterator(badger.IteratorOptions{Prefix: basePrefix})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		out[numberOf(it.Item())] = true
	}
	return out
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
	_ = l.db.View(func(tx *badger.Txn) error {
		it := tx.NewIterator(badger.IteratorOptions{Prefix: recordPrefix, PrefetchValues: true, PrefetchSize: 100})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			number := numberOf(it.Item())
			s, err := decode(it.Item())
			if err == nil {
				_, err = l.sound(tx, number, s)
			}
			if err == nil {
				list = append(list, number)
			}
		}
		return nil
	})
	return slices.DeleteFunc(list, func(n uint64) bool {
		_, err := l.Base(n)
		return err != nil && !errors.Is(err, history.ErrUnknown)
	})
}

func (l *log) verify() error {
	err := l.db.View(func(tx *badger.Txn) error {
		return l.walk(tx, 0, func(number uint64, s stored) error {
			_, err := l.sound(tx, number, s)
			return err
		})
	})
	if err != nil {
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
