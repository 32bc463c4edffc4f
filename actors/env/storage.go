package env

import (
	"maps"
	"os"
	"strconv"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// source is a storage that never waits.
type source interface {
	read(key string) (string, bool)
	list() map[string]string
}

// sink is a source that can be written to.
type sink interface {
	source
	write(key, value string)
	remove(key string)
}

var errReadOnly = messages.Errorf(messages.PermissionDenied, "storage is read-only")

// MemoryConfig are the fields of env.storage.memory.
type MemoryConfig struct{}

// Memory keeps values until the node ends.
var Memory = actors.Define(actors.Spec[MemoryConfig]{
	Name:  "env.storage.memory",
	Doc:   "Environment values in memory; they are gone when the node ends.",
	Serve: func(env actors.Env, _ MemoryConfig) actor.Actor { return &storage{env.ID, &values{}} },
})

// OSConfig are the fields of env.storage.os.
type OSConfig struct{}

// OS reads the environment of the operating-system process.
var OS = actors.Define(actors.Spec[OSConfig]{
	Name:  "env.storage.os",
	Doc:   "The environment of the operating-system process; read-only.",
	Serve: func(env actors.Env, _ OSConfig) actor.Actor { return &storage{env.ID, system{}} },
})

// StaticConfig are the fields of env.storage.static.
type StaticConfig struct {
	Values map[string]string `yaml:"values" doc:"Keys and values."`
}

// Static has the values that are written in its entry.
var Static = actors.Define(actors.Spec[StaticConfig]{
	Name:  "env.storage.static",
	Doc:   "Environment values that are written in the entry; read-only.",
	Serve: func(env actors.Env, c StaticConfig) actor.Actor { return &storage{env.ID, fixed(c.Values)} },
})

// values is what a memory storage holds.
type values struct{ m map[string]string }

func (v *values) read(key string) (string, bool) { s, ok := v.m[key]; return s, ok }
func (v *values) list() map[string]string        { return cloned(v.m) }
func (v *values) remove(key string)              { delete(v.m, key) }
func (v *values) write(key, value string) {
	if v.m == nil {
		v.m = map[string]string{}
	}
	v.m[key] = value
}

type fixed map[string]string

func (f fixed) read(key string) (string, bool) { s, ok := f[key]; return s, ok }
func (f fixed) list() map[string]string        { return cloned(f) }

// cloned is a copy that is never nil.
func cloned(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

type system struct{}

func (system) read(key string) (string, bool) { return os.LookupEnv(key) }

func (system) list() map[string]string {
	out := map[string]string{}
	for _, pair := range os.Environ() {
		if key, value, ok := strings.Cut(pair, "="); ok && key != "" {
			out[key] = value
		}
	}
	return out
}

// storage is the actor of the storages that never wait.
type storage struct {
	id     string
	values source
}

// Receive implements actor.Actor.
func (s *storage) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.EnvRead:
		if v, ok := s.values.read(b.Key); ok {
			req.Reply(v)
			return
		}
		req.Reply(errNotFound)
	case *messages.EnvList:
		req.Reply(s.values.list())
	case *messages.EnvWrite:
		s.change(req, func(to sink) { to.write(b.Key, b.Value) })
	case *messages.EnvDelete:
		s.change(req, func(to sink) { to.remove(b.Key) })
	default:
		actors.Unknown(req, s.id)
	}
}

func (s *storage) change(req *actors.Request, f func(sink)) {
	to, ok := s.values.(sink)
	if !ok {
		req.Reply(errReadOnly)
		return
	}
	f(to)
	req.Done()
}

func notAnswered(id string, body any) error {
	return actors.NotAnswered(id, body)
}

func quoted(s string) string {
	const longest = 80
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strconv.Quote(s)
}
