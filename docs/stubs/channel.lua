---@meta

--- A channel of this process. It cannot be sent to another one.
---@class Channel
local Channel = {}

--- Waits until the value was received or buffered. Raises on a closed channel.
---@param value any
---@return boolean
function Channel:send(value) end

--- Waits for a value and returns it and true; nil and false from a closed channel that is empty.
---@return any
---@return boolean
function Channel:receive() end

--- Waiting receivers get nil and false, waiting senders raise. Buffered values can still be received. Closing again does nothing.
function Channel:close() end

--- A case for select.
---@param value any
---@return Case
function Channel:case_send(value) end

--- A case for select.
---@return Case
function Channel:case_receive() end

--- A case of channel.select.
---@class Case
local Case = {}

--- Channels connect the coroutines of one process.
---@class channellib
channel = {}

--- Makes a channel with a buffer of size values; without one a send waits for its receiver.
---@param size? integer
---@return Channel
function channel.new(size) end

--- Waits until one of the cases can go on, tries them in order, and returns {channel, value, ok}. With default = true in the table or as second argument it returns {default = true, ok = true} where none can.
---@param cases table
---@param default? boolean
---@return table
function channel.select(cases, default) end

