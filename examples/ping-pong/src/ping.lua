local io = require("io")
local time = require("time")

local function wait_for(name: string)
    while not process.registry.lookup(name) do
        time.sleep("5ms")
    end
end

local function main(rounds: string?)
    wait_for("pong")
    local replies = process.listen("pong")
    for i = 1, tonumber(rounds or "1") do
        process.send("pong", "ping", i)
        local n = replies:receive()
        io.print("ping " .. i .. " -> pong " .. n)
    end
end

return { main = main }
