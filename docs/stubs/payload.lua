---@meta

--- A value with its format. It is no table and has no fields.
---@class Payload
local Payload = {}

--- The format.
---@return string
function Payload:get_format() end

--- The value; of the encoded formats the encoded text.
---@return any
---@return Error?
function Payload:data() end

--- The value, decoded.
---@return any
---@return Error?
function Payload:unmarshal() end

--- The payload in another format.
---@param format string
---@return Payload
---@return Error?
function Payload:transcode(format) end

--- Values with the format they are in.
---@class payloadlib
payload = {}

--- Makes a payload of the format lua/any; of an error object golang/error.
---@param value any
---@return Payload
function payload.new(value) end

--- The formats.
payload.format = {}

