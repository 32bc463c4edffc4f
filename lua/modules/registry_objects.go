package modules

import (
	"fmt"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// snapshot is the state of a version.
type snapshot struct{ version version }

func (s *snapshot) at() *int64 { return &s.version.ID }

func selfSnapshot(c *lua.Call) *snapshot { return c.Self().(*snapshot) }

var snapshotType = lua.Type{
	Name: "Snapshot", Doc: "The registry at one version. It does not change.", Of: (*snapshot)(nil),
	Methods: []lua.Func{
		{
			Sig: "entries(): table, error?", Doc: "All entries.", Permission: "registry.get",
			Ask: func(c *lua.Call) (*lua.Command, error) { return findEntries(nil, "", selfSnapshot(c).at()), nil },
		},
		{
			Sig: "get(id: string): table, error?", Doc: "One entry.", Permission: "registry.get",
			Ask: func(c *lua.Call) (*lua.Command, error) { return getEntry(c, selfSnapshot(c).at()) },
		},
		{
			Sig: "namespace(ns: string): table, error?", Doc: "The entries of a namespace.", Permission: "registry.get",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				if c.String(0) == "" { // no namespace is no entry, not all of them
					return nil, c.Return([]any{}, nil)
				}
				return findEntries(nil, c.String(0), selfSnapshot(c).at()), nil
			},
		},
		{
			Sig: "find(filter?: table): table, error?", Doc: "The entries that match, as registry.find has it.", Permission: "registry.get",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				return findEntries(c.Table(0), "", selfSnapshot(c).at()), nil
			},
		},
		{Sig: "version(): Version", Doc: "Its version.", Do: func(c *lua.Call) error { return c.Return(selfSnapshot(c).version) }},
		{Sig: "changes(): Changes", Doc: "A new set of changes to this state.", Do: func(c *lua.Call) error {
			return c.Return(&changes{base: selfSnapshot(c).version.ID})
		}},
	},
}

// neighbour finds the version before or after the one a method was called on.
// What is known of it may be out of date, so it asks.
func neighbour(which func(v *messages.VersionData) int64) func(*lua.Call) (*lua.Command, error) {
	return func(c *lua.Call) (*lua.Command, error) {
		self := c.Self().(version).ID
		return lua.Ask("", &messages.RegistryVersions{}, func(c *lua.Call, list []*messages.VersionData) error {
			byID := make(map[int64]*messages.VersionData, len(list))
			for _, v := range list {
				byID[v.ID] = v
			}
			if v := byID[self]; v != nil {
				if other := byID[which(v)]; other != nil {
					return c.Return(version{other}, nil)
				}
			}
			return c.Return(nil, nil)
		}), nil
	}
}

func versionText(v any) string { return fmt.Sprintf("v%d", v.(version).ID) }

var versionType = lua.Type{
	Name: "Version", Doc: "A version of the registry.", Of: version{},
	Text:  versionText,
	Equal: func(a, b any) bool { return a.(version).ID == b.(version).ID },
	Less:  func(a, b any) bool { return a.(version).ID < b.(version).ID },
	Methods: []lua.Func{
		{Sig: "id(): integer", Doc: "Its number. The state after boot is 0.", Do: func(c *lua.Call) error { return c.Return(c.Self().(version).ID) }},
		{Sig: "previous(): Version?, error?", Doc: "The version before it, or nil.", Ask: neighbour(func(v *messages.VersionData) int64 { return v.Previous })},
		{Sig: "next(): Version?, error?", Doc: "The version after it, or nil.", Ask: neighbour(func(v *messages.VersionData) int64 { return v.Next })},
		{Sig: "string(): string", Doc: "Its number as text: v3.", Do: func(c *lua.Call) error { return c.Return(versionText(c.Self())) }},
	},
}

// history is the History: all it knows is asked for.
type history struct{}

var historyType = lua.Type{
	Name: "History", Doc: "The versions of the registry.", Of: history{},
	Methods: []lua.Func{
		{Sig: "versions(): table, error?", Doc: "All versions, oldest first.", Ask: listVersions},
		{
			Sig: "get_version(version: integer): Version, error?", Doc: "The version with that number, from 0.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				n, err := versionNumber(c, 0)
				if err != nil {
					return nil, err
				}
				return findVersion(n, asVersion), nil
			},
		},
		{
			Sig: "snapshot_at(version: Version): Snapshot, error?", Doc: "The state of a version.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				id := c.Object(0).(version).ID
				return findVersion(&id, asSnapshot), nil
			},
		},
	},
}
