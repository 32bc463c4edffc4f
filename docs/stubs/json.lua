---@meta

--- JSON and JSON Schema.
---@class jsonlib
json = {}

--- Writes a value as JSON. Tables with keys 1…n are arrays, with string keys objects; an empty table is an array unless it once had string keys. nil, NaN and objects are null, error objects their text.
---@param value any
---@return string
---@return Error?
function json.encode(value) end

--- Reads JSON. null is nil, so the key is absent.
---@param text any
---@return any
---@return Error?
function json.decode(text) end

--- Reports whether a value fits a JSON Schema, given as a table or as text; what does not fit is in the error.
---@param schema any
---@param value any
---@return boolean
---@return Error?
function json.validate(schema, value) end

--- The same for a value that is JSON text.
---@param schema any
---@param text any
---@return boolean
---@return Error?
function json.validate_string(schema, text) end

