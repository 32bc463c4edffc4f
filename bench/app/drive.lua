-- Runs one workload inside the node and returns when it is over.
local HOST = "bench:host"
local work = {}

local function ends(n)
    local events = process.events()
    for _ = 1, n do
        local e = events:receive()
        if e.result.error then
            error(e.result.error)
        end
    end
end

function work.pairs(count, n)
    for _ = 1, count do
        local pong = assert(process.spawn("bench:pong", HOST))
        assert(process.spawn_monitored("bench:ping", HOST, pong, n))
    end
    ends(count)
end

function work.ring(count, n)
    local rounds, pids = process.listen("round"), {}
    for i = 1, count do
        pids[i] = assert(process.spawn("bench:node", HOST, process.pid()))
    end
    for i = 1, count do
        process.send(pids[i], "next", pids[i % count + 1])
    end
    process.send(pids[1], "token", n)
    rounds:receive()
end

function work.fan_in(count, n)
    local to = assert(process.spawn_monitored("bench:receiver", HOST, count * n))
    for _ = 1, count do
        assert(process.spawn("bench:sender", HOST, to, n))
    end
    ends(1)
end

function work.spawns(width, n)
    local left, replies = n, process.listen("reply")
    local function one()
        local pid = assert(process.spawn("bench:reply", HOST))
        process.send(pid, "hello")
        left = left - 1
    end
    local running = 0
    while left > 0 and running < width do
        one()
        running = running + 1
    end
    while running > 0 do
        replies:receive()
        if left > 0 then
            one()
        else
            running = running - 1
        end
    end
end

function work.calls(width, n)
    local done = channel.new(width)
    for _ = 1, width do
        coroutine.spawn(function()
            for _ = 1, n / width do
                funcs.call("bench:empty", 1)
            end
            done:send(true)
        end)
    end
    for _ = 1, width do
        done:receive()
    end
end

local TEXT = string.rep("x", 100)

-- send tries again while the way to the other node is full, or not there yet.
local function send(to, topic, v)
    while true do
        local ok, err = process.send(to, topic, v)
        if ok then
            return
        end
        if not err:retryable() then
            error(err)
        end
        time.sleep("1ms")
    end
end

function work.spawn_far()
    return assert(process.spawn("bench:far", HOST))
end

function work.far(to, n, width)
    local pongs = process.listen("pong")
    for _ = 1, width do
        send(to, "ping", TEXT)
    end
    for i = 1, n do
        pongs:receive()
        if i + width <= n then
            process.send(to, "ping", TEXT)
        end
    end
end

function work.far_away(to, n)
    local rounds = process.listen("round")
    send(to, "count", n)
    for _ = 1, n do
        send(to, "n", TEXT)
    end
    rounds:receive()
end

function work.idle(count)
    for _ = 1, count do
        assert(process.spawn("bench:idle", HOST))
    end
end

-- The 50th and 99th percentile of the time of one exchange, in microseconds.
function work.latency(n)
    local peer, times, pongs = assert(process.spawn("bench:pong", HOST)), {}, process.listen("pong")
    for i = 1, n do
        local begun = time.now()
        process.send(peer, "ping", i)
        pongs:receive()
        times[i] = time.now():sub(begun):nanoseconds() / 1000
    end
    process.send(peer, "stop")
    table.sort(times)
    return { times[math.ceil(n * 0.5)] + 0.5, times[math.ceil(n * 0.99)] + 0.5 }
end

function work.spin(count)
    local pids = {}
    for i = 1, count do
        pids[i] = assert(process.spawn("bench:spin", HOST))
    end
    return pids
end

function work.kill(pids)
    for _, pid in ipairs(pids) do
        process.terminate(pid)
    end
end

return { main = function(name, ...) return work[name](...) end }
