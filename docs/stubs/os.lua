---@meta

--- Date and time, as in Lua 5.1. Nothing else of os is there.
---@class oslib
---@field platform string
os = {}

--- Unix seconds: now, or of {year, month, day, hour = 0, min = 0, sec = 0} in local time.
---@param of? table
---@return number
function os.time(of) end

--- The time as strftime writes it, by default %c; ! in front means UTC, *t gives a table.
---@param format? string
---@param time? number
---@return any
function os.date(format, time) end

--- Seconds since the runtime started.
---@return number
function os.clock() end

--- The seconds between two times.
---@param later number
---@param earlier? number
---@return number
function os.difftime(later, earlier) end

