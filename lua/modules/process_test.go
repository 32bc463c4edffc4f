package modules

import (
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestProcessMessages(t *testing.T) {
	examples(t, []example{
		{name: "pid and id", source: `return show(process.pid(), process.id())`, want: worldPID + ", app:test"},
		{name: "pid as a message", source: `process.send(process.pid(), "job", process.pid()); return show(process.inbox():receive():payload():data())`, want: worldPID},
		{name: "send", source: `return show(process.send("worker", "job", 1, {a = 2}))`, want: "true, nil", check: func(t *testing.T, w *world) {
			if got := dumpValue(w.sent); got != "[sentMail{} ]" || w.sent[0].dest != "worker" || dumpValue(w.sent[0].mail) != "Mail{From:"+worldPID+" Topic:job Values:[1 Table{Keys:[a ] Vals:[2 ] Object:true } ] }" {
				t.Errorf("sent %s %s", w.sent[0].dest, dumpValue(w.sent[0].mail))
			}
		}},
		{name: "send nothing", source: `return show(process.send())`, want: "nil, Invalid:send requires at least destination and topic arguments"},
		{name: "send one argument", source: `return show(process.send("worker"))`, want: "nil, Invalid:send requires at least destination and topic arguments"},
		{name: "send to nil", source: `return raises(process.send, nil, "job")`, want: "bad argument #1 to 'send' (destination: string expected, got nil)"},
		{name: "send a table", source: `return raises(process.send, "worker", {})`, want: "bad argument #2 to 'send' (topic: string expected, got table)"},
		{name: "reserved topic", source: `return show(process.send("worker", "@x"))`, want: "nil, Invalid:cannot send to @ topics"},
		{name: "unknown name", source: `return show(process.send("nobody", "job"))`, want: `nil, NotFound:could not resolve "nobody"`},
		{name: "dead", source: `return show(process.send("{app:procs|0x000ff}", "job"))`, want: "nil, NotFound:process not found"},
		{name: "send refused", ctx: may(), source: `return show(process.send("worker", "job"))`, want: "nil, PermissionDenied:not allowed to send to process: worker"},
		{name: "send allowed by PID", ctx: may("process.send {app:procs|0x00002}"), source: `return show(process.send("worker", "job"))`, want: "true, nil"},
		{name: "message", source: `process.send(process.pid(), "job", 7); local m = process.inbox():receive(); return show(m:topic(), m:from(), m:payload():data(), tostring(m))`, want: "job, " + worldPID + ", 7, process.Message{topic=job}"},
		{name: "message without value", source: `process.send(process.pid(), "job"); return show((process.inbox():receive():payload()))`, want: "nil"},
		{name: "message with several", source: `process.send(process.pid(), "job", 7, "x"); local p = process.inbox():receive():payload(); return show(#p, p[1]:data(), p[2]:data(), p[1]:get_format())`, want: "2, 7, x, lua/any"},
		{name: "message with an error", source: `local _, err = process.listen(""); process.send(process.pid(), "job", err); local p = process.inbox():receive():payload(); return show(p:get_format(), (p:data()))`, want: "golang/error, Invalid:topic cannot be empty"},
		{name: "message with a payload", source: `process.send(process.pid(), "a", 1); process.send(process.pid(), "b", process.inbox():receive():payload()); return show(process.inbox():receive():payload())`, want: "P:1"},
		{name: "listen", source: `process.send(process.pid(), "a", 1); process.send(process.pid(), "b", 2); local ch = process.listen("b"); local v = ch:receive(); return show(v, process.inbox():receive():topic())`, want: "2, a"},
		{name: "listen for several values", source: `local ch = process.listen("a"); process.send(process.pid(), "a", 1, 2); return show((ch:receive()))`, want: "{1 2}"},
		{name: "listen whole", source: `local ch = process.listen("a", {message = true}); process.send(process.pid(), "a", 1); return show(ch:receive():topic())`, want: "a"},
		{name: "listen empty", source: `return show(process.listen(""))`, want: "nil, Invalid:topic cannot be empty"},
		{name: "listen reserved", source: `return show(process.listen("@a"))`, want: "nil, Invalid:cannot listen to @ topics"},
		{name: "unlisten gives mail back", source: `local ch = process.listen("a"); process.send(process.pid(), "a", 1); process.unlisten(ch); process.send(process.pid(), "a", 2); local i = process.inbox(); return show(i:receive():payload(), i:receive():payload())`, want: "P:1, P:2"},
		{name: "unlisten twice", source: `local ch = process.listen("a"); process.unlisten(ch); return show(process.unlisten(ch))`, want: "false, NotFound:channel is not subscribed to a topic"},
		{name: "unlisten is no operation that waits", source: `local ch = channel.new(); subscribe("a", ch); unsubscribe(ch); ch:receive()`, want: "FAILED all coroutines blocked with no pending operations"},
		{name: "a closed listener", source: `process.listen("a"):close(); process.send(process.pid(), "a", 1); return show(process.inbox():receive():topic())`, want: "a"},
		{name: "subscribe", source: `local ch = channel.new(); subscribe("a", ch); subscribe("b", ch); process.send(process.pid(), "b", 1); process.send(process.pid(), "a", 2); return show((ch:receive()), (ch:receive()))`, want: "1, 2"},
		{name: "subscribe again", source: `local ch = channel.new(); subscribe("a", ch); return show(subscribe("a", ch) == ch, subscribe("a", channel.new()))`, want: `true, nil, AlreadyExists:topic "a" is already subscribed with another channel: unsubscribe that one first`},
		{name: "subscribe no channel", source: `return raises(subscribe, "a", {})`, want: "bad argument #2 to 'subscribe' (channel: Channel expected, got table)"},
		{name: "subscribe closed", source: `local ch = channel.new(); ch:close(); return show(subscribe("a", ch))`, want: `nil, Invalid:cannot subscribe a closed channel to topic "a": make a new one`},
		{name: "unsubscribe keeps it open", source: `local ch = channel.new(1); subscribe("a", ch); unsubscribe(ch); return show(ch:send(1), (ch:receive()))`, want: "true, 1"},
		{name: "module pubsub", source: `return show(pubsub.subscribe == subscribe, pubsub.unsubscribe == unsubscribe)`, want: "true, true"},
		{name: "event kinds", source: `return show(process.event.CANCEL, process.event.EXIT, process.event.LINK_DOWN)`, want: "pid.cancel, pid.exit, pid.link.down"},
		{name: "options", source: `return show(process.get_options(), process.set_options({trap_links = true}), process.get_options())`, want: "{trap_links=false}, true, {trap_links=true}"},
		{name: "options no table", source: `return show(process.set_options(1))`, want: "false, Invalid:options parameter must be a table"},
		{name: "option no boolean", source: `return show(process.set_options({trap_links = 1}))`, want: "false, Invalid:trap_links must be a boolean"},
		{name: "unknown option", source: `return show(process.set_options({x = 1, trap_links = true}), process.get_options())`, want: "false, {trap_links=false}"},
		{name: "unknown option text", source: `return show(process.set_options({x = 1}))`, want: "false, Invalid:option x is not supported"},
	})
}

func TestProcessSpawn(t *testing.T) {
	const child = "{app:procs|0x00002}"
	spawn := func(change func(*messages.Spawn)) func(*testing.T, *world) {
		m := &messages.Spawn{Process: "app:w", Host: "app:procs", Parent: worldPID}
		change(m)
		return asks(m)
	}
	examples(t, []example{
		{name: "spawn", source: `return show(process.spawn("app:w", "app:procs", 1, "x"))`, want: child + ", nil", check: spawn(func(m *messages.Spawn) { m.Args = []messages.Value{1.0, "x"} })},
		{name: "monitored", source: `return show(process.spawn_monitored("app:w", "app:procs"))`, want: child + ", nil", check: spawn(func(m *messages.Spawn) { m.Monitor = true })},
		{name: "linked", source: `return show(process.spawn_linked("app:w", "app:procs"))`, want: child + ", nil", check: spawn(func(m *messages.Spawn) { m.Link = true })},
		{name: "both", source: `return show(process.spawn_linked_monitored("app:w", "app:procs"))`, want: child + ", nil", check: spawn(func(m *messages.Spawn) { m.Link, m.Monitor = true, true })},
		{name: "exec", source: `return show(process.exec("app:w", "app:procs", 5))`, want: "result, nil", check: asks(&messages.Exec{Spawn: &messages.Spawn{Process: "app:w", Host: "app:procs", Parent: worldPID, Args: []messages.Value{5.0}}})},
		{name: "no id", source: `return show(process.spawn())`, want: "nil, Invalid:process ID required"},
		{name: "no host", source: `return show(process.spawn("app:w"))`, want: "nil, Invalid:host ID required"},
		{name: "bad id", source: `return show(process.spawn("w", "app:procs"))`, want: "nil, Invalid:invalid process ID format (namespace:name required)"},
		{name: "no host of that name", source: `return show(process.spawn("app:w", "app:nohost"))`, want: "nil, NotFound:host not found: app:nohost"},
		{name: "a component is no host", source: `return show(process.exec("app:w", "registry"))`, want: "nil, NotFound:host not found: registry"},
		{name: "refused", ctx: may(), source: `return show(process.spawn("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn process: app:w"},
		{name: "refused host", ctx: may("process.spawn app:w"), source: `return show(process.spawn("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn on host: app:procs"},
		{name: "refused monitored", ctx: may("process.spawn app:w"), source: `return show(process.spawn_monitored("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn monitored process: app:w"},
		{name: "refused linked", ctx: may("process.spawn app:w"), source: `return show(process.spawn_linked("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn linked process: app:w"},
		{name: "refused both", ctx: may("process.spawn.linked app:w"), source: `return show(process.spawn_linked_monitored("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn monitored process: app:w"},
		{name: "refused host of monitored", ctx: may("process.spawn.monitored app:w"), source: `return show(process.spawn_monitored("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn on host: app:procs"},
		{name: "refused exec", ctx: may(), source: `return show(process.exec("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to exec process: app:w"},
		{name: "refused exec host", ctx: may("process.exec app:w"), source: `return show(process.exec("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to exec on host: app:procs"},
		{name: "allowed", ctx: may("process.spawn app:w", "process.host app:procs"), source: `return show(process.spawn("app:w", "app:procs"))`, want: child + ", nil"},
		{name: "strict", self: lua.Self{Strict: true}, source: `return show(process.spawn("app:w", "app:procs"))`, want: "nil, PermissionDenied:not allowed to spawn process: app:w"},
		{
			name: "builder", source: `local b = process.with_context({a = 1, b = 1})
				local c = b:with_context({b = 2}):with_options({network = "app:net"}):with_name("n"):with_message("hi", 1, 2):with_actor(security.new_actor("u"))
				assert(b ~= c and c:spawn_linked("app:w", "app:procs", 3)); return "ok"`, want: "ok",
			check: spawn(func(m *messages.Spawn) {
				m.Args, m.Link, m.Name = []messages.Value{3.0}, true, "n"
				m.Context = &messages.Context{Values: map[string]messages.Value{"a": 1.0, "b": 2.0}, Actor: &messages.Actor{ID: "u"}}
				m.Mail = []*messages.Mail{messages.NewMail(worldPID, "hi", 1.0, 2.0)}
				m.Options = &messages.CallOptions{Network: "app:net"}
			}),
		},
		{name: "builder is not changed", source: `local b = process.with_context({}); b:with_name("n"):with_message("hi"); b:spawn("app:w", "app:procs"); return "ok"`, want: "ok", check: spawn(func(*messages.Spawn) {})},
		{name: "builder inherits", self: lua.Self{Context: &messages.Context{Values: map[string]messages.Value{"x": "y"}}}, source: `process.with_context({z = 1}):exec("app:w", "app:procs"); return "ok"`, want: "ok", check: asks(&messages.Exec{Spawn: &messages.Spawn{Process: "app:w", Host: "app:procs", Parent: worldPID, Context: &messages.Context{Values: map[string]messages.Value{"x": "y", "z": 1.0}}}})},
		{name: "name taken", source: `return show(process.with_options({}):with_name("taken"):spawn("app:w", "app:procs"))`, want: "{app:procs|0x00007}, nil"},
		{name: "builder context refused", ctx: may(), source: `return raises(process.with_context, {})`, want: "PermissionDenied:not allowed to spawn processes with custom context"},
		{name: "builder options refused", ctx: may(), source: `return raises(process.with_options, {})`, want: "PermissionDenied:not allowed to spawn processes with custom options"},
		{name: "builder network refused", ctx: may("process.context context"), source: `return raises(process.with_options, {network = "app:net"})`, want: "PermissionDenied:not allowed to select network: app:net"},
		{name: "builder actor refused", ctx: may("process.context context", "security.actor.create u"), source: `local b = process.with_context({}); return raises(b.with_actor, b, security.new_actor("u"))`, want: "PermissionDenied:not allowed to spawn processes with custom security context"},
		{name: "builder scope refused", ctx: may("process.context context"), source: `local b = process.with_context({}); return raises(b.with_scope, b, security.scope())`, want: "PermissionDenied:not allowed to spawn processes with custom security context"},
		{name: "builder nil actor", source: `local b = process.with_context({}); return (raises(b.with_actor, b, nil):gsub("^.*%(", ""))`, want: "actor: Actor expected, got nil)"},
		{name: "builder empty name", source: `local b = process.with_context({}); return raises(b.with_name, b, "")`, want: "Invalid:name cannot be empty"},
		{name: "builder reserved topic", source: `local b = process.with_context({}); return raises(b.with_message, b, "@x")`, want: "Invalid:cannot send to @ topics"},
	})
}

func TestProcessControl(t *testing.T) {
	const other = "{app:procs|0x00002}"
	signal := func(body any) func(*testing.T, *world) { return asks(&messages.Signal{To: other, Body: body}) }
	var list []example
	for name, body := range map[string]any{
		"cancel": &messages.Cancel{From: worldPID}, "terminate": &messages.Terminate{From: worldPID},
		"monitor": &messages.Monitor{By: worldPID}, "unmonitor": &messages.Monitor{By: worldPID, Off: true},
		"link": &messages.Link{By: worldPID}, "unlink": &messages.Link{By: worldPID, Off: true},
	} {
		list = append(list,
			example{name: name, source: `return show(process.` + name + `("` + other + `"))`, want: "true", check: signal(body)},
			example{name: name + " unknown", source: `return show(process.` + name + `("{app:procs|0x000ff}"))`, want: "nil, NotFound:pid not found"},
			example{name: name + " refused", ctx: may(), source: `return show(process.` + name + `("` + other + `"))`, want: "nil, PermissionDenied:not allowed to " + name + " process: " + other},
			example{name: name + " allowed", ctx: may("process." + name + " " + other), source: `return show(process.` + name + `("worker"))`, want: "true"},
			example{name: name + " nil", source: `return raises(process.` + name + `)`, want: "bad argument #1 to '" + name + "' (destination: string expected, got no value)"},
		)
	}
	examples(t, append(list, []example{
		{name: "cancel with reason", source: `return show(process.cancel("` + other + `", "enough"))`, want: "true", check: signal(&messages.Cancel{From: worldPID, Reason: "enough"})},
		{name: "upgrade", source: `process.upgrade("app:new", 1, "x")`, want: "UPGRADE app:new [1 x]"},
		{name: "upgrade to itself", source: `process.upgrade()`, want: "UPGRADE  []"},
		{name: "upgrade with a bad id", source: `return show(process.upgrade("new"))`, want: "nil, Invalid:invalid process ID format (namespace:name required)"},
		{name: "upgrade in a function", self: lua.Self{Function: true}, source: `return show(process.upgrade())`, want: "nil, Invalid:upgrade is not available in functions: call it in a process"},
		{name: "register", source: `return show(process.registry.register("me"))`, want: "true", check: asks(&messages.Register{Name: "me", PID: worldPID})},
		{name: "register another", source: `return show(process.registry.register("it", "` + other + `", process.registry.STRONG))`, want: "true", check: asks(&messages.Register{Name: "it", PID: other, Scope: messages.ScopeStrong})},
		{name: "register taken", source: `local ok, err = process.registry.register("taken"); return show(ok, err, err:details().existing_pid)`, want: "nil, AlreadyExists:name already registered, {app:procs|0x00007}"},
		{name: "register pid", source: `return show(process.registry.register("me", 5))`, want: "nil, Invalid:pid must be a string"},
		{name: "register scope", source: `return show(process.registry.register("me", nil, "x"))`, want: "nil, Invalid:scope must be a number (process.registry.LOCAL, EVENTUAL, CONSISTENT or STRONG)"},
		{name: "register scope number", source: `return show(process.registry.register("me", nil, 4) == nil, process.registry.register("me", nil, 0/0) == nil)`, want: "true, true"},
		{name: "register refused", ctx: may(), source: `return show(process.registry.register("me"))`, want: "nil, PermissionDenied:not allowed to register name: me"},
		{name: "register refused in a scope", ctx: may("process.registry.register me"), source: `return show(process.registry.register("me", nil, process.registry.EVENTUAL))`, want: "nil, PermissionDenied:not allowed to register name: me"},
		{name: "register foreign refused", ctx: may("process.registry.register me"), source: `return show(process.registry.register("me", "` + other + `"))`, want: "nil, PermissionDenied:not allowed to register a name for process: " + other},
		{name: "lookup", source: `return show(process.registry.lookup("worker"))`, want: other + ", nil"},
		{name: "lookup nobody", source: `return show(process.registry.lookup("x"))`, want: "nil, NotFound:name not registered"},
		{name: "unregister", source: `return show(process.registry.unregister("mine", 1))`, want: "true, nil", check: asks(&messages.Unregister{Name: "mine", Scope: 1, By: worldPID})},
		{name: "unregister nobody", source: `return show(process.registry.unregister("x"))`, want: "false, nil"},
		{name: "unregister fails", source: `return show(process.registry.unregister("broken"))`, want: "false, Internal:global registry not available"},
		{name: "unregister refused", ctx: may(), source: `return show(process.registry.unregister("x", process.registry.CONSISTENT))`, want: "false, PermissionDenied:not allowed to unregister name: x"},
	}...))
}
