local http, fs = require("http"), require("fs")

local function fail(status, err)
    local res = http.response()
    res:set_status(status)
    res:write_json({ error = tostring(err) })
end

-- POST /api/files: a form with files, as a browser sends it.
local function upload()
    local form, err = http.request():parse_multipart()
    if err then
        return fail(http.STATUS.BAD_REQUEST, err)
    end
    local uploads, saved = assert(fs.get("app:uploads")), {}
    for _, list in pairs(form.files) do
        for _, file in ipairs(list) do
            -- The file goes to the disk piece by piece. wx: do not write over another one.
            local ok, problem = uploads:writefile(file:name(), assert(file:stream()), "wx")
            if not ok then
                return fail(problem:kind() == errors.ALREADY_EXISTS and http.STATUS.CONFLICT or http.STATUS.BAD_REQUEST, problem)
            end
            table.insert(saved, { name = file:name(), size = file:size() })
        end
    end
    local res = http.response()
    res:set_status(http.STATUS.CREATED)
    res:write_json(saved)
end

-- GET /api/files
local function list()
    local uploads, found = assert(fs.get("app:uploads")), {}
    for entry in uploads:readdir("/") do
        table.insert(found, { name = entry.name, size = assert(uploads:stat(entry.name)).size })
    end
    return found
end

-- DELETE /api/files/{name}
local function remove()
    local name = http.request():param("name")
    local ok, err = assert(fs.get("app:uploads")):remove(name)
    if not ok then
        return fail(err:kind() == errors.NOT_FOUND and http.STATUS.NOT_FOUND or http.STATUS.BAD_REQUEST, err)
    end
    return { removed = name }
end

return { upload = upload, list = list, remove = remove }
