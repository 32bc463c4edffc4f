local io = require("io")
local registry = require("registry")
local funcs = require("funcs")

local function with_source(source: string)
    return {
        id = "app:shout",
        kind = "function.lua",
        meta = {},
        data = { source = source, method = "shout" },
    }
end

local function main()
    for _, tool in ipairs(assert(registry.find({ ["meta.type"] = "tool" }))) do
        io.print("tools: " .. tool.id)
    end

    local changes = assert(registry.snapshot()):changes()
    changes:create(with_source("return { shout = function(s) return s .. '?' end }"))
    local first = assert(changes:apply())
    io.print("version " .. first:id() .. ": " .. assert(funcs.call("app:shout", "hello")))

    changes = assert(registry.snapshot()):changes()
    changes:update(with_source("return { shout = function(s) return s:upper() .. '!' end }"))
    local second = assert(changes:apply())
    io.print("version " .. second:id() .. ": " .. assert(funcs.call("app:shout", "hello")))

    assert(registry.apply_version(first))
    io.print("back to version " .. registry.current_version():id() .. ": " .. assert(funcs.call("app:shout", "hello")))
end

return { main = main }
