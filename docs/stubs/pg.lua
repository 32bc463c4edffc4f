---@meta

--- The groups of a scope. A group is there while it has members, and a process is a member until it leaves or ends.
---@class Instance
local Instance = {}

--- Makes this process a member of a group or a list of groups. It may join again, and then is a member until it has left as often.
---@async
---@param group any
---@return boolean
---@return Error?
function Instance:join(group) end

--- Leaves a group or a list of groups. Leaving groups it is in none of is Invalid.
---@async
---@param group any
---@return boolean
---@return Error?
function Instance:leave(group) end

--- The PIDs of a group in the order they joined, one for each membership; empty for an unknown group.
---@async
---@param group any
---@return table
---@return Error?
function Instance:get_members(group) end

--- The PIDs of a group on this node.
---@async
---@param group any
---@return table
---@return Error?
function Instance:get_local_members(group) end

--- The names of all groups.
---@async
---@return table
---@return Error?
function Instance:which_groups() end

--- The names of the groups with members on this node.
---@async
---@return table
---@return Error?
function Instance:which_local_groups() end

--- Sends a message to every process of a group, this one too if it is a member, as process.send does.
---@async
---@param group any
---@param topic any
---@param ... any
---@return boolean
---@return Error?
function Instance:broadcast(group, topic, ...) end

--- Sends a message to every process of a group on this node.
---@async
---@param group any
---@param topic any
---@param ... any
---@return boolean
---@return Error?
function Instance:broadcast_local(group, topic, ...) end

--- Subscribes to the changes of a group, and returns its members before the first of them.
---@async
---@param group any
---@return Subscription
---@return table
---@return Error?
function Instance:monitor(group) end

--- Subscribes to the changes of all groups, and returns the members of each before the first of them.
---@async
---@return Subscription
---@return table
---@return Error?
function Instance:events() end

--- Lets go of the scope; memberships and subscriptions stay. Calling it again is harmless.
---@return boolean
function Instance:release() end

--- A subscription to the changes of groups. It ends with the process.
---@class Subscription
local Subscription = {}

--- Delivers tables {system = "pg", kind = "member.joined" or "member.left", path = group, data = {Group, PIDs}}, in order and without loss.
---@return Channel
function Subscription:channel() end

--- Ends the subscription and closes the channel. What is queued can still be received; with flush = true it is dropped. Closing again does nothing.
---@param options? table
---@return boolean
---@return Error?
function Subscription:close(options) end

--- Process groups: processes that are found and reached together under a name.
---@class pglib
pg = {}

--- Gives the groups of a pg.scope.
---@async
---@param scope_id any
---@return Instance
---@return Error?
function pg.open(scope_id) end

