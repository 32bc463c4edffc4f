-- Base functions.
local function fails(f, text, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "no error, expected " .. text)
  assert(tostring(e):find(text, 1, true), "got " .. tostring(e) .. ", expected " .. text)
end

-- assert, error
local tbl = {}
local ok, e = pcall(assert, nil, tbl)
assert(not ok and e == tbl)
ok, e = pcall(assert, false, "plain")
assert(e == "plain")
ok, e = pcall(assert, false)
assert(e:find("assertion failed!"))
assert(select("#", assert(1, nil, nil)) == 3)
fails(assert, "value expected")

ok, e = pcall(error)
assert(not ok and e == nil)
ok, e = pcall(error, tbl)
assert(e == tbl)
ok, e = pcall(error, 42)
assert(e == 42)
local function level(n) error("text", n) end
ok, e = pcall(function() level(0) end)
assert(e == "text")
ok, e = pcall(function() level(1) end)
assert(e == "base.lua:25: text", e)
ok, e = pcall(function()
  level(2)
end)
assert(e == "base.lua:31: text", e)
ok, e = pcall(level, 1e9)
assert(e == "text")
ok, e = pcall(function() local x = nil; error("100% sure") end)
assert(e:find("100%% sure$"))

-- metatables
local meta = {}
assert(setmetatable(tbl, meta) == tbl and getmetatable(tbl) == meta)
assert(setmetatable(tbl, nil) == tbl and getmetatable(tbl) == nil)
local guarded = setmetatable({}, {__metatable = "locked"})
assert(getmetatable(guarded) == "locked")
fails(setmetatable, "protected metatable", guarded, {})
fails(setmetatable, "table expected", "text", {})
fails(setmetatable, "nil or table expected", {}, 1)
fails(setmetatable, "value expected", {})
assert(getmetatable("") == false)
assert(getmetatable(1) == nil)

-- iteration
local seen = {}
for k, v in pairs({10, 20, x = 30}) do seen[k] = v end
assert(seen[1] == 10 and seen[2] == 20 and seen.x == 30)
local n = 0
for i, v in ipairs({1, 2, nil, 4}) do n = n + v end
assert(n == 3)
assert(next({}) == nil)
assert(select("#", next({})) == 1)
local k, v = next({7})
assert(k == 1 and v == 7 and next({7}, 1) == nil)
assert(pairs({}) == next)
local cleared = {a = 1, b = 2, c = 3}
for key in pairs(cleared) do cleared[key] = nil end
assert(next(cleared) == nil)
fails(pairs, "table expected")
fails(ipairs, "table expected", 1)
fails(next, "table expected", nil)

-- raw access
local watched = setmetatable({}, {__index = function() return 1 end, __newindex = function() end, __eq = function() return true end})
assert(watched.x == 1 and rawget(watched, "x") == nil)
assert(rawset(watched, "x", 5) == watched and rawget(watched, "x") == 5)
assert(not rawequal({}, {}) and rawequal("a", "a") and rawequal(1, 1))
fails(rawset, "index is nil", {}, nil, 1)
fails(rawset, "NaN", {}, 0/0, 1)
fails(rawset, "table expected", "x", 1, 1)

-- select
assert(select("#") == 0 and select("#", nil, nil) == 2)
assert(select(2, "a", "b", "c") == "b" and select(-1, "a", "b", "c") == "c")
assert(select("#", select(5, "a")) == 0)
assert(select("2", "a", "b") == "b")
fails(select, "index out of range", 0, 1)
fails(select, "index out of range", -5, 1)
fails(select, "number expected", {}, 1)

-- tonumber
for text, number in pairs({
  ["10"] = 10, [" 10 "] = 10, ["\t-5\n"] = -5, ["1e2"] = 100, ["1E+2"] = 100, [".5"] = 0.5, ["5."] = 5,
  ["0x10"] = 16, ["-0xff"] = -255, ["0XA"] = 10, ["010"] = 10, ["+3"] = 3, ["0x.8"] = 0.5, ["0x1p4"] = 16,
  ["1e400"] = math.huge, ["9007199254740993"] = 9007199254740992,
}) do
  assert(tonumber(text) == number, text)
end
for _, text in ipairs({"", " ", "abc", "1_000", "0b1", "0o7", "inf", "nan", "infinity", "1e", "0x", "1 2", "--1", "+-1", "0x_1", "1e1.5", "."}) do
  assert(tonumber(text) == nil, text)
end
assert(tonumber("ff", 16) == 255 and tonumber("0xff", 16) == 255 and tonumber("-Z", 36) == -35)
assert(tonumber("12", 2) == nil and tonumber("1010", 2) == 10 and tonumber(10, 16) == 16)
assert(tonumber("1e2", 10) == 100 and tonumber("8", 8) == nil and tonumber("", 8) == nil)
assert(tonumber({}) == nil and tonumber(nil) == nil and tonumber(true) == nil)
fails(tonumber, "base out of range", "1", 1)
fails(tonumber, "base out of range", "1", 37)
fails(tonumber, "value expected")

-- tostring
assert(tostring(3.0) == "3" and tostring(10 / 2) == "5" and tostring(-0.5) == "-0.5")
assert(tostring(1e15) == "1000000000000000" and tostring(2^53) == "9007199254740992")
assert(tostring(1e100) == "1e+100" and tostring(12345678.25) == "12345678.25" and tostring(1e-7) == "1e-07")
assert(tostring(1/0) == "inf" and tostring(-1/0) == "-inf" and tostring(0/0):find("nan"))
assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring("x") == "x")
assert(tostring({}):find("^table: ") and tostring(print or next):find("^function: "))
assert(tostring(setmetatable({}, {__tostring = function() return "mine" end})) == "mine")
assert(tostring(fault("broken")) == "broken")
fails(tostring, "must return a string", setmetatable({}, {__tostring = function() return {} end}))
fails(tostring, "value expected")

-- type, unpack, _VERSION
assert(type(nil) == "nil" and type(1) == "number" and type({}) == "table" and type(fault("")) == "userdata")
fails(type, "value expected")
local a, b, c = unpack({1, 2, 3})
assert(a == 1 and b == 2 and c == 3)
assert(select("#", unpack({}, 1, 3)) == 3 and select("#", unpack({1, 2}, 2)) == 1 and select("#", unpack({}, 3, 1)) == 0)
assert(select("#", unpack({}, 1, 7000)) == 7000)
assert(unpack({[0] = "z"}, 0, 0) == "z")
fails(unpack, "too many results", {}, 1, 1e8)
fails(unpack, "too many results", {}, -2^63, 2^63)
assert(_VERSION == "Lua 5.1")

-- casts
assert(string("x") == "x" and string(42) == "42" and string(0.1) == "0.1")
assert(number(4) == 4 and number("42") == 42 and number("0.10") == 0.1 and number("1e3") == 1000 and number(" 7 ") == 7)
assert(number("-0.0") == 0 and number("12300") == 12300)
assert(integer(3) == 3 and integer("42") == 42 and integer("42.0") == 42)
assert(boolean(true) == true and boolean(false) == false)
fails(string, "expected string, got nil", nil)
fails(string, "expected string, got table", {})
fails(string, "got number inf", 1/0)
fails(number, "got string \"x\"", "x")
fails(number, "got string", "9007199254740993")
fails(number, "got string", "0x10")
fails(number, "got string", "1e999")
fails(number, "got string", "1e-999")
fails(number, "got boolean", true)
fails(integer, "got number 3.5", 3.5)
fails(integer, "got number 1e+100", 1e100)
fails(integer, "got nil")
fails(boolean, "expected boolean, got string \"true\"", "true")

-- package
assert(package.path == "" and package.cpath == "" and type(package.seeall) == "function")
local lib, msg = package.loadlib("x", "y")
assert(lib == nil and msg == "cannot load module 'x': loadlib disabled")
local module = {}
package.seeall(module)
assert(module.pairs == pairs)
fails(package.seeall, "read-only", string)
fails(package.seeall, "protected", setmetatable({}, {__metatable = false}))
