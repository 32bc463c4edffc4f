package badgerlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// addBase adds the base of a version that has a hash.
func addBase(tx *badger.Txn, number uint64, base []registry.Op, version []byte) error {
	data, err := history.Encode(base)
	if err != nil {
		return err
	}
	return tx.Set(key(basePrefix, number), append(history.BaseSum(version, data), data...))
}

// Trim implements history.Log. What goes may be more than one transaction can
// hold: it is noted first and, if the program ends, finished at the next opening.
func (l *log) Trim(below uint64, bases map[uint64][]registry.Op) error {
	if l.closed {
		return history.ErrClosed
	}
	var head uint64
	err := l.db.View(func(tx *badger.Txn) (err error) {
		if err := history.CheckTrim(below, func(n uint64) bool { return l.known(tx, n) }); err != nil {
			return err
		}
		head, err = headOf(tx)
		return err
	})
	for number, base := range bases {
		if err != nil {
			break
		}
		err = l.db.Update(func(tx *badger.Txn) error {
			s, err := l.stored(tx, number)
			if err != nil {
				return err
			}
			return addBase(tx, number, base, s.Hash)
		})
	}
	if err == nil {
		err = l.db.Update(func(tx *badger.Txn) error {
			return errors.Join(
				tx.Set(cutsKey, history.EncodeCuts(history.CutsAfter(below, head))),
				tx.Set(trimKey, binary.BigEndian.AppendUint64(nil, below)),
			)
		})
	}
	if err == nil {
		err = l.finishTrim()
	}
	if err != nil {
		return fmt.Errorf("trim the registry history in %s: %w", l.dir, err)
	}
	return nil
}

// finishTrim removes what a Trim has noted.
func (l *log) finishTrim() error {
	var gone [][]byte
	err := l.db.View(func(tx *badger.Txn) error {
		note, err := get(tx, trimKey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil || len(note) != 8 {
			return l.damaged(0, errors.Join(errors.New("the note of what is removed"), err))
		}
		below := binary.BigEndian.Uint64(note)
		head, err := headOf(tx)
		if err != nil {
			return err
		}
		for _, prefix := range [][]byte{recordPrefix, changePrefix, basePrefix} {
			it := tx.NewIterator(badger.IteratorOptions{Prefix: prefix})
			for it.Rewind(); it.Valid(); it.Next() {
				number := numberOf(it.Item())
				if number >= below {
					break
				}
				if number != head {
					gone = append(gone, it.Item().KeyCopy(nil))
				}
			}
			it.Close()
		}
		gone = append(gone, trimKey) // after all others
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	return l.remove(gone)
}

// remove deletes keys, the last of them in the last transaction.
func (l *log) remove(keys [][]byte) error {
	for len(keys) > 0 {
		n := min(len(keys), 1000)
		err := l.db.Update(func(tx *badger.Txn) error {
			for _, k := range keys[:n] {
				if err := tx.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}
