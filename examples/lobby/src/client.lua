local io, http_client, time = require("io"), require("http_client"), require("time")

local function show(method, path)
    local res = assert(http_client.request(method, "http://127.0.0.1:18472/rooms" .. path))
    io.print(method .. " " .. path .. " -> " .. res.status_code .. " " .. res.body)
end

local function main()
    -- A service runs once its process was started; registering comes after that.
    repeat time.sleep("1ms") until process.registry.lookup("lobby")
    show("POST", "/chess")
    show("POST", "/chess")
    show("POST", "/go")
    show("POST", "/chess/join/ann")
    show("POST", "/chess/join/bob")
    show("POST", "/chess/say/ann?text=hello")
    show("GET", "/chess")
    show("POST", "/chess/say/bob")
    show("GET", "/chess")
    show("GET", "/")
end

return { main = main }
