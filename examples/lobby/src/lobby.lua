-- Knows which rooms there are: it starts them and is told when they end.
local function main()
    assert(process.registry.register("lobby"))
    -- Rooms are linked to the lobby, and end with it. The lobby does not end with
    -- a room: it traps the link, and receives an event.
    process.set_options({ trap_links = true })
    local inbox, events = process.inbox(), process.events()
    local rooms = {} -- names of rooms by PID

    local function create(name)
        if process.registry.lookup("room." .. name) then
            return { status = 409, body = { error = "there is a room " .. name } }
        end
        local named = process.with_options({}):with_name("room." .. name)
        rooms[assert(named:spawn_linked_monitored("app:room", "app:processes", name))] = name
        return { status = 201, body = { room = name } }
    end

    local function list()
        local names = {}
        for _, name in pairs(rooms) do table.insert(names, name) end
        table.sort(names)
        return { status = 200, body = names }
    end

    while true do
        -- Events stand first: who asks after the end of a room must not find it.
        local r = channel.select({ events:case_receive(), inbox:case_receive() })
        if r.channel == inbox then
            local topic, data = r.value:topic(), r.value:payload():data()
            process.send(r.value:from(), "answer", topic == "create" and create(data.room) or list())
        elseif r.value.kind == process.event.EXIT then
            rooms[r.value.from] = nil
        elseif r.value.kind == process.event.CANCEL then
            return -- the application stops
        end
    end
end

return { main = main }
