local function main()
    assert(process.registry.register("counter"))
    local count = 0
    local inbox, events = process.inbox(), process.events()
    while true do
        local r = channel.select({ inbox:case_receive(), events:case_receive() })
        if r.channel == events then
            return
        end
        local msg = r.value
        if msg:topic() == "crash" then
            error("told to crash")
        end
        count = count + 1
        process.send(msg:from(), "count", count)
    end
end

return { main = main }
