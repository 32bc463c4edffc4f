-- An actor in the style of real programs.
local time = require("time")

                                                                   
                             

local function main(args           )         
    local inbox        = process.inbox()         
    local events = process.events()
    local ticks, limit          = 0, (args and tonumber(args[1] ) or 10)           

    while true do
        local result = channel.select {
            inbox:case_receive(),
            events:case_receive(),
            time.after("1s"):case_receive()       ,
        }
        if result.channel == inbox then
            local msg          = result.value:payload():data()           
            if msg.kind == "stop" then return 0 end
            ticks = ticks + 1
        elseif result.channel == events and (result.value         ).kind == process.event.CANCEL then
            return ticks
        end
        if ticks >= limit then
            pcall(function(n         )     
                process.send(args [1], "done", { count = n, ratio = n / limit           })
            end, ticks)
            return ticks
        end
    end
end

return { main = main }
