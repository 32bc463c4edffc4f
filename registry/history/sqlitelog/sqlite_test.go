package sqlitelog

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/historytest"
)

func open(t *testing.T, file string) history.Log {
	t.Helper()
	l, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestContract(t *testing.T) {
	file := ""
	historytest.Contract(t,
		func(t *testing.T) history.Log {
			file = filepath.Join(t.TempDir(), "a folder?", "registry.db")
			return open(t, file)
		},
		func(t *testing.T) history.Log { return open(t, file) })
}

// A version that was lost or changed is found at the next opening.
func TestDamageIsFound(t *testing.T) {
	for name, damage := range map[string]string{
		"a changed changeset": `UPDATE changesets SET data = '{"ops":[]}' WHERE version_id = 2`,
		"a lost changeset":    `DELETE FROM changesets WHERE version_id = 2`,
		"a lost version":      `PRAGMA foreign_keys = 0; DELETE FROM versions WHERE id = 1`,
		"a lost end":          `DELETE FROM changesets WHERE version_id = 3; DELETE FROM versions WHERE id = 3`,
		"a changed version":   `UPDATE versions SET author = 'somebody' WHERE id = 2`,
		"a changed time":      `UPDATE versions SET time = 'noon' WHERE id = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "registry.db")
			l := open(t, file)
			for n := uint64(1); n <= 3; n++ {
				op := registry.Op{Kind: registry.Create, Entry: registry.Entry{ID: registry.ID{NS: "a", Name: "b"}, Kind: "registry.entry", Data: map[string]any{"n": int64(n)}}}
				if err := l.Append(registry.Record{Version: registry.Version{Number: n, Parent: n - 1}, Ops: []registry.Op{op}}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := l.(*log).db.Exec(damage); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(file); !errors.Is(err, history.ErrDamaged) {
				t.Errorf("opened with %v", err)
			}
		})
	}
}

// What is damaged and not looked at when the log is opened is found when it is
// used, and by Verify.
func TestOldDamageIsFound(t *testing.T) {
	historytest.OldDamage(t, func(t *testing.T, damage string) (reopen func() (history.Log, error), spoil func() error, full history.Log) {
		file := filepath.Join(t.TempDir(), "registry.db")
		l := open(t, file)
		return func() (history.Log, error) { return Open(file) }, func() error {
			_, err := l.(*log).db.Exec(map[string]string{
				"changes": `UPDATE changesets SET data = '{"ops":[]}' WHERE version_id = 5`,
				"base":    `UPDATE bases SET data = '{"ops":[]}' WHERE version_id = 5`,
				"record":  `PRAGMA foreign_keys = 0; DELETE FROM versions WHERE id = 5; DELETE FROM changesets WHERE version_id = 5`,
			}[damage])
			return err
		}, l
	})
}

func BenchmarkOpen100k(b *testing.B) {
	file := filepath.Join(b.TempDir(), "registry.db")
	historytest.Open100k(b,
		func() (history.Log, error) {
			l, err := Open(file)
			if err == nil {
				_, err = l.(*log).db.Exec(`PRAGMA synchronous = OFF`)
			}
			return l, err
		},
		func() (history.Log, error) { return Open(file) })
}
