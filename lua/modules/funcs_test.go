package modules

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestFuncs(t *testing.T) {
	ctx := func(vs map[string]messages.Value) *messages.Context { return &messages.Context{Values: vs} }
	examples(t, []example{
		{name: "call", source: `return show(funcs.call("app:echo", 1, 2))`, want: "1, nil", check: asks(&messages.FunctionCall{Function: "app:echo", Args: []messages.Value{1.0, 2.0}})},
		{name: "nothing returned", source: `return show(funcs.call("app:echo"))`, want: "nil, nil"},
		{name: "unknown", source: `return show(funcs.call("app:none"))`, want: "nil, NotFound:function not found: app:none"},
		{name: "no id", source: `return show(funcs.call())`, want: "nil, Invalid:function ID required"},
		{name: "no namespace", source: `return show(funcs.call("x"), funcs.call(":x"))`, want: "nil, nil, Invalid:namespace required in function ID"},
		{name: "no name", source: `return show(funcs.async("x:"))`, want: "nil, Invalid:name required in function ID"},
		{name: "refused", ctx: may(), source: `return show(funcs.call("app:echo"))`, want: "nil, PermissionDenied:not allowed: app:echo"},
		{name: "async refused", ctx: may(), source: `return show(funcs.async("app:echo"))`, want: "nil, PermissionDenied:not allowed: app:echo"},
		{
			name: "executor", self: lua.Self{Context: ctx(map[string]messages.Value{"a": 1.0, "b": 1.0})},
			source: `local x = funcs.new():with_context({b = 2}):with_options({timeout = 50, retry = {max_attempts = 3, initial_delay = "1s"}}); return show(x:call("app:echo", 7))`, want: "7, nil",
			check: asks(&messages.FunctionCall{
				Function: "app:echo", Args: []messages.Value{7.0}, Context: ctx(map[string]messages.Value{"a": 1.0, "b": 2.0}),
				Options: &messages.CallOptions{Timeout: 50 * time.Millisecond, Retry: &messages.RetryPolicy{MaxAttempts: 3, Initial: time.Second, Max: 10 * time.Second, Factor: 2, Jitter: 0.1}},
			}),
		},
		{name: "executor is not changed", source: `local x = funcs.new(); x:with_context({a = 1}); x:with_options({timeout = 1}); x:call("app:echo"); return "ok"`, want: "ok", check: asks(&messages.FunctionCall{Function: "app:echo"})},
		{name: "options replace", source: `funcs.new():with_options({timeout = 1}):with_options({}):call("app:echo"); return "ok"`, want: "ok", check: asks(&messages.FunctionCall{Function: "app:echo"})},
		{name: "actor and scope", source: `funcs.new():with_actor(security.new_actor("u")):with_scope(security.new_scope()):call("app:echo"); return "ok"`, want: "ok", check: asks(&messages.FunctionCall{Function: "app:echo", Context: &messages.Context{Actor: &messages.Actor{ID: "u"}, Scope: &messages.Scope{}}})},
		{name: "context refused", ctx: may(), source: `return show(funcs.new():with_context({}))`, want: "nil, PermissionDenied:not allowed to call functions with custom context"},
		{name: "actor refused", ctx: may(), source: `return show(funcs.new():with_actor(security.actor()))`, want: "nil, PermissionDenied:not allowed to call functions with custom security context"},
		{name: "scope refused", ctx: may(), source: `return show(funcs.new():with_scope(security.scope()))`, want: "nil, PermissionDenied:not allowed to call functions with custom security context"},
		{name: "network refused", ctx: may(), source: `return show(funcs.new():with_options({network = "app:net"}))`, want: "nil, PermissionDenied:not allowed to select network: app:net"},
		{name: "bad options", source: `local x, err = funcs.new():with_options({timeout = "x"}); return show(x, err:kind())`, want: "nil, Invalid"},
		{name: "nil scope raises", source: `local x = funcs.new(); return (raises(x.with_scope, x):gsub("^.*%(", ""))`, want: "scope: Scope expected, got no value)"},
	})
}

func TestFuture(t *testing.T) {
	examples(t, []example{
		{name: "channel", source: `local f = funcs.async("app:echo", 5); local p, ok = f:channel():receive(); return show(p, ok, f:response() == f:channel(), f:channel():receive())`, want: "P:5, true, true, nil, false"},
		{name: "several values", source: `local f = funcs.async("app:echo", 5, 6); local list = f:channel():receive(); return show(#list, list[2], f:result())`, want: "2, P:6, {P:5 P:6}, nil"},
		{name: "nil at the end", source: `local f = funcs.async("app:echo", 5, nil); return show((f:channel():receive()), f:result())`, want: "P:5, P:5, nil"},
		{name: "no value", source: `local f = funcs.async("app:echo"); local p, ok = f:channel():receive(); return show(p, ok)`, want: "P:nil, true"},
		{name: "result twice", source: `local f = funcs.async("app:echo", 5); f:channel():receive(); f:result(); return show(f:is_complete(), f:is_canceled(), f:result(), f:error())`, want: "true, false, P:5, nil, false"},
		{name: "not complete", source: `local f = funcs.async("app:slow"); return show(f:is_complete(), f:result())`, want: "false, nil, nil"},
		{name: "not complete has no error", source: `local f = funcs.async("app:slow"); return show(f:error())`, want: "nil, false"},
		{name: "failed", source: `local f = funcs.async("app:none"); local e = f:channel():receive(); return show(e, f:is_complete(), f:result())`, want: "NotFound:function not found: app:none, true, nil, NotFound:function not found: app:none"},
		{name: "error", source: `local f = funcs.async("app:none"); f:channel():receive(); return show(f:error())`, want: "Internal:async call failed: function not found: app:none, true"},
		{name: "canceled", source: `local f = funcs.async("app:slow"); return show(f:cancel(), f:is_canceled(), f:is_complete(), f:result())`, want: "true, true, true, nil, Canceled:async call was canceled", check: func(t *testing.T, w *world) {
			if len(w.told) != 1 {
				t.Fatalf("told %v", w.told)
			}
			if _, ok := w.told[0].(*lua.Forget); !ok {
				t.Errorf("told %T", w.told[0])
			}
		}},
		{name: "canceled wakes receivers", source: `local f = funcs.async("app:slow"); coroutine.spawn(function() f:cancel() end); return show(f:channel():receive())`, want: "nil, false"},
		{name: "canceled after completion", source: `local f = funcs.async("app:echo", 5); f:channel():receive(); f:cancel(); return show(f:cancel(), f:result())`, want: "true, nil, Canceled:async call was canceled"},
		{name: "waits", source: `funcs.async("app:slow"):channel():receive()`, want: "WAITS"},
		{name: "select", source: `local a, b = funcs.async("app:slow"), funcs.async("app:echo", 1); local r = channel.select{a:channel():case_receive(), b:channel():case_receive()}; return show(r.channel == b:channel(), r.value)`, want: "true, P:1"},
		{name: "executor", source: `local f = funcs.new():with_context({user = "ann"}):async("app:ctx"); return show((f:channel():receive()))`, want: "P:ann"},
	})
}

func TestContract(t *testing.T) {
	const open = `local i = assert(contract.open("app:polite")) `
	examples(t, []example{
		{name: "get", source: `local c = contract.get("app:greeter"); return show(c:id(), c:methods())`, want: "app:greeter, {{description=Greets. input_schemas={{format=x}} name=greet output_schemas={}}}"},
		{name: "method", source: `local c = contract.get("app:greeter"); return show(c:method("greet").name, c:method("x"))`, want: "greet, nil, NotFound:method 'x' not found in contract 'app:greeter'"},
		{name: "get unknown", source: `return show(contract.get("app:x"))`, want: "nil, NotFound:contract definition 'app:x' not found"},
		{name: "get bad id", source: `return show(contract.get("x"))`, want: `nil, Invalid:invalid contract definition ID "x" (namespace:name required)`},
		{name: "get refused", ctx: may(), source: `return show(contract.get("app:greeter"))`, want: "nil, PermissionDenied:not allowed to get contract: app:greeter"},
		{name: "call", source: open + `return show(i:greet("ann", 2))`, want: "ann, nil", check: asks(&messages.FunctionCall{Function: "app:echo", Args: []messages.Value{"ann", 2.0}})},
		{name: "async", source: open + `return show((i:greet_async("ann"):channel():receive()))`, want: "P:ann"},
		{name: "a method named async", source: open + `return show(i:x_async("ann"))`, want: "ann, nil"},
		{name: "unknown method", source: open + `return show(i.nothing, i.nothing_async)`, want: "nil, nil"},
		{name: "not bound", source: open + `return show(i:later())`, want: "nil, NotFound:method 'later' not bound"},
		{name: "required context", source: open + `return show(i:whoami())`, want: "nil, Invalid:missing required context keys: [user tenant]"},
		{name: "required context of async", source: open + `return show(i:whoami_async())`, want: "nil, Invalid:missing required context keys: [user tenant]"},
		{name: "context of the caller", self: lua.Self{Context: &messages.Context{Values: map[string]messages.Value{"tenant": 1.0}}}, source: `local i = contract.open("app:polite", {user = "ann"}); return show(i:whoami())`, want: "ann, nil"},
		{
			name: "query", source: `local i = contract.open("app:polite?user=bob&tenant=7&on=true&off=false&text=1x&nan=nan", {user = "ann"}); return show(i:whoami())`, want: "ann, nil",
			check: asks(&messages.FunctionCall{Function: "app:ctx", Context: &messages.Context{Values: map[string]messages.Value{"user": "ann", "tenant": 7.0, "on": true, "off": false, "text": "1x", "nan": "nan"}}}),
		},
		{name: "bad query", source: `local i, err = contract.open("app:polite?a=%zz"); return show(i, err:kind())`, want: "nil, Invalid"},
		{name: "options", source: `contract.open("app:polite", nil, {timeout = 5}):greet(); return "ok"`, want: "ok", check: asks(&messages.FunctionCall{Function: "app:echo", Options: &messages.CallOptions{Timeout: 5 * time.Millisecond}})},
		{name: "open unknown", source: `return show(contract.open("app:nobody"))`, want: "nil, NotFound:contract binding 'app:nobody' not found"},
		{name: "open bad id", source: `return show(contract.open(""))`, want: `nil, Invalid:invalid contract binding ID "" (namespace:name required)`},
		{name: "open refused", ctx: may(), source: `return show(contract.open("app:polite"))`, want: "nil, PermissionDenied:not allowed to open contract binding: app:polite"},
		{name: "default binding", source: `local i = contract.get("app:greeter"):open(nil, {user = "ann", tenant = 1}); return show(i:whoami())`, want: "ann, nil"},
		{name: "default binding refused", ctx: may("contract.get app:greeter"), source: `return show(contract.get("app:greeter"):open())`, want: "nil, PermissionDenied:not allowed to open contract binding: app:polite"},
		{name: "builder", source: `local c = contract.get("app:greeter"):with_context({user = "ann"}):with_context({tenant = 2}):with_options({timeout = 5}):with_actor(security.new_actor("u")); c:open():whoami(); return "ok"`, want: "ok", check: asks(&messages.FunctionCall{
			Function: "app:ctx", Context: &messages.Context{Values: map[string]messages.Value{"user": "ann", "tenant": 2.0}, Actor: &messages.Actor{ID: "u"}}, Options: &messages.CallOptions{Timeout: 5 * time.Millisecond},
		})},
		{name: "context refused", ctx: may("contract.get app:greeter"), source: `return show(contract.get("app:greeter"):with_context({}))`, want: "nil, PermissionDenied:not allowed to use contracts with custom context"},
		{name: "scope refused", ctx: may("contract.get app:greeter"), source: `return show(contract.get("app:greeter"):with_scope(security.scope()))`, want: "nil, PermissionDenied:not allowed to use contracts with custom security context"},
		{name: "call refused", ctx: may("contract.open app:polite"), source: open + `return show(i:greet())`, want: "nil, PermissionDenied:not allowed to call contract method: greet"},
		{name: "implementations", source: `return show(contract.find_implementations("app:greeter"), contract.get("app:greeter"):implementations())`, want: "{app:polite app:rude}, {app:polite app:rude}, nil"},
		{name: "implementations refused", ctx: may(), source: `return show(contract.find_implementations("app:greeter"))`, want: "nil, PermissionDenied:not allowed to list contract implementations: app:greeter"},
		{name: "is", source: open + `return show(contract.is(i, "app:greeter"), contract.is(i, "app:x"))`, want: "true, false"},
		{name: "is of something else", source: `return (raises(contract.is, {}, "app:x"):gsub("^.*%(", ""))`, want: "instance: Instance expected, got table)"},
	})
}
