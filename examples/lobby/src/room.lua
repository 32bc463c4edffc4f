-- A room keeps its players and what they said. No lock is needed: it handles one
-- message after the other.
local function main(name)
    local players, said, does = {}, {}, {}
    function does.join(data)
        table.insert(players, data.player)
        return { status = 200, body = players }
    end

    function does.say(data)
        table.insert(said, data.player .. ": " .. data.text) -- fails without a text
        return { status = 200, body = said }
    end

    function does.show()
        return { status = 200, body = { room = name, players = players, said = said } }
    end

    local inbox = process.inbox()
    while true do
        local msg = inbox:receive()
        process.send(msg:from(), "answer", does[msg:topic()](msg:payload():data()))
    end
end

return { main = main }
