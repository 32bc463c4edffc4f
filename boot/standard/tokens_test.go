package standard_test

import (
	nethttp "net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const tokenEntries = hostEntry + `
  - {name: cache, kind: store.memory, lifecycle: {auto_start: true}}
  - {name: tokens, kind: security.token_store, store: cache}
  - {name: env, kind: env.storage.memory}
  - {name: key, kind: env.variable, storage: env, variable: TOKEN_KEY, default: "a secret"}
  - {name: signed, kind: security.token_store, store: cache, token_length: 24, token_key_env: TOKEN_KEY}
  - {name: reads, kind: security.policy, policy: {actions: read, resources: "*", effect: allow}, groups: [users]}
  - {name: hidden, kind: security.policy, policy: {actions: "*", resources: hidden, effect: deny}, groups: [users]}
  - {name: nothing, kind: security.policy, policy: {actions: none, resources: none, effect: allow}}
`

// The whole of the token stores: what security finds, makes and checks.
func TestTokenStore(t *testing.T) {
	rt := start(t, tokenEntries+mainProc("security, time, store, registry, funcs", `
local security, time, store, registry, funcs = require("security"), require("time"), require("store"), require("registry"), require("funcs")
local p = assert(security.policy("app:reads"))
if p:id() ~= "app:reads" or p:evaluate(security.new_actor("x"), "read", "y") ~= "allow" then return "policy" end
local v, err, more = security.policy("app:none")
if v or err:kind() ~= "Internal" or not tostring(err):find("policy not found: app:none", 1, true) then return "unknown policy" end
local scope = assert(security.named_scope("app:users"))
if #scope:policies() ~= 2 then return "named_scope" end
v, err = security.named_scope("app:nobody")
if v or err:kind() ~= "Internal" then return "unknown group" end
v, err = security.token_store("")
if v or err:kind() ~= "Invalid" then return "empty id" end
for _, id in ipairs({"app:absent", "absent", "app:cache", ":", "app:"}) do
	v, err = security.token_store(id)
	if v or err:kind() ~= "Internal" or not tostring(err):find("token store not found", 1, true) then return "unknown store " .. id end
end

local who = security.new_actor("ann", {role = "admin", n = {1, 2}})
for _, id in ipairs({"app:tokens", "app:signed"}) do
	local ts = assert(security.token_store(id))
	local token = assert(ts:create(who, scope, {expiration = "1h", meta = {ip = "::1"}}))
	local form = id == "app:tokens" and "^[%w_-]+$" or "^[%w_-]+%.[%w_-]+$"
	if not token:match(form) then return "form " .. token end
	if ts:create(who, scope) == token then return "the same token twice" end
	local a, s, err = ts:validate(token)
	if err ~= nil or a:id() ~= "ann" or a:meta().role ~= "admin" or a:meta().n[2] ~= 2 then return "actor" end
	if #s:policies() ~= 2 or not s:contains("app:reads") or s:evaluate(a, "read", "x") ~= "allow" or s:evaluate(a, "read", "hidden") ~= "deny" then return "scope" end
	for _, bad in ipairs({"", "x", token .. "x", token:sub(2), "YWJj", "!", "a.b.c"}) do
		a, s, err = ts:validate(bad)
		if a ~= nil or s ~= nil or err:kind() ~= "Internal" then return "accepted " .. bad end
	end
	if ts:revoke(token) ~= true or ts:revoke(token) ~= false then return "revoke" end
	v, err = ts:revoke("!")
	if v or err:kind() ~= "Internal" then return "revoke nonsense" end
	a, s, err = ts:validate(token)
	if a or s or err:kind() ~= "Internal" then return "revoked but valid" end

	for _, expiration in ipairs({50, "50ms", time.parse_duration("50ms")}) do
		local brief = assert(ts:create(who, scope, {expiration = expiration}))
		assert(ts:validate(brief))
		local till = time.now():add("5s")
		repeat
			time.sleep("5ms")
			a = ts:validate(brief)
		until a == nil or time.now():after(till)
		if a then return "it does not expire" end
	end
	for _, bad in ipairs({0, -1, 0 / 0, "soon", "", "-1s", "0s", true, {}}) do
		v, err = ts:create(who, scope, {expiration = bad})
		if v or err:kind() ~= "Invalid" then return "expiration " .. tostring(bad) end
	end
	if not ts:create(who, security.new_scope(), {expiration = math.huge}) then return "long" end
	if pcall(ts.create, ts, "ann", scope) or pcall(ts.create, ts, who) or pcall(ts.validate, ts) then return "wrong types do not raise" end

	if ts:close() ~= true or ts:close() ~= true then return "close" end
	v, err = ts:create(who, scope)
	if v or err:kind() ~= "Internal" or err:message() ~= "token store is closed" then return "closed create" end
	a, s, err = ts:validate(token)
	if a or s or err:message() ~= "token store is closed" then return "closed validate" end
	v, err = ts:revoke(token)
	if v or err:message() ~= "token store is closed" then return "closed revoke" end
end

-- The store learns no token.
local ts = security.token_store("app:tokens")
local token = ts:create(who, scope)
for _, item in ipairs(store.get("app:cache"):list().items) do
	if item.key:find(token, 1, true) then return "the key tells the token" end
end

-- A token does not outlive its policies.
local changes = registry.snapshot():changes()
changes:delete("app:hidden")
assert(changes:apply())
local a, s, err = ts:validate(token)
if a or s or err:kind() ~= "Internal" or not tostring(err):find("app:hidden", 1, true) then return "valid without its policy" end

-- Permissions.
local nobody = funcs.new():with_actor(who):with_scope(security.new_scope({security.policy("app:nothing")}))
return nobody:call("app:refused")`)+`
  - name: refused
    kind: function.lua
    method: main
    modules: [security]
    source: |
      return { main = function()
        local v, err = security.policy("app:reads")
        if v or err:kind() ~= "Invalid" or not err:message():find("permission denied: access policy", 1, true) then return "policy" end
        v, err = security.named_scope("app:users")
        if v or err:kind() ~= "Invalid" or not err:message():find("permission denied: access policy group", 1, true) then return "group" end
        local ok, e = pcall(security.token_store, "app:tokens")
        if ok or e:kind() ~= "PermissionDenied" then return "token_store" end
        return "ok"
      end }
`)
	wantOK(t, rt)
}

// Policies with an expression decide for programs, and a mistake in one ends the
// boot with its place.
func TestExprPolicy(t *testing.T) {
	const owners = `
  - name: owners
    kind: security.policy.expr
    policy: {actions: "doc.*", resources: "*", effect: allow, expression: 'meta.owner == actor.id or "admin" in (actor.meta.roles ?? [])'}
    groups: [docs]
`
	rt := start(t, hostEntry+owners+mainProc("security, funcs", `
local security, funcs = require("security"), require("funcs")
local p, scope = assert(security.policy("app:owners")), assert(security.named_scope("app:docs"))
local ann, root = security.new_actor("ann"), security.new_actor("root", {roles = {"admin"}})
for i, c in ipairs({
	{ann, "doc.read", {owner = "ann"}, "allow"}, {ann, "doc.read", {owner = "bob"}, "undefined"}, {ann, "doc.read", nil, "undefined"},
	{root, "doc.read", {owner = "bob"}, "allow"}, {root, "pic.read", {owner = "root"}, "undefined"},
}) do
	if p:evaluate(c[1], c[2], "r", c[3]) ~= c[4] or scope:evaluate(c[1], c[2], "r", c[3]) ~= c[4] then return "case " .. i end
end
return funcs.new():with_actor(ann):with_scope(scope):call("app:asks")`)+`
  - name: asks
    kind: function.lua
    method: main
    modules: [security]
    source: |
      return { main = function()
        if security.can("doc.read", "r") or not security.can("doc.read", "r", {owner = "ann"}) then return "can" end
        return "ok"
      end }
`)
	wantOK(t, rt)
	_, err := boot.Start(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + strings.Replace(owners, "meta.owner ==", "meta.owner = =", 1))}}, standard.Parts())
	if err == nil || !strings.Contains(err.Error(), "app:owners") || !strings.Contains(err.Error(), `"policy.expression"`) || !strings.Contains(err.Error(), "app.yaml:7:63") {
		t.Errorf("a mistake gives %v", err)
	}
}

// A login gives a token, and the token opens what it is for.
func TestTokenAuth(t *testing.T) {
	t.Cleanup(nethttp.DefaultClient.CloseIdleConnections)
	secured := `
  - name: web
    kind: http.service
    addr: "127.0.0.1:0"
    lifecycle: {auto_start: true, security: {actor: {id: server}, policies: [entry]}}
  - {name: entry, kind: security.policy, policy: {actions: "*", resources: "*", effect: allow}}
  - {name: users, kind: security.policy, policy: {actions: access, resources: "app:*", effect: allow}}
  - {name: no_admin, kind: security.policy.expr, policy: {actions: access, resources: "app:admin.at", effect: deny, expression: 'actor.id != "root"'}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api}
  - name: private
    kind: http.router
    meta: {server: web}
    prefix: /api/private
    middleware: [token_auth]
    options: {token_auth.store: "app:tokens"}
    post_middleware: [endpoint_firewall]
  - {name: open, kind: http.router, meta: {server: web}, prefix: /api/open, middleware: [token_auth], options: {token_auth.store: tokens}}
`
	on := func(router, entries string) string {
		return strings.ReplaceAll(entries, "router: api", "router: "+router)
	}
	who := `local s = security.scope(); return {security.actor() and security.actor():id() or "nobody", s and #s:policies() or 0}`
	app := secured + handler("login", "/login", "POST", `local scope = security.new_scope({security.policy("app:users"), security.policy("app:no_admin")})
return assert(security.token_store("app:tokens"):create(security.new_actor(http.request():query("name")), scope))`) +
		handler("logout", "/logout", "POST", `return assert(security.token_store("app:tokens"):revoke(http.request():query("token")))`) +
		on("private", handler("me", "/me", "GET", who)) + on("private", handler("admin", "/admin", "GET", who)) + on("open", handler("guest", "/guest", "GET", who))
	app = strings.ReplaceAll(app, "modules: [http, time, json]", "modules: [http, time, security]")
	app = strings.ReplaceAll(app, "local http, time =", "local security = require('security'); local http, time =")
	rt := start(t, app+tokenEntries)
	base := webAddr(t, rt)
	expect := func(want, method, path string, header ...string) string {
		t.Helper()
		status, _, body := fetch(t, method, base+path, "", header...)
		if got := strconv.Itoa(status) + " " + body; !strings.HasPrefix(got, want) {
			t.Errorf("%s %s: got %s, want %s", method, path, got, want)
		}
		return body
	}
	ann := expect("200 ", "POST", "/login?name=ann")
	root := expect("200 ", "POST", "/login?name=root")
	expect(`200 ["ann",2]`, "GET", "/private/me", "Authorization", "Bearer "+ann)
	expect(`200 ["ann",2]`, "GET", "/private/me?x-auth-token="+ann)
	expect(`200 ["ann",2]`, "GET", "/private/me", "Cookie", "x-auth-token="+ann)
	expect(`401 {"details"`, "GET", "/private/me")
	expect(`401 {"details"`, "GET", "/private/me", "Authorization", "Bearer x"+ann)
	expect(`403 {"details"`, "GET", "/private/admin", "Authorization", "Bearer "+ann)
	expect(`200 ["root",2]`, "GET", "/private/admin", "Authorization", "Bearer "+root)
	expect(`200 ["ann",2]`, "GET", "/open/guest", "Authorization", "Bearer "+ann)
	for _, header := range []string{"", "Bearer nonsense"} {
		expect(`200 ["nobody",0]`, "GET", "/open/guest", "Authorization", header)
	}
	expect("200 true", "POST", "/logout?token="+ann)
	expect(`401 {"details"`, "GET", "/private/me", "Authorization", "Bearer "+ann)
}
