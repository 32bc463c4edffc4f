-- One service of a workload; its role says which.
local skynet = require "skynet"

local role, boss = ...
boss = tonumber(boss)
local peer, left, to

local does = {}

function does.ping()
    return {
        begin = function(_, at, n)
            peer, left = at, n
            skynet.send(peer, "lua", "ping", 1)
        end,
        pong = function()
            left = left - 1
            skynet.send(left == 0 and boss or peer, "lua", left == 0 and "done" or "ping", 1)
        end,
    }
end

function does.pong()
    return { ping = function(from) skynet.send(from, "lua", "pong", 1) end }
end

function does.node()
    return {
        next = function(_, at) to = at; skynet.ret(skynet.pack(true)) end,
        token = function(_, n)
            skynet.send(n == 0 and boss or to, "lua", n == 0 and "done" or "token", n - 1)
        end,
    }
end

function does.sender()
    return {
        begin = function(_, at, n)
            for i = 1, n do skynet.send(at, "lua", "n", i) end
        end,
    }
end

function does.receiver()
    return {
        expect = function(_, n) left = n; skynet.ret(skynet.pack(true)) end,
        n = function()
            left = left - 1
            if left == 0 then skynet.send(boss, "lua", "done") end
        end,
    }
end

function does.reply()
    return {
        hello = function()
            skynet.ret(skynet.pack(1))
            skynet.exit()
        end,
    }
end

local commands = does[role]()

skynet.start(function()
    skynet.dispatch("lua", function(_, from, name, ...) commands[name](from, ...) end)
end)
