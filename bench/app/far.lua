-- Answers from another node: "ping" with "pong", and counts "n" until it has as many as it was told.
return { main = function()
    local send, inbox = process.send, process.inbox()
    local left, boss = 0, nil
    while true do
        local m = inbox:receive()
        local topic = m:topic()
        if topic == "n" then
            left = left - 1
            if left == 0 then
                send(boss, "round")
            end
        elseif topic == "ping" then
            send(m:from(), "pong", m:payload():data())
        elseif topic == "count" then
            left, boss = m:payload():data(), m:from()
        end
    end
end }
