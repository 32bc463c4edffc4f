package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// begin carries a change out as a script; a second one meanwhile is a conflict
// that can be tried again.
func (k *keeper) begin(req *actors.Request, change func(ctx context.Context) (any, error)) {
	if k.busy {
		now := k.state.Current().Version().Number
		req.Reply(messages.Errorf(messages.Conflict, "registry changed during apply").WithRetry(true).
			WithDetails(map[string]any{"expected_version": int64(now), "actual_version": int64(now + 1)}))
		return
	}
	k.busy = true
	k.env.Cell.Serve(req, func(ctx context.Context) (any, error) {
		defer func() { k.busy = false }()
		return change(ctx)
	})
}

// boot makes the entries version 0, and replays the history over them. All that
// is refused is reported together.
func (k *keeper) boot(ctx context.Context, entries registry.Entries) error {
	opt := registry.StateOptions{NoHistory: k.off}
	if k.durable {
		opt.Past = k.log
	}
	state := registry.NewState(k.kinds, entries, opt)
	var records []registry.Record
	var problems registry.Problems
	if err := k.keep(ctx, func() error {
		head, err := k.log.Head()
		if err == nil {
			records, err = k.log.Versions()
		}
		if err == nil {
			problems, err = state.Replay(records, head)
		}
		return err
	}); err != nil {
		return messages.Because(messages.Internal, "reading the registry's history", err)
	}
	for _, p := range problems {
		k.env.Log.Warn("registry history", "problem", p.String())
	}
	for _, r := range records {
		k.note(r)
	}
	entries = state.Current().Entries()
	levels, err := k.kinds.Levels(entries)
	if err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	k.settle(state)
	var refused []string
	var again []registry.ID
	offer := func(id registry.ID) error {
		return k.offer(ctx, registry.Op{Kind: registry.Create, Entry: entries[id]}, registry.Entry{})
	}
	for _, id := range slices.Concat(levels...) {
		if err := offer(id); messages.IsKind(err, messages.NotFound) {
			again = append(again, id)
		} else if err != nil {
			refused = append(refused, err.Error())
		}
	}
	for progress := true; progress && len(again) > 0; {
		progress = false
		for _, id := range slices.Clone(again) {
			if err := offer(id); err == nil {
				progress = true
				again = slices.DeleteFunc(again, func(o registry.ID) bool { return o == id })
			}
		}
	}
	for _, id := range again {
		refused = append(refused, offer(id).Error())
	}
	if len(refused) > 0 {
		return messages.Errorf(messages.Invalid, "%s", strings.Join(refused, "\n"))
	}
	k.trim(ctx, true)
	return nil
}

// carriesData reports whether an entry, if it is one, is only stored.
func (k *keeper) carriesData(e registry.Entry) bool {
	return e.Kind == "" || k.env.Kinds[e.Kind].DataOnly
}

// offer has the factory take up one change.
func (k *keeper) offer(ctx context.Context, op registry.Op, old registry.Entry) error {
	if k.carriesData(op.Entry) && k.carriesData(old) {
		return nil
	}
	_, err := actors.Call(ctx, k.env.Sys, k.env.PID(actors.EntriesName), &actors.Offer{Op: op, Old: old})
	return err
}

// apply makes a new version.
func (k *keeper) apply(ctx context.Context, b *messages.RegistryApply) (any, error) {
	ops := make([]registry.Op, len(b.Ops))
	for i, o := range b.Ops {
		kind, err := registry.ParseOpKind(o.Kind)
		if err != nil {
			return nil, messages.Errorf(messages.Invalid, "%s", err)
		}
		e, err := actors.ToEntry(o.Entry)
		if err != nil {
			return nil, err
		}
		if had, err := k.state.Current().Get(e.ID); err == nil && e.Module() == "" {
			e = e.InModule(had.Module()) // programs do not say
		}
		ops[i] = registry.Op{Kind: kind, Entry: e}
	}
	next, err := k.state.Propose(uint64(b.Base), ops)
	if err != nil {
		return nil, actors.ApplyError(err)
	}
	done, err := k.carryOut(ctx, next)
	if err != nil {
		return nil, err
	}
	r := registry.Record{Version: next.Version, Time: k.env.Clock.Now().Unix(), Author: b.Author, Message: b.Message, Ops: next.Ops, Base: next.Base}
	if err := k.keep(ctx, func() error { return k.log.Append(r) }); err != nil {
		return nil, k.takeBack(ctx, next, done, err)
	}
	k.note(r)
	if err := k.commit(next); err != nil {
		return nil, err
	}
	out := k.version(next.Version)
	k.trim(ctx, false)
	return out, nil
}

// moveTo makes an existing version the current one.
func (k *keeper) moveTo(ctx context.Context, id int64) error {
	if id < 0 {
		return messages.Errorf(messages.Invalid, "invalid version ID")
	}
	if err := k.state.CanMove(); err != nil {
		return actors.ApplyError(err)
	}
	r, err := k.recall(ctx, uint64(id))
	if err != nil {
		return err
	}
	next := k.state.Return(r)
	done, err := k.carryOut(ctx, next)
	if err != nil {
		return err
	}
	if err := k.keep(ctx, func() error { return k.log.SetHead(uint64(id)) }); err != nil {
		return k.takeBack(ctx, next, done, err)
	}
	return k.commit(next)
}

// note remembers what is told about a version.
func (k *keeper) note(r registry.Record) {
	if k.off {
		clear(k.notes)
		k.numbers = nil
	}
	r.Ops, r.Base = nil, nil
	k.notes[r.Version.Number] = r
	k.numbers = append(k.numbers, r.Version.Number)
}

func (k *keeper) commit(next *registry.Next) error {
	if err := k.state.Commit(next); err != nil {
		return actors.ApplyError(err)
	}
	k.snaps.Set(k.state.Current())
	for _, p := range next.Problems {
		k.env.Log.Warn("registry", "problem", p.String())
	}
	for _, op := range next.Ops {
		k.publish(op.Kind.String(), op.Entry.ID.String(), actors.EntryTable(op.Entry))
	}
	k.publish("registry.commit", fmt.Sprint(next.Version.Number), nil)
	return nil
}

func (k *keeper) publish(kind, path string, data messages.Value) {
	if k.env.Listeners.Load() > 0 {
		k.env.Publish(&messages.Event{System: "registry", Kind: kind, Path: path, Data: data})
	}
}

// carryOut offers every operation and returns which were accepted, in order. What
// is refused for what another operation may bring or take away is put aside and
// offered again after the others, until a round makes no progress; any other refusal
// takes everything back.
func (k *keeper) carryOut(ctx context.Context, next *registry.Next) (done []int, err error) {
	k.publish("registry.begin", fmt.Sprint(next.Version.Number), nil)
	// Kinds may look for what this change brings: they see the state to be.
	k.snaps.Set(next.Snapshot)
	var cause error
	try := func(i int) bool {
		op := next.Ops[i]
		if cause = k.offer(ctx, op, old(next, i)); cause != nil {
			return false
		}
		done = append(done, i)
		k.publish("entry.accept", op.Entry.ID.String(), nil)
		return true
	}
	reject := func(i int) ([]int, error) {
		id := next.Ops[i].Entry.ID.String()
		k.publish("entry.reject", id, messages.AsError(cause))
		if !strings.HasPrefix(cause.Error(), id+":") {
			cause = messages.Wrap(cause, id)
		}
		return nil, k.takeBack(ctx, next, done, cause)
	}
	var aside []int
	for i := range next.Ops {
		switch {
		case try(i):
		case depends(cause):
			aside = append(aside, i)
		default:
			return reject(i)
		}
	}
	for len(aside) > 0 {
		var again []int
		for _, i := range aside {
			switch {
			case try(i):
			case depends(cause):
				again = append(again, i)
			default:
				return reject(i)
			}
		}
		if len(again) == len(aside) {
			return reject(again[len(again)-1])
		}
		aside = again
	}
	return done, nil
}

// depends reports whether an operation was refused for what another may change: it
// misses something, or something stands in its way, as a route that moves on.
func depends(err error) bool {
	return messages.IsKind(err, messages.NotFound) || messages.IsKind(err, messages.Conflict)
}

// old is what an operation replaces, known from what would undo it.
func old(next *registry.Next, i int) registry.Entry {
	if next.Ops[i].Kind == registry.Create {
		return registry.Entry{}
	}
	return next.Undo[i].Entry
}

// takeBack undoes what was accepted, last first, and says why.
func (k *keeper) takeBack(ctx context.Context, next *registry.Next, done []int, cause error) error {
	k.snaps.Set(k.state.Current())
	var rollback error
	for _, i := range slices.Backward(done) {
		var had registry.Entry // what the undoing replaces
		if next.Ops[i].Kind != registry.Delete {
			had = next.Ops[i].Entry
		}
		if err := k.offer(ctx, next.Undo[i], had); err != nil && rollback == nil {
			rollback = messages.Wrap(err, next.Undo[i].Entry.ID.String())
		}
	}
	k.publish("registry.discard", fmt.Sprint(next.Version.Number), nil)
	return actors.ApplyError(registry.FailedApply(cause, rollback))
}
