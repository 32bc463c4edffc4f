package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// store is a Store object: the id of its entry.
type store struct {
	id       string
	released bool
}

var storeModule = lua.Module{
	Name:  "store",
	Doc:   "Key-value stores.",
	Class: []lua.Class{lua.Storage, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig:        "get(id: any): Store, error?",
		Doc:        "Gives the store with that entry id.",
		Permission: "store.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if c.TypeOf(0) != "string" || id == "" {
				return nil, messages.Errorf(messages.Invalid, "store ID required")
			}
			if _, _, ok := splitID(id); !ok {
				return nil, messages.Errorf(messages.NotFound, "store not found: %s", id)
			}
			if !c.Allowed("store.get", id) {
				return nil, lua.Raise(denied("not allowed to get store: %s", id))
			}
			return lua.Ask(id, &messages.StoreInfo{}, func(c *lua.Call, _ *messages.StoreData) error { return c.Return(&store{id: id}) }), nil
		},
	}},
	Tables: []lua.Table{
		{Name: "backend", Doc: "Where a store keeps its entries.", Consts: []lua.Const{
			{Name: "BADGER", Value: "badger"}, {Name: "MEMORY", Value: "memory"}, {Name: "SQL", Value: "sql"}, {Name: "KV_RAFT", Value: "kv.raft"}, {Name: "KV_CRDT", Value: "kv.crdt"}, {Name: "UNKNOWN", Value: "unknown"},
		}},
		{Name: "consistency", Doc: "What readers see.", Consts: []lua.Const{
			{Name: "LINEARIZABLE", Value: "linearizable"}, {Name: "EVENTUAL", Value: "eventual"}, {Name: "LOCAL", Value: "local"}, {Name: "UNKNOWN", Value: "unknown"},
		}},
	},
	Types: []lua.Type{{
		Name: "Store", Doc: "One store.", Of: (*store)(nil),
		Methods: []lua.Func{
			storeKey("get(key: any): any, error?", "The value under key; NotFound \"key not found\" where there is none.", "store.key.get", true, func(s *store, key string) *lua.Command {
				return lua.Ask(s.id, &messages.StoreGet{Key: key}, func(c *lua.Call, e *messages.StoreEntry) error { return c.Return(e.Value) })
			}),
			{Sig: "set(key: any, value: any, ttl?: number): boolean, error?", Doc: "Keeps value under key, for ttl seconds if given.", Permission: "store.key.set", Ask: func(c *lua.Call) (*lua.Command, error) {
				s, key, err := storeArgs(c, "store.key.set", true)
				if err != nil {
					return nil, err
				}
				value := c.Value(1)
				if value == nil { // or a function, which a copy does not keep
					return nil, messages.Errorf(messages.Invalid, "value is required")
				}
				return lua.Ask(s.id, &messages.StorePut{Key: key, Value: value, TTL: seconds(c.Number(2))}, func(c *lua.Call, _ *messages.StoreEntry) error { return c.Return(true) }), nil
			}},
			storeKey("has(key: any): boolean, error?", "Whether the key is there.", "store.key.has", true, func(s *store, key string) *lua.Command {
				cmd := lua.Ask(s.id, &messages.StoreGet{Key: key}, func(c *lua.Call, _ *messages.StoreEntry) error { return c.Return(true) })
				cmd.Catch = func(c *lua.Call, err *messages.Error) error {
					if err.Kind == messages.NotFound && err.Message == "key not found" {
						return c.Return(false)
					}
					return err
				}
				return cmd
			}),
			storeKey("delete(key: any): boolean, error?", "Deletes the key; false if it was not there.", "store.key.delete", true, func(s *store, key string) *lua.Command {
				return lua.Ask(s.id, &messages.StoreDelete{Key: key}, func(c *lua.Call, was bool) error { return c.Return(was) })
			}),
			storeKey("entry(key: any): table, error?", "{key, value, version} of a key.", "store.key.get", false, func(s *store, key string) *lua.Command {
				return lua.Ask(s.id, &messages.StoreGet{Key: key}, func(c *lua.Call, e *messages.StoreEntry) error { return c.Return(storeEntry(*e)) })
			}),
			{Sig: "list(options?: table): table, error?", Doc: "{items, cursor, has_more}: entries in the order of their keys, of {prefix?, after?, limit?}.", Permission: "store.key.list", Ask: storeList},
			{Sig: "put(key: any, value: any, options?: table): table, error?", Doc: "Writes with {ttl?, only_if_absent?, if_version?} and returns the entry.", Permission: "store.key.set", Ask: storePut},
			{Sig: "info(): table, error?", Doc: "What the store can do.", Permission: "store.info", Ask: func(c *lua.Call) (*lua.Command, error) {
				s := c.Self().(*store)
				if s.released {
					return nil, errReleased
				}
				if !c.Allowed("store.info", s.id) {
					return nil, denied("not allowed to get info of store: %s", s.id)
				}
				return lua.Ask(s.id, &messages.StoreInfo{}, func(c *lua.Call, d *messages.StoreData) error {
					return c.Return(map[string]any{"id": d.ID, "backend": d.Backend, "consistency": d.Consistency, "durable": d.Durable, "list": d.List, "versioned": d.Versioned, "conditional_put": d.ConditionalPut, "ttl": d.TTL})
				}), nil
			}},
			{Sig: "release(): boolean", Doc: "Lets go of the store; calling it again is harmless.", Do: func(c *lua.Call) error {
				c.Self().(*store).released = true
				return c.Return(true)
			}},
		},
	}},
}

var errReleased = messages.Errorf(messages.Invalid, "store is released")

func seconds(n float64) time.Duration {
	if !(n > 0) {
		return 0
	}
	return time.Duration(min(n, 1e9) * float64(time.Second))
}

// storeArgs checks what every method on a key checks; a refused permission is
// raised by the older methods.
func storeArgs(c *lua.Call, action string, raises bool) (*store, string, error) {
	s := c.Self().(*store)
	key := c.String(0)
	switch {
	case s.released:
		return nil, "", errReleased
	case c.TypeOf(0) != "string" || key == "":
		return nil, "", messages.Errorf(messages.Invalid, "key is required")
	case !c.Allowed(action, s.id):
		err := denied("not allowed to access key %q of store: %s", key, s.id)
		if raises {
			return nil, "", lua.Raise(err)
		}
		return nil, "", err
	}
	return s, key, nil
}

func storeKey(sig, doc, action string, raises bool, ask func(*store, string) *lua.Command) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Permission: action, Ask: func(c *lua.Call) (*lua.Command, error) {
		s, key, err := storeArgs(c, action, raises)
		if err != nil {
			return nil, err
		}
		return ask(s, key), nil
	}}
}

func storeEntry(e messages.StoreEntry) *messages.Table {
	return (&messages.Table{}).Set("key", e.Key).Set("value", e.Value).Set("version", e.Version)
}

func storeList(c *lua.Call) (*lua.Command, error) {
	s := c.Self().(*store)
	if s.released {
		return nil, errReleased
	}
	if !c.Allowed("store.key.list", s.id) {
		return nil, denied("not allowed to list keys of store: %s", s.id)
	}
	b := &messages.StoreList{}
	if t := c.Table(0); t != nil {
		b.Prefix, _ = t.Get("prefix").(string)
		b.After, _ = t.Get("after").(string)
		if n, ok := t.Get("limit").(float64); ok {
			b.Limit = int(n)
		}
	}
	return lua.Ask(s.id, b, func(c *lua.Call, p *messages.StorePage) error {
		items := &messages.Table{}
		for _, e := range p.Items {
			items.Array = append(items.Array, storeEntry(e))
		}
		return c.Return((&messages.Table{}).Set("items", items).Set("cursor", p.Cursor).Set("has_more", p.More))
	}), nil
}

func storePut(c *lua.Call) (*lua.Command, error) {
	s, key, err := storeArgs(c, "store.key.set", false)
	if err != nil {
		return nil, err
	}
	b := &messages.StorePut{Key: key, Value: c.Value(1)}
	if b.Value == nil {
		return nil, messages.Errorf(messages.Invalid, "value is required")
	}
	if t := c.Table(2); t != nil {
		ttl, _ := t.Get("ttl").(float64)
		b.TTL = seconds(ttl)
		b.IfAbsent, _ = t.Get("only_if_absent").(bool)
		b.IfVersion, _ = t.Get("if_version").(string)
	}
	if b.IfAbsent && b.IfVersion != "" {
		return nil, messages.Errorf(messages.Invalid, "only_if_absent and if_version cannot go together")
	}
	return lua.Ask(s.id, b, func(c *lua.Call, e *messages.StoreEntry) error { return c.Return(storeEntry(*e)) }), nil
}
