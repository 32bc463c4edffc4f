package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// loader is a Loader object.
type loader struct{ volume *volume }

var loaderModule = lua.Module{
	Name: "loader", Doc: "Reads entry files of a file system as they are read at boot. Nothing is registered.",
	Class: []lua.Class{lua.Storage, lua.IO},
	Funcs: []lua.Func{{
		Sig: "new(fs_id: string): Loader, error?", Doc: "Makes a loader for the file system with that entry id.", Permission: "fs.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			return withVolume(c, func(v *volume) any { return &loader{v} })
		},
	}},
	Types: []lua.Type{{
		Name: "Loader", Doc: "Reads entry files of one file system.", Of: (*loader)(nil),
		Methods: []lua.Func{
			{Sig: "load_directory(path: string): table, error?", Doc: "The entries of all files below a folder, by id: each is {id, kind, meta, data}. Files without a namespace are skipped, as are, with a warning in the log, those that cannot be parsed.", Ask: loadFrom(false)},
			{Sig: "load_file(path: string): table, error?", Doc: "The entries of one file.", Ask: loadFrom(true)},
		},
	}},
}

func loadFrom(file bool) func(*lua.Call) (*lua.Command, error) {
	return func(c *lua.Call) (*lua.Command, error) {
		v := c.Self().(*loader).volume
		name, err := v.name(c.String(0))
		if err != nil {
			return nil, err
		}
		return lua.Ask(v.id, &messages.EntriesLoad{Path: name, File: file}, func(c *lua.Call, list []*messages.EntryData) error {
			t := &messages.Table{}
			for _, e := range list {
				t.Array = append(t.Array, entryTable(e))
			}
			return c.Return(t)
		}), nil
	}
}
