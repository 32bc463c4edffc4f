local queue = require("queue")
local reports = require("reports")

-- Called with the body of a message. Returning means that the message is dealt
-- with; an error means that it is delivered again.
local function make(order)
    reports.update(order.id, { state = "working" })
    if order.city == "Atlantis" then
        return nil, "no figures for Atlantis"
    end
    -- Stands for the long work.
    reports.update(order.id, { state = "done", result = #order.city .. " letters" })
end

-- Called with what failed every time; a header says why.
local function give_up(order)
    reports.update(order.id, { state = "failed", result = queue.message():header("x-death-reason") })
end

return { make = make, give_up = give_up }
