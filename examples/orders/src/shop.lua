local io = require("io")

-- follow starts an order and prints what there is to tell of it until it is over.
local function follow(goods, patience, on_news)
  local news, events = process.listen("news"), process.events()
  local order = assert(process.spawn_monitored("app:order_flow", "app:worker", process.pid(), goods, patience))
  while true do
    local r = channel.select { news:case_receive(), events:case_receive() }
    if r.channel == events then
      io.print(r.value.result.value or tostring(r.value.result.error))
      return 0
    end
    io.print(r.value)
    if on_news then on_news(order) on_news = nil end
  end
end

return {
  order = function(goods)
    return follow(goods, "1m", function(order) process.send(order, "paid", { by = "card" }) end)
  end,
  forget = function(goods)
    return follow(goods, "1s")
  end,
}
