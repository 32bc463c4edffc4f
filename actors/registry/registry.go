// Package registry is the actor around the registry: it has every change carried
// out and takes it back whole if one part of it is refused.
package registry

import (
	"context"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/openlog"
)

// Component keeps the entries and their versions.
var Component = actors.Component{
	Name: "registry", DependsOn: []string{"dispatcher"},
	Doc: "Keeps the entries and their versions, and has every change carried out.",
	Handles: []any{
		(*messages.RegistryGet)(nil), (*messages.RegistryVersions)(nil), (*messages.RegistryVersion)(nil),
		(*messages.RegistryApply)(nil), (*messages.RegistryGoto)(nil), (*messages.RegistryRecords)(nil), (*messages.RegistryVerify)(nil), (*messages.RegistryDelta)(nil),
	},
	New: func(env actors.Env) actor.Actor {
		return &keeper{env: env, snaps: &actors.Snapshots{}, notes: map[uint64]registry.Record{}}
	},
}

// keeper is the actor. While a change is under way (busy), reading goes on and
// other changes are refused.
type keeper struct {
	env     actors.Env
	kinds   registry.Kinds
	state   *registry.State
	log     history.Log
	durable bool // log writes to a disk
	off     bool // log keeps nothing
	snaps   *actors.Snapshots
	disk    sync.Mutex // one use of log at a time
	retain  retention
	busy    bool
	notes   map[uint64]registry.Record // time, author and message of the versions
	numbers []uint64                   // of the versions but 0, in order
}

// Load leaves the place of the newest state in the AppContext and opens the
// history.
func (k *keeper) Load(ctx context.Context) (context.Context, error) {
	k.kinds = registry.Kinds{}
	for name, kind := range k.env.Kinds {
		k.kinds[name] = registry.KindInfo{Schema: kind.Schema, Doc: kind.Doc, DataOnly: kind.DataOnly}
	}
	k.settle(registry.NewState(k.kinds, registry.Entries{}, registry.StateOptions{}))
	actors.SnapshotsKey.Set(actors.App(ctx), k.snaps)
	return ctx, k.open(ctx)
}

func (k *keeper) open(ctx context.Context) error {
	kind, _ := k.env.Config["registry.history_type"].(string)
	if on, ok := k.env.Config["registry.enable_history"].(bool); ok && !on {
		kind = "nil"
	}
	if kind == "postgres" {
		k.env.Log.Warn("registry.history_type postgres is not supported yet; versions are kept in memory", "available", "badger, sqlite, memory, nil")
		kind = "memory"
	}
	path, _ := k.env.Config["registry.history_path"].(string)
	log, err := actors.As[history.Log](actors.Await(ctx, func() (any, error) { return openlog.Open(kind, path) }))
	if err != nil {
		return err
	}
	k.log, k.durable, k.off = log, openlog.Durable(kind), kind == "nil"
	k.configureRetention()
	return nil
}

// Start makes Stop be called.
func (k *keeper) Start(context.Context) error { return nil }

// Stop closes the history.
func (k *keeper) Stop(ctx context.Context) error {
	return k.keep(ctx, func() error { return k.log.Close() })
}

// keep does something with the log; where that means a disk, the actor goes on
// meanwhile.
func (k *keeper) keep(ctx context.Context, do func() error) error {
	if !k.durable {
		return do()
	}
	_, err := actors.Await(ctx, func() (any, error) {
		k.disk.Lock()
		defer k.disk.Unlock()
		return nil, do()
	})
	return err
}

func (k *keeper) settle(s *registry.State) {
	k.state = s
	k.snaps.Set(s.Current())
}

// Receive implements actor.Actor.
func (k *keeper) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		if _, end := ctx.Message().(*actor.Stopping); end && k.log != nil {
			k.disk.Lock()
			defer k.disk.Unlock()
			_ = k.log.Close() // where it was opened but never started
		}
		return
	}
	switch b := req.Body.(type) {
	case *actors.Boot:
		k.begin(req, func(ctx context.Context) (any, error) { return &messages.Done{}, k.boot(ctx, b.Entries) })
	case *messages.RegistryApply:
		k.begin(req, func(ctx context.Context) (any, error) { return k.apply(ctx, b) })
	case *messages.RegistryGoto:
		k.begin(req, func(ctx context.Context) (any, error) { return &messages.Done{}, k.moveTo(ctx, b.ID) })
	case *messages.RegistryRecords:
		k.fromLog(req, func() (any, error) { return historyPart(k.log, b) })
	case *messages.RegistryVerify:
		k.fromLog(req, func() (any, error) { return history.VerifyAll(k.log) })
	case *messages.RegistryGet:
		k.older(req, b.At, func(snap *registry.Snapshot) any { return get(snap, b.ID) })
	case *messages.RegistryFind:
		k.older(req, b.At, func(snap *registry.Snapshot) any { return actors.Search(k.env.Log, snap, b) })
	case *messages.RegistryVersions:
		var out []*messages.VersionData
		for _, v := range k.state.Versions() {
			out = append(out, k.version(v))
		}
		req.Reply(out)
	case *messages.RegistryVersion:
		v := k.state.Current().Version()
		if b.ID != nil {
			if *b.ID < 0 {
				req.Reply(messages.Errorf(messages.Invalid, "invalid version ID"))
				return
			}
			var err error
			if v, err = k.state.Version(uint64(*b.ID)); err != nil {
				req.Reply(actors.ApplyError(err))
				return
			}
		}
		req.Reply(k.version(v))
	case *messages.RegistryDelta:
		req.Reply(k.delta(b))
	default:
		actors.Unknown(req, k.env.ID)
	}
}
