package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// groups is an Instance object: the id of a scope.
type groups struct {
	scope    string
	released bool
}

// groupEvents is a Subscription object.
type groupEvents struct{ ch *lua.Channel }

var pgModule = lua.Module{
	Name:  "pg",
	Doc:   "Process groups: processes that are found and reached together under a name.",
	Class: []lua.Class{lua.Process, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig:        "open(scope_id: any): Instance, error?",
		Doc:        "Gives the groups of a pg.scope.",
		Permission: "pg.open",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if c.TypeOf(0) != "string" || id == "" {
				return nil, messages.Errorf(messages.Invalid, "scope ID required")
			}
			if !c.Allowed("pg.open", id) {
				return nil, denied("not allowed to open process group scope: %s", id)
			}
			if _, _, ok := splitID(id); !ok {
				return nil, messages.Errorf(messages.Internal, "process group scope not found: %s", id)
			}
			return &lua.Command{
				To: id, Body: &messages.PGOpen{},
				Then: func(c *lua.Call, _ any) error { return c.Return(&groups{scope: id}, nil) },
				Catch: func(_ *lua.Call, err *messages.Error) error {
					if err.Kind == messages.Unavailable {
						return err
					}
					return messages.Because(messages.Internal, "process group scope not found: "+id, err)
				},
			}, nil
		},
	}},
	Types: []lua.Type{
		{Name: "Instance", Doc: "The groups of a scope. A group is there while it has members, and a process is a member until it leaves or ends.", Of: (*groups)(nil), Methods: []lua.Func{
			groupsChange("join", "Makes this process a member of a group or a list of groups. It may join again, and then is a member until it has left as often.", func(by string, names []string) any { return &messages.PGJoin{By: by, Groups: names} }),
			groupsChange("leave", "Leaves a group or a list of groups. Leaving groups it is in none of is Invalid.", func(by string, names []string) any { return &messages.PGLeave{By: by, Groups: names} }),
			groupMembers("get_members", "The PIDs of a group in the order they joined, one for each membership; empty for an unknown group.", false),
			groupMembers("get_local_members", "The PIDs of a group on this node.", true),
			groupNames("which_groups", "The names of all groups.", false),
			groupNames("which_local_groups", "The names of the groups with members on this node.", true),
			groupBroadcast("broadcast", "Sends a message to every process of a group, this one too if it is a member, as process.send does.", false),
			groupBroadcast("broadcast_local", "Sends a message to every process of a group on this node.", true),
			{Sig: "monitor(group: any): Subscription, table, error?", Doc: "Subscribes to the changes of a group, and returns its members before the first of them.", Permission: "pg.monitor", Ask: func(c *lua.Call) (*lua.Command, error) {
				name, err := groupName(c, "pg.monitor")
				return groupSubscribe(c, name, err, func(now map[string][]string) any { return now[name] })
			}},
			{Sig: "events(): Subscription, table, error?", Doc: "Subscribes to the changes of all groups, and returns the members of each before the first of them.", Permission: "pg.events", Ask: func(c *lua.Call) (*lua.Command, error) {
				return groupSubscribe(c, "", groupCheck(c, "pg.events", c.Self().(*groups).scope), func(now map[string][]string) any { return now })
			}},
			{Sig: "release(): boolean", Doc: "Lets go of the scope; memberships and subscriptions stay. Calling it again is harmless.", Do: func(c *lua.Call) error {
				c.Self().(*groups).released = true
				return c.Return(true)
			}},
		}},
		{Name: "Subscription", Doc: "A subscription to the changes of groups. It ends with the process.", Of: (*groupEvents)(nil), Methods: []lua.Func{
			{Sig: "channel(): Channel", Doc: `Delivers tables {system = "pg", kind = "member.joined" or "member.left", path = group, data = {Group, PIDs}}, in order and without loss.`, Do: func(c *lua.Call) error { return c.Return(c.Self().(*groupEvents).ch) }},
			{Sig: "close(options?: table): boolean, error?", Doc: "Ends the subscription and closes the channel. What is queued can still be received; with flush = true it is dropped. Closing again does nothing.", Do: func(c *lua.Call) error {
				o := &options{table: c.Table(0)}
				flush := o.flag("flush")
				if o.err != nil {
					return o.err
				}
				ch := c.Self().(*groupEvents).ch
				ch.Close()
				if flush {
					ch.Discard()
				}
				return c.Return(true, nil)
			}},
		}},
	},
}

var errNoGroup = messages.Errorf(messages.Invalid, "group is required: a name that is not empty")

// groupCheck is what every method checks.
func groupCheck(c *lua.Call, action, resource string) error {
	switch {
	case c.Self().(*groups).released:
		return messages.Errorf(messages.Invalid, "instance is released")
	case !c.Allowed(action, resource):
		return denied("not allowed: %s on process group %s", action, resource)
	}
	return nil
}

// groupName reads the group that is argument 0.
func groupName(c *lua.Call, action string) (string, error) {
	name := c.String(0)
	if err := groupCheck(c, action, name); err != nil {
		return "", err
	}
	if c.TypeOf(0) != "string" || name == "" {
		return "", errNoGroup
	}
	return name, nil
}

// groupsChange makes join and leave.
func groupsChange(name, doc string, body func(by string, names []string) any) lua.Func {
	action := "pg." + name
	return lua.Func{Sig: name + "(group: any): boolean, error?", Doc: doc, Permission: action, Ask: func(c *lua.Call) (*lua.Command, error) {
		var names []string
		if t := c.Table(0); t == nil {
			one, err := groupName(c, action)
			if err != nil {
				return nil, err
			}
			names = []string{one}
		} else {
			for _, v := range t.Array {
				one, _ := v.(string)
				if err := groupCheck(c, action, one); err != nil {
					return nil, err
				}
				if one == "" {
					return nil, errNoGroup
				}
				names = append(names, one)
			}
			if len(names) == 0 || len(t.Keys) > 0 {
				return nil, errNoGroup
			}
		}
		return &lua.Command{
			To: c.Self().(*groups).scope, Body: body(c.Host().PID(), names),
			Then: func(c *lua.Call, _ any) error { return c.Return(true, nil) },
		}, nil
	}}
}

func groupMembers(name, doc string, local bool) lua.Func {
	return lua.Func{Sig: name + "(group: any): table, error?", Doc: doc, Permission: "pg." + name, Ask: func(c *lua.Call) (*lua.Command, error) {
		group, err := groupName(c, "pg."+name)
		if err != nil {
			return nil, err
		}
		return lua.Ask(c.Self().(*groups).scope, &messages.PGMembers{Group: group, Local: local}, func(c *lua.Call, pids []string) error { return c.Return(pids, nil) }), nil
	}}
}

func groupNames(name, doc string, local bool) lua.Func {
	return lua.Func{Sig: name + "(): table, error?", Doc: doc, Permission: "pg." + name, Ask: func(c *lua.Call) (*lua.Command, error) {
		scope := c.Self().(*groups).scope
		if err := groupCheck(c, "pg."+name, scope); err != nil {
			return nil, err
		}
		return lua.Ask(scope, &messages.PGGroups{Local: local}, func(c *lua.Call, names []string) error { return c.Return(names, nil) }), nil
	}}
}

func groupBroadcast(name, doc string, local bool) lua.Func {
	return lua.Func{Sig: name + "(group: any, topic: any, ...: any): boolean, error?", Doc: doc, Permission: "pg." + name, Ask: func(c *lua.Call) (*lua.Command, error) {
		group, err := groupName(c, "pg."+name)
		if err != nil {
			return nil, err
		}
		topic := c.String(1)
		switch {
		case c.TypeOf(1) != "string" || topic == "":
			return nil, messages.Errorf(messages.Invalid, "topic is required: a string that is not empty")
		case topic[0] == '@':
			return nil, messages.Errorf(messages.Invalid, "cannot send to @ topics")
		}
		return &lua.Command{
			To: c.Self().(*groups).scope, Body: &messages.PGBroadcast{Group: group, Mail: c.Mail(topic, 2), Local: local},
			Then: func(c *lua.Call, _ any) error { return c.Return(true, nil) },
		}, nil
	}}
}

// groupSubscribe makes monitor and events, which have three results.
func groupSubscribe(c *lua.Call, group string, err error, members func(now map[string][]string) any) (*lua.Command, error) {
	if err != nil {
		return nil, c.Return(nil, nil, err)
	}
	host, by, scope := c.Host(), c.Host().PID(), c.Self().(*groups).scope
	var tag uint64
	var ch *lua.Channel
	end := func() { host.Tell(lua.Tell(scope, &messages.PGUnsubscribe{By: by, Tag: tag})) }
	forget := c.OnEnd(end) // an upgrade, too
	ch, tag = c.NewStream(func() {
		forget()
		end()
	})
	return &lua.Command{
		To: scope, Body: &messages.PGSubscribe{By: by, Tag: tag, Group: group},
		Then: func(c *lua.Call, answer any) error {
			return c.Return(&groupEvents{ch}, members(answer.(map[string][]string)), nil)
		},
		Catch: func(c *lua.Call, err *messages.Error) error {
			ch.Close()
			return c.Return(nil, nil, err)
		},
	}, nil
}
