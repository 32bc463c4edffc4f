-- Asks for jobs until there are none. Job 5 is unlucky the first time.
local function main(boss: string)
    local jobs = process.listen("job")
    while true do
        process.send(boss, "ready")
        local job = jobs:receive()
        if job.n == 0 then
            return
        end
        if job.n == 5 and job.attempt == 1 then
            error("dropped job " .. job.n)
        end
        process.send(boss, "done", job.n, job.n * job.n)
    end
end

return { main = main }
