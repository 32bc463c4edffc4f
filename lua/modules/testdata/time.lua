local utc = time.utc
local at = time.date(2024, 6, 15, 14, 30, 45, 123456789, utc)

-- Making times.
eq(at:format_rfc3339(), "2024-06-15T14:30:45Z")
eq(at:format(time.RFC3339NANO), "2024-06-15T14:30:45.123456789Z")
eq(at:format("Mon 2 Jan"), "Sat 15 Jun")
eq(tostring(at), "2024-06-15 14:30:45.123456789 +0000 UTC")
eq(time.date(2023, 14, 35, 25, 61, 61, 0, utc):format_rfc3339(), "2024-03-07T02:02:01Z")
eq(time.date(2024, 6, 15, 14, 30, 45, 0):location():string(), time.localtz:string())
eq(time.unix(1718461845, 0):utc():format_rfc3339(), "2024-06-15T14:30:45Z")
eq(time.unix(0, 1500000000):unix_nano(), 1500000000)
raises("bad argument #7", time.date, 2024, 6, 15, 14, 30, 45)
raises("bad argument #2", time.unix, 5)
raises("bad argument #8", time.date, 2024, 6, 15, 14, 30, 45, 0, "UTC")
eq(time.now():utc():format_rfc3339(), "2024-06-15T14:30:45Z")

eq(time.parse(time.DATE_TIME, "2024-06-15 14:30:45"):equal(time.date(2024, 6, 15, 14, 30, 45, 0, utc)), true)
local east = time.fixed_zone("EAST", 7200)
eq(time.parse(time.DATE_TIME, "2024-06-15 14:30:45", east):utc():hour(), 12)
fails("Invalid", "parsing time", time.parse(time.DATE_ONLY, "yesterday"))
raises("bad argument", time.parse, time.DATE_ONLY)

-- Parts.
local y, mo, d = at:date()
eq(y .. "/" .. mo .. "/" .. d, "2024/6/15")
local h, mi, s = at:clock()
eq(h .. "/" .. mi .. "/" .. s, "14/30/45")
eq(at:year(), 2024)
eq(at:month(), time.JUNE)
eq(at:day(), 15)
eq(at:hour(), 14)
eq(at:minute(), 30)
eq(at:second(), 45)
eq(at:nanosecond(), 123456789)
eq(at:weekday(), time.SATURDAY)
eq(time.SUNDAY, 0)
eq(time.DECEMBER, 12)
eq(at:year_day(), 167)
eq(at:unix(), 1718461845)
eq(at:is_zero(), false)
eq(time.date(1, 1, 1, 0, 0, 0, 0, utc):is_zero(), true)

-- Calculating.
eq(at:add("1h30m"):format("15:04"), "16:00")
eq(at:add(time.HOUR):hour(), 15)
eq(at:add(-2 * time.HOUR):hour(), 12)
eq(at:add(time.parse_duration("24h")):day(), 16)
raises("bad argument #1 to 'add'", at.add, at, "soon")
raises("bad argument #1 to 'add'", at.add, at, {})
eq(at:add_date(1, -1, 10):format(time.DATE_ONLY), "2025-05-25")
local later = at:add("90s")
eq(tostring(later:sub(at)), "1m30s")
eq(later:after(at), true)
eq(later:before(at), false)
eq(at:before(later), true)
eq(at:equal(at:in_location(east)), true)
eq(at == at:in_location(east), true)
eq(at == later, false)
eq(at < later, true)
eq(at <= at:utc(), true)
eq(later < at, false)
eq(at:round(time.parse_duration("1m")):format("15:04:05"), "14:31:00")
eq(at:truncate(time.parse_duration("1h")):format("15:04:05"), "14:00:00")
raises("bad argument", at.round, at, "1m")
raises("bad argument", at.truncate, at, time.MINUTE)
raises("bad argument", at.sub, at, 5)

-- Zones.
eq(at:in_location(east):hour(), 16)
eq(at:in_location(east):location():string(), "EAST")
eq(tostring(east), "EAST")
eq(tostring(time.utc), "UTC")
eq(at:in_local():equal(at), true)
eq(time.load_location("UTC"):string(), "UTC")
fails("Invalid", "", time.load_location(""))
fails("NotFound", "Nowhere/Town", time.load_location("Nowhere/Town"))
fails("NotFound", "", time.load_location("../etc/passwd"))

-- Durations.
local dur = time.parse_duration("1h1m1.5s")
eq(dur:nanoseconds(), 3661500000000)
eq(dur:microseconds(), 3661500000)
eq(dur:milliseconds(), 3661500)
eq(dur:seconds(), 3661.5)
eq(time.parse_duration("90s"):minutes(), 1.5)
eq(time.parse_duration("90m"):hours(), 1.5)
eq(time.parse_duration(1500):nanoseconds(), 1500)
eq(time.parse_duration(time.parse_duration("2s")):seconds(), 2)
eq(time.parse_duration("1s") == time.parse_duration(time.SECOND), true)
eq(time.parse_duration("1s") < time.parse_duration("2s"), true)
eq(time.parse_duration("-5s"):seconds(), -5)
eq(tostring(dur), "1h1m1.5s")
fails("Invalid", "soon", time.parse_duration("soon"))
fails("Invalid", "", time.parse_duration(""))
fails("Invalid", "", time.parse_duration(nil))
fails("Invalid", "", time.parse_duration(0/0))
fails("Invalid", "", time.parse_duration({}))
eq(time.parse_duration(1/0):hours() > 2e6, true)

eq(time.NANOSECOND, 1)
eq(time.MICROSECOND, 1e3)
eq(time.MILLISECOND, 1e6)
eq(time.SECOND, 1e9)
eq(time.MINUTE, 60e9)
eq(time.HOUR, 3600e9)
for name, layout in pairs{
  RFC3339 = "2006-01-02T15:04:05Z07:00", RFC3339NANO = "2006-01-02T15:04:05.999999999Z07:00", RFC822 = "02 Jan 06 15:04 MST",
  RFC822Z = "02 Jan 06 15:04 -0700", RFC850 = "Monday, 02-Jan-06 15:04:05 MST", RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST",
  RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700", KITCHEN = "3:04PM", STAMP = "Jan _2 15:04:05", STAMP_MILLI = "Jan _2 15:04:05.000",
  STAMP_MICRO = "Jan _2 15:04:05.000000", STAMP_NANO = "Jan _2 15:04:05.000000000", DATE_TIME = "2006-01-02 15:04:05",
  DATE_ONLY = "2006-01-02", TIME_ONLY = "15:04:05",
} do
  eq(time[name], layout)
end

-- Waiting.
local start = time.now()
local function passed() return tostring(time.now():sub(start)) end
eq(time.sleep("2s"), nil)
eq(passed(), "2s")
time.sleep(500 * time.MILLISECOND)
time.sleep(time.parse_duration("500ms"))
eq(passed(), "3s")
fails("Invalid", "soon", time.sleep("soon"))
fails("Invalid", "", time.sleep())
time.sleep(0)
time.sleep(-5)
eq(passed(), "3s")

for _, f in ipairs{time.after, time.timer, time.ticker} do
  fails("Invalid", "positive", f(0))
  fails("Invalid", "positive", f("-1s"))
  fails("Invalid", "soon", f("soon"))
  fails("Invalid", "", f())
  fails("Invalid", "", f(true))
end

local fired, ok = time.after("1s"):receive()
eq(ok, true)
eq(fired:equal(time.now()), true)
eq(passed(), "4s")

-- The first of several.
local slow, quick = time.after("5s"), time.after("1s")
local r = channel.select{slow:case_receive(), quick:case_receive()}
eq(r.channel == quick, true)
eq(passed(), "5s")

-- Timers.
local t = time.timer("1s")
eq(t:response() == t:channel(), true)
eq(tostring(t:channel():receive():sub(start)), "6s")
eq(t:stop(), false)
t = time.timer("1s")
eq(t:stop(), true)
eq(t:stop(), false)
r = channel.select{t:channel():case_receive(), time.after("10s"):case_receive()}
eq(r.channel == t:channel(), false)
eq(passed(), "16s")
eq(t:reset("1s"), false)
eq(t:reset("2s"), true)
t:channel():receive()
eq(passed(), "18s")
raises("bad argument #1 to 'reset'", t.reset, t, 0)
raises("bad argument #1 to 'reset'", t.reset, t, "soon")
raises("bad argument #1 to 'reset'", t.reset, t)

-- Tickers.
local k = time.ticker("1s")
eq(k:response() == k:channel(), true)
for i = 1, 5 do
  eq(tostring(k:channel():receive():sub(start)), tostring(time.parse_duration((18 + i) .. "s")))
end
time.sleep("5500ms")
eq(passed(), "28.5s")
eq(tostring(k:channel():receive():sub(start)), "24s") -- those behind it were dropped
eq(tostring(k:channel():receive():sub(start)), "29s")
eq(k:stop(), true)
eq(k:stop(), false)
r = channel.select{k:channel():case_receive(), time.after("5s"):case_receive()}
eq(r.channel == k:channel(), false)

-- Only one coroutine waits.
local order = {}
local done = channel.new(2)
for _, n in ipairs{2, 1} do
  coroutine.spawn(function()
    time.sleep(n * time.SECOND)
    order[#order + 1] = n
    done:send(true)
  end)
end
done:receive()
done:receive()
eq(order[1] .. order[2], "12")

-- Inside pcall, iterators and comparisons.
start = time.now()
eq(pcall(time.sleep, "1s"), true)
for _ in function(_, n) time.sleep("1s"); if n < 2 then return n + 1 end end, nil, 0 do end
table.sort({2, 1}, function(a, b) time.sleep("1s"); return a < b end)
eq(time.now():sub(start):seconds() >= 5, true)

eq(tostring(time.timer("1h")):find("time.Timer", 1, true), 1)
eq(tostring(time.ticker("1h")):find("time.Ticker", 1, true), 1)
