---@meta

--- A connection.
---@class Client
local Client = {}

--- Sends a message, TEXT unless type is BINARY, and waits until it is on its way. Messages are sent in the order of the calls.
---@async
---@param data string
---@param type? any
---@return boolean
---@return Error?
function Client:send(data, type) end

--- Delivers tables {type, data}, where type is text or binary: all messages in order. It is closed when the connection ends. As long as channel_capacity messages wait in it nothing is read from the server, which has to wait, for answers to pings too.
---@return Channel
function Client:channel() end

--- The same as channel.
---@return Channel
function Client:receive() end

--- Sends a ping and waits for its answer, at most as long as write_timeout, or 30s.
---@async
---@return boolean
---@return Error?
function Client:ping() end

--- Ends the connection with a status (default 1000) and a reason of at most 123 bytes, and waits for the server to agree. Closing again does nothing.
---@async
---@param code? integer
---@param reason? string
---@return boolean
---@return Error?
function Client:close(code, reason) end

--- WebSocket connections to servers. A connection ends with its process. Private and loopback addresses need the permission http_client.private_ip.
---@class websocketlib
---@field TEXT number
---@field BINARY number
---@field TYPE_TEXT string
---@field TYPE_BINARY string
---@field TYPE_PING string
---@field TYPE_PONG string
---@field TYPE_CLOSE string
websocket = {}

--- Connects to a ws:// or wss:// URL. Options: headers (a table of strings), protocols (a list), dial_timeout (default 30s), read_timeout (between two messages), write_timeout (milliseconds or a duration; none where left out), compression (one of COMPRESSION, or disabled, context_takeover, no_context_takeover; default disabled), compression_threshold (bytes from which a message is compressed), read_limit (bytes of the longest message, up to 128 MB; default 32 MB; a longer one ends the connection), channel_capacity (1 to 10000; default 100).
---@async
---@param url string
---@param options? table
---@return Client
---@return Error?
function websocket.connect(url, options) end

--- Whether messages are compressed.
websocket.COMPRESSION = {}

--- The statuses of a close (RFC 6455).
websocket.CLOSE_CODES = {}

