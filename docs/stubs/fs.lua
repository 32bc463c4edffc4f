---@meta

--- A file system, with a working directory of its own.
---@class FS
local FS = {}

--- The whole of a file.
---@async
---@param path string
---@return string
---@return Error?
function FS:readfile(path) end

--- The same as readfile.
---@async
---@param path string
---@return string
---@return Error?
function FS:read_file(path) end

--- Writes a file: data is a string, or a File or Stream that is read to its end. mode is w (the default), a to append, wx for a file that must not exist.
---@async
---@param path string
---@param data any
---@param mode? string
---@return boolean
---@return Error?
function FS:writefile(path, data, mode) end

--- The same as writefile.
---@async
---@param path string
---@param data any
---@param mode? string
---@return boolean
---@return Error?
function FS:write_file(path, data, mode) end

--- Opens a file: r to read it (the default), w to write it anew, wx to make it (it must not exist), a to append.
---@async
---@param path string
---@param mode? string
---@return File
---@return Error?
function FS:open(path, mode) end

--- {name, size, mode, modified, is_dir, type}; modified in seconds since 1970.
---@async
---@param path string
---@return table
---@return Error?
function FS:stat(path) end

--- An iterator over what is in a folder, in the order of the names: each is {name, type}. nil and an error where it cannot be read.
---@async
---@param path string
---@return function
---@return any
function FS:readdir(path) end

--- Makes a folder; the one above must be there.
---@async
---@param path string
---@return boolean
---@return Error?
function FS:mkdir(path) end

--- Removes a file or an empty folder.
---@async
---@param path string
---@return boolean
---@return Error?
function FS:remove(path) end

--- Whether there is something of that name.
---@async
---@param path string
---@return boolean
---@return Error?
function FS:exists(path) end

--- Whether it is a folder; false and NotFound where nothing is there.
---@async
---@param path string
---@return boolean
---@return Error?
function FS:isdir(path) end

--- Changes the working directory of this object.
---@async
---@param path string
---@return boolean
---@return Error?
function FS:chdir(path) end

--- The working directory, with a slash at its start.
---@return string
---@return Error?
function FS:pwd() end

--- An open file; closed when the process ends. Wherever a Stream is read, a File can be.
---@class File
local File = {}

--- Reads up to n bytes, 4096 if n is left out; at the end nil and NotFound "EOF".
---@async
---@param n? integer
---@return string
---@return Error?
function File:read(n) end

--- Writes data, which must not be empty.
---@async
---@param data? string
---@return boolean
---@return Error?
function File:write(data) end

--- Moves to offset from the start (set, the default), the position (cur) or the end (end), and returns the position.
---@async
---@param whence? string
---@param offset? integer
---@return number
---@return Error?
function File:seek(whence, offset) end

--- {name, size, mode, modified, is_dir, type}, as FS:stat gives it.
---@async
---@return table
---@return Error?
function File:stat() end

--- Returns once everything written is on the disk.
---@async
---@return boolean
---@return Error?
function File:sync() end

--- Closes the file; may be repeated.
---@async
---@return boolean
---@return Error?
function File:close() end

--- Reads the file in lines (the default), words, bytes or runes.
---@param split? string
---@return Scanner
---@return Error?
function File:scanner(split) end

--- Files. Paths may begin with a slash, which is the root of the file system; others begin at the working directory of the FS object. No path leaves the root.
---@class fslib
fs = {}

--- Gives the file system with that entry id.
---@async
---@param id string
---@return FS
---@return Error?
function fs.get(id) end

--- What a name stands for.
fs.type = {}

--- Where File:seek counts from.
fs.seek = {}

