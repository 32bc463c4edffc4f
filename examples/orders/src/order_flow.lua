local funcs, time = require("funcs"), require("time")

return { main = function(shop, goods, patience)
  local reserved, err = funcs.call("app:reserve", goods)
  if err then return nil, err end
  process.send(shop, "news", "reserved: " .. reserved)

  local paid, late = process.listen("paid"), time.after(patience)
  local r = channel.select { paid:case_receive(), late:case_receive() }
  if r.channel == late then
    funcs.call("app:release", goods)
    return "nobody has paid, so the goods are free again: " .. goods
  end
  process.send(shop, "news", "paid by " .. r.value.by)
  return "sent: " .. goods
end }
