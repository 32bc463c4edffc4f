local io = require("io")

local function main()
    local server = assert(process.spawn("app:server", "app:processes"))
    io.print("set color = " .. kv.set(server, "color", "blue"))
    io.print("get color = " .. kv.get(server, "color"))
    io.print("get size = " .. tostring(kv.get(server, "size")))

    for _ = 1, 100 do
        assert(process.spawn_monitored("app:client", "app:processes", server))
    end
    local events = process.events()
    for _ = 1, 100 do
        assert(events:receive().kind == process.event.EXIT)
    end
    io.print("100 clients later: n = " .. kv.get(server, "n"))
    process.send(server, "stop")
end

return { main = main }
