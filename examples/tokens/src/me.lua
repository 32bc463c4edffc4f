local security = require("security")

local function me()
    local actor = security.actor()
    return "hello " .. actor:id() .. ", " .. actor:meta().role
end

return { me = me }
