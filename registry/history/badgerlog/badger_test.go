package badgerlog

import (
	"errors"
	"testing"

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
			if _, err := Open(dir); !errors.Is(err, history.ErrDamaged) {
				t.Errorf("opened with %v", err)
			}
		})
	}
}
