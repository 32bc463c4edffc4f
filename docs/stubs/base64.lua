---@meta

--- Base64 with the standard alphabet and padding (RFC 4648).
---@class base64lib
base64 = {}

--- Writes bytes as base64. Anything but a string is an Invalid error.
---@param data any
---@return string
---@return Error?
function base64.encode(data) end

--- Reads base64. Wrong characters or padding are an Invalid error.
---@param text any
---@return string
---@return Error?
function base64.decode(text) end

