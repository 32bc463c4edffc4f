---@meta

--- Writes log lines. It is never changed: with and named give another one.
---@class Logger
local Logger = {}

--- Writes a line of level debug. Fields keep their types; an error object becomes its text.
---@param message any
---@param fields? table
function Logger:debug(message, fields) end

--- Writes a line of level info. Fields keep their types; an error object becomes its text.
---@param message any
---@param fields? table
function Logger:info(message, fields) end

--- Writes a line of level warn. Fields keep their types; an error object becomes its text.
---@param message any
---@param fields? table
function Logger:warn(message, fields) end

--- Writes a line of level error. Fields keep their types; an error object becomes its text.
---@param message any
---@param fields? table
function Logger:error(message, fields) end

--- A logger whose lines have these fields too.
---@param fields table
---@return Logger
function Logger:with(fields) end

--- A logger with this name behind the one it has.
---@param name string
---@return Logger
function Logger:named(name) end

--- Structured log lines. Every line carries the PID and the place in the source.
---@type Logger
logger = nil
