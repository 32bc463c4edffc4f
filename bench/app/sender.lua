return { main = function(to, n)
    local send = process.send
    for i = 1, n do
        send(to, "n", i)
    end
end }
