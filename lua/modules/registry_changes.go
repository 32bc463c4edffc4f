package modules

import (
	"maps"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The kinds of operations on entries.
const (
	opCreate = "entry.create"
	opUpdate = "entry.update"
	opDelete = "entry.delete"
)

var errIDFormat = messages.Errorf(messages.Invalid, "invalid ID format")

// readEntry makes an entry of the table a program gives.
func readEntry(t *messages.Table) (*messages.EntryData, error) {
	id, ok := asID(t.Get("id"))
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "entry must have valid id field")
	}
	if _, _, ok := splitID(id); !ok {
		return nil, errIDFormat
	}
	e := &messages.EntryData{ID: id}
	if e.Kind, _ = t.Get("kind").(string); e.Kind == "" {
		return nil, messages.Errorf(messages.Invalid, "entry must have kind field")
	}
	e.Meta, _ = messages.Native(t.Get("meta")).(map[string]any)
	e.Data = messages.Native(t.Get("data"))
	return e, nil
}

// entryList reads a list of entries.
func entryList(t *messages.Table) ([]*messages.EntryData, error) {
	out := make([]*messages.EntryData, 0, len(t.Array))
	for _, item := range t.Array {
		sub, _ := item.(*messages.Table)
		e, err := readEntry(sub)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// opsTable is a list of {kind, entry}.
func opsTable(ops []messages.EntryOp) *messages.Table {
	t := &messages.Table{}
	for _, op := range ops {
		t.Array = append(t.Array, (&messages.Table{Object: true}).Set("kind", op.Kind).Set("entry", entryTable(op.Entry)))
	}
	return t
}

// changes is a set of changes that a program gathers.
type changes struct {
	base int64
	ops  []messages.EntryOp
}

// addOp makes the function that notes an operation of one kind.
func addOp(kind string) func(*lua.Call) error {
	return func(c *lua.Call) error {
		e, err := readEntry(c.Table(0))
		if err != nil {
			return err
		}
		ch := c.Self().(*changes)
		ch.ops = append(ch.ops, messages.EntryOp{Kind: kind, Entry: e})
		return c.Return(c.SelfValue(), nil)
	}
}

var changesType = lua.Type{
	Name: "Changes", Doc: "Changes to a snapshot, which apply carries out together.", Of: (*changes)(nil),
	Methods: []lua.Func{
		{Sig: "create(entry: table): Changes, error?", Doc: "Adds an entry. Its id may be text or {ns, name}.", Do: addOp(opCreate)},
		{Sig: "update(entry: table): Changes, error?", Doc: "Replaces an entry.", Do: addOp(opUpdate)},
		{
			Sig: "delete(id: any): Changes, error?", Doc: "Removes the entry with an id, as text or {ns, name}.",
			Do: func(c *lua.Call) error {
				id, ok := asID(c.Value(0))
				if _, _, whole := splitID(id); !ok || !whole {
					return errIDFormat
				}
				ch := c.Self().(*changes)
				ch.ops = append(ch.ops, messages.EntryOp{Kind: opDelete, Entry: &messages.EntryData{ID: id}})
				return c.Return(c.SelfValue(), nil)
			},
		},
		{Sig: "ops(): table", Doc: "What was gathered: a list of {kind, entry}.", Do: func(c *lua.Call) error {
			return c.Return(opsTable(c.Self().(*changes).ops))
		}},
		{
			Sig:        "apply(): Version, error?",
			Doc:        "Carries the changes out and returns the new version; then everything they added can be used. If anything fails nothing has changed. When the registry changed since the snapshot the error has the retryable cause Conflict.",
			Permission: "registry.apply",
			Ask:        applyChanges,
		},
	},
}

func applyChanges(c *lua.Call) (*lua.Command, error) {
	ch := c.Self().(*changes)
	if len(ch.ops) == 0 {
		return nil, messages.Errorf(messages.Invalid, "no changes to apply")
	}
	if !c.Allowed("registry.apply", "registry") {
		return nil, denied("not allowed to apply registry changes")
	}
	author := c.Process().Entry
	if ctx := c.Process().Context; ctx != nil && ctx.Actor != nil {
		author = ctx.Actor.ID
	}
	cmd := lua.Ask("", &messages.RegistryApply{Base: ch.base, Ops: append([]messages.EntryOp(nil), ch.ops...), Author: author},
		func(c *lua.Call, v *messages.VersionData) error { return c.Return(version{v}, nil) })
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error { return applyFailed(err) }
	return cmd, nil
}

const applyFailedText = "failed to apply changes"

// applyFailed is the error of apply: Internal, with the cause in the chain and
// in the details. Nothing to apply is the caller's own mistake.
func applyFailed(err *messages.Error) error {
	switch {
	case err.Kind == messages.Invalid && err.Message == "no changes to apply":
		return err
	case strings.HasPrefix(err.Message, applyFailedText):
		return err
	}
	out := messages.Because(messages.Internal, applyFailedText, err)
	out.Retry = err.Retry
	details := map[string]any{}
	if d, ok := messages.Native(err.Details).(map[string]any); ok {
		maps.Copy(details, d)
	}
	details["cause"] = err.Error()
	return out.WithDetails(details)
}
