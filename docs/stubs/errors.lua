---@meta

--- An error object.
---@class Error
local Error = {}

--- One of the kinds, "" for none.
---@return string
function Error:kind() end

--- The message without the contexts that wrap put in front.
---@return string
function Error:message() end

--- Whether trying again can help; nil where nothing is known.
---@return boolean?
function Error:retryable() end

--- More about it, or nil.
---@return table?
function Error:details() end

--- Where it was made, as text.
---@return string
function Error:stack() end

--- Error objects: text with a kind, whether trying again can help, details and the stack. They keep all of it across calls, messages and processes.
---@class errorslib
---@field NOT_FOUND string
---@field ALREADY_EXISTS string
---@field INVALID string
---@field PERMISSION_DENIED string
---@field UNAVAILABLE string
---@field INTERNAL string
---@field CANCELED string
---@field CONFLICT string
---@field TIMEOUT string
---@field RATE_LIMITED string
---@field UNKNOWN string
errors = {}

--- Makes an error object of a message, or of {message, kind?, retryable?, details?}.
---@param of string|table
---@return Error
function errors.new(of) end

--- Puts context in front of an error; kind, retryable and details stay, message() is that of the inner error.
---@param err Error|string
---@param context string
---@return Error
function errors.wrap(err, context) end

--- Reports whether value is an error object of that kind, itself or one of its causes.
---@param value any
---@param kind string
---@return boolean
function errors.is(value, kind) end

--- Returns {thread, frames = {{source, line, name}}} of an error object, or nil.
---@param err any
---@return table?
function errors.call_stack(err) end

