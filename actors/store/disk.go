package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// maxKey is how long a key may be, in bytes; a database takes little more.
const maxKey = 60_000

// maxValue is how long an encoded value may be, in bytes.
const maxValue = 32 << 20

// disk is an open database, for many goroutines.
type disk struct {
	env actors.Env
	db  *badger.DB

	mu     sync.RWMutex // held for reading by whoever uses db
	closed bool
}

// The keys: those of the entries behind a prefix, and the format of the rest.
var (
	entryPrefix = []byte("e/")
	formatKey   = []byte("format")
)

// format is the version of the layout; openDisk refuses another one.
const format = 1

func openDisk(env actors.Env, dir string) (*disk, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithCompression(options.None).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithValueLogFileSize(64 << 20).WithValueThreshold(64 << 10).
		WithBlockCacheSize(0).WithIndexCacheSize(0).WithNumCompactors(2))
	if err != nil {
		return nil, messages.Because(messages.Unavailable, "opening the folder "+dir+" of store "+env.ID+" (check that it can be written and that no other program or store uses it)", err)
	}
	err = db.Update(func(tx *badger.Txn) error {
		item, err := tx.Get(formatKey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return tx.Set(formatKey, []byte{format})
		}
		if err != nil {
			return err
		}
		return item.Value(func(v []byte) error {
			if !bytes.Equal(v, []byte{format}) {
				return messages.Errorf(messages.Invalid, "the folder %s of store %s has format %v, this program knows %d; use the program that wrote it", dir, env.ID, v, format)
			}
			return nil
		})
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &disk{env: env, db: db}, nil
}

func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.db.Close()
}

// use runs work on the open database.
func (d *disk) use(work func() (any, error)) (any, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, messages.Errorf(messages.Unavailable, "store %s is not running", d.env.ID)
	}
	v, err := work()
	var ours *messages.Error
	if err != nil && !errors.As(err, &ours) {
		return nil, messages.Because(messages.Internal, "store "+d.env.ID, err)
	}
	return v, err
}

// collect gives the space of value-log files back of which half is not needed.
func (d *disk) collect() (any, error) {
	for {
		err := d.db.RunValueLogGC(0.5)
		if errors.Is(err, badger.ErrNoRewrite) || errors.Is(err, badger.ErrRejected) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func keyOf(key string) []byte { return append(bytes.Clone(entryPrefix), key...) }

// record is an entry as it is written: 8 bytes of version, 8 of the time of expiry
// in milliseconds since 1970 (0 for never), and the value.
type record struct {
	version uint64
	expires int64
	value   []byte
}

const recordHead = 16

func (r record) bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, recordHead+len(r.value)), r.version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.expires)) //nolint:gosec // it comes back as it was
	return append(b, r.value...)
}

func (r record) name() string { return strconv.FormatUint(r.version, 36) }

func (r record) entry(key string) (messages.StoreEntry, error) {
	v, err := decode(key, r.value)
	return messages.StoreEntry{Key: key, Value: v, Version: r.name()}, err
}

// read gives the record of an item; it is not there if it has expired.
func (d *disk) read(item *badger.Item) (r record, there bool, err error) {
	err = item.Value(func(b []byte) error {
		if len(b) < recordHead {
			return messages.Errorf(messages.Internal, "key %q of store %s was not written by a store", item.Key()[len(entryPrefix):], d.env.ID)
		}
		r = record{binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:])), bytes.Clone(b[recordHead:])} //nolint:gosec // as in bytes
		return nil
	})
	return r, err == nil && (r.expires == 0 || d.env.Clock.Now().UnixMilli() < r.expires), err
}

func (d *disk) find(tx *badger.Txn, key string) (record, bool, error) {
	item, err := tx.Get(keyOf(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return record{}, false, nil
	}
	if err != nil {
		return record{}, false, err
	}
	return d.read(item)
}

func (d *disk) get(key string) (out any, err error) {
	err = d.db.View(func(tx *badger.Txn) error {
		r, there, err := d.find(tx, key)
		if err != nil {
			return err
		}
		if !there {
			return messages.Errorf(messages.NotFound, "key not found")
		}
		e, err := r.entry(key)
		out = &e
		return err
	})
	return out, err
}

// update runs a transaction, again where another one got in its way.
func (d *disk) update(f func(tx *badger.Txn) error) error {
	for {
		if err := d.db.Update(f); !errors.Is(err, badger.ErrConflict) {
			return err
		}
	}
}

func (d *disk) put(b *messages.StorePut) (any, error) {
	data, err := messages.EncodeStored(b.Value)
	switch {
	case err != nil:
		return nil, err
	case len(b.Key) > maxKey:
		return nil, messages.Errorf(messages.Invalid, "a key of %d bytes: store %s takes up to %d", len(b.Key), d.env.ID, maxKey)
	case len(data) > maxValue:
		return nil, messages.Errorf(messages.Invalid, "a value of %d bytes: store %s takes up to %d; keep it as a file", len(data), d.env.ID, maxValue)
	}
	r := record{version: rand.Uint64(), value: data}
	if b.TTL > 0 {
		r.expires = d.env.Clock.Now().Add(b.TTL).UnixMilli()
	}
	err = d.update(func(tx *badger.Txn) error {
		if b.IfAbsent || b.IfVersion != "" {
			old, there, err := d.find(tx, b.Key)
			switch {
			case err != nil:
				return err
			case b.IfAbsent && there:
				return messages.Errorf(messages.AlreadyExists, "key already exists")
			case b.IfVersion != "" && (!there || old.name() != b.IfVersion):
				return messages.Errorf(messages.Conflict, "version mismatch").WithRetry(true)
			}
		}
		entry := badger.NewEntry(keyOf(b.Key), r.bytes())
		if b.TTL > 0 {
			entry = entry.WithTTL(b.TTL + 2*time.Second) // it counts whole seconds, and must not be earlier than we are
		}
		return tx.SetEntry(entry)
	})
	if err != nil {
		return nil, err
	}
	return &messages.StoreEntry{Key: b.Key, Value: b.Value, Version: r.name()}, nil
}

func (d *disk) delete(key string) (any, error) {
	was := false
	err := d.update(func(tx *badger.Txn) error {
		_, there, err := d.find(tx, key)
		if was = there; err != nil || !there {
			return err
		}
		return tx.Delete(keyOf(key))
	})
	return was, err
}

func (d *disk) list(b *messages.StoreList) (any, error) {
	page := &messages.StorePage{}
	err := d.db.View(func(tx *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix = keyOf(b.Prefix)
		if b.Limit > 0 {
			o.PrefetchSize = min(o.PrefetchSize, b.Limit+1)
		}
		it := tx.NewIterator(o)
		defer it.Close()
		for it.Seek(keyOf(max(b.Prefix, b.After))); it.Valid(); it.Next() {
			key := string(it.Item().Key()[len(entryPrefix):])
			if key == b.After {
				continue
			}
			r, there, err := d.read(it.Item())
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			if b.Limit > 0 && len(page.Items) == b.Limit {
				page.More = true
				return nil
			}
			e, err := r.entry(key)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, e)
			page.Cursor = key
		}
		return nil
	})
	return page, err
}
