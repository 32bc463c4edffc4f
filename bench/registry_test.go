package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/messages"
)

const manyEntries = 10_000

func newEntries() []messages.EntryOp {
	ops := make([]messages.EntryOp, manyEntries)
	for i := range ops {
		e := &messages.EntryData{ID: fmt.Sprintf("many:e%d", i), Kind: "registry.entry", Meta: map[string]any{"n": i % 1000}, Data: map[string]any{"i": i}}
		ops[i] = messages.EntryOp{Kind: "entry.create", Entry: e}
	}
	return ops
}

// Ten thousand entries in a running node: apply them, find some of them, see what
// is different between versions, and go back; beside one bbolt file and a map
// that get the same data.
func BenchmarkRegistry10000(b *testing.B) {
	data := newEntries()
	for _, kind := range []string{"memory", "badger"} {
		rt := withHistory(b, kind)
		ask := func(b *testing.B, body any) any {
			v, err := rt.Ask(context.Background(), body)
			if err != nil {
				b.Fatal(err)
			}
			return v
		}
		before := ask(b, &messages.RegistryVersion{}).(*messages.VersionData).ID
		b.Run("apply/troupe-"+kind, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				ask(b, &messages.RegistryGoto{ID: before})
				b.StartTimer()
				ask(b, &messages.RegistryApply{Base: before, Ops: data})
			}
		})
		ask(b, &messages.RegistryGoto{ID: before})
		ask(b, &messages.RegistryApply{Base: before, Ops: data})
		after := ask(b, &messages.RegistryVersion{}).(*messages.VersionData).ID
		for name, filter := range map[string]map[string]any{
			"find-kind": {".kind": "process.host"}, "find-meta": {"meta.n": 7}, "find-both": {".kind": "registry.entry", "meta.n": 7},
		} {
			b.Run(name+"/troupe-"+kind, func(b *testing.B) {
				for b.Loop() {
					if found, err := rt.Find(context.Background(), filter); err != nil || len(found) != 1 && len(found) != manyEntries/1000 {
						b.Fatal(len(found), err)
					}
				}
			})
		}
		b.Run("diff/troupe-"+kind, func(b *testing.B) {
			all := func(at int64) []*messages.EntryData {
				return ask(b, &messages.RegistryFind{At: &at}).([]*messages.EntryData)
			}
			from, to := all(before), all(after)
			for b.Loop() {
				if n := len(ask(b, &messages.RegistryDelta{From: from, To: to}).([]messages.EntryOp)); n != manyEntries {
					b.Fatal(n)
				}
			}
		})
		b.Run("rollback/troupe-"+kind, func(b *testing.B) {
			for b.Loop() {
				ask(b, &messages.RegistryGoto{ID: before})
				b.StopTimer()
				ask(b, &messages.RegistryGoto{ID: after})
				b.StartTimer()
			}
		})
	}
	b.Run("apply/bbolt", func(b *testing.B) {
		db, err := bbolt.Open(filepath.Join(b.TempDir(), "db"), 0o600, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // the folder goes with it
		for b.Loop() {
			err := db.Update(func(tx *bbolt.Tx) error {
				bucket, err := tx.CreateBucketIfNotExists([]byte("entries"))
				for _, op := range data {
					var text []byte
					if err == nil {
						text, err = json.Marshal(op.Entry)
					}
					if err == nil {
						err = bucket.Put([]byte(op.Entry.ID), text)
					}
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("apply/map", func(b *testing.B) { // the floor: a map behind a lock
		for b.Loop() {
			var mu sync.Mutex
			m := map[string]*messages.EntryData{}
			for _, op := range data {
				mu.Lock()
				m[op.Entry.ID] = op.Entry
				mu.Unlock()
			}
		}
	})
}

func withHistory(b *testing.B, kind string) *boot.Runtime {
	config, problems := boot.NewConfig(map[string]any{"registry.history_type": kind, "registry.history_path": filepath.Join(b.TempDir(), "history")})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	return startApp(b, "version: \"1.0\"\nnamespace: bench\nentries:\n  - {name: host, kind: process.host}\n", boot.WithConfig(config))
}
