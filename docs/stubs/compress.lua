---@meta

--- Compression. Empty input, a level out of range and corrupt data are Invalid errors; output larger than its limit is Internal.
---@class compresslib
compress = {}

--- The format gzip.
compress.gzip = {}

--- Compresses data. Options: level, 1 to 9 (default 6).
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.gzip.encode(data, options) end

--- Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.gzip.decode(data, options) end

--- The format deflate.
compress.deflate = {}

--- Compresses data. Options: level, 1 to 9 (default 6).
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.deflate.encode(data, options) end

--- Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.deflate.decode(data, options) end

--- The format zlib.
compress.zlib = {}

--- Compresses data. Options: level, 1 to 9 (default 6).
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.zlib.encode(data, options) end

--- Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.zlib.decode(data, options) end

--- The format brotli.
compress.brotli = {}

--- Compresses data. Options: level, 0 to 11 (default 6).
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.brotli.encode(data, options) end

--- Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.brotli.decode(data, options) end

--- The format zstd.
compress.zstd = {}

--- Compresses data. Options: level, 1 to 22 (default 3) and dict, a dictionary.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.zstd.encode(data, options) end

--- Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.
---@async
---@param data string
---@param options? table
---@return string
---@return Error?
function compress.zstd.decode(data, options) end

--- Makes a dictionary of a list of samples, at least one of 8 bytes or more. Options: size, 256 to 1048576 bytes (default 114688); id (default 0: chosen by the samples); level, 1 to 22.
---@async
---@param samples any[]
---@param options? table
---@return string
---@return Error?
function compress.zstd.train_dict(samples, options) end

--- Returns {id, content_size} of a dictionary.
---@param dict string
---@return table
---@return Error?
function compress.zstd.inspect_dict(dict) end

