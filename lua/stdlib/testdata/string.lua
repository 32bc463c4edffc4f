-- The string library without patterns.
local function fails(f, text, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "no error, expected " .. text)
  assert(tostring(e):find(text, 1, true), "got " .. tostring(e) .. ", expected " .. text)
end

assert(("hello"):byte() == 104 and ("hello"):byte(-1) == 111 and ("hello"):byte(10) == nil)
assert(select("#", ("hello"):byte(2, 4)) == 3 and select("#", ("hello"):byte(0)) == 0)
assert(select("#", ("hello"):byte(-100, 100)) == 5 and ("x"):byte(2^63) == nil and ("x"):byte(-2^63) == nil)
assert(string.char() == "" and string.char(72, 105, "33") == "Hi!" and string.char(0, 255) == "\0\255")
fails(string.char, "invalid value", 256)
fails(string.char, "invalid value", -1)
assert(("abc"):len() == 3 and #"a\0b" == 3 and string.len(123) == 3)
assert(("Hello"):lower() == "hello" and ("Hello"):upper() == "HELLO" and ("äÖ"):lower() == "äÖ" and ("\255A"):lower() == "\255a")
assert(("abc"):reverse() == "cba" and (""):reverse() == "")
assert(("hello"):sub(2) == "ello" and ("hello"):sub(-3, -2) == "ll" and ("hello"):sub(0) == "hello")
assert(("hello"):sub(4, 2) == "" and ("abc"):sub(-2^63, 2^63) == "abc" and ("hello"):sub(10) == "" and ("hello"):sub("2", "3") == "el")
assert(("ab"):rep(3) == "ababab" and ("ab"):rep(0) == "" and ("ab"):rep(-1) == "" and ("ab"):rep(2, ",") == "abab")
assert((""):rep(1e15) == "" and ("x"):rep("3") == "xxx")
fails(string.rep, "too large", "x", 1e11)
fails(string.rep, "too large", "xxxxxxxx", 1e15)
fails(string.rep, "too large", "x", 2^63)
fails(string.rep, "number expected", "x", {})
fails(string.sub, "string expected", {}, 1)
fails(string.byte, "slice too long", ("x"):rep(1e5), 1, -1)

-- values that count as strings
local err = fault("file not found")
assert(string.find(err, "not found") == 6 and string.match(err, "%w+") == "file" and string.len(err) == 14)
assert(string.sub(err, 1, 4) == "file" and string.upper(err) == "FILE NOT FOUND" and string.gsub(err, "file", "disk") == "disk not found")
assert(string.format("%s|%10.4s", err, err) == "file not found|      file" and table.concat({err, 1}, "-") == "file not found-1")
for word in string.gmatch(err, "%a+") do assert(word == "file") break end
assert(("x"):gsub("x", function() return err end) == "file not found")

-- format
local cases = {
  {"5|   5|5   |0005|+5", "%d|%4d|%-4d|%04d|%+d", 5, 5, 5, 5, 5},
  {"3|-3|10|007", "%d|%d|%i|%.3d", 3.5, -3.9, "10", 7},
  {"A|  B|C  |", "%c|%3c|%-3c|", 65, 66, 67},
  {"ff|FF|0xff|377|ffffffffffffffff", "%x|%X|%#x|%o|%x", 255, 255, 255, 255, -1},
  {"18446744073709551615|5", "%u|%u", -1, 5},
  {"1.500000|1.50|  1.5|2|1.500000", "%f|%.2f|%5.1f|%.0f|%F", 1.5, 1.5, 1.5, 1.5, 1.5},
  {"1.500000e+00|1.5E+10", "%e|%.1E", 1.5, 1.5e10},
  {"0.1|100000|1e+06|1e-05|1.23457|1E+20", "%g|%g|%g|%g|%g|%G", 0.1, 1e5, 1e6, 1e-5, 1.234567, 1e20},
  {"0.10000000000000001|3.14", "%.17g|%.3g", 0.1, 3.14159},
  {"inf|-inf|  inf|INF|+inf", "%f|%g|%5.1f|%G|%+f", 1/0, -1/0, 1/0, 1/0, 1/0},
  {"0x1p+0|0x1.8p+1|-0x1p-1|0X1P+100", "%a|%a|%a|%A", 1, 3, -0.5, 2^100},
  {"abc|  abc|abc  |ab|   ab", "%s|%5s|%-5s|%.2s|%5.2s", "abc", "abc", "abc", "abc", "abc"},
  {"nil|true|3|1.5|%", "%s|%s|%s|%s|%%", nil, true, 3.0, 1.5},
  {'"a\\"b\\\\c\\\nd\\re\\000f"', "%q", 'a"b\\c\nd\re\0f'},
  {"-9223372036854775808|9223372036854775807", "%d|%d", -1e300, 1e300},
  {" ä|", "%3s|", "ä"},
}
for i, c in ipairs(cases) do
  local got = string.format(unpack(c, 2, table.maxn(c) == 2 and 2 or 8))
  assert(got == c[1], i .. ": " .. got .. " instead of " .. c[1])
end
assert(string.format("%s", setmetatable({}, {__tostring = function() return "obj" end})) == "obj")
assert(string.format("%s", {}):find("^table: ") and string.format("none") == "none")
fails(string.format, "number expected, got table", "%d", {})
fails(string.format, "no value", "%d")
fails(string.format, "too long", "%999999999d", 1)
fails(string.format, "too long", "%100d", 1)
fails(string.format, "too long", "%.100f", 1)
fails(string.format, "repeated flags", "%------d", 1)
fails(string.format, "invalid option '%v'", "%v", 1)
fails(string.format, "invalid format", "%5")
fails(string.format, "invalid format", "%")
assert(#string.format("%99.99f", 1e308) > 300)

-- pack
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, c in ipairs({
  {">I2", 258, "0102"}, {"<I2", 258, "0201"}, {">I4", 1, "00000001"}, {"b", -1, "ff"}, {"B", 255, "ff"}, {"=h", -2, "feff"},
  {">i3", -2, "fffffe"}, {"<i16", -1, ("ff"):rep(16)}, {">I16", 1, ("00"):rep(15) .. "01"}, {">j", -1, ("ff"):rep(8)},
  {">J", -2^63, "8000000000000000"}, {">d", 1, "3ff0000000000000"}, {">f", 1.5, "3fc00000"}, {">s1", "abc", "03616263"},
  {">s2", "", "0000"}, {"z", "hi", "686900"}, {"c4", "hi", "68690000"}, {">n", -2, "c000000000000000"}, {"<l", 1, "0100000000000000"},
}) do
  local packed = string.pack(c[1], c[2])
  assert(hex(packed) == c[3], c[1] .. " gives " .. hex(packed))
  local value, after = string.unpack(c[1], packed)
  if c[1] ~= "c4" then assert(value == c[2], c[1] .. " reads " .. tostring(value)) end
  assert(after == #packed + 1)
end
assert(hex(string.pack(">I2 x I1", 1, 2)) == "00010002" and hex(string.pack("!4 b i4", 1, 2)) == "0100000002000000")
assert(hex(string.pack("!4 b Xi4 b", 1, 2)) == "0100000002" and string.packsize("!4 b Xi4 b") == 5)
assert(string.packsize(">I2 I4 d c10") == 24 and string.packsize("!8 b d") == 16 and string.packsize("") == 0)
local a, b, pos = string.unpack("<I2 I2", "\1\0\2\0\3\0")
assert(a == 1 and b == 2 and pos == 5)
assert(string.unpack("B", "\1\2\3", -1) == 3 and string.unpack("B", "\1\2\3", 2) == 2 and string.unpack("", "", 1) == 1)
assert(string.unpack(">j", ("\255"):rep(8)) == -1 and string.unpack(">J", ("\255"):rep(8)) == -1)
assert(string.unpack("I16", string.pack("I16", -1)) == -1)
fails(string.pack, "overflow", "b", 128)
fails(string.pack, "overflow", "B", -1)
fails(string.pack, "overflow", ">I2", 65536)
fails(string.pack, "overflow", "j", 2^64)
fails(string.pack, "no integer representation", "i4", 1.5)
fails(string.pack, "no integer representation", "i4", 1/0)
fails(string.pack, "number expected", "i4", "x")
fails(string.pack, "out of limits", "i17", 1)
fails(string.pack, "out of limits", "I0", 1)
fails(string.pack, "longer than given size", "c1", "ab")
fails(string.pack, "does not fit", "s1", ("x"):rep(256))
fails(string.pack, "contains zeros", "z", "a\0b")
fails(string.pack, "missing size", "c", "x")
fails(string.pack, "too large", "c99999999999999999999", "x")
fails(string.pack, "invalid format option", "y", 1)
fails(string.pack, "invalid next option", "X")
fails(string.pack, "invalid next option", "Xz")
fails(string.pack, "power of 2", "!4 i3", 1)
fails(string.packsize, "variable-length", "s")
fails(string.packsize, "too large", ("c60000000"):rep(3))
fails(string.unpack, "too short", ">I4", "abc")
fails(string.unpack, "too short", "s1", "\5abc")
fails(string.unpack, "unfinished", "z", "abc")
fails(string.unpack, "out of string", "B", "abc", 5)
fails(string.unpack, "does not fit", "<I16", ("\255"):rep(16))
fails(string.unpack, "too many results", ("B"):rep(8000), ("x"):rep(8000))
