---@meta

--- Universally unique identifiers (RFC 9562).
---@class uuidlib
uuid = {}

--- Makes a UUID from the time and this machine.
---@return string
---@return Error?
function uuid.v1() end

--- Makes a UUID at random.
---@return string
---@return Error?
function uuid.v4() end

--- Makes a UUID from the time and at random, so that later ones sort behind.
---@return string
---@return Error?
function uuid.v7() end

--- Makes a UUID of a namespace UUID and a name, by MD5: the same two give the same one.
---@param namespace any
---@param name any
---@return string
---@return Error?
function uuid.v3(namespace, name) end

--- Makes a UUID of a namespace UUID and a name, by SHA-1: the same two give the same one.
---@param namespace any
---@param name any
---@return string
---@return Error?
function uuid.v5(namespace, name) end

--- Reports whether value is a UUID.
---@param value any
---@return boolean
---@return Error?
function uuid.validate(value) end

--- The version of a UUID.
---@param id any
---@return integer
---@return Error?
function uuid.version(id) end

--- RFC4122, Reserved, Microsoft, Future or Invalid.
---@param id any
---@return string
---@return Error?
function uuid.variant(id) end

--- Returns {version, variant, timestamp?, node?}: the unix seconds of v1 and v7, the node of v1.
---@param id any
---@return table
---@return Error?
function uuid.parse(id) end

--- Writes a UUID as "standard" (where nothing is given), "simple" (without hyphens) or "urn".
---@param id any
---@param form? any
---@return string
---@return Error?
function uuid.format(id, form) end

