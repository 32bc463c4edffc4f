---@meta

--- The registry at one version. It does not change.
---@class Snapshot
local Snapshot = {}

--- All entries.
---@async
---@return table
---@return Error?
function Snapshot:entries() end

--- One entry.
---@async
---@param id string
---@return table
---@return Error?
function Snapshot:get(id) end

--- The entries of a namespace.
---@async
---@param ns string
---@return table
---@return Error?
function Snapshot:namespace(ns) end

--- The entries that match, as registry.find has it.
---@async
---@param filter? table
---@return table
---@return Error?
function Snapshot:find(filter) end

--- Its version.
---@return Version
function Snapshot:version() end

--- A new set of changes to this state.
---@return Changes
function Snapshot:changes() end

--- Changes to a snapshot, which apply carries out together.
---@class Changes
local Changes = {}

--- Adds an entry. Its id may be text or {ns, name}.
---@param entry table
---@return Changes
---@return Error?
function Changes:create(entry) end

--- Replaces an entry.
---@param entry table
---@return Changes
---@return Error?
function Changes:update(entry) end

--- Removes the entry with an id, as text or {ns, name}.
---@param id any
---@return Changes
---@return Error?
function Changes:delete(id) end

--- What was gathered: a list of {kind, entry}.
---@return table
function Changes:ops() end

--- Carries the changes out and returns the new version; then everything they added can be used. If anything fails nothing has changed. When the registry changed since the snapshot the error has the retryable cause Conflict.
---@async
---@return Version
---@return Error?
function Changes:apply() end

--- A version of the registry.
---@class Version
local Version = {}

--- Its number. The state after boot is 0.
---@return integer
function Version:id() end

--- The version before it, or nil.
---@async
---@return Version?
---@return Error?
function Version:previous() end

--- The version after it, or nil.
---@async
---@return Version?
---@return Error?
function Version:next() end

--- Its number as text: v3.
---@return string
function Version:string() end

--- The versions of the registry.
---@class History
local History = {}

--- All versions, oldest first.
---@async
---@return table
---@return Error?
function History:versions() end

--- The version with that number, from 0.
---@async
---@param version integer
---@return Version
---@return Error?
function History:get_version(version) end

--- The state of a version.
---@async
---@param version Version
---@return Snapshot
---@return Error?
function History:snapshot_at(version) end

--- Reading and changing entries. An entry is a table {id, kind, meta, data}. Entries that the caller may not read are left out of lists.
---@class registrylib
registry = {}

--- Reads an entry.
---@async
---@param id string
---@return table
---@return Error?
function registry.get(id) end

--- Lists the entries that meet all conditions: [".kind"], .name, .ns, .id (one * stands for anything); ["meta.a.b"] equal, or all elements of a list; ["~meta.a"] regular expression; ["*meta.a"] contains; ["^meta.a"], ["$meta.a"] prefix, suffix. Other keys are ignored.
---@async
---@param filter? table
---@return table
---@return Error?
function registry.find(filter) end

--- Splits an id into {ns, name}.
---@param id string
---@return table
function registry.parse_id(id) end

--- The current state. A snapshot does not change.
---@async
---@return Snapshot
---@return Error?
function registry.snapshot() end

--- The state of a version, from 1.
---@async
---@param version integer
---@return Snapshot
---@return Error?
function registry.snapshot_at(version) end

--- The version the registry is at.
---@async
---@return Version
---@return Error?
function registry.current_version() end

--- All versions, oldest first.
---@async
---@return table
---@return Error?
function registry.versions() end

--- The versions there were.
---@return History
---@return Error?
function registry.history() end

--- Moves the registry to an existing version, forwards or backwards. No new version is made.
---@async
---@param version Version
---@return boolean
---@return Error?
function registry.apply_version(version) end

--- The operations {kind, entry} that lead from one list of entries to the other; kind is entry.create, entry.update or entry.delete.
---@async
---@param from table
---@param to table
---@return table
---@return Error?
function registry.build_delta(from, to) end

