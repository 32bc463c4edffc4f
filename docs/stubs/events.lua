---@meta

--- A subscription to events. It ends with the process.
---@class Subscription
local Subscription = {}

--- Delivers tables {system, kind, path, data}.
---@return Channel
function Subscription:channel() end

--- Ends the subscription and closes the channel. Closing again does nothing.
---@return boolean
function Subscription:close() end

--- The event bus: for observation; programs that need guarantees use messages or queues.
---@class eventslib
events = {}

--- Subscribes to the events of a system, of one kind or all. Both are patterns: segments separated by dots, * for one segment, ** for any number, (a|b) for alternatives. Only events sent after it returned are seen; none of these is lost.
---@async
---@param system? string
---@param kind? string
---@return Subscription
---@return Error?
function events.subscribe(system, kind) end

--- Publishes an event. It does not wait for its subscribers.
---@param system? string
---@param kind? string
---@param path? string
---@param data? any
---@return boolean
---@return Error?
function events.send(system, kind, path, data) end

