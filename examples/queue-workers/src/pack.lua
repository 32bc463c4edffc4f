local queue, store = require("queue"), require("store")

-- Called with the body of a message. Returning an error has it delivered again.
local function pack(order)
    local attempts = store.get("app:attempts")
    local id = queue.message():id()
    local attempt = (attempts:get(id) or 0) + 1
    attempts:set(id, attempt)

    if order.n == 5 then
        return nil, "no such article"
    end
    if order.n == 3 and attempt == 1 then
        error("the tape is empty")
    end
    process.send("shop", "packed", { n = order.n, attempts = attempt })
end

return { pack = pack }
