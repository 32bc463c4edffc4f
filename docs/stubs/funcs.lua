---@meta

--- Says how functions are called. Every with_ method returns a new executor; refused, nil and PermissionDenied.
---@class Executor
local Executor = {}

--- Adds context values; they win over inherited ones.
---@param values table
---@return Executor
---@return Error?
function Executor:with_context(values) end

--- The actor of the function.
---@param actor Actor
---@return Executor
---@return Error?
function Executor:with_actor(actor) end

--- The scope of the function.
---@param scope Scope
---@return Executor
---@return Error?
function Executor:with_scope(scope) end

--- Replaces the options: timeout (milliseconds), network (entry id), retry = {max_attempts, initial_delay, max_delay, backoff_factor, jitter, retry_kinds, skip_kinds}; in workflows also those of activities, such as ["activity.start_to_close_timeout"].
---@param options table
---@return Executor
---@return Error?
function Executor:with_options(options) end

--- Calls a function, or a process with a default host, and waits for its result. The error is the one it returned or raised.
---@async
---@param id? string
---@param ... any
---@return any
---@return Error?
function Executor:call(id, ...) end

--- Starts a call and returns at once.
---@param id? string
---@param ... any
---@return Future
---@return Error?
function Executor:async(id, ...) end

--- A call that goes on in the background.
---@class Future
local Future = {}

--- Delivers one Payload, an error object, or a list of Payloads where the function returned several values; then it closes. A canceled future only closes it.
---@return Channel
function Future:response() end

--- The same as response.
---@return Channel
function Future:channel() end

--- Whether the call is over.
---@return boolean
function Future:is_complete() end

--- Whether cancel was called.
---@return boolean
function Future:is_canceled() end

--- Does not wait: nil and nil while the call goes on, nil and an error if it failed or was canceled, else a Payload or a list of Payloads.
---@return any
---@return Error?
function Future:result() end

--- The error, as the cause of Internal "async call failed", and whether there is one.
---@return Error?
---@return boolean
function Future:error() end

--- Gives the call up. Whether the function still runs is up to it; its result is not delivered.
---@return boolean
---@return Error?
function Future:cancel() end

--- Calling functions. Context values, actor and scope are inherited by the function.
---@class funcslib
funcs = {}

--- Calls a function, or a process with a default host, and waits for its result. The error is the one it returned or raised.
---@async
---@param id? string
---@param ... any
---@return any
---@return Error?
function funcs.call(id, ...) end

--- Starts a call and returns at once.
---@param id? string
---@param ... any
---@return Future
---@return Error?
function funcs.async(id, ...) end

--- A builder for calls.
---@return Executor
function funcs.new() end

