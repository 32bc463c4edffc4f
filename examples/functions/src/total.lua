local function total(prices: {number}): (string?, error?)
    local sum = 0
    for _, p: number in ipairs(prices) do
        if p < 0 then
            return nil, errors.new({ kind = errors.INVALID, message = "a price must not be negative" })
        end
        sum = sum + p
    end
    return money.format({ value = sum, currency = "EUR" })
end

return { total = total }
