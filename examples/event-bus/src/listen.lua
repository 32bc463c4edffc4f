local io = require("io")
local events = require("events")
local registry = require("registry")

local function main()
    local orders = assert(events.subscribe("orders", "order.(created|paid)"))
    local entries = assert(events.subscribe("registry", "entry.create"))

    events.send("orders", "order.created", "/orders/1", { total = 10 })
    events.send("orders", "order.packed", "/orders/1", { total = 10 })
    events.send("orders", "order.paid", "/orders/1", { total = 10 })
    for _ = 1, 2 do
        local e = orders:channel():receive()
        io.print(e.system .. " " .. e.kind .. " " .. e.path .. " total=" .. e.data.total)
    end

    local changes = assert(registry.snapshot()):changes()
    changes:create({ id = "app:note", kind = "registry.entry", meta = {}, data = { text = "hi" } })
    assert(changes:apply())
    local e = entries:channel():receive()
    io.print(e.system .. " " .. e.kind .. " " .. e.path)

    orders:close()
    entries:close()
end

return { main = main }
