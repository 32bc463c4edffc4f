local io, http_client = require("io"), require("http_client")

local base = "http://127.0.0.1:18473"

local function show(what, res, err)
    io.print(what .. ": " .. (err and tostring(err) or res.status_code .. " " .. (res.body or ""):gsub("%s+$", "")))
end

local function upload(name, content)
    show("upload " .. name, http_client.post(base .. "/api/files", {
        files = { { name = "file", filename = name, content = content } },
    }))
end

local function main()
    upload("notes.txt", "Buy milk.\n")
    upload("notes.txt", "Buy bread.\n")
    upload("big.bin", string.rep("x", 200000))
    show("list", http_client.get(base .. "/api/files"))
    show("download", http_client.get(base .. "/files/notes.txt"))
    show("a part of it", http_client.get(base .. "/files/notes.txt", { headers = { Range = "bytes=4-7" } }))
    show("outside", http_client.get(base .. "/files/..%2f..%2fsrc/files.lua"))
    show("remove", http_client.delete(base .. "/api/files/notes.txt"))
    show("list", http_client.get(base .. "/api/files"))
end

return { main = main }
