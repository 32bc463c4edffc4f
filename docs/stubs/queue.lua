---@meta

--- The message a handler was called with. It is of use until the handler returns.
---@class Message
local Message = {}

--- The id of the message, the same at every delivery.
---@return string
---@return Error?
function Message:id() end

--- A header, or nil.
---@param key string
---@return any
---@return Error?
function Message:header(key) end

--- All headers.
---@return table
---@return Error?
function Message:headers() end

--- Says that the message is done, whatever the handler returns.
---@return boolean
---@return Error?
function Message:ack() end

--- Rejects the message: it comes again, whatever the handler returns.
---@return boolean
---@return Error?
function Message:nack() end

--- Publishing to queues, and the message that the handler of a queue.consumer is called with.
---@class queuelib
queue = {}

--- Puts data into a queue. Headers are strings, numbers and booleans. A full queue is an Unavailable that can be retried, a refused permission an Invalid.
---@async
---@param queue_id string
---@param data any
---@param headers? table
---@return boolean
---@return Error?
function queue.publish(queue_id, data, headers) end

--- The message that the function was called with. Only the function that a queue.consumer calls has one, not what it calls.
---@return Message
---@return Error?
function queue.message() end

--- {message_count, consumer_count, ready}: how many messages wait for a consumer, how many consumers there are, and whether the driver is ready.
---@async
---@param queue_id string
---@return table
---@return Error?
function queue.info(queue_id) end

