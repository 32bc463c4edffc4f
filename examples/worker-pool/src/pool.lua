local io = require("io")

local WORKERS = 3

local function main()
    local inbox, events = process.inbox(), process.events()
    local queue, results, at, lost = {}, {}, {}, 0
    for n = 1, 8 do
        queue[n] = { n = n, attempt = 1 }
    end
    local missing, alive = #queue, 0

    local function hire()
        assert(process.spawn_monitored("app:worker", "app:processes", process.pid()))
        alive = alive + 1
    end
    for _ = 1, WORKERS do
        hire()
    end

    local idle = {}
    local function feed()
        while #idle > 0 and (#queue > 0 or missing == 0) do
            local pid = table.remove(idle)
            local job = table.remove(queue, 1) or { n = 0 }
            at[pid] = job
            process.send(pid, "job", job)
        end
    end

    while alive > 0 do
        local r = channel.select({ inbox:case_receive(), events:case_receive() })
        if r.channel == events and r.value.kind == process.event.EXIT then
            alive = alive - 1
            if r.value.result.error then
                lost = lost + 1
                local job = at[r.value.from]
                job.attempt = job.attempt + 1
                table.insert(queue, job)
                hire()
            end
        elseif r.channel == inbox then
            local msg = r.value
            if msg:topic() == "ready" then
                table.insert(idle, msg:from())
            else
                local values = msg:payload()
                results[values[1]:data()] = values[2]:data()
                missing = missing - 1
            end
        end
        feed()
    end

    io.print("squares: " .. table.concat(results, " "))
    io.print("workers lost: " .. lost)
end

return { main = main }
