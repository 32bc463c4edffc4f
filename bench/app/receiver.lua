return { main = function(n)
    local numbers = process.listen("n")
    for _ = 1, n do
        numbers:receive()
    end
end }
