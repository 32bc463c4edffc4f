package modules

import (
	"slices"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var (
	errProcessID     = messages.Errorf(messages.Invalid, "invalid process ID format (namespace:name required)")
	errNoProcessID   = messages.Errorf(messages.Invalid, "process ID required")
	errNoHostID      = messages.Errorf(messages.Invalid, "host ID required")
	errCustomContext = denied("not allowed to spawn processes with custom context")
	errCustomOptions = denied("not allowed to spawn processes with custom options")
	errCustomActor   = denied("not allowed to spawn processes with custom security context")
)

// starting is one of the ways to start a process.
type starting struct {
	monitor, link, exec bool
}

// check asks for the permissions a way needs.
func (s starting) check(c *lua.Call, id, host string) error {
	doing := "spawn"
	if s.exec {
		doing = "exec"
	}
	switch {
	case s.exec && !c.Allowed("process.exec", id):
		return denied("not allowed to exec process: %s", id)
	case s.link && !c.Allowed("process.spawn.linked", id):
		return denied("not allowed to spawn linked process: %s", id)
	case s.monitor && !c.Allowed("process.spawn.monitored", id):
		return denied("not allowed to spawn monitored process: %s", id)
	case s == starting{} && !c.Allowed("process.spawn", id):
		return denied("not allowed to spawn process: %s", id)
	case !c.Allowed("process.host", host):
		return denied("not allowed to %s on host: %s", doing, host)
	}
	return nil
}

// spawning is the state of a SpawnBuilder. It is copied, never changed.
type spawning struct {
	inherit
	options *messages.Table
	name    string
	mail    []*messages.Mail
}

// start makes the command of one way to start a process, with the id, the host
// and the arguments that c was given.
func (b *spawning) start(c *lua.Call, how starting) (*lua.Command, error) {
	id, host := c.String(0), c.String(1)
	if id == "" {
		return nil, errNoProcessID
	}
	if _, _, ok := splitID(id); !ok {
		return nil, errProcessID
	}
	if host == "" {
		return nil, errNoHostID
	}
	if err := how.check(c, id, host); err != nil {
		return nil, err
	}
	if _, _, ok := splitID(host); !ok {
		return nil, messages.Errorf(messages.NotFound, "host not found: %s", host)
	}
	options, err := messages.OptionsFrom(b.options)
	if err != nil {
		return nil, err
	}
	m := &messages.Spawn{
		Process: id, Host: host, Args: c.Values(2), Context: b.context(c), Parent: c.Host().PID(),
		Name: b.name, Mail: b.mail, Monitor: how.monitor, Link: how.link, Options: options,
	}
	if how.exec {
		return &lua.Command{To: host, Body: &messages.Exec{Spawn: m}, Then: func(c *lua.Call, v any) error {
			return c.Return(v, nil)
		}}, nil
	}
	return lua.Ask(host, m, func(c *lua.Call, s *messages.Spawned) error { return c.Return(s.PID, nil) }), nil
}

// spawnFuncs declares all ways to start a process; from gives the builder.
func spawnFuncs(from func(c *lua.Call) *spawning) []lua.Func {
	one := func(name, results, doc, permission string, how starting) lua.Func {
		return lua.Func{
			Sig: name + "(id?: string, host?: string, ...: any): " + results, Doc: doc, Permission: permission,
			Ask: func(c *lua.Call) (*lua.Command, error) { return from(c).start(c, how) },
		}
	}
	return []lua.Func{
		one("spawn", "string, error?", "Starts the process of entry id on a host, with these arguments, and returns its PID.", "process.spawn", starting{}),
		one("spawn_monitored", "string, error?", "Starts a process and monitors it before it runs: its end is an EXIT event.", "process.spawn.monitored", starting{monitor: true}),
		one("spawn_linked", "string, error?", "Starts a process linked to this one before it runs.", "process.spawn.linked", starting{link: true}),
		one("spawn_linked_monitored", "string, error?", "Starts a process that is linked and monitored before it runs.", "process.spawn.linked", starting{monitor: true, link: true}),
		one("exec", "any, error?", "Starts a process, waits for its end and returns its result.", "process.exec", starting{exec: true}),
	}
}

// processSpawning are the functions of module process that start processes.
var processSpawning = append(spawnFuncs(func(*lua.Call) *spawning { return &spawning{} }),
	lua.Func{
		Sig: "with_context(values: table): SpawnBuilder", Doc: "A builder for processes that see these context values. Raises when it is not allowed.", Permission: "process.context",
		Do: func(c *lua.Call) error { return (&spawning{}).addContext(c) },
	},
	lua.Func{
		Sig: "with_options(options: table): SpawnBuilder", Doc: "A builder for processes with these options: network, the id of a network entry, and for workflows those of Temporal, such as [\"temporal.workflow.id\"]. Raises when it is not allowed.", Permission: "process.context",
		Do: func(c *lua.Call) error { return (&spawning{}).addOptions(c) },
	},
)

func (b *spawning) addContext(c *lua.Call) error {
	if !c.Allowed("process.context", "context") {
		return lua.Raise(errCustomContext)
	}
	out := *b
	out.inherit = b.with(c.Table(0))
	return c.Return(&out)
}

func (b *spawning) addOptions(c *lua.Call) error {
	if !c.Allowed("process.context", "context") {
		return lua.Raise(errCustomOptions)
	}
	if _, err := callOptions(c, 0); err != nil {
		return lua.Raise(err)
	}
	merged := &messages.Table{Object: true}
	added := c.Table(0)
	if b.options != nil {
		for i, k := range b.options.Keys {
			if key, ok := k.(string); ok && added.Get(key) == nil {
				merged.Set(key, b.options.Vals[i])
			}
		}
	}
	for i, k := range added.Keys {
		if key, ok := k.(string); ok {
			merged.Set(key, added.Vals[i])
		}
	}
	out := *b
	out.options = merged
	return c.Return(&out)
}

var spawnBuilder = lua.Type{
	Name: "SpawnBuilder",
	Doc:  "Says how processes are started. Every with_ method returns a new builder and leaves the old one as it is.",
	Of:   (*spawning)(nil),
	Methods: append([]lua.Func{
		{
			Sig: "with_context(values: table): SpawnBuilder", Doc: "Adds context values that the child sees through module ctx.", Permission: "process.context",
			Do: func(c *lua.Call) error { return c.Self().(*spawning).addContext(c) },
		},
		{
			Sig: "with_options(options: table): SpawnBuilder", Doc: "Merges options into those there are.", Permission: "process.context",
			Do: func(c *lua.Call) error { return c.Self().(*spawning).addOptions(c) },
		},
		{
			Sig: "with_actor(actor: Actor): SpawnBuilder", Doc: "The actor of the child.", Permission: "process.security",
			Do: func(c *lua.Call) error {
				if !c.Allowed("process.security", "security") {
					return lua.Raise(errCustomActor)
				}
				out := *c.Self().(*spawning)
				out.actor = c.Object(0).(*messages.Actor)
				return c.Return(&out)
			},
		},
		{
			Sig: "with_scope(scope: Scope): SpawnBuilder", Doc: "The scope of the child.", Permission: "process.security",
			Do: func(c *lua.Call) error {
				if !c.Allowed("process.security", "security") {
					return lua.Raise(errCustomActor)
				}
				out := *c.Self().(*spawning)
				out.scope = c.Object(0).(*messages.Scope)
				return c.Return(&out)
			},
		},
		{
			Sig: "with_name(name: string): SpawnBuilder", Doc: "Registers the child under a local name. If it is taken no process is started: the messages of with_message go to the one that has it, and its PID is returned.",
			Do: func(c *lua.Call) error {
				out := *c.Self().(*spawning)
				if out.name = c.String(0); out.name == "" {
					return lua.Raise(messages.Errorf(messages.Invalid, "name cannot be empty"))
				}
				return c.Return(&out)
			},
		},
		{
			Sig: "with_message(topic: string, ...: any): SpawnBuilder", Doc: "A message that the child gets before any other.",
			Do: func(c *lua.Call) error {
				topic := c.String(0)
				switch {
				case topic == "":
					return lua.Raise(messages.Errorf(messages.Invalid, "topic cannot be empty"))
				case strings.HasPrefix(topic, "@"):
					return lua.Raise(messages.Errorf(messages.Invalid, "cannot send to @ topics"))
				}
				out := *c.Self().(*spawning)
				out.mail = append(slices.Clone(out.mail), messages.NewMail(c.Host().PID(), topic, c.Values(1)...))
				return c.Return(&out)
			},
		},
	}, spawnFuncs(func(c *lua.Call) *spawning { return c.Self().(*spawning) })...),
}
