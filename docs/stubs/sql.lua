---@meta

--- A database. A SQLite database has one connection: while a transaction is open, all other statements wait for its end, also those of the process that opened it; after 30 seconds of waiting for a transaction of its own DB object a statement fails with Timeout.
---@class DB
local DB = {}

--- Runs a statement and returns its rows, each a table of column and value.
---@async
---@param sql string
---@param params? any
---@return any[]
---@return Error?
function DB:query(sql, params) end

--- Runs a statement and returns {last_insert_id, rows_affected}. PostgreSQL knows no last_insert_id: use RETURNING with query.
---@async
---@param sql string
---@param params? any
---@return table
---@return Error?
function DB:execute(sql, params) end

--- Prepares a statement to be run many times. It is closed when the process or the function call ends.
---@async
---@param sql string
---@return Statement
---@return Error?
function DB:prepare(sql) end

--- One of sql.type.
---@return string
---@return Error?
function DB:type() end

--- Begins a transaction; options are {isolation, read_only}. It is rolled back if it is still open when the process or the function call ends. A transaction with read_only refuses to write.
---@async
---@param options? table
---@return Transaction
---@return Error?
function DB:begin(options) end

--- Counts of connections: max_open_connections, open_connections, in_use, idle, wait_count, wait_duration (nanoseconds), max_idle_closed, max_idle_time_closed, max_lifetime_closed.
---@return table
---@return Error?
function DB:stats() end

--- Lets go of the database and what was prepared with it; calling it again is harmless. Its transactions go on.
---@return boolean
---@return Error?
function DB:release() end

--- A transaction. Its statements run one after the other.
---@class Transaction
local Transaction = {}

--- Runs a statement and returns its rows, each a table of column and value.
---@async
---@param sql string
---@param params? any
---@return any[]
---@return Error?
function Transaction:query(sql, params) end

--- Runs a statement and returns {last_insert_id, rows_affected}. PostgreSQL knows no last_insert_id: use RETURNING with query.
---@async
---@param sql string
---@param params? any
---@return table
---@return Error?
function Transaction:execute(sql, params) end

--- Prepares a statement to be run many times. It is closed when the process or the function call ends.
---@async
---@param sql string
---@return Statement
---@return Error?
function Transaction:prepare(sql) end

--- Ends the transaction and keeps its changes.
---@async
---@return boolean
---@return Error?
function Transaction:commit() end

--- Ends the transaction and undoes its changes.
---@async
---@return boolean
---@return Error?
function Transaction:rollback() end

--- Marks a point to go back to. A name has letters, digits and underscores.
---@async
---@param name string
---@return boolean
---@return Error?
function Transaction:savepoint(name) end

--- Undoes the changes since the savepoint, which stays.
---@async
---@param name string
---@return boolean
---@return Error?
function Transaction:rollback_to(name) end

--- Forgets the savepoint and keeps the changes since.
---@async
---@param name string
---@return boolean
---@return Error?
function Transaction:release(name) end

--- One of sql.type.
---@return string
---@return Error?
function Transaction:db_type() end

--- A prepared statement.
---@class Statement
local Statement = {}

--- Runs the statement and returns its rows.
---@async
---@param params? any
---@return any[]
---@return Error?
function Statement:query(params) end

--- Runs the statement and returns {last_insert_id, rows_affected}.
---@async
---@param params? any
---@return table
---@return Error?
function Statement:execute(params) end

--- Closes the statement; calling it again is harmless.
---@return boolean
---@return Error?
function Statement:close() end

--- SQL databases. Parameters are one list, and placeholders those of the database: ? for SQLite and MySQL, $1 for PostgreSQL. In rows NULL is absent, times are RFC 3339 text in UTC and integers numbers, which are exact up to 2^53.
---@class sqllib
sql = {}

--- Gives the database with that entry id.
---@async
---@param id string
---@return DB
---@return Error?
function sql.get(id) end

--- The types of databases.
sql.type = {}

--- What transactions see of each other. Not every database knows every level.
sql.isolation = {}

