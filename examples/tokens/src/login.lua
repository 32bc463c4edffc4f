local http = require("http")
local security = require("security")

-- A real application keeps hashes of passwords in a database.
local people = {
    ann = { password = "apple", role = "user" },
    bob = { password = "berry", role = "admin" },
}

local function login()
    local given = http.request():body_json()
    local person = given and people[given.name]
    if not person or person.password ~= given.password then
        http.response():set_status(http.STATUS.UNAUTHORIZED)
        http.response():write("wrong name or password")
        return
    end
    local actor = security.new_actor(given.name, { role = person.role })
    local scope = assert(security.named_scope("app:users"))
    local tokens = assert(security.token_store("app:tokens"))
    return assert(tokens:create(actor, scope))
end

local function logout()
    local token = http.request():query("token")
    return assert(security.token_store("app:tokens")):revoke(token)
end

return { login = login, logout = logout }
