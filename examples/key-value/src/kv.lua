local M = {}
local last = 0

local function request(server: string, op: string, req: table): any
    last = last + 1
    req.ref = "reply." .. last
    local replies = process.listen(req.ref)
    assert(process.send(server, op, req))
    local reply = replies:receive()
    process.unlisten(replies)
    return reply.value
end

function M.get(server: string, key: string): any
    return request(server, "get", { key = key })
end

function M.set(server: string, key: string, value: any): any
    return request(server, "set", { key = key, value = value })
end

function M.add(server: string, key: string, value: number): number
    return request(server, "add", { key = key, value = value })
end

return M
