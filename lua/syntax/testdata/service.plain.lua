                     
-- A service with many annotations.
local json = require("json")
local types = require("types")

                                           
                      
                        
                   
                                                             
                    
                                               
 

               
                
                          
                                                          
   

local M = {}

-- type checks of values stay calls
local function kind_of(value     )        
    if type(value) == "table" then
        return (value                  ).kind
    end
    return type(value)
end

function M.next   (topic        , payload    )                 
    local body                  = json.decode(payload )                   
    local amount        , rate          = tonumber(body.amount) or 1, nil
    for i          = 1, 3 do
        if i < amount and amount > (rate or 0) then goto continue end
        local step = body.step          
        ::continue::
    end
    for k        , v      in pairs(body) do
        body[k] = v                                        
        print(k, v                   , kind_of(v ))
    end
    local handler = M.handler ;                     
    (handler)(body)
    return {
        id = body.id           ,
        status = "pending"          ,
        tags = body.tags             ;
        payload = payload,
    }
end

function M:each(fn                                   , ...     )    
    for _, item in ipairs(self.items         ) do
        if not fn(item, ...)            then break end
    end
end

local sum = function(...        )        
    local total         = 0
    for _, n in ipairs({...}) do total = total + n           end
    return total
end

M.sum = sum
M.Job = Job
return M
