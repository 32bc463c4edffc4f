---@meta

--- Reads entry files of one file system.
---@class Loader
local Loader = {}

--- The entries of all files below a folder, by id: each is {id, kind, meta, data}. Files without a namespace are skipped, as are, with a warning in the log, those that cannot be parsed.
---@async
---@param path string
---@return table
---@return Error?
function Loader:load_directory(path) end

--- The entries of one file.
---@async
---@param path string
---@return table
---@return Error?
function Loader:load_file(path) end

--- Reads entry files of a file system as they are read at boot. Nothing is registered.
---@class loaderlib
loader = {}

--- Makes a loader for the file system with that entry id.
---@async
---@param fs_id string
---@return Loader
---@return Error?
function loader.new(fs_id) end

