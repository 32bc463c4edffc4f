---@meta

--- A parameter whose type was chosen: of sql.as, or sql.NULL.
---@class TypedValue
local TypedValue = {}

--- A condition or an expression, with its arguments.
---@class Condition
local Condition = {}

--- How placeholders are written.
---@class PlaceholderFormat
local PlaceholderFormat = {}

--- Makes a query.
---@class SelectBuilder
local SelectBuilder = {}

--- More columns.
---@param ... string|Condition
---@return SelectBuilder
function SelectBuilder:columns(...) end

--- Rows that are equal are given once.
---@return SelectBuilder
function SelectBuilder:distinct() end

--- The table.
---@param table string
---@return SelectBuilder
function SelectBuilder:from(table) end

--- Joins a table: "JOIN " and the text, with arguments for its placeholders.
---@param table string
---@param ... any
---@return SelectBuilder
function SelectBuilder:join(table, ...) end

--- Joins a table: "LEFT JOIN " and the text, with arguments for its placeholders.
---@param table string
---@param ... any
---@return SelectBuilder
function SelectBuilder:left_join(table, ...) end

--- Joins a table: "RIGHT JOIN " and the text, with arguments for its placeholders.
---@param table string
---@param ... any
---@return SelectBuilder
function SelectBuilder:right_join(table, ...) end

--- Joins a table: "INNER JOIN " and the text, with arguments for its placeholders.
---@param table string
---@param ... any
---@return SelectBuilder
function SelectBuilder:inner_join(table, ...) end

--- Groups rows by expressions.
---@param ... string
---@return SelectBuilder
function SelectBuilder:group_by(...) end

--- A condition on groups; takes what where takes.
---@param condition string|table|Condition
---@param ... any
---@return SelectBuilder
function SelectBuilder:having(condition, ...) end

--- A condition that must hold besides those there are: SQL text with arguments for its placeholders, a table of equalities, or a Condition.
---@param condition string|table|Condition
---@param ... any
---@return SelectBuilder
function SelectBuilder:where(condition, ...) end

--- Sorts by expressions such as "id DESC".
---@param ... string
---@return SelectBuilder
function SelectBuilder:order_by(...) end

--- At most n rows.
---@param n integer
---@return SelectBuilder
function SelectBuilder:limit(n) end

--- Leaves out the first n rows.
---@param n integer
---@return SelectBuilder
function SelectBuilder:offset(n) end

--- SQL behind the statement, such as RETURNING id.
---@param sql string
---@param ... any
---@return SelectBuilder
function SelectBuilder:suffix(sql, ...) end

--- How placeholders are written.
---@param format PlaceholderFormat
---@return SelectBuilder
function SelectBuilder:placeholder_format(format) end

--- The statement and its arguments.
---@return string
---@return table
---@return Error?
function SelectBuilder:to_sql() end

--- The statement with the DB or Transaction it is for; its placeholders become those of PostgreSQL there.
---@param database any
---@return QueryExecutor
---@return Error?
function SelectBuilder:run_with(database) end

--- Makes a statement that adds rows.
---@class InsertBuilder
local InsertBuilder = {}

--- The table.
---@param table string
---@return InsertBuilder
function InsertBuilder:into(table) end

--- More columns.
---@param ... string
---@return InsertBuilder
function InsertBuilder:columns(...) end

--- One row; nil is NULL. Call it once for every row.
---@param ... any
---@return InsertBuilder
function InsertBuilder:values(...) end

--- One row as {column = value}, in place of all columns and rows so far.
---@param values table
---@return InsertBuilder
function InsertBuilder:set_map(values) end

--- Adds the rows of a query.
---@param query SelectBuilder
---@return InsertBuilder
function InsertBuilder:select(query) end

--- SQL in front of the statement.
---@param sql string
---@param ... any
---@return InsertBuilder
function InsertBuilder:prefix(sql, ...) end

--- Words behind INSERT, such as OR IGNORE.
---@param ... string
---@return InsertBuilder
function InsertBuilder:options(...) end

--- SQL behind the statement, such as RETURNING id.
---@param sql string
---@param ... any
---@return InsertBuilder
function InsertBuilder:suffix(sql, ...) end

--- How placeholders are written.
---@param format PlaceholderFormat
---@return InsertBuilder
function InsertBuilder:placeholder_format(format) end

--- The statement and its arguments.
---@return string
---@return table
---@return Error?
function InsertBuilder:to_sql() end

--- The statement with the DB or Transaction it is for; its placeholders become those of PostgreSQL there.
---@param database any
---@return QueryExecutor
---@return Error?
function InsertBuilder:run_with(database) end

--- Makes a statement that changes rows.
---@class UpdateBuilder
local UpdateBuilder = {}

--- The table.
---@param table string
---@return UpdateBuilder
function UpdateBuilder:table(table) end

--- Gives a column a value, an expression or what a query finds; nil is NULL.
---@param column string
---@param value any
---@return UpdateBuilder
function UpdateBuilder:set(column, value) end

--- The same for each column of {column = value}.
---@param values table
---@return UpdateBuilder
function UpdateBuilder:set_map(values) end

--- Another table whose columns are used.
---@param table string
---@return UpdateBuilder
function UpdateBuilder:from(table) end

--- A query whose columns are used under the name alias.
---@param query SelectBuilder
---@param alias string
---@return UpdateBuilder
function UpdateBuilder:from_select(query, alias) end

--- A condition that must hold besides those there are: SQL text with arguments for its placeholders, a table of equalities, or a Condition.
---@param condition string|table|Condition
---@param ... any
---@return UpdateBuilder
function UpdateBuilder:where(condition, ...) end

--- Sorts by expressions such as "id DESC".
---@param ... string
---@return UpdateBuilder
function UpdateBuilder:order_by(...) end

--- At most n rows.
---@param n integer
---@return UpdateBuilder
function UpdateBuilder:limit(n) end

--- Leaves out the first n rows.
---@param n integer
---@return UpdateBuilder
function UpdateBuilder:offset(n) end

--- SQL behind the statement, such as RETURNING id.
---@param sql string
---@param ... any
---@return UpdateBuilder
function UpdateBuilder:suffix(sql, ...) end

--- How placeholders are written.
---@param format PlaceholderFormat
---@return UpdateBuilder
function UpdateBuilder:placeholder_format(format) end

--- The statement and its arguments.
---@return string
---@return table
---@return Error?
function UpdateBuilder:to_sql() end

--- The statement with the DB or Transaction it is for; its placeholders become those of PostgreSQL there.
---@param database any
---@return QueryExecutor
---@return Error?
function UpdateBuilder:run_with(database) end

--- Makes a statement that deletes rows.
---@class DeleteBuilder
local DeleteBuilder = {}

--- The table.
---@param table string
---@return DeleteBuilder
function DeleteBuilder:from(table) end

--- A condition that must hold besides those there are: SQL text with arguments for its placeholders, a table of equalities, or a Condition.
---@param condition string|table|Condition
---@param ... any
---@return DeleteBuilder
function DeleteBuilder:where(condition, ...) end

--- Sorts by expressions such as "id DESC".
---@param ... string
---@return DeleteBuilder
function DeleteBuilder:order_by(...) end

--- At most n rows.
---@param n integer
---@return DeleteBuilder
function DeleteBuilder:limit(n) end

--- Leaves out the first n rows.
---@param n integer
---@return DeleteBuilder
function DeleteBuilder:offset(n) end

--- SQL behind the statement, such as RETURNING id.
---@param sql string
---@param ... any
---@return DeleteBuilder
function DeleteBuilder:suffix(sql, ...) end

--- How placeholders are written.
---@param format PlaceholderFormat
---@return DeleteBuilder
function DeleteBuilder:placeholder_format(format) end

--- The statement and its arguments.
---@return string
---@return table
---@return Error?
function DeleteBuilder:to_sql() end

--- The statement with the DB or Transaction it is for; its placeholders become those of PostgreSQL there.
---@param database any
---@return QueryExecutor
---@return Error?
function DeleteBuilder:run_with(database) end

--- A statement with the database it is for.
---@class QueryExecutor
local QueryExecutor = {}

--- Runs the statement and gives its rows.
---@async
---@return any[]
---@return Error?
function QueryExecutor:query() end

--- Runs the statement and gives {last_insert_id, rows_affected}.
---@async
---@return table
---@return Error?
function QueryExecutor:exec() end

--- The statement, as its database gets it, and its arguments.
---@return string
---@return table
---@return Error?
function QueryExecutor:to_sql() end

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
---@field NULL any
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

--- Makes SQL statements. Builders and conditions are never changed: every method returns a new one. A mistake, such as a list as a value, does not break the chain: to_sql(), query() and exec() return it.
sql.builder = {}

--- A query for columns.
---@param ... string|Condition
---@return SelectBuilder
function sql.builder.select(...) end

--- A statement that adds rows.
---@param table? string
---@return InsertBuilder
function sql.builder.insert(table) end

--- A statement that changes rows.
---@param table? string
---@return UpdateBuilder
function sql.builder.update(table) end

--- A statement that deletes rows.
---@param table? string
---@return DeleteBuilder
function sql.builder.delete(table) end

--- SQL text as a condition, a column or a value. Each ? stands for the next argument; expressions and queries are written in its place. Put OR in parentheses.
---@param sql string
---@param ... any
---@return Condition
---@return Error?
function sql.builder.expr(sql, ...) end

--- Each column of {column = value} equals its value; sql.NULL gives IS NULL.
---@param values table
---@return Condition
---@return Error?
function sql.builder.eq(values) end

--- Each column of {column = value} differs from its value; sql.NULL gives IS NOT NULL.
---@param values table
---@return Condition
---@return Error?
function sql.builder.not_eq(values) end

--- Each column of {column = value} is less than its value.
---@param values table
---@return Condition
---@return Error?
function sql.builder.lt(values) end

--- Each column of {column = value} is at most its value.
---@param values table
---@return Condition
---@return Error?
function sql.builder.lte(values) end

--- Each column of {column = value} is greater than its value.
---@param values table
---@return Condition
---@return Error?
function sql.builder.gt(values) end

--- Each column of {column = value} is at least its value.
---@param values table
---@return Condition
---@return Error?
function sql.builder.gte(values) end

--- Each column of {column = value} is like the pattern.
---@param values table
---@return Condition
---@return Error?
function sql.builder.like(values) end

--- Each column of {column = value} is not like the pattern.
---@param values table
---@return Condition
---@return Error?
function sql.builder.not_like(values) end

--- All of a list of conditions and of tables, which mean equality.
---@param conditions any[]
---@return Condition
---@return Error?
function sql.builder.and_(conditions) end

--- Any of a list of conditions and of tables, which mean equality.
---@param conditions any[]
---@return Condition
---@return Error?
function sql.builder.or_(conditions) end

--- Marks the type of a parameter. NULL, and nil, stay NULL.
sql.as = {}

--- An integer, also beyond what a Lua number can hold when it is given as text. It raises where something would be lost.
---@param value? number|string|TypedValue
---@return TypedValue
function sql.as.int(value) end

--- A floating-point number, also where it is whole.
---@param value? number|string|TypedValue
---@return TypedValue
function sql.as.float(value) end

--- Text; numbers and booleans as tostring writes them.
---@param value? string|boolean|TypedValue
---@return TypedValue
function sql.as.text(value) end

--- Binary data: the bytes of a string.
---@param value? string|TypedValue
---@return TypedValue
function sql.as.binary(value) end

--- The same as sql.NULL.
---@return TypedValue
function sql.as.null() end

