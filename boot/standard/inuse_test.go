package standard_test

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

// What others need is not deleted without them; the error names each user, its
// file and line, and what to do, and nothing has changed.
func TestDeleteInUse(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: base, kind: library.lua, source: "return { n = 1 }"}
  - name: f
    kind: function.lua
    method: main
    imports:
      b: base
    source: "return { main = function() return require('b').n end }"
  - {name: g, kind: function.lua, method: main, imports: {l: "app:base"}, source: "return { main = function() return 1 end }"}
  - {name: says, kind: registry.entry, text: base}
`+mainProc("registry", `
local registry = require("registry")
local c = registry.snapshot():changes()
for _, id in ipairs({...}) do c:delete(id) end
local v, err = c:apply()
if v then return "ok" end
return err:kind() .. " " .. tostring(err)`))
	v, err := call(t, rt, "app:main", "app:base")
	text, _ := v.(string)
	for _, want := range []string{
		"Internal failed to apply changes: ",
		`app.yaml:12:7: app:f: imports.b uses "app:base", which is to be deleted; delete or change app:f in the same change`,
		`app.yaml:14:59: app:g: imports.l uses "app:base"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, %v; want %s", text, err, want)
		}
	}
	if strings.Contains(text, "app:says") {
		t.Errorf("data counts as use: %s", text)
	}
	if v, err := rt.Ask(t.Context(), &messages.RegistryVersion{}); err != nil || v.(*messages.VersionData).ID != 0 {
		t.Errorf("afterwards: %v, %v", v, err)
	}
	if v, err := call(t, rt, "app:f"); err != nil || v != int64(1) {
		t.Errorf("afterwards: %v, %v", v, err)
	}
	wantOK(t, rt, "app:base", "app:f", "app:g")
}
