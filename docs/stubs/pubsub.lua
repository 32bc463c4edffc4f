---@meta

--- Raw subscriptions to topics of the own mailbox, the low-level form of process.listen. Both functions are globals too.
---@class pubsublib
pubsub = {}

--- Delivers the messages of a topic to a channel of the process, and returns the channel.
---@param topic string
---@param channel Channel
---@return Channel
---@return Error?
function subscribe(topic, channel) end

--- Ends the subscriptions of a channel, which stays open.
---@param channel Channel
---@return boolean
---@return Error?
function unsubscribe(channel) end

