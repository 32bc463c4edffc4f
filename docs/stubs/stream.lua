---@meta

--- A body, file or pipe, used piece by piece.
---@class Stream
local Stream = {}

--- Reads up to n bytes, 32 KB if n is left out or 0, at most 16 MB; nil, nil at the end.
---@async
---@param n? integer
---@return string
---@return Error?
function Stream:read(n) end

--- Writes data and returns how many bytes it has.
---@async
---@param data string
---@return number
---@return Error?
function Stream:write(data) end

--- Moves to offset from the start (set, the default), the position (cur) or the end (end), and returns the position.
---@async
---@param whence? string
---@param offset? integer
---@return number
---@return Error?
function Stream:seek(whence, offset) end

--- Sends on what was written.
---@async
---@return boolean
---@return Error?
function Stream:flush() end

--- {size, position, readable, writable, seekable}; a size of -1 is not known.
---@return table
---@return Error?
function Stream:stat() end

--- Reads the stream in lines (the default), words, bytes or runes.
---@param split? string
---@return Scanner
---@return Error?
function Stream:scanner(split) end

--- Ends the stream; may be repeated.
---@return boolean
---@return Error?
function Stream:close() end

--- Reads something line by line or word by word.
---@class Scanner
local Scanner = {}

--- Goes to the next line or word; false at the end and after an error.
---@async
---@return boolean
---@return Error?
function Scanner:scan() end

--- The line or word, without its end.
---@return string
function Scanner:text() end

--- What ended the scan, nil at the end of the stream.
---@return Error?
function Scanner:err() end

--- The type of the streams that other modules give; there is nothing to call.
---@class streamlib
stream = {}

