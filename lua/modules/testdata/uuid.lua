local dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
for name, version in pairs{v1 = 1, v4 = 4, v7 = 7} do
  local a, b = uuid[name](), uuid[name]()
  eq(#a, 36)
  eq(a == b, false)
  eq(uuid.validate(a), true)
  eq(uuid.version(a), version)
  eq(uuid.variant(a), "RFC4122")
end
eq(uuid.v7() < uuid.v7(), true)

eq(uuid.v3(dns, "python.org"), "6fa459ea-ee8a-3ca4-894e-db77e160355e")
eq(uuid.v5(dns, "python.org"), "886313e1-3b8a-5372-9b90-0c9aee199e5d")
for _, f in ipairs{uuid.v3, uuid.v5} do
  fails("Invalid", "not a UUID", f("nonsense", "a"))
  fails("Invalid", "", f(5, "a"))
  fails("Invalid", "name", f(dns))
  fails("Invalid", "name", f(dns, 5))
end

eq(uuid.validate(dns), true)
eq(uuid.validate("nonsense"), false)
eq(uuid.validate(""), false)
fails("Invalid", "", uuid.validate(5))
fails("Invalid", "", uuid.validate())

eq(uuid.variant("6ba7b810-9dad-11d1-c0b4-00c04fd430c8"), "Microsoft")
eq(uuid.variant("6ba7b810-9dad-11d1-e0b4-00c04fd430c8"), "Future")
eq(uuid.variant("6ba7b810-9dad-11d1-00b4-00c04fd430c8"), "Reserved")

local p = uuid.parse(dns)
eq(p.version, 1)
eq(p.variant, "RFC4122")
eq(p.timestamp, 886630433)
eq(p.node, "00c04fd430c8")
p = uuid.parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
eq(p.version, 7)
eq(p.timestamp, 1645557742)
eq(p.node, nil)
p = uuid.parse(uuid.v4())
eq(p.version, 4)
eq(p.timestamp, nil)

eq(uuid.format(dns:upper(), "standard"), dns)
eq(uuid.format(dns, "simple"), "6ba7b8109dad11d180b400c04fd430c8")
eq(uuid.format(dns, "urn"), "urn:uuid:" .. dns)
fails("Invalid", "use standard, simple or urn", uuid.format(dns, "other"))
eq(uuid.format(dns), dns)
for _, f in ipairs{uuid.version, uuid.variant, uuid.parse} do
  fails("Invalid", "not a UUID", f("nonsense"))
  fails("Invalid", "", f(5))
  fails("Invalid", "", f())
end
