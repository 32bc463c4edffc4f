package standard_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

const views = `
  - name: views
    kind: template.set
    engine: {globals: {site: Shop}}
  - name: other
    kind: template.set
    engine: {development_mode: true, delimiters: {left: "[[", right: "]]"}, extensions: [".txt"]}
  - {name: base, kind: template.jet, set: views, source: "<{{ block body() }}none{{ end }}>"}
  - {name: page_entry, kind: template.jet, set: "app:views", meta: {name: page}, source: "{{ extends \"base\" }}{{ import \"blocks\" }}{{ block body() }}{{ yield hi(to=name) }}{{ include \"list.jet\" }}{{ end }}"}
  - {name: blocks, kind: template.jet, set: views, source: "{{ block hi(to) }}{{ site }}: hi {{ to }}{{ end }}"}
  - {name: list.jet, kind: template.jet, set: views, source: "{{ range i, v := items }} {{ i }}={{ v }}{{ end }}"}
  - {name: broken, kind: template.jet, set: views, source: "{{ if }}"}
  - {name: forever, kind: template.jet, set: views, source: "{{ range ints(0, 1000000000000) }}{{ end }}"}
  - {name: a.txt, kind: template.jet, set: other, source: "[[ .n ]] {{ }}[[ .list[1] ]] [[ .map.key ]]"}
`

// The whole of module templates on template.set and template.jet.
func TestTemplates(t *testing.T) {
	rt := start(t, hostEntry+views+mainProc("templates, registry", `
local templates, registry = require("templates"), require("registry")
local set = assert(templates.get("app:views"))
local v, err = set:render("page", {name = "Ann", items = {"a", 2, 2.5}})
if v ~= "<Shop: hi Ann 0=a 1=2 2=2.5>" then return tostring(v) .. tostring(err) end
local other = assert(templates.get("app:other"))
v, err = other:render("a", {n = 3, list = {1, 2}, map = {key = "<"}})
if v ~= "3 {{ }}2 &lt;" then return "delimiters " .. tostring(v) .. tostring(err) end
if set:render("base") ~= "<none>" then return "no data" end
for _, c in ipairs{
    {function() return templates.get("") end, "Invalid", "template set ID required"},
    {function() return templates.get(5) end, "Invalid", "template set ID required"},
    {function() return templates.get() end, "Invalid", "template set ID required"},
    {function() return templates.get("app:nope") end, "NotFound", "template set not found: app:nope"},
    {function() return templates.get("app:page_entry") end, "NotFound", "template set not found"},
    {function() return set:render("") end, "Invalid", "template name required"},
    {function() return set:render() end, "Invalid", "template name required"},
    {function() return set:render("page_entry") end, "NotFound", "template not found: page_entry"},
    {function() return set:render("page", {}) end, "Internal", "not available"},
    {function() return set:render("broken") end, "Internal", "/broken:1"},
} do
    v, err = c[1]()
    if v ~= nil or err:kind() ~= c[2] or not tostring(err):find(c[3], 1, true) then return tostring(v) .. " " .. tostring(err) end
end
local function change(op, arg)
    local c = registry.snapshot():changes()
    c[op](c, arg)
    return c:apply()
end
local function jet(name, source, set, meta)
    return {id = "app:" .. name, kind = "template.jet", meta = meta or {}, data = {source = source, set = set or "app:views"}}
end
assert(change("create", jet("new", "first")))
if set:render("new") ~= "first" then return "a new template" end
assert(change("update", jet("new", "second")))
if set:render("new") ~= "second" then return "a changed template" end
assert(change("update", jet("base", "[{{ yield body() }}]")))
v, err = set:render("page", {name = "Bo", items = {}})
if v ~= "[Shop: hi Bo]" then return "a changed base " .. tostring(v) .. tostring(err) end
v, err = change("create", jet("twice", "x", nil, {name = "new"}))
if v or not tostring(err):find("both named", 1, true) then return "two of one name: " .. tostring(err) end
assert(change("update", jet("new", "[[ 1 ]]", "app:other", {name = "moved"})))
if other:render("moved") ~= "1" then return "a moved template" end
v, err = set:render("new")
if v or err:kind() ~= "NotFound" then return "it stays where it was" end
assert(change("update", {id = "app:views", kind = "template.set", meta = {}, data = {engine = {globals = {site = "Store"}}}}))
if set:render("page", {name = "Cy", items = {}}) ~= "[Store: hi Cy]" then return "changed globals" end
assert(change("delete", "app:new"))
v, err = other:render("moved")
if v or err:kind() ~= "NotFound" then return "a deleted template" end
if set:release() ~= true or set:release() ~= true then return "release" end
v, err = set:render("page", {})
if v or err:kind() ~= "Internal" or err:message() ~= "template set is released" then return "released" end
return "ok"`))
	wantOK(t, rt)
}

// A template without end ends with the process that renders it, and with the node.
func TestTemplateWithoutEnd(t *testing.T) {
	rt := start(t, hostEntry+views+mainProc("templates, time", `
local templates, time = require("templates"), require("time")
local pid = assert(process.spawn_monitored("app:loops", "app:a_host"))
time.sleep("10ms")
assert(process.terminate(pid))
if process.events():receive().from ~= pid then return "terminated" end
local set = assert(templates.get("app:views"))
local done = channel.new(1)
coroutine.spawn(function() done:send(set:render("list.jet", {items = {1}})) end)
if done:receive() ~= " 0=1" then return "another render" end
assert(process.spawn("app:loops", "app:a_host"))
return "ok"`)+`
  - name: loops
    kind: process.lua
    method: main
    modules: [templates]
    source: |
      return { main = function() return require("templates").get("app:views"):render("forever") end }
`)
	wantOK(t, rt)
	if err := rt.Stop(); err != nil { // of its timeout
		t.Error(err)
	}
}

// What is wrong with entries of templates is found before anything runs.
func TestTemplateEntries(t *testing.T) {
	for name, entries := range map[string]string{
		"no source":       `  - {name: a, kind: template.jet, set: views}`,
		"no set":          `  - {name: a, kind: template.jet, source: x}`,
		"unknown set":     `  - {name: a, kind: template.jet, source: x, set: nope}`,
		"empty delimiter": `  - {name: a, kind: template.set, engine: {delimiters: {left: ""}}}`,
		"same name":       `  - {name: a, kind: template.jet, source: x, set: views, meta: {name: base}}`,
		"no name":         `  - {name: a, kind: template.jet, source: x, set: views, meta: {name: "/"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if rt, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + views + entries)}}, standard.Parts()); err == nil {
				t.Errorf("it is accepted")
				_ = rt.Stop()
			}
		})
	}
}
