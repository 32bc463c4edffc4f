return { main = function()
    local send, inbox = process.send, process.inbox()
    while true do
        local m = inbox:receive()
        if m:topic() == "stop" then
            return
        end
        send(m:from(), "pong", 1)
    end
end }
