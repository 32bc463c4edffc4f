local io = require("io")
local http_client = require("http_client")

local base = "http://127.0.0.1:18461"

local function show(what, res, err)
    io.print(what .. ": " .. (res and res.status_code .. " " .. (res.body or "") or tostring(err)))
end

local function login(name, password)
    local body = '{"name": "' .. name .. '", "password": "' .. password .. '"}'
    return http_client.post(base .. "/login", { body = body, headers = { ["Content-Type"] = "application/json" } })
end

local function get(path, token)
    return http_client.get(base .. path, { headers = { Authorization = token and "Bearer " .. token } })
end

local function main()
    show("a wrong password", login("ann", "pear"))
    local ann = assert(login("ann", "apple")).body
    local bob = assert(login("bob", "berry")).body

    io.print("without a token: " .. assert(get("/private/me")).status_code)
    show("ann", get("/private/me", ann))
    io.print("ann as admin: " .. assert(get("/private/admin", ann)).status_code)
    show("bob as admin", get("/private/admin", bob))

    show("ann logs out", http_client.post(base .. "/logout", { query = { token = ann } }))
    io.print("ann again: " .. assert(get("/private/me", ann)).status_code)
end

return { main = main }
