local http, json = require("http"), require("json")

-- The header makes the relay turn the request into a WebSocket, which is a
-- process too: from here on it and the poll send each other messages. The first
-- visitor starts the poll; where the name is taken, its PID is that of the poll.
local function main()
    local res = http.response()
    local poll, err = process.with_options({}):with_name("poll"):spawn("app:poll", "app:processes")
    if err then
        res:set_status(http.STATUS.SERVICE_UNAVAILABLE)
        res:write(tostring(err))
        return
    end
    res:set_header("X-WS-Relay", json.encode({ target_pid = poll }))
end

return { main = main }
