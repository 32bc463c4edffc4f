local queue = require("queue")

local function give_up(order)
    local headers = queue.message():headers()
    process.send("shop", "lost", { n = order.n, attempts = headers["x-death-attempts"], reason = headers["x-death-reason"] })
end

return { give_up = give_up }
