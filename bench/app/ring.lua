-- Passes a counter on until it is zero; whoever gets zero tells the boss.
return { main = function(boss)
    local send, tokens = process.send, process.listen("token")
    local next_pid = process.listen("next"):receive()
    while true do
        local n = tokens:receive()
        if n <= 0 then
            if n == 0 then
                send(boss, "round")
            end
            send(next_pid, "token", -1)
            return
        end
        send(next_pid, "token", n - 1)
    end
end }
