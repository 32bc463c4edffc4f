---@meta

--- YAML.
---@class yamllib
yaml = {}

--- Writes a table as YAML. Of the options, field_order lists keys that come first in every mapping, sort_unordered = true sorts the others. Anything but a table is an Invalid error.
---@param value any
---@param options? table
---@return string
---@return Error?
function yaml.encode(value, options) end

--- Reads the first document of a YAML text. null is nil, so the key is absent.
---@param text any
---@return any
---@return Error?
function yaml.decode(text) end

