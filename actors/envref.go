package actors

import (
	"context"
	"maps"
	"slices"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ResolveEnv returns an entry with every placeholder ${env:NAME} and every field
// "x_env" replaced by the value of the environment variable; the entry in the
// registry keeps them. Names are public names, ids, or names in the entry's
// namespace. A variable that is not declared is a NotFound, so that an entry
// that is loaded too early is tried again; one without value, where nothing else
// could be used, is an Invalid. It is for Load, Start and Update, and waits for
// the storages of the variables.
func ResolveEnv(ctx context.Context, env Env, e registry.Entry) (registry.Entry, error) {
	schema := env.Kinds[e.Kind].Schema
	names := schema.EnvNames(e)
	if len(names) == 0 {
		return fill(schema, e, nil) // "$${" may be left to replace
	}
	found, err := As[map[string]messages.EnvValue](Call(ctx, env.Sys, env.PID("env"), &messages.EnvResolve{
		Names: slices.Sorted(maps.Keys(names)), NS: e.ID.NS,
	}))
	if err != nil {
		return e, messages.Wrap(err, "reading the environment variables of "+e.ID.String())
	}
	values := make(map[string]string, len(found))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		v := found[name]
		if v.Declared {
			values[name] = v.Value
			continue
		}
		if v.Hint == "" {
			v.Hint = "declare it as an env.variable"
		}
		if names[name] {
			return e, messages.Errorf(messages.NotFound, "reading the environment variables of %s: %q is not declared; %s", e.ID, name, v.Hint)
		}
		env.Log.Warn("environment variable is not declared; what stands in its place is used", "entry", e.ID.String(), "variable", name, "hint", v.Hint)
	}
	return fill(schema, e, values)
}

func fill(schema registry.Schema, e registry.Entry, values map[string]string) (registry.Entry, error) {
	e, problems := schema.FillEnv(e, values)
	if err := problems.Err(); err != nil {
		return e, messages.Errorf(messages.Invalid, "%s", err)
	}
	return e, nil
}

// Configure is ResolveEnv followed by decoding: the config of an entry as its
// actor should use it. What does not fit any more is an Invalid.
func Configure[C any](ctx context.Context, env Env, e registry.Entry) (C, error) {
	e, err := ResolveEnv(ctx, env, e)
	if err != nil {
		var zero C
		return zero, err
	}
	c, _, problems := registry.Decode[C](e)
	if err := problems.Err(); err != nil {
		return c, messages.Errorf(messages.Invalid, "%s", err)
	}
	return c, nil
}
