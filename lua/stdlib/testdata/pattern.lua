-- Patterns: find, match, gmatch, gsub.
local function same(got, ...)
  local want = {...}
  for i = 1, math.max(table.maxn(got), table.maxn(want)) do
    assert(got[i] == want[i], "result " .. i .. ": " .. tostring(got[i]) .. " instead of " .. tostring(want[i]))
  end
end

-- find
same({("hello world"):find("wor")}, 7, 9)
same({("hello"):find("l+")}, 3, 4)
same({("hello"):find("xyz")}, nil)
same({("hello"):find("")}, 1, 0)
same({("hello"):find("", 10)}, 6, 5)
same({("hello"):find("l", -2)}, 4, 4)
same({("hello"):find("h", -100)}, 1, 1)
same({("a.b"):find(".", 1, true)}, 2, 2)
same({("a+b"):find("+", 1, true)}, 2, 2)
same({("abc"):find("b", 10, true)}, nil)
same({("abc"):find("(b)(c)")}, 2, 3, "b", "c")
same({("abc"):find("()c")}, 3, 3, 3)
same({("abc"):find("^b")}, nil)
same({("abc"):find("^b", 2)}, 2, 2)
same({("abc"):find("c$")}, 3, 3)
same({("a$c"):find("$c")}, 2, 3)
same({("a^c"):find("a^")}, 1, 2)
same({("a)"):find(")", 1, true)}, 2, 2)
same({("a\0b"):find("\0")}, 2, 2)
same({("a\0b"):find("%z")}, 2, 2)

-- match
same({("key = value"):match("^(%w+)%s*=%s*(%w+)$")}, "key", "value")
same({("2024-01-31"):match("(%d+)-(%d+)-(%d+)")}, "2024", "01", "31")
same({("hello"):match("x")}, nil)
same({("  trim  "):match("^%s*(.-)%s*$")}, "trim")
same({("abc"):match("a-b")}, "ab")
same({("aaab"):match("a-b")}, "aaab")
same({("abc"):match("a?b?c?d?")}, "abc")
same({("[[x]]"):match("%[%[(.-)%]%]")}, "x")
same({("f(a(b)c)d"):match("%b()")}, "(a(b)c)")
same({("\"it\" 'x'"):match([[(["'])(.-)%1]])}, '"', "it")
same({("abab"):match("(ab)%1")}, "ab")
same({("THE (quick) fox"):find("%f[%a]%a+%f[%A]")}, 1, 3)
same({("foo.bar"):match("%f[%w]%w+$")}, "bar")
same({("x-y"):match("[a%-]")}, "-")
same({("x]y"):match("[]]")}, "]")
same({("x]y"):match("[^]]+")}, "x")
same({("a-z"):match("[a-]+")}, "a-")
same({("b]"):match("[a-c]]")}, "b]")
same({("5%"):match("%d%%")}, "5%")
same({("ab12_"):match("[%a%d]+")}, "ab12")
same({("ab12_"):match("[^%d]+", 3)}, "_")
same({("(a)"):match("%((%w)%)")}, "a")
same({("a*"):match("(a)*")}, "a")
same({("nested"):match("((n)(e))")}, "ne", "n", "e")
same({("x"):match("()()")}, 1, 1)
same({("\n\t x"):match("^%s+()")}, 4)
same({("aXb"):match("%u")}, "X")
same({("caf\195\169!"):match("[\128-\255]+")}, "\195\169")

-- gmatch
local out = {}
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do out[#out + 1] = k .. v end
assert(table.concat(out) == "a1b2")
out = {}
for w in ("abc"):gmatch("%w*") do out[#out + 1] = "<" .. w .. ">" end
assert(table.concat(out) == "<abc><>")
out = {}
for p in ("abc"):gmatch("()") do out[#out + 1] = p end
assert(table.concat(out, ",") == "1,2,3,4")
for w in ("^a"):gmatch("^a") do assert(w == "^a") end
local it = ("x"):gmatch("x")
assert(it() == "x" and it() == nil and it() == nil)
assert(string.gfind == string.gmatch)

-- gsub
same({("hello"):gsub("l", "L")}, "heLLo", 2)
same({("hello"):gsub("l", "L", 1)}, "heLlo", 1)
same({("hello"):gsub("l", "L", 0)}, "hello", 0)
same({("hello"):gsub("x", "y")}, "hello", 0)
same({("abc"):gsub("", "-")}, "-a-b-c-", 4)
same({("abc"):gsub("%w*", "x")}, "xx", 2)
same({("hello world"):gsub("(%w+) (%w+)", "%2 %1")}, "world hello", 1)
same({("abc"):gsub("%w", "%0%0")}, "aabbcc", 3)
same({("abc"):gsub("%w", "%1.")}, "a.b.c.", 3)
same({("50"):gsub("50", "%%1")}, "%1", 1)
same({("a b"):gsub("%a", {a = "x", b = true and 5})}, "x 5", 2)
same({("a b"):gsub("%a", {a = false})}, "a b", 2)
same({("abc"):gsub("()", {[1] = "1", [4] = "4"})}, "1abc4", 4)
same({("abc"):gsub("%w", function(c) if c ~= "b" then return c:upper() end end)}, "AbC", 3)
same({("abc"):gsub("(a)(b)", function(x, y) return y .. x end)}, "bac", 1)
same({("abc"):gsub("^%w", "x")}, "xbc", 1)
same({("abc"):gsub("%w", 7)}, "777", 3)
same({("$name is $age"):gsub("%$(%w+)", setmetatable({}, {__index = function(_, k) return k:upper() end}))}, "NAME is AGE", 2)
same({("hello"):gsub("l+", function() return (("aa"):gsub("a", "b")) end)}, "hebbo", 1)
local long = ("a"):rep(2e5):gsub("a", "bb")
assert(#long == 4e5)
