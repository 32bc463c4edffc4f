local io = require("io")
local funcs = require("funcs")

local function main()
    io.print("total: " .. assert(funcs.call("app:total", { 5, 7.5 })))
    io.print("converted: " .. assert(funcs.call("app:convert", 12.5, 1.1)))

    local pending = {}
    for i = 1, 3 do
        pending[i] = assert(funcs.async("app:total", { i }))
    end
    local out = {}
    for i, future in ipairs(pending) do
        local payload, ok = future:response():receive()
        out[i] = payload:data()
    end
    io.print("at once: " .. table.concat(out, ", "))

    local _, err = funcs.call("app:total", { -1 })
    io.print("refused: " .. err:kind() .. ": " .. tostring(err))
end

return { main = main }
