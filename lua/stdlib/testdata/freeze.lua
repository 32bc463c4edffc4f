-- Read-only tables.
local function fails(f, text, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "no error, expected " .. text)
  assert(tostring(e):find(text, 1, true), "got " .. tostring(e) .. ", expected " .. text)
end
local readonly = "read-only table"

-- the library tables
for _, lib in ipairs({string, table, math, package}) do
  assert(table.is_immutable(lib) and getmetatable(lib) == false)
  fails(function() lib.new = 1 end, readonly)
  fails(rawset, readonly, lib, "new", 1)
  fails(setmetatable, readonly, lib, {})
  fails(table.insert, readonly, lib, 1)
  fails(table.insert, readonly, lib, 1, 1)
  fails(table.remove, readonly, lib)
  fails(table.sort, readonly, lib)
end
fails(function() string.upper = nil end, readonly)
fails(function() string.upper = function() return "pwned" end end, "field 'upper'")
assert(("a"):upper() == "A" and getmetatable("") == false)
fails(function() getmetatable("").__index.upper = nil end, "")
assert(rawget(string, "upper") == string.upper)
local found = false
for name, f in pairs(string) do found = found or name == "upper" and f == string.upper end
assert(found and next(string) ~= nil)

-- a table of the user keeps its identity and its contents
local t = {1, 2, 3, name = "x"}
local alias, key = t, {[t] = "found"}
assert(not table.is_immutable(t) and not table.is_immutable(1) and not table.is_immutable(nil))
assert(table.freeze(t) == t and table.make_immutable(t) == t and table.is_immutable(alias))
assert(key[t] == "found" and t.name == "x" and t[2] == 2 and t[4] == nil and t.none == nil)
assert(#t == 3 and table.getn(t) == 3 and table.maxn(t) == 3 and table.concat(t, ",") == "1,2,3")
assert(select("#", unpack(t)) == 3 and rawget(t, 1) == 1 and rawget(t, "name") == "x")
local n = 0
for i, v in ipairs(t) do n = n + v end
for k, v in pairs(t) do n = n + 1 end
assert(n == 10)
for _, change in ipairs({
  function() t.name = "y" end, function() t[1] = 0 end, function() t[4] = 4 end, function() t.new = 1 end,
  function() t.name = nil end, function() rawset(t, 1, 0) end, function() setmetatable(t, nil) end,
  function() table.insert(t, 4) end, function() table.remove(t) end, function() table.sort(t) end,
}) do
  fails(change, readonly)
end
assert(#t == 3 and t[1] == 1 and t.name == "x")

-- freezing while a loop runs over the table
local loop, count = {1, 2, 3, a = 1, b = 2}, 0
for _ in pairs(loop) do
  table.freeze(loop)
  count = count + 1
end
assert(count == 5)

-- the metatable stays in force
local Base = {greet = function(self) return "hi " .. self.name end}
local object = table.freeze(setmetatable({name = "bob"}, {
  __index = Base,
  __newindex = function() error("never called") end,
  __tostring = function(self) return "object " .. self.name end,
  __call = function(self, x) return self.name .. x end,
  __concat = function(a, b) return "joined" end,
}))
assert(object:greet() == "hi bob" and object.none == nil and tostring(object) == "object bob")
assert(object("!") == "bob!" and object .. "x" == "joined")
assert(getmetatable(object).__index == Base)
fails(function() object.name = 1 end, readonly)
Base.later = 5
assert(object.later == 5)

-- an __index function gets the table itself, not what it hides
local self
local proxy = table.freeze(setmetatable({a = 1}, {__index = function(s, k) self = s; return k .. "?" end}))
assert(proxy.a == 1 and proxy.b == "b?" and rawequal(self, proxy))
assert(not pcall(function() self.a = 2 end))
local child = setmetatable({}, {__index = proxy})
assert(child.a == 1 and child.c == "c?")

-- a frozen table as metatable, frozen before and after
local Class = {}
Class.__index = Class
Class.__tostring = function() return "instance" end
function Class.method() return "called" end
local early = setmetatable({}, Class)
table.freeze(Class)
local late = setmetatable({}, Class)
for _, o in ipairs({early, late}) do
  assert(o.method() == "called" and tostring(o) == "instance" and getmetatable(o) == Class)
end
fails(function() Class.method = nil end, readonly)

-- a frozen table as __newindex
fails(function() setmetatable({}, {__newindex = t}).x = 1 end, readonly)
-- a comparison function that freezes the table
local sorted = {3, 1, 2}
fails(table.sort, readonly, sorted, function(a, b) table.freeze(sorted); return a < b end)
assert(#sorted == 3 and sorted[1] == 3)
fails(table.freeze, "table expected", 1)
