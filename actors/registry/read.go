package registry

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// older answers a request with what show says about the state at a version, nil
// for the one in use. It may have to be read from a disk.
func (k *keeper) older(req *actors.Request, at *int64, show func(*registry.Snapshot) any) {
	switch {
	case at == nil:
		req.Reply(show(k.state.Current()))
	case *at < 0:
		req.Reply(messages.Errorf(messages.Invalid, "invalid version ID"))
	default:
		k.env.Cell.Serve(req, func(ctx context.Context) (any, error) {
			r, err := k.recall(ctx, uint64(*at))
			if err != nil {
				return nil, err
			}
			snap, err := r.Read() // again, without the disk
			if err != nil {
				return nil, err
			}
			v := show(snap)
			if err, ok := v.(error); ok {
				return nil, err
			}
			return v, nil
		})
	}
}

// recall reads a version.
func (k *keeper) recall(ctx context.Context, number uint64) (*registry.Recall, error) {
	for tries := 1; ; tries++ {
		r, err := k.state.Recall(number)
		if err != nil {
			return nil, actors.ApplyError(err)
		}
		err = k.keep(ctx, func() error {
			_, err := r.Read()
			return err
		})
		switch {
		case err == nil:
			return r, nil
		case errors.Is(err, history.ErrUnknown) && tries == 1: // it was trimmed meanwhile
		default:
			return nil, messages.Because(messages.Internal, "reading the registry's history", err)
		}
	}
}

// get finds one entry.
func get(snap *registry.Snapshot, text string) any {
	id, err := registry.ParseID(text)
	if err != nil {
		return messages.Errorf(messages.NotFound, "entry not found: %s", text)
	}
	e, err := snap.Get(id)
	if err != nil {
		return messages.Errorf(messages.NotFound, "entry not found: %s", text)
	}
	return actors.EntryData(e)
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

// fromLog answers with something that is read from the log.
func (k *keeper) fromLog(req *actors.Request, read func() (any, error)) {
	if k.off {
		req.Reply(messages.Errorf(messages.Unavailable, "this node keeps no history; set registry.history_type to badger, sqlite or memory"))
		return
	}
	k.env.Cell.Script(func(ctx context.Context) {
		var answer any
		err := k.keep(ctx, func() (err error) {
			answer, err = read()
			return err
		})
		if err != nil {
			answer = err
		}
		req.Reply(answer)
	})
}

// historyPart is the part of a log that is asked for.
func historyPart(log history.Log, b *messages.RegistryRecords) (*messages.RegistryRecordsData, error) {
	all, err := log.Versions()
	if err != nil {
		return nil, err
	}
	from := sort.Search(len(all), func(i int) bool { return all[i].Version.Number > b.After })
	all = all[from:min(len(all), from+max(1, b.Limit))]
	records, head, err := history.LoadOnly(log, all)
	if err != nil {
		return nil, err
	}
	out := &messages.RegistryRecordsData{Head: head, Records: make([]messages.RecordData, len(records))}
	for i, r := range records {
		if out.Records[i], err = history.RecordData(r, head); err != nil {
			return nil, err
		}
	}
	return out, nil
}
