package standard_test

import "testing"

// The query builder of module sql on SQLite: what it builds runs, and values
// arrive as what they were.
func TestSQLBuilder(t *testing.T) {
	rt := start(t, hostEntry+sqliteEntry("db", ":memory:")+mainProc("sql", `
local sql = require("sql")
local b = sql.builder
local db = assert(sql.get("app:db"))
assert(db:execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT, state TEXT, priority INTEGER, any BLOB)"))
assert(db:execute("CREATE TABLE notes (task INTEGER, body TEXT)"))

local function exec(q) return assert(q:run_with(db):exec()) end
local function rows(q)
  local out = {}
  for _, r in ipairs(assert(q:run_with(db):query())) do out[#out + 1] = tostring(r.v) end
  return table.concat(out, " ")
end
local function wants(want, q, where)
  local got = rows(q)
  if got ~= want then error(where .. ": got " .. got .. ", want " .. want, 2) end
end
local ids = b.select("id AS v"):from("tasks"):order_by("id")

-- insert
local add = b.insert("tasks"):columns("title", "state", "priority")
local r = exec(add:values("a", "open", 1))
if r.last_insert_id ~= 1 or r.rows_affected ~= 1 then return "result of insert" end
exec(add:values("b", "open", 3):values("c", sql.NULL, 5))
exec(b.insert():into("tasks"):set_map{title = "d", state = "closed", priority = b.expr("? * 2", 4)})
exec(b.insert("tasks"):options("OR IGNORE"):columns("id", "title"):values(1, "x"))
exec(b.insert("notes"):columns("task", "body"):select(b.select("id", "title"):from("tasks"):where("priority > ?", 1)))
exec(b.insert("notes"):prefix("WITH w AS (SELECT ? AS n)", 9):columns("task", "body"):values(b.expr("(SELECT n FROM w)"), "w"))
wants("5", b.insert("tasks"):columns("title"):values("e"):suffix("RETURNING id AS v"), "returning")
wants("2 3 4 9", b.select("task AS v"):from("notes"):order_by("task"), "insert of a query")

-- select
wants("1 2 3 4 5", ids, "all")
wants("2", ids:where(b.and_{ {state = "open"}, b.gte{priority = 3} }), "and_")
wants("1 4", ids:where(b.or_{ {title = "d"}, b.and_{ {state = "open"}, b.lt{priority = 2} } }), "nested")
wants("3 5", ids:where{state = sql.NULL}, "NULL")
wants("1 2 4", ids:where(b.not_eq{state = sql.NULL}), "not NULL")
wants("4", ids:where(b.not_eq{state = "open"}), "not_eq")
wants("1 2", ids:where(b.lte{priority = 3}), "lte")
wants("4", ids:where(b.gt{priority = 5}), "gt")
wants("2", ids:where(b.like{title = "B%"}), "like")
wants("1 3 4 5", ids:where(b.not_like{title = "B%"}), "not_like")
wants("2 3", ids:where("priority BETWEEN ? AND ?", 2, 5), "text")
wants("2 3 4", ids:where("id IN (?)", b.select("task"):from("notes"):where(b.lt{task = 9})), "query as a value")
wants("2 3", ids:limit(2):offset(1), "limit")
wants("", ids:limit(-1), "negative limit")
wants("nil closed open", b.select("state AS v"):distinct():from("tasks"):order_by("state"), "distinct")
wants("nil open", b.select("state AS v"):from("tasks"):group_by("state"):having("count(*) > ?", 1):order_by("state"), "having")
wants("b d", b.select("t.title AS v"):from("tasks t"):join("notes n ON n.task = t.id AND n.body <> ?", "c"):order_by("t.id"), "join")
wants("nil b c d nil", b.select("n.body AS v"):from("tasks t"):left_join("notes n ON n.task = t.id"):order_by("t.id"), "left_join")
wants("2 3 4 9", b.select("n.task AS v"):from("tasks t"):right_join("notes n ON n.task = t.id"):order_by("n.task"), "right_join")
wants("3", b.select("count(*) AS v"):from("tasks t"):inner_join("notes n ON n.task = t.id"), "inner_join")
wants("7", b.select():columns(b.expr("? + ? AS v", 3, 4)), "expression as a column")

-- update
r = exec(b.update("tasks"):set("state", "done"):set("priority", b.expr("priority + ?", 10)):where{id = 1})
if r.rows_affected ~= 1 then return "result of update" end
wants("11", b.select("priority AS v"):from("tasks"):where{state = "done"}, "update")
exec(b.update():table("tasks"):set_map{state = sql.NULL, title = b.select("max(body)"):from("notes")}:where("id = ?", 1))
wants("w", b.select("title AS v"):from("tasks"):where{id = 1, state = sql.NULL}, "set_map")
exec(b.update("tasks"):set("title", b.expr("n.body || '!'")):from("notes n"):where("n.task = tasks.id AND tasks.id = ?", 2))
exec(b.update("tasks"):set("title", b.expr("n.body || '?'")):from_select(b.select("*"):from("notes"):where{task = 3}, "n"):where("n.task = tasks.id"))
wants("w b! c? d e", b.select("title AS v"):from("tasks"):order_by("id"), "from")

-- values keep their types
local function kind(v) return b.select(b.expr("typeof(?) AS v", v)) end
wants("integer", kind(3), "whole number")
wants("real", kind(1.5), "fraction")
wants("real", kind(sql.as.float(3)), "as.float")
wants("integer", kind(sql.as.int("9007199254740993")), "as.int")
wants("text", kind(sql.as.text(5)), "as.text")
wants("blob", kind(sql.as.binary("a\0b")), "as.binary")
wants("null", kind(sql.as.null()), "as.null")
wants("null", kind(sql.NULL), "NULL")
if assert(db:query("SELECT typeof(?) AS v", {sql.as.float(3)}))[1].v ~= "real" then return "params" end
local text, args, err = kind(sql.as.float(3)):where("? IS NULL", sql.NULL):to_sql()
if err or assert(db:query(text, args))[1].v ~= "real" then return "arguments of to_sql" end

-- placeholders and executors
text = ids:where{id = 2}:placeholder_format(b.dollar):to_sql()
if text ~= "SELECT id AS v FROM tasks WHERE id = $1 ORDER BY id" then return text end
local x = ids:where{id = 2}:run_with(db)
text, args, err = x:to_sql()
if text ~= "SELECT id AS v FROM tasks WHERE id = ? ORDER BY id" or args[1] ~= 2 or err then return "to_sql" end
if x:query()[1].v ~= 2 or x:query()[1].v ~= 2 then return "an executor runs again" end

-- transactions and delete
local tx = assert(db:begin())
r = assert(b.delete("tasks"):where(b.gt{id = 3}):run_with(tx):exec())
if r.rows_affected ~= 2 or #assert(ids:run_with(tx):query()) ~= 3 then return "delete" end
assert(tx:rollback())
wants("1 2 3 4 5", ids, "rollback")
local v
v, err = ids:run_with(tx):query()
if v ~= nil or err:kind() ~= "Invalid" or err:message() ~= "transaction is not active" then return "finished transaction" end
exec(b.delete():from("notes"):where{body = "w"})
wants("2 3 4", b.select("task AS v"):from("notes"):order_by("task"), "delete")

-- mistakes
v, err = b.delete("tasks"):where{id = {1, 2}}:run_with(db):exec()
if v ~= nil or err:kind() ~= "Invalid" then return "list as a value" end
v, err = b.delete("tasks"):where(b.and_{ b.eq{id = {1}}, {state = "open"} }):run_with(db):exec()
if v ~= nil or err:kind() ~= "Invalid" then return "mistake in a condition" end
v, err = b.select("x"):from("nowhere"):run_with(db):query()
if v ~= nil or not err then return "no such table" end
v, err = ids:run_with("app:db")
if v ~= nil or err:kind() ~= "Invalid" then return "run_with" end
wants("1 2 3 4 5", ids, "nothing was deleted")
db:release()
v, err = ids:run_with(db):query()
return v == nil and err:kind() == "Invalid" and "ok" or tostring(err)`))
	wantOK(t, rt)
}
