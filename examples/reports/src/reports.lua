local sql = require("sql")

-- A library's own statements run before any of its functions can be called.
assert(assert(sql.get("app:db")):execute(
    "CREATE TABLE IF NOT EXISTS reports (id TEXT PRIMARY KEY, city TEXT NOT NULL, state TEXT NOT NULL, result TEXT)"))

local function add(report)
    local db = assert(sql.get("app:db"))
    assert(sql.builder.insert("reports"):set_map(report):run_with(db):exec())
end

local function update(id, values)
    local db = assert(sql.get("app:db"))
    assert(sql.builder.update("reports"):set_map(values):where({ id = id }):run_with(db):exec())
end

local function get(id)
    local db = assert(sql.get("app:db"))
    return assert(sql.builder.select("*"):from("reports"):where({ id = id }):run_with(db):query())[1]
end

return { add = add, update = update, get = get }
