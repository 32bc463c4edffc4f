local M = {}

export type Amount = { value: number, currency: string }

function M.format(a: Amount): string
    return string.format("%.2f %s", a.value, a.currency)
end

return M
