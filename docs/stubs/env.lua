---@meta

--- Environment values. Only variables declared as env.variable exist; they are addressed by public name, full id, or bare name in the namespace of the caller.
---@class envlib
env = {}

--- Reads a variable; NotFound if it has no value and no default, or an empty one.
---@async
---@param name string
---@return string
---@return Error?
function env.get(name) end

--- Writes a variable. PermissionDenied if it or its storage is read-only.
---@async
---@param name string
---@param value string
---@return boolean
---@return Error?
function env.set(name, value) end

--- All variables with a value that the caller may read.
---@async
---@return table
---@return Error?
function env.get_all() end

