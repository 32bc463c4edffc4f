package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

// What was written is there after a stop, with its version.
func TestBadgerRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "some", "kv")
	w := newWorld(t, fmt.Sprintf("  - {name: s, kind: store.badger, path: %q}\n", dir))
	put := actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StorePut{Key: "k", Value: 1.0})
	actorstest.Must[*messages.Done](t, w.n, "app:s", &actors.Stop{})
	if _, err := w.ask(&messages.StoreGet{Key: "k"}); !messages.IsKind(err, messages.Unavailable) || !strings.Contains(err.Error(), "app:s is not running") {
		t.Errorf("a stopped store answers %v", err)
	}
	if d := actorstest.Must[*messages.StoreData](t, w.n, "app:s", &messages.StoreInfo{}); d.Backend != "badger" || !d.Durable {
		t.Errorf("%+v", d)
	}
	actorstest.Must[*messages.Done](t, w.n, "app:s", &actors.Start{})
	if e := actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StoreGet{Key: "k"}); e.Value != 1.0 || e.Version != put.Version {
		t.Errorf("%+v, put as %+v", e, put)
	}

	// Nobody else gets the folder meanwhile.
	other := newNode(t, fmt.Sprintf("  - {name: s, kind: store.badger, path: %q}\n", dir))
	if _, err := actorstest.Ask(t, other, "app:s", &actors.Start{}); !messages.IsKind(err, messages.Unavailable) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second store in the folder: %v", err)
	}
}

func newNode(t *testing.T, entries string) *actors.Node {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: Kinds()})
	if err := actorstest.Create(t, n, entries); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBadgerRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := t.TempDir()
	db, err := badger.Open(badger.DefaultOptions(newer).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *badger.Txn) error { return tx.Set(formatKey, []byte{9}) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{file: "not a directory", newer: "has format [9]"} {
		n := newNode(t, fmt.Sprintf("  - {name: s, kind: store.badger, path: %q}\n", dir))
		if _, err := actorstest.Ask(t, n, "app:s", &actors.Start{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", dir, err, want)
		}
	}

	w := newWorld(t, fmt.Sprintf("  - {name: s, kind: store.badger, path: %q, cleanup_interval: 1ms}\n", t.TempDir()))
	for want, b := range map[string]*messages.StorePut{
		"a key of 70000 bytes": {Key: strings.Repeat("k", 70_000), Value: 1.0},
		"a value of":           {Key: "k", Value: strings.Repeat("v", maxValue)},
	} {
		if _, err := w.ask(b); !messages.IsKind(err, messages.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	// The longest that it takes, again and again: old values are cleaned away.
	b := &messages.StorePut{Key: strings.Repeat("k", maxKey), Value: strings.Repeat("v", maxValue-5)}
	for range 4 {
		if _, err := w.ask(b); err != nil {
			t.Fatal(err)
		}
	}
	if e := actorstest.Must[*messages.StoreEntry](t, w.n, "app:s", &messages.StoreGet{Key: b.Key}); e.Value != b.Value {
		t.Error("the value is another one")
	}
	if _, err := w.ask(&messages.StoreGet{Key: strings.Repeat("k", 70_000)}); !messages.IsKind(err, messages.NotFound) {
		t.Error(err)
	}
}
