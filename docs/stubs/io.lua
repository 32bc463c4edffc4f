---@meta

--- The terminal of a process on a terminal.host. Elsewhere every function but args gives nil and Unavailable "no terminal context".
---@class iolib
io = {}

--- Writes values without anything between or after them.
---@async
---@param ... any
---@return boolean
---@return Error?
function io.write(...) end

--- Writes values with tabs between them and a newline.
---@async
---@param ... any
---@return boolean
---@return Error?
function io.print(...) end

--- The same as print, to standard error.
---@async
---@param ... any
---@return boolean
---@return Error?
function io.eprint(...) end

--- Reads up to n bytes, 1024 if n is left out or not positive, at most a MiB.
---@async
---@param n? integer
---@return string
---@return Error?
function io.read(n) end

--- Reads a line and returns it without its newline; at the end of input nil and an error.
---@async
---@return string
---@return Error?
function io.readline() end

--- Returns once everything is written; as the other functions wait for that, at once.
---@return boolean
---@return Error?
function io.flush() end

--- Switches raw mode on, or off with false. It counts: as many calls as switched it on switch it off. The end of the process restores it.
---@async
---@param on? boolean
---@return boolean
---@return Error?
function io.raw(on) end

--- The command-line arguments, an empty list without a terminal.
---@return table
function io.args() end

