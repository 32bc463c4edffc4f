---@meta

--- A compiled expression.
---@class Program
local Program = {}

--- Evaluates the expression with the names of env.
---@param env? table
---@return any
---@return Error?
function Program:run(env) end

--- Expressions in the language expr: arithmetic, comparison, &&, ||, !, in, contains, matches, ?:, lists, maps and functions such as len, max, sum, upper and filter.
---@class exprlib
expr = {}

--- Evaluates an expression with the names of env. An empty text is an Invalid error, all other failures are Internal.
---@param text string
---@param env? table
---@return any
---@return Error?
function expr.eval(text, env) end

--- Compiles an expression. With env its names and their types are checked now.
---@param text string
---@param env? table
---@return Program
---@return Error?
function expr.compile(text, env) end

