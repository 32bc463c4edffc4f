local f = payload.format
for name, format in pairs{
  JSON = "json/plain", YAML = "yaml/plain", STRING = "text/plain", BYTES = "application/octet-stream", MSGPACK = "application/msgpack",
  LUA = "lua/any", GOLANG = "golang/any", ERROR = "golang/error",
} do
  eq(f[name], format)
end

local p = payload.new({a = {1, 2}, b = "x"})
eq(type(p), "userdata")
eq(tostring(p), "payload{format=lua/any}")
eq(p:get_format(), f.LUA)
local v, err = p:data()
eq(v.a[2], 2)
eq(err, nil)
eq(p:unmarshal().b, "x")
eq(p.b, nil)
eq(payload.new():data(), nil)
eq(payload.new(5):data(), 5)

-- Later changes of the table do not reach the payload.
local t = {n = 1}
local kept = payload.new(t)
t.n = 2
eq(kept:data().n, 1)

for _, format in ipairs{f.JSON, f.YAML, f.MSGPACK} do
  local q, e = p:transcode(format)
  eq(e, nil)
  eq(q:get_format(), format)
  eq(type(q:data()), "string")
  eq(q:unmarshal().a[2], 2)
  eq(q:unmarshal().b, "x")
  eq(q:transcode(f.LUA):data().b, "x")
end
eq(payload.new({1, 2}):transcode(f.JSON):data(), "[1,2]")
eq(payload.new("[3]"):transcode(f.STRING):data(), "[3]")
eq(p:transcode(f.LUA):get_format(), f.LUA)
fails("Internal", "transcode failed", p:transcode("image/png"))
fails("Internal", "transcode failed", payload.new({1, a = 2}):transcode(f.JSON))
raises("bad argument", p.transcode, p)

local e = payload.new(errors.new{message = "gone", kind = errors.NOT_FOUND})
eq(e:get_format(), f.ERROR)
eq(e:data():kind(), "NotFound")
eq(e:unmarshal():kind(), "NotFound")
