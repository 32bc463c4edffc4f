package registry

import (
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// at is the state of a version, the newest one for nil.
func (k *keeper) at(at *int64) (*registry.Snapshot, error) {
	if at == nil {
		return k.state.Current(), nil
	}
	if *at < 0 {
		return nil, messages.Errorf(messages.Invalid, "invalid version ID")
	}
	snap, err := k.state.SnapshotAt(uint64(*at))
	if err != nil {
		return nil, actors.ApplyError(err)
	}
	return snap, nil
}

func (k *keeper) get(b *messages.RegistryGet) any {
	snap, err := k.at(b.At)
	if err != nil {
		return err
	}
	id, err := registry.ParseID(b.ID)
	if err != nil {
		return messages.Errorf(messages.NotFound, "entry not found: %s", b.ID)
	}
	e, err := snap.Get(id)
	if err != nil {
		return messages.Errorf(messages.NotFound, "entry not found: %s", b.ID)
	}
	return actors.EntryData(e)
}

func (k *keeper) find(req *actors.Request, b *messages.RegistryFind) {
	snap, err := k.at(b.At)
	if err != nil {
		req.Reply(err)
		return
	}
	req.Reply(actors.Search(k.env.Log, snap, b))
}

func (k *keeper) version(v registry.Version) *messages.VersionData {
	d := &messages.VersionData{ID: int64(v.Number), Parent: -1, Previous: -1, Next: -1}
	if v.Number > 0 {
		d.Parent = int64(v.Parent)
	}
	if p, ok := k.state.Previous(v); ok {
		d.Previous = int64(p.Number)
	}
	if n, ok := k.state.Next(v); ok {
		d.Next = int64(n.Number)
	}
	if r, ok := k.notes[v.Number]; ok {
		d.Time, d.Author, d.Message = time.Unix(r.Time, 0), r.Author, r.Message
	}
	return d
}

func (k *keeper) delta(b *messages.RegistryDelta) any {
	var sets [2]registry.Entries
	for i, list := range [][]*messages.EntryData{b.From, b.To} {
		sets[i] = registry.Entries{}
		for _, d := range list {
			e, err := actors.ToEntry(d)
			if err != nil {
				return err
			}
			sets[i][e.ID] = e
		}
	}
	ops, err := k.kinds.Order(sets[0], sets[1], registry.Delta(sets[0], sets[1]))
	if err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	out := make([]messages.EntryOp, len(ops))
	for i, op := range ops {
		e := op.Entry
		if op.Kind == registry.Delete {
			e = sets[0][e.ID]
		}
		out[i] = messages.EntryOp{Kind: op.Kind.String(), Entry: actors.EntryData(e)}
	}
	return out
}
