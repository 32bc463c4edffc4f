-- Sends n messages and waits for the answer to each.
return { main = function(peer, n)
    local send, pongs = process.send, process.listen("pong")
    for i = 1, n do
        send(peer, "ping", i)
        pongs:receive()
    end
    send(peer, "stop")
end }
