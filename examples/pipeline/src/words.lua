local io = require("io")

local LINES = { "processes and state", "and messages for", "" }

local function main()
    local lines, words, done = channel.new(1), channel.new(1), channel.new()

    coroutine.spawn(function()
        for _, line in ipairs(LINES) do
            lines:send(line)
        end
        lines:close()
    end)

    local working = 2
    for _ = 1, working do
        coroutine.spawn(function()
            while true do
                local line, ok = lines:receive()
                if not ok then
                    break
                end
                for word in line:gmatch("%a+") do
                    words:send(word)
                end
            end
            working = working - 1
            if working == 0 then
                words:close()
            end
        end)
    end

    coroutine.spawn(function()
        local counts = {}
        while true do
            local word, ok = words:receive()
            if not ok then
                break
            end
            counts[word] = (counts[word] or 0) + 1
        end
        done:send(counts)
    end)

    local counts = done:receive()
    local names = {}
    for word in pairs(counts) do
        table.insert(names, word)
    end
    table.sort(names)
    for _, word in ipairs(names) do
        io.print(word .. ": " .. counts[word])
    end
end

return { main = main }
