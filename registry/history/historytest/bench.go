package historytest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// Open100k measures the opening of a history of 100,000 versions of 500 entries,
// and the reading of any version of it. fill opens an empty log that need not be
// safe, open the same one again.
func Open100k(b *testing.B, fill, open func() (history.Log, error)) {
	const versions, entries = 100_000, 500
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	text := strings.Repeat("x", 200)
	log, err := fill()
	must(err)
	state := registry.NewState(nil, nil, registry.StateOptions{Past: log})
	for n := range versions {
		op := registry.Op{Kind: registry.Update, Entry: registry.Entry{
			ID: registry.ID{NS: "app", Name: fmt.Sprint("e", n%entries)}, Kind: "registry.entry", Data: map[string]any{"n": int64(n), "text": text},
		}}
		if n < entries {
			op.Kind = registry.Create
		}
		next, err := state.Propose(uint64(n), []registry.Op{op})
		must(err)
		must(log.Append(registry.Record{Version: next.Version, Time: int64(n), Author: "bench", Ops: next.Ops, Base: next.Base}))
		must(state.Commit(next))
	}
	must(log.Close())
	start := func() (history.Log, *registry.State) {
		log, err := open()
		must(err)
		records, err := log.Versions()
		must(err)
		head, err := log.Head()
		must(err)
		state := registry.NewState(nil, nil, registry.StateOptions{Past: log})
		_, err = state.Replay(records, head)
		must(err)
		return log, state
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			log, _ := start()
			must(log.Close())
		}
	})
	log, state = start()
	b.Run("read any", func(b *testing.B) {
		n := uint64(1)
		for b.Loop() {
			n = n*31%versions + 1
			snap, err := state.SnapshotAt(n)
			must(err)
			if snap.Len() != int(min(n, entries)) {
				b.Fatalf("%d entries in version %d", snap.Len(), n)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			must(log.Verify())
		}
	})
	must(log.Close())
}
