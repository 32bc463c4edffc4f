package standard_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

// The whole of module store on store.sql.
func TestStoreSQL(t *testing.T) {
	onDatabases(t, func(t *testing.T, typ, entry string) {
		rt := start(t, hostEntry+entry+`
  - {name: s, kind: store.sql, database: app:db, table_name: kv, lifecycle: {auto_start: true}}
  - {name: swept, kind: store.sql, database: db, table: Kv2, id_column_name: Id, payload_column_name: data, expire_column_name: gone, cleanup_interval: 20ms, lifecycle: {auto_start: true}}
  - {name: idle, kind: store.sql, database: app:db, table_name: kv}
  - {name: noBase, kind: db.sql.sqlite, file: ":memory:"}
  - {name: baseless, kind: store.sql, database: app:noBase, table_name: kv, lifecycle: {auto_start: true}}
`+mainProc("store, sql, json, time", sqlPrelude+`
local store = require("store")
local s = assert(store.get("app:s"))
assert(db:execute("DROP TABLE IF EXISTS kv"))
fails("Invalid", "store app:s", s:get("a"))
local key = typ == "mysql" and "`+"`key`"+`" or "key"
assert(db:execute(ddl("CREATE TABLE kv (" .. key .. " <KEY> PRIMARY KEY, value <BYTES>, expires_at BIGINT)")))

fails("NotFound", "key not found", s:get("a"))
for _, v in ipairs{"text", "\0\255 bin", 1, -1.5, 2^60, true, false, {n = 1, list = {1, 2, {x = "y"}}, [3] = "three"}, {}, ""} do
    if s:set("a", v) ~= true then return "set" end
    local back, err = s:get("a")
    if err or json.encode({back}) ~= json.encode({v}) then return "value " .. json.encode({v}) .. " is " .. json.encode({back}) .. tostring(err) end
end
local e = assert(s:put("b", {n = 2}, {ttl = 100}))
if e.key ~= "b" or e.value.n ~= 2 or type(e.version) ~= "string" or s:entry("b").value.n ~= 2 then return "put" end
fails("Invalid", "operation not supported by this store", s:put("b", 1, {only_if_absent = true}))
fails("Invalid", "operation not supported by this store", s:put("b", 1, {if_version = "1"}))
fails("Invalid", "cannot go together", s:put("b", 1, {only_if_absent = true, if_version = "1"}))
fails("Invalid", "key is required", s:get(""))
fails("Invalid", "value is required", s:set("k", nil))
if s:has("a") ~= true or s:has("x") ~= false then return "has" end
if s:delete("a") ~= true or s:delete("a") ~= false or s:delete("b") ~= true then return "delete" end

-- expiry
assert(s:set("t", 1, 0.03))
if s:has("t") ~= true then return "too early" end
time.sleep("60ms")
if s:has("t") or #s:list().items ~= 0 or s:delete("t") ~= false then return "expired" end
fails("NotFound", "key not found", s:get("t"))
assert(s:set("t", 1, 0.03))
assert(s:set("t", 2)) -- the expiry of the old value has gone with it
time.sleep("60ms")
if s:get("t") ~= 2 then return "expiry" end
assert(s:delete("t"))

-- lists
for _, k in ipairs{"b", "a_1", "a%2", "A", "äx", "a", "ab", "aäb"} do assert(s:set(k, k)) end
local function keys(p)
    local out = {}
    for _, i in ipairs(p.items) do
        if i.value ~= i.key then error("value of " .. i.key) end
        out[#out + 1] = i.key
    end
    return table.concat(out, " ") .. (p.has_more and " +" or "")
end
for want, o in pairs{
    ["A a a%2 a_1 ab aäb b äx"] = {}, ["a a%2 a_1 ab aäb"] = {prefix = "a"}, ["a_1"] = {prefix = "a_"}, ["äx"] = {prefix = "ä"}, ["aäb"] = {prefix = "aä"},
    ["A a +"] = {limit = 2}, ["a%2 a_1 +"] = {prefix = "a", after = "a", limit = 2}, ["b äx"] = {after = "aäb", limit = 2}, [""] = {prefix = "zz"}, ["äx "] = {after = "b", limit = 1e300},
} do
    local got = keys(assert(s:list(o)))
    if got ~= want:gsub(" $", "") then return "list " .. json.encode(o) .. ": " .. got end
end
local p, n = s:list({limit = 3}), 0
while true do
    n = n + #p.items
    if not p.has_more then break end
    p = assert(s:list({limit = 3, after = p.cursor}))
end
if n ~= 8 then return "pages: " .. n end

local i = assert(s:info())
if i.id ~= "app:s" or i.backend ~= store.backend.SQL or i.consistency ~= store.consistency.LINEARIZABLE or i.durable ~= true or i.list ~= true or i.versioned ~= false or i.conditional_put ~= false or i.ttl ~= true then return json.encode(i) end
fails("Unavailable", "app:idle is not running", store.get("app:idle"):get("a"))
fails("Invalid", "no such table", store.get("app:baseless"):get("a"))
fails("NotFound", nil, store.get("app:none"))

-- what others have written
assert(db:execute(p and typ == "postgres" and "INSERT INTO kv VALUES ('odd', '\\xc1', NULL)" or "INSERT INTO kv VALUES ('odd', x'c1', NULL)"))
fails("Internal", "was not written by a store", s:get("odd"))

-- automatic cleanup
local swept = assert(store.get("app:swept"))
assert(db:execute("DROP TABLE IF EXISTS Kv2"))
assert(db:execute(ddl("CREATE TABLE Kv2 (Id <KEY> PRIMARY KEY, data <BYTES>, gone BIGINT)")))
assert(swept:set("x", 1, 0.01))
assert(swept:set("y", 1))
local deadline = time.now():add("10s")
local left
repeat
    time.sleep("5ms")
    left = db:query("SELECT COUNT(*) AS n FROM Kv2")[1].n
until left == 1 or time.now():after(deadline)
if left ~= 1 or swept:get("y") ~= 1 then return "cleanup" end
s:release()
fails("Invalid", "store is released", s:get("a"))
return "ok"`))
		wantOK(t, rt, typ)
	})
}

func TestStoreSQLNames(t *testing.T) {
	for fields, want := range map[string]string{
		"table_name: ok_1x":                            "",
		"database: app:db2":                            "table_name",
		"table_name: a, table: b":                      "two names of one field",
		"table_name: select":                           "a word of SQL",
		"table: Select":                                "a word of SQL",
		"table_name: 1a":                               "must be a letter",
		"table_name: _a":                               "must be a letter",
		"table_name: 'a b'":                            "must be a letter",
		"table_name: 'a; DROP TABLE b'":                "must be a letter",
		"table_name: a.b":                              "must be a letter",
		"table_name: ä":                                "must be a letter",
		"table_name: a, id_column_name: 'x--'":         "id_column_name",
		"table_name: a, payload_column_name: 'x\"'":    "payload_column_name",
		"table_name: a, expire_column_name: from":      "expire_column_name",
		"table_name: a, cleanup_interval: -1s":         "cleanup_interval",
		"table_name: a, database: app:s":               "db.sql.",
		"table_name: a, database: app:nowhere":         "app:nowhere",
		"table_name: a, id_column_name: key, table: a": "",
	} {
		if !strings.Contains(fields, "database:") {
			fields += ", database: app:db2"
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		rt, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + "\n  - {name: db2, kind: db.sql.sqlite, file: ':memory:'}\n  - {name: s, kind: store.sql, " + fields + "}\n")}}, standard.Parts())
		if err == nil {
			err = rt.Stop()
		}
		cancel()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", fields, err, want)
		}
	}
}

// A store starts after its database, also where the database had to wait for an
// environment variable that is declared later.
func TestStoreSQLStartsAfterDatabase(t *testing.T) {
	rt := start(t, hostEntry+`
  - {name: a_store, kind: store.sql, database: db, table: kv, lifecycle: {auto_start: true}}
  - {name: db, kind: db.sql.sqlite, file_env: DB_FILE}
  - {name: z_values, kind: env.storage.static, values: {DB_FILE: ":memory:"}}
  - {name: z_file, kind: env.variable, storage: z_values, variable: DB_FILE}
`+mainProc("sql", `return require("sql").get("app:db"):query("SELECT 'ok' AS x")[1].x`))
	wantOK(t, rt)
}
