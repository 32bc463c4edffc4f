package standard_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

func sqliteEntry(name, file string) string {
	return "\n  - {name: " + name + ", kind: db.sql.sqlite, file: '" + file + "', lifecycle: {auto_start: true}}\n"
}

// onDatabases runs a test with the entry app:db on SQLite, and on the servers
// that the environment names.
func onDatabases(t *testing.T, test func(t *testing.T, typ, entry string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite", sqliteEntry("db", filepath.Join(t.TempDir(), "a b?c%.db"))) })
	t.Run("memory", func(t *testing.T) { test(t, "sqlite", sqliteEntry("db", ":memory:")) })
	t.Run("postgres", func(t *testing.T) {
		address, entry := postgresServer(t)
		test(t, "postgres", entry(address))
	})
	t.Run("mysql", func(t *testing.T) {
		address, entry := mysqlServer(t)
		test(t, "mysql", entry(address))
	})
}

// postgresServer is where the server is, and the entry app:db for it, perhaps at
// another address.
func postgresServer(t *testing.T) (address string, entry func(address string) string) {
	t.Helper()
	u, err := url.Parse(actorstest.Server(t, "TROUPE_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return u.Host, func(address string) string {
		return serverEntry("postgres", address, strings.TrimPrefix(u.Path, "/"), u.User.Username(), password, "sslmode: disable")
	}
}

// mysqlServer is postgresServer for MariaDB.
func mysqlServer(t *testing.T) (address string, entry func(address string) string) {
	t.Helper()
	c, err := mysql.ParseDSN(actorstest.Server(t, "TROUPE_MYSQL"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Addr, func(address string) string { return serverEntry("mysql", address, c.DBName, c.User, c.Passwd, "") }
}

func serverEntry(kind, address, database, user, password, options string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf(`
  - {name: secrets, kind: env.storage.static, values: {DB_PASSWORD: %q}}
  - {name: password, kind: env.variable, storage: app:secrets, variable: DB_PASSWORD}
  - name: db
    kind: db.sql.%s
    host: %s
    port: %s
    database: %s
    username: %s
    password_env: DB_PASSWORD
    options: {%s}
    pool: {max_open: 4, max_idle: 2}
    lifecycle: {auto_start: true}
`, password, kind, host, port, database, user, options)
}

// sqlPrelude are helpers of the programs below: p turns ? into the placeholders
// of the database, ddl its types, and fails checks the kind of an error.
const sqlPrelude = `
local typ = ...
local sql, json, time = require("sql"), require("json"), require("time")
local function p(text)
    if typ ~= "postgres" then return text end
    local n = 0
    return (text:gsub("%?", function() n = n + 1 return "$" .. n end))
end
local function ddl(text)
    local words = {postgres = {ID = "SERIAL PRIMARY KEY", BYTES = "BYTEA", TIME = "TIMESTAMPTZ", KEY = "TEXT"}, mysql = {ID = "INTEGER PRIMARY KEY AUTO_INCREMENT", BYTES = "BLOB", TIME = "DATETIME", KEY = "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
        sqlite = {ID = "INTEGER PRIMARY KEY", BYTES = "BLOB", TIME = "DATETIME", KEY = "TEXT"}}
    return (text:gsub("<(%u+)>", words[typ]))
end
local function fails(kind, text, v, err)
    if v ~= nil and v ~= false then error("no error but " .. tostring(v), 2) end
    if err:kind() ~= kind then error("kind " .. err:kind() .. ": " .. tostring(err), 2) end
    if text and not tostring(err):find(text, 1, true) then error("message " .. tostring(err), 2) end
end
local db = assert(sql.get("app:db"))
assert(db:execute("DROP TABLE IF EXISTS t"))
assert(db:execute(ddl("CREATE TABLE t (id <ID>, name <KEY> UNIQUE, n DOUBLE PRECISION, big BIGINT, at <TIME>, bytes <BYTES>, CHECK (big < 1000000000000000))")))
local function names()
    local out = {}
    for _, row in ipairs(assert(db:query("SELECT name FROM t ORDER BY name"))) do out[#out + 1] = row.name end
    return table.concat(out, ",")
end
`

func TestSQL(t *testing.T) {
	onDatabases(t, func(t *testing.T, typ, entry string) {
		rt := start(t, hostEntry+entry+`
  - {name: idle, kind: db.sql.sqlite, file: ":memory:"}
  - {name: f, kind: function.lua, method: f, source: "return {f=function() end}"}
`+mainProc("sql, json, time", sqlPrelude+`
-- get
fails("Invalid", "database ID required", sql.get(""))
fails("NotFound", "database not found: app:none", sql.get("app:none"))
fails("NotFound", nil, sql.get("none"))
fails("Invalid", "not a database: app:a_host", sql.get("app:a_host"))
fails("Invalid", "not a database: app:f", sql.get("app:f"))
fails("Unavailable", "app:idle is not running", sql.get("app:idle"))
assert(not pcall(sql.get, {}))
if db:type() ~= sql.type[typ:upper()] then return "type" end

-- values there and back
local r = assert(db:execute(p"INSERT INTO t (name, n, big, at, bytes) VALUES (?, ?, ?, ?, ?)", {"a", 1.5, 2^40, "2024-01-02 03:04:05", "bin"}))
if r.rows_affected ~= 1 or typ ~= "postgres" and r.last_insert_id ~= 1 then return "result " .. json.encode(r) end
assert(db:execute(p"INSERT INTO t (name, n) VALUES (?, ?)", {"b", 3}))
local rows = assert(db:query("SELECT * FROM t ORDER BY id"))
local a, b = rows[1], rows[2]
if #rows ~= 2 or a.id ~= 1 or a.name ~= "a" or a.n ~= 1.5 or a.big ~= 2^40 or a.bytes ~= "bin" then return json.encode(a) end
if a.at ~= "2024-01-02T03:04:05Z" then return "time " .. tostring(a.at) end
if b.n ~= 3 or next(b) == nil then return json.encode(b) end
for k in pairs(b) do if k ~= "id" and k ~= "name" and k ~= "n" then return "NULL is there: " .. k end end
rows = assert(db:query(p"SELECT id FROM t WHERE name = ?", {"nobody"}))
if #rows ~= 0 or json.encode(rows) ~= "[]" then return "no rows" end
rows = assert(db:query("SELECT 1 AS x, 2 AS y, 3 AS x"))
if rows[1].x ~= 3 or rows[1].y ~= 2 then return "columns with one name" end
rows = assert(db:query("SELECT name FROM t WHERE n IS NULL OR n = 3"))
if rows[1].name ~= "b" then return "plain query" end
r = assert(db:execute(p"UPDATE t SET n = ? WHERE n > ?", {7, 1}))
if r.rows_affected ~= 2 then return "update" end
r = assert(db:execute(p"INSERT INTO t (name, bytes, at, n) VALUES (?, ?, ?, ?)", {"nulls", nil, nil, 1}))
if db:query(p"SELECT * FROM t WHERE name = ?", {"nulls"})[1].bytes ~= nil then return "nil parameter" end
assert(db:execute(p"DELETE FROM t WHERE name = ?", {"nulls"}))

-- mistakes
fails("Invalid", "parameters must be a table, got string", db:query("SELECT 1", "x"))
fails("Invalid", "parameters must be a table, got number", db:execute("SELECT 1", 1))
fails("Invalid", "parameter 2: only strings", db:query("SELECT 1", {1, function() end}))
fails("Invalid", "parameter 1: only strings", db:execute("SELECT 1", {print}))
fails("Invalid", "parameter 2", db:query(p"SELECT ?, ?", {1, {}}))
fails("Invalid", "app:db", db:query("SELEC 1"))
fails("Invalid", nil, db:query("SELECT * FROM nowhere"))
fails("Invalid", nil, db:query(p"SELECT * FROM t WHERE id = ? AND n = ?", {1}))
fails("AlreadyExists", nil, db:execute(p"INSERT INTO t (name) VALUES (?)", {"a"}))
fails("Invalid", nil, db:execute(p"INSERT INTO t (name, big) VALUES (?, ?)", {"c", 1e15}))
assert(not pcall(db.query, db))
assert(not pcall(db.query, db, {}))

-- statements
fails("Invalid", nil, (function()
    local s, err = db:prepare("SELEC 1") -- some drivers look at it when it is run
    if s then return s:query() end
    return s, err
end)())
local s = assert(db:prepare(p"SELECT name FROM t WHERE name = ?"))
for _, name in ipairs{"a", "b", "a"} do
    if assert(s:query({name}))[1].name ~= name then return "statement" end
end
fails("Invalid", "parameters must be a table", s:query("a"))
if s:close() ~= true or s:close() ~= true then return "close" end
fails("Invalid", "statement is closed", s:query({"a"}))
fails("Invalid", "statement is closed", s:execute({"a"}))
s = assert(db:prepare(p"INSERT INTO t (name) VALUES (?)"))
for i = 1, 3 do if assert(s:execute({"s" .. i})).rows_affected ~= 1 then return "execute a statement" end end
assert(s:close())
if names() ~= "a,b,s1,s2,s3" then return names() end
assert(db:execute("DELETE FROM t WHERE name LIKE 's%'"))

-- transactions
local tx = assert(db:begin())
if tx:db_type() ~= typ then return "db_type" end
assert(tx:execute(p"INSERT INTO t (name) VALUES (?)", {"c"}))
if #tx:query("SELECT * FROM t") ~= 3 then return "inside" end
if tx:rollback() ~= true or names() ~= "a,b" then return "rollback" end
for _, f in ipairs{"commit", "rollback"} do fails("Invalid", "transaction is not active", tx[f](tx)) end
fails("Invalid", "transaction is not active", tx:query("SELECT 1"))
fails("Invalid", "transaction is not active", tx:execute("SELECT 1"))
fails("Invalid", "transaction is not active", tx:prepare("SELECT 1"))
fails("Invalid", "transaction is not active", tx:savepoint("x"))

tx = assert(db:begin({isolation = sql.isolation.SERIALIZABLE}))
s = assert(tx:prepare(p"INSERT INTO t (name) VALUES (?)"))
assert(s:execute({"c"}))
assert(tx:savepoint("one"))
assert(s:execute({"d"}))
assert(tx:savepoint("2_two"))
assert(s:execute({"e"}))
if tx:rollback_to("2_two") ~= true or tx:release("2_two") ~= true or tx:rollback_to("one") ~= true then return "savepoints" end
assert(s:execute({"f"}))
if tx:release("one") ~= true then return "release" end
for _, bad in ipairs{"", "a b", "a;b", 'a"b', "ä", "a-b"} do
    for _, f in ipairs{"savepoint", "rollback_to", "release"} do fails("Invalid", "invalid savepoint name", tx[f](tx, bad)) end
end
if tx:commit() ~= true or names() ~= "a,b,c,f" then return "commit: " .. names() end
fails("Invalid", "transaction is not active", s:execute({"g"}))
tx = assert(db:begin())
fails("Invalid", nil, tx:rollback_to("never"))
tx:rollback()

fails("Invalid", "unknown isolation", db:begin({isolation = "loose"}))
fails("Invalid", "isolation", db:begin({isolation = 1}))
fails("Invalid", "read_only", db:begin({read_only = "yes"}))
for _, how in ipairs{"commit", "rollback"} do
    tx = assert(db:begin({isolation = sql.isolation.DEFAULT, read_only = true}))
    if #tx:query("SELECT * FROM t") < 4 then return "read" end
    fails("Invalid", nil, tx:execute(p"INSERT INTO t (name) VALUES (?)", {"no"}))
    tx[how](tx)
    assert(db:execute(p"INSERT INTO t (name) VALUES (?)", {how})) -- the connection writes again
end
assert(db:execute("DELETE FROM t WHERE name LIKE 'commit%' OR name LIKE 'rollback%'"))

-- coroutines: one transaction runs one statement at a time, and others wait
tx = assert(db:begin())
local done = channel.new(10)
for i = 1, 5 do
    coroutine.spawn(function()
        for j = 1, 20 do assert(tx:query("SELECT * FROM t")) end
        done:send(tx:execute(p"INSERT INTO t (name) VALUES (?)", {"co" .. i}) and "ok" or "failed")
    end)
end
for i = 1, 5 do if done:receive() ~= "ok" then return "coroutine" end end
coroutine.spawn(function() done:send(assert(db:query("SELECT COUNT(*) AS n FROM t"))[1].n) end)
time.sleep("20ms")
assert(tx:commit())
local n = done:receive()
if n ~= 9 and (typ == "sqlite" or n ~= 4) then return "waiting query: " .. n end

-- constants, stats, release
local i = sql.isolation
if table.concat({i.DEFAULT, i.READ_UNCOMMITTED, i.READ_COMMITTED, i.WRITE_COMMITTED, i.REPEATABLE_READ, i.SERIALIZABLE}, " ")
    ~= "default read_uncommitted read_committed write_committed repeatable_read serializable" then return "isolation" end
if sql.type.UNKNOWN ~= "unknown" then return "unknown" end
local stats = assert(db:stats())
for _, k in ipairs{"max_open_connections", "open_connections", "in_use", "idle", "wait_count", "wait_duration", "max_idle_closed", "max_idle_time_closed", "max_lifetime_closed"} do
    if type(stats[k]) ~= "number" then return "stats " .. k end
end
if stats.in_use ~= 0 or stats.max_open_connections ~= (typ == "sqlite" and 1 or 4) then return json.encode(stats) end
s = assert(db:prepare("SELECT 1"))
tx = assert(db:begin())
if db:release() ~= true or db:release() ~= true then return "release" end
assert(tx:query("SELECT 1"))
assert(tx:commit())
fails("Invalid", "database is released", db:type())
fails("Invalid", "database is released", db:query("SELECT 1"))
fails("Invalid", "database is released", db:execute("SELECT 1"))
fails("Invalid", "database is released", db:prepare("SELECT 1"))
fails("Invalid", "database is released", db:begin())
fails("Invalid", "database is released", db:stats())
fails("Invalid", "database is released", s:query())
return "ok"`))
		wantOK(t, rt, typ)
	})
}

// What a process or a function leaves open is rolled back, however it ends, and
// what it runs is broken off.
func TestSQLEnds(t *testing.T) {
	onDatabases(t, func(t *testing.T, typ, entry string) {
		rt := start(t, hostEntry+entry+`
  - name: leaves
    kind: function.lua
    method: run
    modules: [sql]
    source: |
      return { run = function(how)
          local db = require("sql").get("app:db")
          local s = db:prepare("SELECT 1")
          local tx = db:begin()
          tx:execute("INSERT INTO t (name) VALUES ('" .. how .. "')")
          if how == "error" then error("on purpose") end
      end }
  - name: hangs
    kind: process.lua
    method: main
    modules: [sql]
    source: |
      return { main = function(boss, text)
          local db = require("sql").get("app:db")
          local tx = db:begin()
          tx:execute("INSERT INTO t (name) VALUES ('hang')")
          process.send(boss, "hangs")
          tx:query(text)
      end }
  - name: prepares
    kind: process.lua
    method: main
    modules: [sql]
    source: |
      return { main = function()
          local db = require("sql").get("app:db")
          for i = 1, 20 do
              coroutine.spawn(function() db:prepare("SELECT 1"); db:begin() end)
          end
      end }
`+mainProc("sql, json, time, funcs", sqlPrelude+`
local funcs = require("funcs")
funcs.call("app:leaves", "return")
funcs.call("app:leaves", "error")
local endless = {
    sqlite = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
    postgres = "SELECT pg_sleep(300)", mysql = "SELECT SLEEP(300)",
}
process.set_options({trap_links = true})
local said = process.listen("hangs")
local pid = process.spawn_monitored("app:hangs", "app:a_host", process.pid(), endless[typ])
said:receive()
time.sleep("50ms")
process.terminate(pid)
process.events():receive()
for i = 1, 5 do
    process.spawn_monitored("app:prepares", "app:a_host")
    process.events():receive()
end
-- the rollback is not waited for
local deadline = time.now():add("20s")
while db:stats().in_use > 0 and time.now():before(deadline) do time.sleep("5ms") end
if db:stats().in_use > 0 then return "a connection is still in use" end
if names() ~= "" then return "kept " .. names() end
return "ok"`))
		wantOK(t, rt, typ)
	})
}

// The permission is asked of the caller's scope.
func TestSQLPermission(t *testing.T) {
	rt := start(t, hostEntry+sqliteEntry("db", ":memory:")+proc("opens", `return { main = function(name)
    local db, err = require("sql").get("app:db")
    process.registry.register(name)
    while true do
        local m = process.inbox():receive()
        process.send(m:from(), "answer", db and "ok" or err:kind())
    end
end }`)+`    modules: [sql]
  - {name: other, kind: security.policy, policy: {actions: "process.*", resources: "*", effect: allow}}
  - {name: may, kind: security.policy, policy: {actions: [db.get], resources: "app:db", effect: allow}}
  - {name: without, kind: process.service, process: opens, host: a_host, input: [without], lifecycle: {auto_start: true, security: {actor: {id: a}, policies: [other]}}}
  - {name: with, kind: process.service, process: opens, host: a_host, input: [with], lifecycle: {auto_start: true, security: {actor: {id: a}, policies: [other, may]}}}
`+mainProc("time", `
local answer, time = process.listen("answer"), require("time")
local got = {}
for _, name in ipairs{"without", "with"} do
    while not process.registry.lookup(name) do time.sleep("5ms") end
    process.send(name, "ask")
    got[#got + 1] = answer:receive()
end
return table.concat(got, " ") == "PermissionDenied ok" and "ok" or table.concat(got, " ")`))
	wantOK(t, rt)
}

func serviceDo(t *testing.T, rt *boot.Runtime, body any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := rt.Node().AskEntry(ctx, "supervisor", body); err != nil {
		t.Fatal(err)
	}
}

// A DB object outlives a stop of its database; memory does not, a file does.
func TestSQLRestart(t *testing.T) {
	rt := start(t, hostEntry+sqliteEntry("memory", ":memory:")+sqliteEntry("file", filepath.Join(t.TempDir(), "x.db"))+
		proc("keeper", `return { main = function(boss)
    local sql, inbox = require("sql"), process.inbox()
    local dbs = {memory = sql.get("app:memory"), file = sql.get("app:file")}
    for _, db in pairs(dbs) do assert(db:execute("CREATE TABLE t (id INTEGER)")) end
    process.registry.register("keeper")
    while true do
        local m = inbox:receive()
        local name, reply = m:payload():data().name, m:payload():data().reply
        local rows, err = dbs[name]:query("SELECT * FROM t")
        process.send(reply, "answer", rows and "rows" or err:kind())
    end
end }`)+"    modules: [sql]\n"+mainProc("time", `
local name = ...
local answer = process.listen("answer")
local time = require("time")
while not process.registry.lookup("keeper") do time.sleep("5ms") end
process.send("keeper", "ask", {name = name, reply = process.pid()})
return answer:receive()`))
	ask := func(name, want string) {
		t.Helper()
		if v, err := call(t, rt, "app:main", name); v != want || err != nil {
			t.Errorf("%s: got %v, %v, want %s", name, v, err, want)
		}
	}
	if _, err := rt.Spawn(t.Context(), "app:keeper", ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"memory", "file"} {
		ask(name, "rows")
		serviceDo(t, rt, &actors.ServiceStop{ID: "app:" + name})
		ask(name, messages.Unavailable)
		serviceDo(t, rt, &actors.ServiceStart{ID: "app:" + name})
	}
	ask("file", "rows")
	ask("memory", messages.Invalid) // the table has gone
}

// A pool follows the environment variables it was made of.
func TestSQLFollowsEnvironment(t *testing.T) {
	dir := t.TempDir()
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: values, kind: env.storage.memory}
  - {name: path, kind: env.variable, storage: app:values, variable: DB_FILE, default: '%s'}
  - {name: db, kind: db.sql.sqlite, file_env: DB_FILE, lifecycle: {auto_start: true}}
`, filepath.Join(dir, "one.db"))+mainProc("sql, env", `
local second = ...
local sql, env = require("sql"), require("env")
local old = assert(sql.get("app:db"))
assert(old:execute("CREATE TABLE one (id INTEGER)"))
local tx = assert(old:begin())
assert(tx:execute("INSERT INTO one VALUES (1)"))
assert(env.set("DB_FILE", second))
local new = assert(sql.get("app:db"))
assert(new:execute("CREATE TABLE two (id INTEGER)"))
assert(old:query("SELECT * FROM two")) -- the same entry
assert(tx:commit())                    -- on the connection it was begun with
assert(env.set("DB_FILE", ""))
if not sql.get("app:db"):query("SELECT * FROM one")[1] then return "not committed" end
return "ok"`))
	wantOK(t, rt, filepath.Join(dir, "two.db"))
}

// A database that cannot be opened says so when it starts.
func TestSQLCannotStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close() // nobody listens there now
	nobody := fmt.Sprintf("{name: db, kind: db.sql.%%s, host: 127.0.0.1, port: %s, database: d, username: u, password: secret, lifecycle: {auto_start: true, restart: {max_attempts: 1}}}", port)
	sqlite := "{name: db, kind: db.sql.sqlite, file: '%s', lifecycle: {auto_start: true, restart: {max_attempts: 1}}}"
	for name, c := range map[string]struct{ entry, want string }{
		"no folder":        {fmt.Sprintf(sqlite, filepath.Join(dir, "none", "x.db")), "there is no folder " + filepath.Join(dir, "none")},
		"no database":      {fmt.Sprintf(sqlite, filepath.Join(dir, "text.db")), "file is not a database"},
		"a folder":         {fmt.Sprintf(sqlite, dir), "opening SQLite file " + dir},
		"no file":          {"{name: db, kind: db.sql.sqlite}", "file"},
		"no postgres":      {fmt.Sprintf(nobody, "postgres"), "connecting to PostgreSQL at 127.0.0.1:" + port},
		"no mysql":         {fmt.Sprintf(nobody, "mysql"), "connecting to MySQL at 127.0.0.1:" + port},
		"no host":          {"{name: db, kind: db.sql.postgres, port: 1, database: d, username: u, password: p}", "host"},
		"negative":         {"{name: db, kind: db.sql.mysql, host: h, port: 1, database: d, username: u, password: p, pool: {max_open: -1}}", "max_open"},
		"no lifetime":      {"{name: db, kind: db.sql.mysql, host: h, port: 1, database: d, username: u, password: p, pool: {max_lifetime: 0s}}", "max_lifetime"},
		"wrong option":     {"{name: db, kind: db.sql.mysql, host: h, port: 1, database: d, username: u, password: p, options: {parseTime: perhaps}, lifecycle: {auto_start: true, restart: {max_attempts: 1}}}", "options"},
		"wrong sslmode":    {"{name: db, kind: db.sql.postgres, host: h, port: 1, database: d, username: u, password: p, options: {sslmode: perhaps}, lifecycle: {auto_start: true, restart: {max_attempts: 1}}}", "options"},
		"variable missing": {"{name: db, kind: db.sql.postgres, host_env: NO_SUCH, port: 1, database: d, username: u, password: p, lifecycle: {auto_start: true, restart: {max_attempts: 1}}}", "NO_SUCH"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			rt, err := boot.Start(ctx, fstest.MapFS{"app.yaml": {Data: []byte(header + "\n  - " + c.entry)}}, standard.Parts())
			if err == nil {
				t.Fatalf("it started; stopping: %v", rt.Stop())
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
