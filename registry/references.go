package registry

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// referencePaths are the places where any entry, whatever its kind, may name
// others; "*" is every element, "*_env" every key that ends so.
var referencePaths = splitPaths(
	// metadata
	"meta.parent", "meta.depends_on", "meta.groups", "meta.server", "meta.router",
	"meta.temporal.activity.worker", "meta.temporal.workflow.worker", "meta.*_env",
	// lifecycle and security
	"data.*.depends_on", "data.lifecycle.requires", "data.lifecycle.depends_on",
	"data.lifecycle.security.policies", "data.lifecycle.security.groups", "data.security.*", "data.groups",
	// code
	"data.imports.*", "data.func", "data.process", "data.host",
	// storage
	"data.storage", "data.storages", "data.store", "data.bucket", "data.fs", "data.set",
	"data.token_store", "data.config", "data.database",
	// queues
	"data.driver", "data.queue", "data.dead_letter.queue",
	// HTTP and network
	"data.server", "data.middleware", "data.post_middleware", "data.network", "data.tls.*_env",
	// environment
	"data.*_env", "data.env",
	// contracts
	"data.contracts.*.contract", "data.contracts.*.methods.*",
	// Temporal
	"data.client",
)

func splitPaths(paths ...string) [][]string {
	out := make([][]string, len(paths))
	for i, p := range paths {
		out[i] = strings.Split(p, ".")
	}
	return out
}

// References returns what an entry refers to: the places every kind shares, and
// the fields its schema declares as references. Whether the targets exist is not
// looked at. The order is the same every time; an ID may occur more than once.
func (ks Kinds) References(e Entry) []Ref {
	c := refCollector{entry: e}
	for _, p := range referencePaths {
		var v any = e.Data
		if p[0] == "meta" {
			v = e.Meta
		}
		if m, ok := v.(map[string]any); ok {
			c.walk(m, p[1:], nil, p[0])
		}
	}
	if info, ok := ks[e.Kind]; ok {
		_, refs, _ := info.Schema.Decode(e)
		c.refs = append(c.refs, refs...)
	}
	return c.refs
}

type refCollector struct {
	entry Entry
	refs  []Ref
}

// walk follows a pattern. The path is only built where something matches.
func (c *refCollector) walk(v any, pattern, path []string, root string) {
	if len(pattern) == 0 {
		c.take(v, path, root)
		return
	}
	head, rest := pattern[0], pattern[1:]
	m, isMap := v.(map[string]any)
	list, isList := v.([]any)
	switch {
	case isList && head == "*":
		for i, elem := range list {
			c.walk(elem, rest, sub(path, strconv.Itoa(i)), root)
		}
	case !isMap:
	case strings.HasPrefix(head, "*"):
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if strings.HasSuffix(key, head[1:]) {
				c.walk(m[key], rest, sub(path, key), root)
			}
		}
	default:
		if next, ok := m[head]; ok {
			c.walk(next, rest, sub(path, head), root)
		}
	}
}

func (c *refCollector) take(v any, path []string, root string) {
	switch v := v.(type) {
	case []any:
		for i, elem := range v {
			if s, ok := elem.(string); ok {
				c.take(s, sub(path, strconv.Itoa(i)), root)
			}
		}
	case string:
		if id, err := ResolveID(v, c.entry.ID.NS); err == nil && id.NS != "" {
			c.refs = append(c.refs, Ref{Path: append([]string{root}, path...), ID: id})
		}
	}
}

// weak reports whether a reference may be a chance likeness, as a middleware called
// like an entry: such references order entries but never form a circle.
func (c *refCollector) weak(r Ref) bool {
	if r.Must {
		return false
	}
	if len(r.Path) > 0 && r.Path[0] == "meta" {
		return true
	}
	s, _ := lookupAny(c.entry, r.Path).(string)
	return !strings.Contains(s, ":")
}

// lookupAny finds the value at a path as At takes it.
func lookupAny(e Entry, path []string) any {
	var v any = e.Data
	if len(path) > 0 && path[0] == "meta" {
		v, path = any(e.Meta), path[1:]
	} else if len(path) > 0 && path[0] == "data" {
		path = path[1:]
	}
	for _, key := range path {
		switch next := v.(type) {
		case map[string]any:
			v = next[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(next) {
				return nil
			}
			v = next[i]
		default:
			return nil
		}
	}
	return v
}
