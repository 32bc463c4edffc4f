package modules

import (
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestEvents(t *testing.T) {
	examples(t, []example{
		{name: "subscribe", source: `local s = events.subscribe("shop", "order.*"); return show(s:channel() == s:channel())`, want: "true", check: func(t *testing.T, w *world) {
			m := w.asked[0].Body.(*messages.Subscribe)
			if m.System != "shop" || m.Kind != "order.*" || m.By != worldPID {
				t.Errorf("asked %s", dumpValue(m))
			}
		}},
		{name: "close", source: `local s = events.subscribe("shop"); return show(s:close(), s:close(), s:channel():receive())`, want: "true, true, nil, false", check: func(t *testing.T, w *world) {
			u, ok := w.told[0].(*messages.Unsubscribe)
			if !ok || len(w.told) != 1 || u.By != worldPID || u.Tag != w.asked[0].Body.(*messages.Subscribe).Tag {
				t.Errorf("told %s", dumpValue(w.told))
			}
		}},
		{name: "waits for events", source: `events.subscribe("shop"):channel():receive()`, want: "WAITS"},
		{name: "no system", source: `return show(events.subscribe())`, want: "nil, Invalid:system is required"},
		{name: "bad pattern", source: `return show(events.subscribe("["))`, want: "nil, Invalid:bad pattern"},
		{name: "refused", ctx: may(), source: `return show(events.subscribe("shop"))`, want: "nil, Invalid:not allowed to subscribe to events from system: shop"},
		{name: "send", source: `return show(events.send("shop", "sold", "orders/7", {n = 1}))`, want: "true, nil", check: func(t *testing.T, w *world) {
			if got := dumpValue(w.events[0]); got != "Event{System:shop Kind:sold Path:orders/7 Data:Table{Keys:[n ] Vals:[1 ] Object:true } }" {
				t.Error(got)
			}
		}},
		{name: "send without system", source: `return show(events.send())`, want: "nil, Invalid:system is required"},
		{name: "send without kind", source: `return show(events.send("shop"))`, want: "nil, Invalid:kind is required"},
		{name: "send without path", source: `return show(events.send("shop", "sold", ""))`, want: "nil, Invalid:path is required"},
		{name: "send refused", ctx: may(), source: `return show(events.send("shop", "sold", "x"))`, want: "nil, PermissionDenied:not allowed to send events to system: shop"},
	})
}

// Events that come in while the subscription stands are delivered in order.
func TestEventsArrive(t *testing.T) {
	w := &world{}
	w.answer = func(cmd *lua.Command) any {
		if m, ok := cmd.Body.(*messages.Subscribe); ok {
			for i := range 100 {
				w.queue = append(w.queue, func() { w.vm.Push(m.Tag, tableOf("system", "shop", "path", i)) })
			}
		}
		return &messages.Done{}
	}
	if got := w.run(t, `local ch = events.subscribe("shop"):channel(); for i = 0, 99 do local e = ch:receive(); assert(e.path == i and e.system == "shop") end; return "ok"`); got != "ok" {
		t.Error(got)
	}
}

func TestEnvAndContext(t *testing.T) {
	values := lua.Self{Context: &messages.Context{Values: map[string]messages.Value{"user": "ann", "n": 0.0}}}
	examples(t, []example{
		{name: "get", source: `return show(env.get("HOME"))`, want: "/home/app, nil"},
		{name: "unknown", source: `return show(env.get("X"))`, want: "nil, NotFound:environment variable not found"},
		{name: "empty value", source: `return show(env.get("EMPTY"))`, want: "nil, NotFound:environment variable not found"},
		{name: "empty name", source: `return show(env.get(""))`, want: "nil, Invalid:environment variable name cannot be empty"},
		{name: "get refused", ctx: may(), source: `return show(env.get("HOME"))`, want: "nil, PermissionDenied:not allowed to read environment variable: HOME"},
		{name: "set", source: `return show(env.set("HOME", "x"))`, want: "true", check: asks(&messages.EnvSet{Name: "HOME", NS: "app", Value: "x"})},
		{name: "read-only", source: `return show(env.set("FIXED", "x"))`, want: "nil, PermissionDenied:environment variable is read-only"},
		{name: "set refused", ctx: may(), source: `return show(env.set("HOME", "x"))`, want: "nil, PermissionDenied:not allowed to write environment variable: HOME"},
		{name: "all", source: `return show(env.get_all())`, want: "{HOME=/home SECRET=x}, nil"},
		{name: "all that may be read", ctx: may("env.get HOME"), source: `return show(env.get_all())`, want: "{HOME=/home}, nil"},
		{name: "ctx get", self: values, source: `return show(ctx.get("user"), ctx.get("n"))`, want: "ann, 0, nil"},
		{name: "ctx unknown", self: values, source: `return show(ctx.get("x"))`, want: "nil, NotFound:key not found: x"},
		{name: "ctx empty", self: values, source: `return show(ctx.get(""))`, want: "nil, Invalid:empty key"},
		{name: "ctx all", self: values, source: `return show(ctx.all())`, want: "{n=0 user=ann}, nil"},
		{name: "ctx all without any", source: `return show(ctx.all())`, want: "{}, nil"},
	})
}

func TestIO(t *testing.T) {
	term := lua.Self{Terminal: &lua.Terminal{Handler: "app:term", Args: []string{"a", "b"}}}
	var list []example
	for _, name := range []string{"write", "print", "eprint", "read", "readline", "flush", "raw"} {
		list = append(list, example{name: name + " without terminal", source: `return show(io.` + name + `())`, want: "nil, Unavailable:no terminal context"})
	}
	examples(t, append(list, []example{
		{name: "write", self: term, source: `return show(io.write("a", 1, 2.5, true, nil))`, want: "true, nil", check: asks(&messages.TerminalWrite{Text: "a12.5truenil"})},
		{name: "print", self: term, source: `return show(io.print("a", 1, setmetatable({}, {__tostring = function() return "obj" end})))`, want: "true, nil", check: asks(&messages.TerminalWrite{Text: "a\t1\tobj\n"})},
		{name: "eprint", self: term, source: `return show(io.eprint())`, want: "true, nil", check: asks(&messages.TerminalWrite{Text: "\n", Error: true})},
		{name: "handler", self: term, source: `io.print(); return "ok"`, want: "ok", check: func(t *testing.T, w *world) {
			if w.asked[0].To != "app:term" {
				t.Error(w.asked[0].To)
			}
		}},
		{name: "failure", self: term, source: `return show(io.print("broken"))`, want: "nil, Internal:terminal failed: terminal has gone"},
		{name: "read", self: term, source: `return show(io.read(5))`, want: "some bytes, nil", check: asks(&messages.TerminalRead{Max: 5})},
		{name: "read default", self: term, source: `return show(io.read(-1))`, want: "some bytes, nil", check: asks(&messages.TerminalRead{Max: 1024})},
		{name: "read too much", self: term, source: `return show(io.read(2^50))`, want: "some bytes, nil", check: asks(&messages.TerminalRead{Max: maxRead})},
		{name: "readline", self: term, source: `return show(io.readline())`, want: "a line, nil", check: asks(&messages.TerminalRead{Line: true})},
		{name: "flush", self: term, source: `return show(io.flush())`, want: "true, nil"},
		{name: "raw", self: term, source: `return show(io.raw())`, want: "true, nil", check: asks(&messages.TerminalRaw{On: true})},
		{name: "raw off", self: term, source: `return show(io.raw(false))`, want: "true, nil", check: asks(&messages.TerminalRaw{})},
		{name: "args", self: term, source: `return show(io.args())`, want: "{a b}"},
	}...))
}

// fixed is a policy that always decides the same.
type fixed struct {
	id     string
	effect messages.Effect
}

func (f fixed) ID() string { return f.id }
func (f fixed) Evaluate(*messages.Actor, string, string, *messages.Table) messages.Effect {
	return f.effect
}

func TestSecurity(t *testing.T) {
	ctx := &messages.Context{Actor: &messages.Actor{ID: "user:1"}, Scope: &messages.Scope{Policies: []messages.Policy{fixed{"app:yes", messages.Allow}, fixed{"app:none", ""}}}}
	examples(t, []example{
		{name: "actor", ctx: ctx, source: `local a = security.actor(); return show(a:id(), a:meta())`, want: "user:1, {}"},
		{name: "scope", ctx: ctx, source: `local s = security.scope(); local p = s:policies(); return show(#p, p[1]:id(), p[2]:evaluate(security.actor(), "a", "r"), p[1]:evaluate(security.actor(), "a", "r"))`, want: "2, app:yes, undefined, allow"},
		{name: "can", ctx: ctx, source: `return show(security.can("a", "r"))`, want: "true"},
		{name: "cannot", ctx: may("a x"), source: `return show(security.can("a", "x"), security.can("a", "y", {m = 1}))`, want: "true, false"},
		{name: "can with actor only", ctx: &messages.Context{Actor: &messages.Actor{}}, source: `return show(security.can("a", "r"))`, want: "false"},
		{name: "with and without", ctx: ctx, source: `
			local s = security.scope(); local p = s:policies()
			local a, b = s:without(p[1]), s:without("app:none")
			local c = a:without({ns = "app", name = "none"})
			local d = c:with(p[1]):with(p[1])
			return show(#s:policies(), a:contains("app:yes"), a:contains(p[2]), b:contains({ns = "app", name = "yes"}), #c:policies(), #d:policies(), d:policies()[1] == p[1])`, want: "2, false, true, true, 0, 1, true"},
		{name: "evaluate", ctx: ctx, source: `local s = security.scope(); return show(s:evaluate(security.actor(), "a", "r"), s:without("app:yes"):evaluate(security.actor(), "a", "r", {}))`, want: "allow, undefined"},
		{name: "new scope", ctx: ctx, source: `return show(#security.new_scope(security.scope():policies()):policies())`, want: "2"},
		{name: "new scope of something else", source: `return raises(security.new_scope, {1})`, want: "bad argument #1 to 'new_scope' (policies: a list of Policy objects expected)"},
		{name: "contains of something else", source: `local s = security.new_scope(); return raises(s.contains, s, 5)`, want: "bad argument #1 to 'contains' (policy: a Policy, an id or {ns = …, name = …} expected, got number)"},
		{name: "new scope refused", ctx: may(), source: `return raises(security.new_scope)`, want: "PermissionDenied:not allowed to create scope: custom"},
		{name: "new actor refused", ctx: may(), source: `return raises(security.new_actor, "u")`, want: "PermissionDenied:not allowed to create actor: u"},
		{name: "without refused", ctx: may(), source: `local s = security.scope(); return raises(s.without, s, "app:only")`, want: "PermissionDenied:not allowed to create scope: without"},
		{name: "with refused", ctx: may(), source: `local s = security.scope(); return raises(s.with, s, s:policies()[1])`, want: "PermissionDenied:not allowed to create scope: with"},
	})
}
