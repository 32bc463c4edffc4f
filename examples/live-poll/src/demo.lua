local io, json, websocket = require("io"), require("json"), require("websocket")

local function visitor(name)
    local client = assert(websocket.connect("ws://127.0.0.1:8642/live"))
    local messages = client:channel()
    local self = {}

    function self.sees()
        local data = json.decode(messages:receive().data).data
        local parts = {}
        for i, option in ipairs(data.options) do
            parts[i] = option.name .. " " .. option.votes
        end
        io.print(name .. " sees " .. table.concat(parts, ", "))
    end

    function self.votes(option)
        io.print(name .. " votes for " .. option)
        assert(client:send(json.encode({ vote = option })))
    end

    self.sees()
    return self
end

local function main()
    local ada = visitor("Ada")
    ada.votes("Lua")
    ada.sees()
    local bob = visitor("Bob")
    bob.votes("Erlang")
    ada.sees()
    bob.sees()
    ada.votes("Erlang")
    ada.sees()
    bob.sees()
end

return { main = main }
