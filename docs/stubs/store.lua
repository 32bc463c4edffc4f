---@meta

--- One store.
---@class Store
local Store = {}

--- The value under key; NotFound "key not found" where there is none.
---@async
---@param key any
---@return any
---@return Error?
function Store:get(key) end

--- Keeps value under key, for ttl seconds if given.
---@async
---@param key any
---@param value any
---@param ttl? number
---@return boolean
---@return Error?
function Store:set(key, value, ttl) end

--- Whether the key is there.
---@async
---@param key any
---@return boolean
---@return Error?
function Store:has(key) end

--- Deletes the key; false if it was not there.
---@async
---@param key any
---@return boolean
---@return Error?
function Store:delete(key) end

--- {key, value, version} of a key.
---@async
---@param key any
---@return table
---@return Error?
function Store:entry(key) end

--- {items, cursor, has_more}: entries in the order of their keys, of {prefix?, after?, limit?}.
---@async
---@param options? table
---@return table
---@return Error?
function Store:list(options) end

--- Writes with {ttl?, only_if_absent?, if_version?} and returns the entry.
---@async
---@param key any
---@param value any
---@param options? table
---@return table
---@return Error?
function Store:put(key, value, options) end

--- What the store can do.
---@async
---@return table
---@return Error?
function Store:info() end

--- Lets go of the store; calling it again is harmless.
---@return boolean
function Store:release() end

--- Key-value stores.
---@class storelib
store = {}

--- Gives the store with that entry id.
---@async
---@param id any
---@return Store
---@return Error?
function store.get(id) end

--- Where a store keeps its entries.
store.backend = {}

--- What readers see.
store.consistency = {}

