---@meta

--- Coroutines of the process. All of them run on the process's own thread of control, one at a time.
---@class coroutinelib
coroutine = {}

--- Makes a coroutine that is started by resume.
---@param f function
---@return thread
function coroutine.create(f) end

--- Starts or continues a coroutine and returns true and what it yields or returns, or false and its error.
---@param co thread
---@param ... any
---@return boolean
---@return any
function coroutine.resume(co, ...) end

--- Suspends the running coroutine; its resume returns the values.
---@param ... any
---@return any
function coroutine.yield(...) end

--- Makes a coroutine and returns a function that resumes it and raises its errors.
---@param f function
---@return function
function coroutine.wrap(f) end

--- Returns "running", "suspended", "normal" or "dead".
---@param co thread
---@return string
function coroutine.status(co) end

--- Returns the running coroutine, nil in main.
---@return thread?
function coroutine.running() end

--- Starts f as a coroutine that the process schedules itself: it runs when the running one waits or ends, and may wait for anything. An error in it that nobody catches ends the process.
---@param f function
---@return thread
function coroutine.spawn(f) end

