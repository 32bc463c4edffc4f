package actors

import (
	"fmt"
	"log/slog"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// EntryData is an entry as programs see it.
func EntryData(e registry.Entry) *messages.EntryData {
	meta := e.Meta
	if meta == nil {
		meta = map[string]any{}
	}
	return &messages.EntryData{ID: e.ID.String(), Kind: e.Kind, Meta: meta, Data: e.Data, Module: e.Module()}
}

// EntryTable is an entry as the event bus carries it.
func EntryTable(e registry.Entry) messages.Value {
	d := EntryData(e)
	return messages.ValueOf(map[string]any{"id": d.ID, "kind": d.Kind, "meta": d.Meta, "data": d.Data})
}

// ToEntry makes an entry of what a program gives.
func ToEntry(d *messages.EntryData) (registry.Entry, error) {
	if d == nil {
		return registry.Entry{}, messages.Errorf(messages.Invalid, "entry must have valid id field")
	}
	id, err := registry.ParseID(d.ID)
	if err != nil {
		return registry.Entry{}, messages.Errorf(messages.Invalid, "%s", err)
	}
	e := registry.Entry{ID: id, Kind: d.Kind, Data: d.Data}.InModule(d.Module)
	if d.Meta != nil {
		m, err := registry.Normalize(d.Meta)
		if err != nil {
			return e, messages.Errorf(messages.Invalid, "entry %s: meta: %s", d.ID, err)
		}
		e.Meta, _ = m.(map[string]any)
	}
	if e.Data, err = registry.Normalize(d.Data); err != nil {
		return e, messages.Errorf(messages.Invalid, "entry %s: data: %s", d.ID, err)
	}
	return e, nil
}

// ApplyError makes a message of what the registry refused.
func ApplyError(err error) *messages.Error {
	e, ok := err.(*registry.ApplyError)
	if !ok {
		return messages.AsError(err)
	}
	out := messages.Errorf(e.Kind.String(), "%s", e.Text)
	if e.Retryable {
		out = out.WithRetry(true)
	}
	if e.Details != nil {
		out = out.WithDetails(e.Details)
	}
	if e.Cause != nil {
		out.Cause = ApplyError(e.Cause)
	}
	return out
}

// Search runs a query; what is wrong with it is logged and ignored.
func Search(log *slog.Logger, snap *registry.Snapshot, b *messages.RegistryFind) []*messages.EntryData {
	var list []registry.Entry
	switch {
	case b.Filter != nil:
		q, warnings := registry.CompileFilter(b.Filter)
		for _, w := range warnings {
			log.Warn("registry filter", "problem", fmt.Sprint(w))
		}
		list = snap.Find(q)
	case b.Namespace != "":
		list = snap.Namespace(b.Namespace)
	default:
		list = snap.Sorted()
	}
	out := make([]*messages.EntryData, 0, len(list))
	for _, e := range list {
		if b.Namespace == "" || e.ID.NS == b.Namespace {
			out = append(out, EntryData(e))
		}
	}
	return out
}
