local io = require("io")
local time = require("time")
local system = require("system")

local function main()
    local counts = process.listen("count")

    -- The counter may be away for a moment: ask until it answers.
    local function ask()
        while true do
            if process.send("counter", "next") then
                local r = channel.select({ counts:case_receive(), time.after("200ms"):case_receive() })
                if r.channel == counts then
                    return r.value
                end
            end
            time.sleep("5ms")
        end
    end

    io.print("counter says " .. ask())
    io.print("counter says " .. ask())
    io.print("crashing it")
    local before = process.registry.lookup("counter")
    process.send("counter", "crash")
    while process.registry.lookup("counter") == before or not process.registry.lookup("counter") do
        time.sleep("5ms")
    end
    io.print("counter says " .. ask())
    io.print("status: " .. assert(system.supervisor.state("app:counter_service")).status)
end

return { main = main }
