package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// entryTable is an entry as Lua sees it.
func entryTable(e *messages.EntryData) *messages.Table {
	meta := messages.ValueOf(e.Meta)
	if e.Meta == nil {
		meta = &messages.Table{Object: true}
	}
	return (&messages.Table{Object: true}).Set("id", e.ID).Set("kind", e.Kind).Set("meta", meta).Set("data", messages.ValueOf(e.Data))
}

// readable is the list of those entries that the caller may read.
func readable(c *lua.Call, entries []*messages.EntryData) *messages.Table {
	t := &messages.Table{}
	for _, e := range entries {
		if c.Allowed("registry.get", e.ID) {
			t.Array = append(t.Array, entryTable(e))
		}
	}
	return t
}

// getEntry reads the entry with the id that is argument 0, of a version.
func getEntry(c *lua.Call, at *int64) (*lua.Command, error) {
	id := c.String(0)
	if !c.Allowed("registry.get", id) {
		return nil, denied("not allowed to access entry: %s", id)
	}
	return lua.Ask("", &messages.RegistryGet{ID: id, At: at}, func(c *lua.Call, e *messages.EntryData) error {
		return c.Return(entryTable(e), nil)
	}), nil
}

// findEntries lists entries that match; a nil filter matches all.
func findEntries(filter *messages.Table, ns string, at *int64) *lua.Command {
	m := &messages.RegistryFind{Namespace: ns, At: at}
	if filter != nil {
		m.Filter, _ = messages.Native(filter).(map[string]any)
	}
	return lua.Ask("", m, func(c *lua.Call, found []*messages.EntryData) error {
		return c.Return(readable(c, found), nil)
	})
}

// version is a Version as Lua has it.
type version struct{ *messages.VersionData }

// findVersion asks for a version, the current one for nil, and gives what then
// makes of it.
func findVersion(id *int64, then func(v version) any) *lua.Command {
	return lua.Ask("", &messages.RegistryVersion{ID: id}, func(c *lua.Call, v *messages.VersionData) error {
		return c.Return(then(version{v}), nil)
	})
}

func asVersion(v version) any  { return v }
func asSnapshot(v version) any { return &snapshot{v} }

// listVersions asks for all versions.
func listVersions(*lua.Call) (*lua.Command, error) {
	return lua.Ask("", &messages.RegistryVersions{}, func(c *lua.Call, list []*messages.VersionData) error {
		out := make([]version, len(list))
		for i, v := range list {
			out[i] = version{v}
		}
		return c.Return(out, nil)
	}), nil
}

// versionNumber reads argument 0; the first version that counts is least.
func versionNumber(c *lua.Call, least int64) (*int64, error) {
	n := int64(c.Number(0))
	if n < least {
		return nil, messages.Errorf(messages.Invalid, "invalid version ID")
	}
	return &n, nil
}

func applyVersion(c *lua.Call) (*lua.Command, error) {
	if !c.Allowed("registry.apply_version", "registry") {
		return nil, c.Return(false, denied("not allowed to apply registry version"))
	}
	return &lua.Command{
		Body: &messages.RegistryGoto{ID: c.Object(0).(version).ID},
		Catch: func(c *lua.Call, err *messages.Error) error {
			return c.Return(false, messages.Because(messages.Internal, "failed to apply version", err))
		},
	}, nil
}

var registryModule = lua.Module{
	Name:  "registry",
	Doc:   "Reading and changing entries. An entry is a table {id, kind, meta, data}. Entries that the caller may not read are left out of lists.",
	Class: []lua.Class{lua.Nondeterministic, lua.Storage},
	Funcs: []lua.Func{
		{
			Sig: "get(id: string): table, error?", Doc: "Reads an entry.", Permission: "registry.get",
			Ask: func(c *lua.Call) (*lua.Command, error) { return getEntry(c, nil) },
		},
		{
			Sig: "find(filter?: table): table, error?", Permission: "registry.get",
			Doc: "Lists the entries that meet all conditions: [\".kind\"], .name, .ns, .id (one * stands for anything); [\"meta.a.b\"] equal, or all elements of a list; [\"~meta.a\"] regular expression; [\"*meta.a\"] contains; [\"^meta.a\"], [\"$meta.a\"] prefix, suffix. Other keys are ignored.",
			Ask: func(c *lua.Call) (*lua.Command, error) { return findEntries(c.Table(0), "", nil), nil },
		},
		{
			Sig: "parse_id(id: string): table", Doc: "Splits an id into {ns, name}.",
			Do: func(c *lua.Call) error {
				ns, name, ok := strings.Cut(c.String(0), ":")
				if !ok { // without a colon it is all name
					ns, name = "", ns
				}
				return c.Return((&messages.Table{Object: true}).Set("ns", ns).Set("name", name))
			},
			Try: `local id = registry.parse_id("app.users:list"); return id.ns, id.name`, Gives: "app.users, list",
		},
		{
			Sig: "snapshot(): Snapshot, error?", Doc: "The current state. A snapshot does not change.",
			Ask: func(*lua.Call) (*lua.Command, error) { return findVersion(nil, asSnapshot), nil },
		},
		{
			Sig: "snapshot_at(version: integer): Snapshot, error?", Doc: "The state of a version, from 1.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				n, err := versionNumber(c, 1)
				if err != nil {
					return nil, err
				}
				return findVersion(n, asSnapshot), nil
			},
		},
		{
			Sig: "current_version(): Version, error?", Doc: "The version the registry is at.",
			Ask: func(*lua.Call) (*lua.Command, error) { return findVersion(nil, asVersion), nil },
		},
		{Sig: "versions(): table, error?", Doc: "All versions, oldest first.", Ask: listVersions},
		{
			Sig: "history(): History, error?", Doc: "The versions there were.",
			Do: func(c *lua.Call) error { return c.Return(history{}, nil) },
		},
		{
			Sig: "apply_version(version: Version): boolean, error?", Doc: "Moves the registry to an existing version, forwards or backwards. No new version is made.", Permission: "registry.apply_version",
			Ask: applyVersion,
		},
		{
			Sig: "build_delta(from: table, to: table): table, error?", Doc: "The operations {kind, entry} that lead from one list of entries to the other; kind is entry.create, entry.update or entry.delete.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				from, err := entryList(c.Table(0))
				if err != nil {
					return nil, err
				}
				to, err := entryList(c.Table(1))
				if err != nil {
					return nil, err
				}
				return lua.Ask("", &messages.RegistryDelta{From: from, To: to}, func(c *lua.Call, ops []messages.EntryOp) error {
					return c.Return(opsTable(ops), nil)
				}), nil
			},
		},
	},
	Types: []lua.Type{snapshotType, changesType, versionType, historyType},
}
