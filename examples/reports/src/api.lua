local http, queue, uuid, reports = require("http"), require("queue"), require("uuid"), require("reports")

local function respond(status, value)
    local res = http.response()
    res:set_status(status)
    res:write_json(value)
end

-- POST /orders: writes the report down as waiting, and leaves the work to the queue.
local function order()
    local body = http.request():body_json()
    local city = type(body) == "table" and body.city
    if type(city) ~= "string" or city == "" then
        return respond(http.STATUS.BAD_REQUEST, { error = 'send {"city": "..."}' })
    end
    local id = uuid.v7()
    reports.add({ id = id, city = city, state = "waiting" })
    assert(queue.publish("app:orders", { id = id, city = city }))
    respond(http.STATUS.ACCEPTED, { id = id })
end

-- GET /reports/{id}
local function show()
    local report = reports.get(http.request():param("id"))
    if not report then
        return respond(http.STATUS.NOT_FOUND, { error = "no such report" })
    end
    return report -- a table that is returned is sent as JSON
end

return { order = order, show = show }
