local io, queue = require("io"), require("queue")

local function main()
    process.registry.register("shop")
    local inbox = process.inbox()
    for n = 1, 8 do
        assert(queue.publish("app:orders", { n = n }, { priority = n % 2 == 0 }))
    end

    local packed, notes = {}, {}
    for _ = 1, 8 do
        local msg = inbox:receive()
        local order = msg:payload():data()
        if msg:topic() == "packed" then
            table.insert(packed, order.n)
            if order.attempts > 1 then
                notes[order.n] = "order " .. order.n .. " took " .. order.attempts .. " attempts"
            end
        else
            notes[order.n] = "order " .. order.n .. " was given up after " .. order.attempts .. " attempts: " .. order.reason
        end
    end

    table.sort(packed)
    io.print("packed: " .. table.concat(packed, " "))
    for n = 1, 8 do
        if notes[n] then
            io.print(notes[n])
        end
    end
end

return { main = main }
