local function main(server: string)
    kv.add(server, "n", 1)
end

return { main = main }
