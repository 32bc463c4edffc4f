package standard_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The whole of module loader.
func TestLoader(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"mod/a.yaml":             "version: \"1.0\"\nnamespace: mod\nmeta: {team: blue}\nentries:\n  - {name: two, kind: registry.entry, n: 2}\n  - {name: one, kind: function.lua, method: run, source: file://one.lua, meta: {tags: [x]}}\n",
		"mod/one.lua":            "return { run = function() return 1 end }",
		"mod/deep/b.json":        `{"namespace": "mod.deep", "name": "three", "kind": "registry.entry", "data": {"list": [1, 2]}}`,
		"mod/foreign.yaml":       "services: [1]",
		"mod/broken.yaml":        "namespace: [",
		"mod/node_modules/c.yml": "namespace: no\nentries: []",
		"wrong/a.yaml":           "namespace: wrong\nentries:\n  - {kind: x}\n",
		"out.yaml":               "namespace: out\nentries:\n  - {name: x, kind: k, v: file://../../secret}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rt := start(t, hostEntry+folderEntry("data", dir, "")+mainProc("loader, registry, funcs", failsLua+`
local loader = require("loader")
fails("NotFound", "filesystem not found: app:none", loader.new("app:none"))
fails("Invalid", nil, loader.new(""))
local l = assert(loader.new("app:data"))
local list = assert(l:load_directory("/mod"))
local ids = {}
for i, e in ipairs(list) do ids[i] = e.id .. ":" .. e.kind end
local got = table.concat(ids, " ")
if got ~= "mod:one:function.lua mod:two:registry.entry mod.deep:three:registry.entry" then return got end
local one = list[1]
if one.meta.team ~= "blue" or one.meta.tags[1] ~= "x" or one.data.method ~= "run" or one.data.source ~= "return { run = function() return 1 end }" then return "one" end
if list[2].data.n ~= 2 or list[3].data.list[2] ~= 2 then return "data" end
if #assert(l:load_directory("mod/deep")) ~= 1 or #assert(l:load_file("mod/a.yaml")) ~= 2 or l:load_file("/mod/a.yaml")[1].data.source ~= one.data.source then return "load_file" end
if #assert(l:load_file("mod/foreign.yaml")) ~= 0 then return "foreign" end
if registry.get("mod:one") then return "it was registered" end
local changes = registry.snapshot():changes()
for _, e in ipairs(list) do changes:create(e) end
assert(changes:apply())
if funcs.call("mod:one") ~= 1 then return "what was loaded cannot be used" end
fails("Invalid", "broken.yaml", l:load_file("mod/broken.yaml"))
fails("Invalid", "wrong/a.yaml:3", l:load_directory("wrong"))
fails("Invalid", "leaves", l:load_file("out.yaml"))
fails("Invalid", "wrong", l:load_directory("/"))
fails("NotFound", nil, l:load_file("none.yaml"))
fails("NotFound", nil, l:load_directory("none"))
fails("Invalid", "folder", l:load_file("mod"))
fails("Invalid", "folder", l:load_directory("out.yaml"))
fails("Invalid", "leaves the root", l:load_file("../x.yaml"))
fails("Invalid", "path required", l:load_directory(""))
return "ok"`))
	wantOK(t, rt)
}
