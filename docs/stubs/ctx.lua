---@meta

--- Context values, read-only. They are given with with_context of funcs, process and contract, and inherited by calls, asynchronous calls and spawned processes.
---@class ctxlib
ctx = {}

--- The value of a key, NotFound if there is none.
---@param key? string
---@return any
---@return Error?
function ctx.get(key) end

--- All context values; an empty table if there are none.
---@return table
---@return Error?
function ctx.all() end

