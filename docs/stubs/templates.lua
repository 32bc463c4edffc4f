---@meta

--- A set of templates.
---@class Set
local Set = {}

--- Renders a template of the set, as its entries are now. The data are "." in the template, and the keys of a table variables too.
---@async
---@param name any
---@param data? any
---@return string
---@return Error?
function Set:render(name, data) end

--- Lets go of the set; calling it again is harmless.
---@return boolean
function Set:release() end

--- Templates in the language of Jet.
---@class templateslib
templates = {}

--- Gives the template.set with that entry id.
---@async
---@param set_id any
---@return Set
---@return Error?
function templates.get(set_id) end

