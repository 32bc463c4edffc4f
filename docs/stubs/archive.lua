---@meta

--- An archive whose entries can be read in any order.
---@class Reader
local Reader = {}

--- An iterator over the entries: {name, size, compressed_size, is_dir, mode, modified, method, crc32, type}; type is file, directory, symlink, link or other; tars have no crc32.
---@return function
---@return Error?
function Reader:entries() end

--- One entry, as entries gives it.
---@param name string
---@return table
---@return Error?
function Reader:stat(name) end

--- The content of an entry of at most max_inline_bytes.
---@async
---@param name string
---@return string
---@return Error?
function Reader:read(name) end

--- The content of an entry as a Stream; stale once the Reader is closed.
---@async
---@param name string
---@return Stream
---@return Error?
function Reader:stream(name) end

--- Writes an entry to path, or to its own name, below the working directory of fs. Missing folders are made.
---@async
---@param name string
---@param fs FS
---@param path? string
---@return boolean
---@return Error?
function Reader:extract(name, fs, path) end

--- Writes all entries below the working directory of fs and returns how many files that were. Options: prefix, a folder to put them in; strip, how many leading parts of their names to leave out; filter, a pattern such as *.txt (or a list of them) for the whole name, or a function that is given the entry and answers true. Names are checked before anything is written.
---@async
---@param fs FS
---@param options? table
---@return integer
---@return Error?
function Reader:extract_all(fs, options) end

--- Closes the archive; may be repeated. A File that was given stays open.
---@async
---@return boolean
---@return Error?
function Reader:close() end

--- An archive that is read from start to end.
---@class Walker
local Walker = {}

--- An iterator over the entries, as Reader:entries gives them without crc32, each with a Stream of its content that is stale after the next step. What is wrong with the archive is raised.
---@return function
---@return Error?
function Walker:walk() end

--- Ends the walk; may be repeated. The stream it was made of stays open, at no certain position.
---@async
---@return boolean
---@return Error?
function Walker:close() end

--- An archive that is being written. Only close completes it.
---@class Writer
local Writer = {}

--- Adds a file: data is a string, or a Stream or File that is read to its end. Options: method, store or deflate (zip only); mode, 0 to 511; modified, in seconds since 1970. A tar needs sizes in advance: a Stream of unknown size must fit max_inline_bytes.
---@async
---@param name string
---@param data any
---@param options? table
---@return boolean
---@return Error?
function Writer:add(name, data, options) end

--- Adds a file of a file system, with its mode and time.
---@async
---@param name string
---@param fs FS
---@param path string
---@return boolean
---@return Error?
function Writer:add_file(name, fs, path) end

--- Adds a folder.
---@async
---@param name string
---@return boolean
---@return Error?
function Writer:add_dir(name) end

--- Completes the archive; may be repeated. A Stream or File that was given stays open.
---@async
---@return boolean
---@return Error?
function Writer:close() end

--- zip and tar archives. A corrupt archive, an unknown format and what goes beyond a limit are Invalid. Sizes are counted and not believed. Names that lead out of where they are extracted to are refused, and so are links, devices and sparse files.
---@class archivelib
archive = {}

--- The formats: zip, tar, tar.gz, tar.zst.
---@return any[]
function archive.formats() end

--- Opens a zip or tar to read any of its entries: open(FS, path, options?), open(File, options?) or open(bytes, options?). Compressed tars are Unavailable: scan them. Options: format; max_entries (100000), max_total_bytes (2 GiB), max_file_bytes (1 GiB), max_inline_bytes (16 MiB), which bound what is taken in; buffer_bytes (64 KiB).
---@async
---@param source any
---@param path? any
---@param options? table
---@return Reader
---@return Error?
function archive.open(source, path, options) end

--- Reads a tar, compressed or not, of a Stream or File from start to end; nothing else can use that until the walker is closed. zips are Unavailable: open them. Options: format; max_entries (100000), max_total_bytes (2 GiB), max_file_bytes (1 GiB), max_inline_bytes (16 MiB), which bound what is taken in; buffer_bytes (64 KiB).
---@async
---@param stream any
---@param options? table
---@return Walker
---@return Error?
function archive.scan(stream, options) end

--- Begins an archive: create(FS, path, options?) or create(Stream, options?). Without the option format the end of the path tells it. Options: format; max_entries (100000), max_total_bytes (2 GiB), max_file_bytes (1 GiB), max_inline_bytes (16 MiB), which bound what is taken in; buffer_bytes (64 KiB).
---@async
---@param target any
---@param path? any
---@param options? table
---@return Writer
---@return Error?
function archive.create(target, path, options) end

