---@meta

--- Runs programs with the settings of an entry.
---@class Executor
local Executor = {}

--- Makes a command, which start() runs. The line is split into words, with the quotes and backslashes of a shell; nothing else of a shell happens. Options: work_dir, and env, which is added to that of the entry.
---@param cmd any
---@param options? table
---@return Process
---@return Error?
function Executor:exec(cmd, options) end

--- Lets go of the executor; its commands go on. Calling it again is harmless.
---@return boolean
---@return Error?
function Executor:release() end

--- One run of a program. What still runs of it when the process or call ends gets SIGTERM, and SIGKILL after some seconds, with its process group.
---@class Process
local Process = {}

--- Runs the program.
---@async
---@return boolean
---@return Error?
function Process:start() end

--- Waits for the end of the program and returns its exit code, 128+n where signal n ended it. It closes the handle; output that no stream was taken of is lost.
---@async
---@return integer
---@return Error?
function Process:wait() end

--- The standard output. Take it before start, or before wait is called.
---@return Stream
---@return Error?
function Process:stdout_stream() end

--- The error output. Take it before start, or before wait is called.
---@return Stream
---@return Error?
function Process:stderr_stream() end

--- Writes to the standard input; the empty string ends it.
---@async
---@param data string
---@return boolean
---@return Error?
function Process:write_stdin(data) end

--- Sends a signal to the program, by its number.
---@param n integer
---@return boolean
---@return Error?
function Process:signal(n) end

--- Ends the program and all in its process group: with SIGTERM, and SIGKILL after some seconds, or with force at once. Streams that were taken can still be read. Calling it again is harmless.
---@param force? boolean
---@return boolean
---@return Error?
function Process:close(force) end

--- Programs of the operating system.
---@class execlib
exec = {}

--- Gives the exec.native entry with that id.
---@async
---@param id any
---@return Executor
---@return Error?
function exec.get(id) end

