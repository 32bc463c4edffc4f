-- One message, one reply, the end.
return { main = function()
    local m = process.inbox():receive()
    process.send(m:from(), "reply", 1)
end }
