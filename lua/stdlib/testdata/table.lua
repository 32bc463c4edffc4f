-- The table library.
local function fails(f, text, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "no error, expected " .. text)
  assert(tostring(e):find(text, 1, true), "got " .. tostring(e) .. ", expected " .. text)
end
local function list(t) return table.concat(t, ",") end

-- concat
assert(table.concat({}) == "" and table.concat({1, 2, 3}) == "123" and table.concat({1, 2, 3}, ", ") == "1, 2, 3")
assert(table.concat({1, 2, 3}, "-", 2) == "2-3" and table.concat({1, 2, 3}, "-", 2, 2) == "2" and table.concat({1, 2}, "-", 3) == "")
assert(table.concat({1.5, "x", 10 / 2}, 0) == "1.50x05" and table.concat({[2^53] = "x"}, "", 2^53, 2^53) == "x")
fails(table.concat, "invalid value (table) at index 2", {1, {}})
fails(table.concat, "invalid value (nil) at index 3", {1, 2}, "", 1, 2^62)
fails(table.concat, "table expected", "x")

-- insert and remove
local t = {}
table.insert(t, "a")
table.insert(t, 1, "b")
table.insert(t, 2, "c")
assert(list(t) == "b,c,a")
assert(table.remove(t) == "a" and table.remove(t, 1) == "b" and list(t) == "c" and table.remove(t) == "c")
assert(table.remove(t) == nil and table.remove(t, 1) == nil and table.remove({1, 2}, 5) == nil and #t == 0)
assert(select("#", table.remove({})) == 0)
t = {1, 2, 3}
table.insert(t, 4, 4)
table.insert(t, "5", 5)
table.insert(t, 8, 8)
assert(t[4] == 4 and t[5] == 5 and t[6] == nil and t[8] == 8)
t = {1, 2, 3, 4, 5}
t[5] = nil
t[4] = nil
table.insert(t, 2, "x")
assert(list(t) == "1,x,2,3" and #t == 4)
table.insert(t, 1, "y")
table.insert(t, 3, "z")
assert(list(t) == "y,1,z,x,2,3" and table.remove(t, 2) == 1 and list(t) == "y,z,x,2,3")
for i = 1, 1000 do
  table.insert(t, 1, i)
  t[#t] = nil
end
assert(#t == 5 and t[1] == 1000)
fails(table.insert, "wrong number of arguments", {})
fails(table.insert, "wrong number of arguments", {}, 1, 2, 3)
fails(table.insert, "out of bounds", {}, 0, 1)
fails(table.insert, "number expected", {}, "x", 1)
fails(table.insert, "table expected", nil, 1)

-- getn, maxn, unpack, create
assert(table.getn({1, 2, 3}) == 3 and table.maxn({}) == 0 and table.maxn({1, nil, 3}) == 3 and table.maxn({[1.5] = 1, [-1] = 1, x = 1}) == 1.5)
assert(select("#", table.unpack({1, 2, 3})) == 3 and table.unpack({1, 2, 3}, 3) == 3)
assert(next(table.create()) == nil and next(table.create(10, 10)) == nil and #table.create(-1, -5) == 0)
fails(table.create, "size too large", 1e9)
fails(table.create, "size too large", 0, 2^63)

-- sort
local function sorted(t, f) table.sort(t, f) return list(t) end
assert(sorted({}) == "" and sorted({1}) == "1" and sorted({3, 1, 2}) == "1,2,3" and sorted({"b", "a", "C"}) == "C,a,b")
assert(sorted({3, 1, 2}, function(a, b) return a > b end) == "3,2,1" and sorted({3, 1, 2}, nil) == "1,2,3")
local big, expect = {}, {}
for i = 1, 5000 do big[i] = (i * 7919) % 5003 expect[i] = i end
table.sort(big)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
local people = {}
for i = 1, 100 do people[i] = {age = i % 5, id = i} end
table.sort(people, function(a, b) return a.age < b.age end)
for i = 2, 100 do
  local a, b = people[i - 1], people[i]
  assert(a.age < b.age or a.age == b.age and a.id < b.id)
end
local V = {__lt = function(a, b) return a.v < b.v end}
local objects = {}
for i, v in ipairs({3, 1, 2}) do objects[i] = setmetatable({v = v}, V) end
table.sort(objects)
assert(objects[1].v == 1 and objects[3].v == 3)
fails(table.sort, "attempt to compare", {1, "x"})
fails(table.sort, "attempt to compare", {{}, {}})
fails(table.sort, "attempt to compare", {true, false})
fails(table.sort, "function expected", {1, 2}, {})
fails(table.sort, "stop", {1, 2}, function() error("stop") end)
-- comparison functions that lie
for _, lie in ipairs({function() return true end, function() return false end, function() return math.random() < 0.5 end, function() end}) do
  local set, n = {}, 1000
  for i = 1, n do set[i] = i end
  table.sort(set, lie)
  local sum = 0
  for i = 1, n do sum = sum + set[i] end
  assert(#set == n and sum == n * (n + 1) / 2)
end
local grown = {3, 2, 1}
table.sort(grown, function(a, b) grown[#grown + 1] = 0; return a < b end)
assert(grown[1] == 1 and grown[3] == 3)
table.sort({0/0, 1, 0/0, -1})
