package standard_test

import "testing"

// Placeholders stand in fields of any type, in references too; program text is
// left alone.
func TestPlaceholders(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: values, kind: env.storage.static, values: {SIZE: "2"}}
  - name: size
    kind: env.variable
    storage: app:values
    variable: SIZE
  - {name: cache, kind: store.memory, max_size: "${env:SIZE}", cleanup_interval: "${PAUSE|1m}", lifecycle: {auto_start: "${env:ON|true}"}}
  - name: greet
    kind: function.lua
    method: main
    pool: {max_size: "${env:SIZE|4}"}
    source: |
      return { main = function() return "${NAME|x} ${env:SIZE}" end }
`+mainProc("store, funcs", `
local s = assert(require("store").get("app:cache"))
assert(s:set("a", 1))
assert(s:set("b", 1))
local _, err = s:set("c", 1)
if not err then return "max_size is not 2" end
local text = require("funcs").call("app:greet")
return text == "${NAME|x} ${env:SIZE}" and "ok" or text`))
	wantOK(t, rt)
}
