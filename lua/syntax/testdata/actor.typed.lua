-- An actor in the style of real programs.
local time = require("time")

type Message = { kind: "tick" } | { kind: "stop", reason: string? }
type Inbox = Channel<Message>

local function main(args: {string}?): integer
    local inbox: Inbox = process.inbox() :: Inbox
    local events = process.events()
    local ticks, limit: integer = 0, (args and tonumber(args[1]!) or 10) as integer

    while true do
        local result = channel.select {
            inbox:case_receive(),
            events:case_receive(),
            time.after("1s"):case_receive() :: any,
        }
        if result.channel == inbox then
            local msg: Message = result.value:payload():data() :: Message
            if msg.kind == "stop" then return 0 end
            ticks = ticks + 1
        elseif result.channel == events and (result.value :: Event).kind == process.event.CANCEL then
            return ticks
        end
        if ticks >= limit then
            pcall(function(n: integer): nil
                process.send(args![1], "done", { count = n, ratio = n / limit :: number })
            end, ticks)
            return ticks
        end
    end
end

return { main = main }
