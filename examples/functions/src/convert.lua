local function convert(value: number, rate: number): string
    return money.format({ value = value * rate, currency = "USD" })
end

return { convert = convert }
