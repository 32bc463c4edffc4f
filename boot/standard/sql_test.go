package standard_test

import (
	"path/filepath"
	"testing"
)

func sqliteEntry(name, file string) string {
	return "\n  - {name: " + name + ", kind: db.sql.sqlite, file: '" + file + "', lifecycle: {auto_start: true}}\n"
}

func TestSQL(t *testing.T) {
	rt := start(t, hostEntry+sqliteEntry("db", filepath.Join(t.TempDir(), "a b?c.db"))+mainProc("sql, json", `
local sql = require("sql")
local out = {}
local function print(...) for i = 1, select("#", ...) do out[#out+1] = tostring((select(i, ...))) end end
local db = assert(sql.get("app:db"))
assert(db:execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at DATETIME, n REAL)"))
local r = assert(db:execute("INSERT INTO t (name, at, n) VALUES (?, ?, ?)", {"a", "2024-01-02 03:04:05", 1.5}))
if r.last_insert_id ~= 1 or r.rows_affected ~= 1 then return "result" end
print(json.encode(db:query("SELECT * FROM t")))
print(db:query("SELEC"))
print(db:execute("INSERT INTO t (name) VALUES (?)", {"a"}))
print(sql.get("app:main"))
print(sql.get("app:a_host"))
print(sql.get("app:lib"))
print(sql.get("app:f"))
print(sql.get("app:data"))
return table.concat(out, "\n")`)+`
  - {name: lib, kind: library.lua, source: "return {}"}
  - {name: data, kind: registry.entry}
  - {name: f, kind: function.lua, method: f, source: "return {f=function() end}"}
`)
	wantOK(t, rt)
}
