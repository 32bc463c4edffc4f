#!/usr/bin/env troupe
-- A service with many annotations.
local json = require("json")
local types = require("types")

type Status = "pending" | "active" | "done"
export type Job<T> = {
    id: integer @min(1),
    status: Status,
    tags: {string @min_len(1) @max_len(64)},   -- one or more
    ["payload"]: T?;
    on_done?: (job: Job<T>, err: error?) -> (),
}

interface Named
    name: string
    get_name(self): string
    function rename(self, name: string): (boolean, error?)
end

local M = {}

-- type checks of values stay calls
local function kind_of(value: any): string
    if type(value) == "table" then
        return (value :: {kind: string}).kind
    end
    return type(value)
end

function M.next<T>(topic: string, payload?: T): Job<T>?, error?
    local body: {[string]: any} = json.decode(payload!) as {[string]: any}
    local amount: number, rate: number? = tonumber(body.amount) or 1, nil
    for i: integer = 1, 3 do
        if i < amount and amount > (rate or 0) then goto continue end
        local step = body.step :: number
        ::continue::
    end
    for k: string, v: any in pairs(body) do
        body[k] = v :: any :: types.Value<string, {number}>
        print(k, v as string | number, kind_of(v!))
    end
    local handler = M.handler :: (Job<T>) -> boolean
    (handler)(body)
    return {
        id = body.id as integer,
        status = "pending" :: Status,
        tags = body.tags! :: {string};
        payload = payload,
    }
end

function M:each(fn: fun(item: any, ...: any): boolean, ...: any): ()
    for _, item in ipairs(self.items :: {any}) do
        if not fn(item, ...) :: boolean then break end
    end
end

local sum = function(...: number): number
    local total: number = 0
    for _, n in ipairs({...}) do total = total + n :: number end
    return total
end

M.sum = sum
M.Job = Job
return M
