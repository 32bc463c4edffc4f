local http, registry = require("http"), require("registry")

-- The files of the page are part of the application: entry app:files holds them.
local function main()
    local req, res = http.request(), http.response()
    local files = assert(registry.get("app:files")).data
    if req:path() == "/" then
        res:set_content_type("text/html; charset=utf-8")
        res:write(files.html)
    elseif req:path() == "/poll.js" then
        res:set_content_type("text/javascript; charset=utf-8")
        res:write(files.script)
    else
        res:set_status(http.STATUS.NOT_FOUND)
    end
end

return { main = main }
