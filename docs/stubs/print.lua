---@meta

--- Writes a log line.
---@class printlib
print = {}

--- Writes one log line of level info with the arguments, joined by spaces. io.print writes to the terminal.
---@param ... any
function print(...) end

