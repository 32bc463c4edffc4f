local function main()
    local data = {}
    local ops = {
        get = function(req) return data[req.key] end,
        set = function(req) data[req.key] = req.value; return req.value end,
        add = function(req) data[req.key] = (data[req.key] or 0) + req.value; return data[req.key] end,
    }
    local inbox = process.inbox()
    while true do
        local msg = inbox:receive()
        if msg:topic() == "stop" then
            return
        end
        local req = msg:payload():data()
        process.send(msg:from(), req.ref, { value = ops[msg:topic()](req) })
    end
end

return { main = main }
