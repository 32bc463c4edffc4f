package sqlitelog

import (
	"errors"
	"path/filepath"
	"strings"
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
			if _, err := Open(file); !errors.Is(err, history.ErrDamaged) || !strings.Contains(err.Error(), "(versions that are sound: ") {
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

// A log that an older program has begun goes on, and its table operations is filled.
func TestOlderFormat(t *testing.T) {
	file := filepath.Join(t.TempDir(), "registry.db")
	l := open(t, file)
	ops := historytest.Records()[0].Ops
	data, err := history.EncodeJSON(ops)
	if err != nil {
		t.Fatal(err)
	}
	r := registry.Record{Version: registry.Version{Number: 1}, Time: 5, Author: "me"}
	hash := history.Sum(r, data, nil)
	db := l.(*log).db
	for _, step := range []struct {
		text string
		args []any
	}{
		{`DROP TABLE operations`, nil},
		{`INSERT INTO versions VALUES (1, 0, 5, 'me', '', NULL, ?)`, []any{hash}},
		{`INSERT INTO changesets VALUES (1, ?)`, []any{data}},
		{`UPDATE metadata SET value = ? WHERE key = 'last'`, []any{hash}},
		{`UPDATE metadata SET value = 1 WHERE key = 'head'`, nil},
		{`UPDATE metadata SET value = 2 WHERE key = 'format'`, nil},
	} {
		if _, err := db.Exec(step.text, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, file)
	old := ops[0].Entry
	second := registry.Record{Version: registry.Version{Number: 2, Parent: 1}, Ops: []registry.Op{{Kind: registry.Delete, Entry: registry.Entry{ID: old.ID}, Old: &old}}}
	if err := l.Append(second); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(); err != nil {
		t.Error(err)
	}
	got, head, err := history.Load(l)
	if err != nil || len(got) != 2 || head != 2 || !got[0].Ops[0].Entry.Equal(old) || !got[1].Ops[0].Old.Equal(old) {
		t.Errorf("%+v, head %d, %v", got, head, err)
	}
	var text string
	const people = `SELECT group_concat(version_id || ' ' || op || ' ' || entry_id || ' ' || coalesce(kind, '-') || ' ' ||
		coalesce(data->>'n', '-') || ' ' || coalesce(original->>'$.data.n', '-'), '; ') FROM operations`
	if err := l.(*log).db.QueryRow(people).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if want := "1 entry.create app:a registry.entry 1 -; 2 entry.delete app:a - - 1"; text != want {
		t.Errorf("people see %q, want %q", text, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
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
