package badgerlog

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/historytest"
)

func open(t *testing.T, dir string) history.Log {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestContract(t *testing.T) {
	dir := ""
	historytest.Contract(t,
		func(t *testing.T) history.Log { dir = t.TempDir(); return open(t, dir) },
		func(t *testing.T) history.Log { return open(t, dir) })
}

// A record that was lost or changed is found at the next opening.
func TestDamageIsFound(t *testing.T) {
	for name, damage := range map[string]func(*badger.Txn) error{
		"a changed changeset": func(tx *badger.Txn) error { return tx.Set(key(changePrefix, 2), []byte(`{"ops":[]}`)) },
		"a lost changeset":    func(tx *badger.Txn) error { return tx.Delete(key(changePrefix, 2)) },
		"a lost record":       func(tx *badger.Txn) error { return tx.Delete(key(recordPrefix, 1)) },
		"a lost end": func(tx *badger.Txn) error {
			return errors.Join(tx.Delete(key(recordPrefix, 3)), tx.Delete(key(changePrefix, 3)))
		},
		"a changed record": func(tx *badger.Txn) error { return tx.Set(key(recordPrefix, 2), []byte(`{"parent":1}`)) },
		"no JSON":          func(tx *badger.Txn) error { return tx.Set(key(recordPrefix, 2), []byte(`{`)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			for n := uint64(1); n <= 3; n++ {
				op := registry.Op{Kind: registry.Create, Entry: registry.Entry{ID: registry.ID{NS: "a", Name: "b"}, Kind: "registry.entry", Data: map[string]any{"n": int64(n)}}}
				if err := l.Append(registry.Record{Version: registry.Version{Number: n, Parent: n - 1}, Ops: []registry.Op{op}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.(*log).db.Update(damage); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir); !errors.Is(err, history.ErrDamaged) || !strings.Contains(err.Error(), "(versions that are sound: ") {
				t.Errorf("opened with %v", err)
			}
		})
	}
}

// What is damaged and not looked at when the log is opened is found when it is
// used, and by Verify.
func TestOldDamageIsFound(t *testing.T) {
	hit := func(tx *badger.Txn, k []byte) error {
		data, err := get(tx, k)
		if err != nil {
			return err
		}
		data[len(data)-3] ^= 1
		return tx.Set(k, data)
	}
	historytest.OldDamage(t, func(t *testing.T, damage string) (reopen func() (history.Log, error), spoil func() error, full history.Log) {
		dir := t.TempDir()
		l := open(t, dir)
		return func() (history.Log, error) { return Open(dir) }, func() error {
			return l.(*log).db.Update(func(tx *badger.Txn) error {
				switch damage {
				case "changes":
					return hit(tx, key(changePrefix, 5))
				case "base":
					return hit(tx, key(basePrefix, 5))
				}
				return errors.Join(tx.Delete(key(recordPrefix, 5)), tx.Delete(key(changePrefix, 5)))
			})
		}, l
	})
}

// A trim that the end of the program has interrupted is finished.
func TestInterruptedTrim(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for n := uint64(1); n <= 400; n++ {
		if err := l.Append(registry.Record{Version: registry.Version{Number: n, Parent: n - 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Trim(300, map[uint64][]registry.Op{300: {}}); err != nil {
		t.Fatal(err)
	}
	// As if only some had gone of what a second one removes.
	err := l.(*log).db.Update(func(tx *badger.Txn) error {
		return errors.Join(
			addBase(tx, 350, nil, nil), tx.Set(cutsKey, history.EncodeCuts([]uint64{350})),
			tx.Set(trimKey, binary.BigEndian.AppendUint64(nil, 350)),
			tx.Delete(key(recordPrefix, 300)), tx.Delete(key(recordPrefix, 301)), tx.Delete(key(recordPrefix, 320)),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	got, err := l.Versions()
	if err != nil || len(got) != 51 || got[0].Version.Number != 350 {
		t.Errorf("%d versions, %v", len(got), err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A program can be killed when it has made a file but not given it a size.
func TestFilesThatWereNeverWritten(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if err := l.Append(registry.Record{Version: registry.Version{Number: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"000009.vlog", "00009.mem"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if old := time.Now().Add(-time.Minute); name == "00009.mem" {
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	l = open(t, dir)
	if got, err := l.Versions(); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// An open log takes little memory: it is meant for small programs.
func TestMemory(t *testing.T) {
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	l := open(t, t.TempDir())
	if took := int64(held()) - int64(before); took > 32<<20 {
		t.Errorf("an open log takes %d MB", took>>20)
	} else {
		t.Logf("an open log takes %d KB", took>>10)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOpen100k(b *testing.B) {
	dir := b.TempDir()
	historytest.Open100k(b,
		func() (history.Log, error) { return openWith(dir, false) },
		func() (history.Log, error) { return Open(dir) })
}
