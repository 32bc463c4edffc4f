local io, http_client, json, time = require("io"), require("http_client"), require("json"), require("time")

local base = "http://127.0.0.1:18471"

local function order(body)
    local res = assert(http_client.post(base .. "/orders", { body = json.encode(body) }))
    local answer = json.decode(res.body)
    io.print(res.status_code .. " " .. (answer.error or "ordered " .. body.city))
    return answer.id
end

local function main()
    order({ town = "Lisbon" })
    local ids = {}
    for i, city in ipairs({ "Lisbon", "Oslo", "Atlantis" }) do
        ids[i] = order({ city = city })
    end
    for _, id in ipairs(ids) do
        local report
        repeat -- until it is neither waiting nor being worked on
            time.sleep("10ms")
            report = json.decode(assert(http_client.get(base .. "/reports/" .. id)).body)
        until report.result
        io.print(report.city .. " is " .. report.state .. ": " .. report.result)
    end
    io.print(assert(http_client.get(base .. "/reports/none")).status_code .. " for a report that nobody ordered")
end

return { main = main }
