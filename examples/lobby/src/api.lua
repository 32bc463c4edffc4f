local http = require("http")

-- Makes a function that has a process answer the request: the one with that name,
-- or the room of the path. A function that is called is a process too while it
-- runs: it can receive messages, and monitor others, so that it does not wait for
-- the answer of a process that ended.
local function asks(topic, name)
    return function()
        local req, res = http.request(), http.response()
        local name = name or "room." .. req:param("room")
        local answers, events = process.listen("answer"), process.events()
        local answer = { status = 404, body = { error = "there is no " .. name } }
        if process.registry.lookup(name) and process.monitor(name) then
            process.send(name, topic, { room = req:param("room"), player = req:param("player"), text = req:query("text") })
            local r = channel.select({ answers:case_receive(), events:case_receive() })
            answer = r.channel == answers and r.value or { status = 500, body = { error = name .. " crashed" } }
        end
        res:set_status(answer.status)
        res:write_json(answer.body)
    end
end

return { list = asks("list", "lobby"), create = asks("create", "lobby"), show = asks("show"), join = asks("join"), say = asks("say") }
