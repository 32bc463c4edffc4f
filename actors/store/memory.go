// Package store serves key-value stores.
package store

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Badger, Memory, SQL} }

// MemoryConfig are the fields of store.memory.
type MemoryConfig struct {
	MaxSize         int              `yaml:"max_size" default:"10000" min:"0" doc:"Largest number of entries: at the limit new keys are refused, those that are there can still be written. 0 for the default."`
	CleanupInterval time.Duration    `yaml:"cleanup_interval" default:"5m" doc:"How often expired entries are removed; they are invisible at once."`
	Lifecycle       actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Memory is a store that forgets everything when it stops.
var Memory = actors.Define(actors.Spec[MemoryConfig]{
	Name: "store.memory", Doc: "A key-value store in this node's memory.", Service: true,
	Serve: func(env actors.Env, c MemoryConfig) actor.Actor {
		if c.MaxSize == 0 {
			c.MaxSize = 10_000
		}
		return &memory{env: env, config: c}
	},
})

type memory struct {
	env     actors.Env
	config  MemoryConfig
	items   map[string]item
	version uint64
	sweep   func()
}

type item struct {
	value   messages.Value
	version string
	expires time.Time // zero for never
}

// Start implements actors.Starter.
func (m *memory) Start(context.Context) error {
	m.items = map[string]item{}
	m.sweepLater()
	return nil
}

// Stop implements actors.Stopper.
func (m *memory) Stop(context.Context) error {
	if m.sweep != nil {
		m.sweep()
	}
	m.items, m.sweep = nil, nil
	return nil
}

func (m *memory) sweepLater() {
	if m.config.CleanupInterval <= 0 {
		return
	}
	m.sweep = m.env.Cell.After(m.config.CleanupInterval, func() {
		m.expire()
		m.sweepLater()
	})
}

func (m *memory) expire() {
	now := m.env.Clock.Now()
	maps.DeleteFunc(m.items, func(_ string, i item) bool { return i.gone(now) })
}

func (i item) gone(now time.Time) bool { return !i.expires.IsZero() && !now.Before(i.expires) }

func (m *memory) find(key string) (item, bool) {
	i, ok := m.items[key]
	return i, ok && !i.gone(m.env.Clock.Now())
}

// Receive implements actor.Actor.
func (m *memory) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, info := req.Body.(*messages.StoreInfo); m.items == nil && !info {
		req.Reply(messages.Errorf(messages.Unavailable, "store %s is not running", m.env.ID))
		return
	}
	switch b := req.Body.(type) {
	case *messages.StoreGet:
		i, ok := m.find(b.Key)
		if !ok {
			req.Reply(messages.Errorf(messages.NotFound, "key not found"))
			return
		}
		req.Reply(&messages.StoreEntry{Key: b.Key, Value: i.value, Version: i.version})
	case *messages.StorePut:
		req.Reply(m.put(b))
	case *messages.StoreDelete:
		_, ok := m.find(b.Key)
		delete(m.items, b.Key)
		req.Reply(ok)
	case *messages.StoreList:
		req.Reply(m.list(b))
	case *messages.StoreInfo:
		req.Reply(&messages.StoreData{ID: m.env.ID, Backend: "memory", Consistency: "local", List: true, Versioned: true, ConditionalPut: true, TTL: true})
	default:
		actors.Unknown(req, m.env.ID)
	}
}

func (m *memory) put(b *messages.StorePut) any {
	old, there := m.find(b.Key)
	switch {
	case b.IfAbsent && there:
		return messages.Errorf(messages.AlreadyExists, "key already exists")
	case b.IfVersion != "" && (!there || old.version != b.IfVersion):
		return messages.Errorf(messages.Conflict, "version mismatch").WithRetry(true)
	case !there && len(m.items) >= m.config.MaxSize:
		if m.expire(); len(m.items) >= m.config.MaxSize {
			return messages.Errorf(messages.Unavailable, "store %s is full: %d entries; raise max_size or delete some", m.env.ID, m.config.MaxSize)
		}
	}
	m.version++
	i := item{value: b.Value, version: strconv.FormatUint(m.version, 10)}
	if b.TTL > 0 {
		i.expires = m.env.Clock.Now().Add(b.TTL)
	}
	m.items[b.Key] = i
	return &messages.StoreEntry{Key: b.Key, Value: b.Value, Version: i.version}
}

func (m *memory) list(b *messages.StoreList) *messages.StorePage {
	page := &messages.StorePage{}
	for _, key := range slices.Sorted(maps.Keys(m.items)) {
		i, ok := m.find(key)
		if !ok || key <= b.After && b.After != "" || !strings.HasPrefix(key, b.Prefix) {
			continue
		}
		if b.Limit > 0 && len(page.Items) == b.Limit {
			page.More = true
			break
		}
		page.Items = append(page.Items, messages.StoreEntry{Key: key, Value: i.value, Version: i.version})
		page.Cursor = key
	}
	return page
}
