-- Encoding.
eq(json.encode(nil), "null")
eq(json.encode(true), "true")
eq(json.encode(5), "5")
eq(json.encode(2.5), "2.5")
eq(json.encode(-0.25), "-0.25")
eq(json.encode(1e15), "1000000000000000")
eq(json.encode(0/0), "null")
eq(json.encode(1/0), "null")
eq(json.encode(-1/0), "null")
eq(json.encode('a"\\\n\t\1é'), [["a\"\\\n\t\u0001é"]])
eq(json.encode({}), "[]")
eq(json.encode({1, {2, {}}}), "[1,[2,[]]]")
eq(json.encode({a = {b = 1}}), '{"a":{"b":1}}')
local emptied = {x = 1}
emptied.x = nil
eq(json.encode(emptied), "{}")
eq(json.encode(errors.new("gone")), '"gone"')
eq(json.encode({errors.wrap("inner", "outer")}), '["outer: inner"]')
eq(json.encode(payload.new(1)), "null")
eq(json.encode(channel.new()), "null")
eq(json.encode({1, time.now(), 3}), "[1,null,3]")
eq(json.encode({at = time.now()}), '{"at":null}')

local loop = {}
loop[1] = loop
fails("Internal", "recursive table", json.encode(loop))
fails("Internal", "gaps in an array", json.encode({[1] = 1, [5] = 5}))
fails("Internal", "mixed string and number keys", json.encode({1, a = 2}))
local deep = {}
for _ = 1, 200 do deep = {deep} end
fails("Internal", "128 levels", json.encode(deep))
local level = {}
for _ = 1, 127 do level = {level} end
eq(#json.encode(level), 256)

-- Decoding.
eq(json.decode("5"), 5)
eq(json.decode(" [1, 2] ")[2], 2)
eq(json.decode('"a\\u00e9\\ud83d\\ude00"'), "aé😀")
eq(json.decode("true"), true)
eq(json.decode("false"), false)
local none, err = json.decode("null")
eq(none, nil)
eq(err, nil)
local t = json.decode('{"a": null, "b": {"c": [1.5, "x"]}}')
eq(t.a, nil)
eq(t.b.c[1], 1.5)
eq(t.b.c[2], "x")
eq(tostring(json.decode("[10]")[1]), "10")
fails("Invalid", "string expected", json.decode(5))
fails("Invalid", "string expected", json.decode(nil))
fails("Invalid", "string expected", json.decode())
fails("Invalid", "string expected", json.decode({}))
fails("Invalid", "empty string is not valid JSON", json.decode(""))
for _, bad in ipairs{"{", "[1,]", "{a:1}", "nul", "1 2", "'a'", "\0"} do
  local v, e = json.decode(bad)
  fails("Internal", "decode failed", v, e)
  eq(select(2, e:message():gsub("decode failed", "")), 1)
end

-- What goes in comes out.
for _, text in ipairs{"[]", "{}", '{"a":[{},[],""]}', "[1,-2,3.5]", '"\\u0000"'} do
  eq(json.encode(json.decode(text)), text)
end

-- Schemas.
local person = {type = "object", properties = {name = {type = "string"}, age = {type = "integer", minimum = 0}}, required = {"name"}}
eq(json.validate(person, {name = "ann", age = 5}), true)
refuses("Invalid", "the value is not valid: ", json.validate(person, {age = 5}))
refuses("Invalid", "age", json.validate(person, {name = "ann", age = -1}))
refuses("Invalid", "age", json.validate(person, {name = "ann", age = 1.5}))
refuses("Invalid", "object", json.validate(person, {1, 2}))
eq(json.validate({}, "anything"), true)
eq(json.validate("true", 1), true)
eq(json.validate('{"type": "array", "items": {"type": "number"}}', {1, 2}), true)
eq(json.validate({type = "null"}, nil), true)
eq(json.validate({enum = {1, "a"}}, "a"), true)
refuses("Invalid", "recursive", json.validate({}, loop))
refuses("Invalid", "the schema is not valid: ", json.validate("{", 1))
refuses("Invalid", "the schema is not valid: ", json.validate({type = "nonsense"}, 1))
refuses("Invalid", "the schema is not valid: ", json.validate(5, 1))
refuses("Invalid", "the schema is not valid: ", json.validate(nil, 1))
refuses("Invalid", "the schema is not valid: ", json.validate({pattern = "("}, "x"))
refuses("Invalid", "recursive", json.validate(loop, 1))
refuses("Invalid", "only to its own parts", json.validate({["$ref"] = "file:///etc/hostname"}, 1))
refuses("Invalid", "only to its own parts", json.validate({["$ref"] = "http://example.com/s.json"}, 1))
eq(json.validate({["$defs"] = {n = {type = "number"}}, ["$ref"] = "#/$defs/n"}, 1), true)
local _, lines = json.validate(person, {age = -1})
eq(tostring(lines):find("\n"), nil)
eq(tostring(lines):find("file:"), nil)

--- An empty table is an object or an array, as the schema wants it; so is one in a schema.
eq(json.validate({type = "object"}, {}), true)
eq(json.validate({type = "array"}, {}), true)
refuses("Invalid", "want string", json.validate({type = "string"}, {}))
eq(json.validate({type = "object", properties = {a = {type = "object", properties = {}, required = {}}, b = {}}}, {a = {}, b = {}}), true)
eq(json.validate({items = {type = "object"}, ["$defs"] = {}}, {{}, {a = 1}, {}}), true)
refuses("Invalid", "additional", json.validate({additionalProperties = false, properties = {}}, {a = 1}))
refuses("Invalid", "missing", json.validate({type = "object", required = {"a"}}, {}))
refuses("Invalid", "want object", json.validate_string({type = "object"}, "[]"))

eq(json.validate_string(person, '{"name": "ann"}'), true)
refuses("Invalid", "name", json.validate_string(person, '{"name": null}'))
refuses("Invalid", "the value is not valid: decode failed", json.validate_string(person, "{"))
refuses("Invalid", "empty string", json.validate_string(person, ""))
refuses("Invalid", "string expected", json.validate_string(person, {name = "ann"}))
refuses("Invalid", "the value is not valid: decode failed", json.validate_string("true", "1e999"))
refuses("Invalid", "the schema is not valid: ", json.validate_string('{"enum": [1e999999999, 1]}', "1"))
