local json = require("json")

local OPTIONS = { "Lua", "Go", "Erlang" }

-- The poll is this process: votes[pid] is what the visitor behind that connection
-- votes for, false before the first vote. Whoever leaves takes the vote along.
local function main()
    local votes = {}

    local function results()
        local list = {}
        for i, name in ipairs(OPTIONS) do
            list[i] = { name = name, votes = 0 }
            for _, vote in pairs(votes) do
                if vote == name then
                    list[i].votes = list[i].votes + 1
                end
            end
        end
        return { question = "Which one do you like best?", options = list }
    end

    local function tell_all()
        for pid in pairs(votes) do
            process.send(pid, "results", results())
        end
    end

    local function vote(pid, text)
        local message = json.decode(text)
        local name = type(message) == "table" and message.vote
        for _, option in ipairs(OPTIONS) do
            if option == name then
                votes[pid] = name
                tell_all()
                return
            end
        end
        process.send(pid, "error", "vote for one of: " .. table.concat(OPTIONS, ", "))
    end

    local inbox = process.inbox()
    while true do
        local msg = inbox:receive()
        local pid, topic = msg:from(), msg:topic()
        if topic == "ws.join" then
            votes[pid] = false
            process.send(pid, "results", results())
        elseif topic == "ws.leave" then
            local voted = votes[pid]
            votes[pid] = nil
            if voted then
                tell_all()
            end
        elseif topic == "ws.message" then
            vote(pid, msg:payload():data())
        end
    end
end

return { main = main }
