-- Kinds.
for name, kind in pairs{
  NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid", PERMISSION_DENIED = "PermissionDenied",
  UNAVAILABLE = "Unavailable", INTERNAL = "Internal", CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout",
  RATE_LIMITED = "RateLimited", UNKNOWN = "",
} do
  eq(errors[name], kind)
end

-- Made of text.
local e = errors.new("gone")
eq(type(e), "userdata")
eq(e:kind(), "")
eq(e:message(), "gone")
eq(e:retryable(), nil)
eq(e:details(), nil)
eq(tostring(e), "gone")
eq(e .. "!", "gone!")
eq("it is " .. e, "it is gone")
eq(e .. e, "gonegone")
eq(e:stack():find("app:test:11", 1, true), 1)
eq(e.code, nil)
raises("", function() e.code = 5 end)

-- Made of a table.
e = errors.new{message = "busy", kind = errors.RATE_LIMITED, retryable = true, details = {after = 5, list = {1, 2}}}
eq(e:kind(), "RateLimited")
eq(e:retryable(), true)
eq(e:details().after, 5)
eq(e:details().list[2], 2)
eq(errors.new{message = "m", retryable = false}:retryable(), false)
eq(errors.new{message = "m", details = {}}:details(), nil)
raises("message: string expected", errors.new, {kind = errors.INVALID})
raises("kind: string expected", errors.new, {message = "m", kind = {}})
raises("bad argument #1", errors.new)
raises("bad argument #1", errors.new, true)

-- Contexts.
local w = errors.wrap(errors.wrap(e, "calling"), "saving")
eq(tostring(w), "saving: calling: busy")
eq(w:message(), "busy")
eq(w:kind(), "RateLimited")
eq(w:retryable(), true)
eq(w:details().after, 5)
eq(w:stack(), e:stack())
local s = errors.wrap("plain", "outer")
eq(tostring(s), "outer: plain")
eq(s:message(), "plain")
eq(s:kind(), "")
raises("bad argument #1", errors.wrap, nil, "x")
raises("bad argument #2", errors.wrap, e)

-- Asking.
eq(errors.is(w, errors.RATE_LIMITED), true)
eq(errors.is(w, errors.INVALID), false)
eq(errors.is(errors.new("m"), errors.UNKNOWN), true)
eq(errors.is("RateLimited", errors.RATE_LIMITED), false)
eq(errors.is(nil, errors.UNKNOWN), false)
eq(errors.is({}, errors.UNKNOWN), false)

-- The stack.
local function inner() return errors.new("deep") end
local function outer() local made = inner() return made end
local stack = errors.call_stack(outer())
eq(type(stack.thread), "string")
eq(stack.frames[1].source, "app:test")
eq(stack.frames[1].line, 62)
eq(stack.frames[1].name, "inner")
eq(stack.frames[2].line, 63)
eq(errors.call_stack("text"), nil)
eq(errors.call_stack(nil), nil)

-- Raised and caught it is the same object; text stays text.
local ok, caught = pcall(error, w)
eq(ok, false)
eq(caught == w, true)
eq(caught:details().after, 5)
ok, caught = pcall(function() error("plain") end)
eq(caught, "app:test:78: plain")
raises("", e.kind, "no object")
