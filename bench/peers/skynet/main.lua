-- The workloads of ../../bench_test.go on skynet's services.
local skynet = require "skynet"

local waits -- how many "done" are missing

local function finish(count)
    waits = count
    skynet.wait("done")
end

local function report(name, n, unit, seconds)
    io.write(string.format("Benchmark%s/skynet\t%d\t%.1f %s\n", name, n, n / seconds, unit))
    io.flush()
end

local function measure(name, unit, n, setup)
    local go, count = setup(n)
    local begun = skynet.hpc()
    go()
    if count > 0 then
        finish(count)
    end
    report(name, n, unit, (skynet.hpc() - begun) / 1e9)
end

local function workers(count, role)
    local list = {}
    for i = 1, count do
        list[i] = skynet.newservice("worker", role, skynet.self())
    end
    return list
end

local function pairs_of(count)
    return function(n)
        local pings, pongs = workers(count, "ping"), workers(count, "pong")
        return function()
            for i = 1, count do
                skynet.send(pings[i], "lua", "begin", pongs[i], n // count // 2)
            end
        end, count
    end
end

local function ring(n)
    local nodes = workers(1000, "node")
    for i, at in ipairs(nodes) do
        skynet.call(at, "lua", "next", nodes[i % #nodes + 1])
    end
    return function() skynet.send(nodes[1], "lua", "token", n) end, 1
end

local function fan_in(n)
    local to, senders = workers(1, "receiver")[1], workers(1000, "sender")
    skynet.call(to, "lua", "expect", n)
    return function()
        for _, at in ipairs(senders) do
            skynet.send(at, "lua", "begin", to, n // 1000)
        end
    end, 1
end

local function spawns(n)
    return function()
        for _ = 1, n do
            local at = skynet.newservice("worker", "reply", skynet.self())
            skynet.call(at, "lua", "hello")
        end
    end, 0
end

skynet.start(function()
    skynet.dispatch("lua", function()
        waits = waits - 1
        if waits == 0 then
            skynet.wakeup("done")
        end
    end)
    skynet.fork(function()
        measure("PingPong1", "msg/s", 200000, pairs_of(1))
        measure("PingPong1000", "msg/s", 200000, pairs_of(1000))
        measure("Ring1000", "msg/s", 100000, ring)
        measure("FanIn1000", "msg/s", 200000, fan_in)
        measure("SpawnReplyStop", "spawn/s", 2000, spawns)
        skynet.abort()
    end)
end)
