---@meta

--- A moment in a time zone.
---@class Time
local Time = {}

--- The time so much later.
---@param duration any
---@return Time
function Time:add(duration) end

--- The span since other.
---@param other Time
---@return Duration
function Time:sub(other) end

--- The time so many years, months and days later.
---@param years number
---@param months number
---@param days number
---@return Time
function Time:add_date(years, months, days) end

--- Whether it is later.
---@param other Time
---@return boolean
function Time:after(other) end

--- Whether it is earlier.
---@param other Time
---@return boolean
function Time:before(other) end

--- Whether it is the same moment.
---@param other Time
---@return boolean
function Time:equal(other) end

--- The time in a layout of Go.
---@param layout string
---@return string
function Time:format(layout) end

--- The time as RFC 3339 writes it.
---@return string
function Time:format_rfc3339() end

--- Seconds since 1970-01-01 UTC.
---@return number
function Time:unix() end

--- Nanoseconds since 1970-01-01 UTC; a number holds only steps of 256 of them.
---@return number
function Time:unix_nano() end

--- Year, month, day.
---@return integer
---@return integer
---@return integer
function Time:date() end

--- Hour, minute, second.
---@return integer
---@return integer
---@return integer
function Time:clock() end

--- The year.
---@return integer
function Time:year() end

--- The month, from 1.
---@return integer
function Time:month() end

--- The day of the month.
---@return integer
function Time:day() end

--- The hour.
---@return integer
function Time:hour() end

--- The minute.
---@return integer
function Time:minute() end

--- The second.
---@return integer
function Time:second() end

--- The nanosecond.
---@return integer
function Time:nanosecond() end

--- The day of the week, 0 for Sunday.
---@return integer
function Time:weekday() end

--- The day of the year, from 1.
---@return integer
function Time:year_day() end

--- Whether it is the zero time.
---@return boolean
function Time:is_zero() end

--- The same moment in a zone.
---@param location Location
---@return Time
function Time:in_location(location) end

--- The same moment in UTC.
---@return Time
function Time:utc() end

--- The same moment in local time.
---@return Time
function Time:in_local() end

--- Its zone.
---@return Location
function Time:location() end

--- Rounded to a multiple.
---@param duration Duration
---@return Time
function Time:round(duration) end

--- Rounded down to a multiple.
---@param duration Duration
---@return Time
function Time:truncate(duration) end

--- A span of time.
---@class Duration
local Duration = {}

--- The span in nanoseconds.
---@return integer
function Duration:nanoseconds() end

--- The span in microseconds.
---@return integer
function Duration:microseconds() end

--- The span in milliseconds.
---@return integer
function Duration:milliseconds() end

--- The span in seconds.
---@return number
function Duration:seconds() end

--- The span in minutes.
---@return number
function Duration:minutes() end

--- The span in hours.
---@return number
function Duration:hours() end

--- Delivers the time once.
---@class Timer
local Timer = {}

--- The channel.
---@return Channel
function Timer:response() end

--- The channel.
---@return Channel
function Timer:channel() end

--- Reports whether it came in time: then the timer never fires.
---@return boolean
function Timer:stop() end

--- Starts it anew and reports whether it was still pending. A bad duration raises.
---@param duration any
---@return boolean
function Timer:reset(duration) end

--- Delivers the time again and again.
---@class Ticker
local Ticker = {}

--- The channel.
---@return Channel
function Ticker:response() end

--- The channel.
---@return Channel
function Ticker:channel() end

--- Ends it and reports whether it was running.
---@return boolean
function Ticker:stop() end

--- A time zone.
---@class Location
local Location = {}

--- Its name.
---@return string
function Location:string() end

--- Time, durations and timers. A duration is a number of nanoseconds, a string such as "1h30m", or a Duration.
---@class timelib
---@field NANOSECOND number
---@field MICROSECOND number
---@field MILLISECOND number
---@field SECOND number
---@field MINUTE number
---@field HOUR number
---@field RFC3339 string
---@field RFC3339NANO string
---@field RFC822 string
---@field RFC822Z string
---@field RFC850 string
---@field RFC1123 string
---@field RFC1123Z string
---@field KITCHEN string
---@field STAMP string
---@field STAMP_MILLI string
---@field STAMP_MICRO string
---@field STAMP_NANO string
---@field DATE_TIME string
---@field DATE_ONLY string
---@field TIME_ONLY string
---@field JANUARY number
---@field FEBRUARY number
---@field MARCH number
---@field APRIL number
---@field MAY number
---@field JUNE number
---@field JULY number
---@field AUGUST number
---@field SEPTEMBER number
---@field OCTOBER number
---@field NOVEMBER number
---@field DECEMBER number
---@field SUNDAY number
---@field MONDAY number
---@field TUESDAY number
---@field WEDNESDAY number
---@field THURSDAY number
---@field FRIDAY number
---@field SATURDAY number
---@field utc any
---@field localtz any
time = {}

--- The time.
---@return Time
function time.now() end

--- The time of a date; what is out of range rolls over. Without location in local time.
---@param year number
---@param month number
---@param day number
---@param hour number
---@param minute number
---@param second number
---@param nanosecond number
---@param location? Location
---@return Time
function time.date(year, month, day, hour, minute, second, nanosecond, location) end

--- The time so long after 1970-01-01 UTC.
---@param seconds number
---@param nanoseconds number
---@return Time
function time.unix(seconds, nanoseconds) end

--- Reads a time in a layout of Go.
---@param layout string
---@param value string
---@param location? Location
---@return Time
---@return Error?
function time.parse(layout, value, location) end

--- Reads a duration.
---@param value any
---@return Duration
---@return Error?
function time.parse_duration(value) end

--- A time zone by its IANA name.
---@param name string
---@return Location
---@return Error?
function time.load_location(name) end

--- A zone at a fixed offset, in seconds east of UTC.
---@param name string
---@param offset number
---@return Location
function time.fixed_zone(name, offset) end

--- Waits.
---@async
---@param duration any
---@return nil
---@return Error?
function time.sleep(duration) end

--- A channel that delivers the time once, after the duration.
---@param duration any
---@return Channel
---@return Error?
function time.after(duration) end

--- A timer that can be stopped.
---@param duration any
---@return Timer
---@return Error?
function time.timer(duration) end

--- Delivers the time again and again; a tick that nobody has received yet swallows those behind it.
---@param duration any
---@return Ticker
---@return Error?
function time.ticker(duration) end

