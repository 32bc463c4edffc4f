---@meta

--- On whose behalf something is done.
---@class Actor
local Actor = {}

--- The id.
---@return string
function Actor:id() end

--- The metadata, as a copy.
---@return table
function Actor:meta() end

--- Decides on one action.
---@class Policy
local Policy = {}

--- The id of its entry.
---@return string
function Policy:id() end

--- allow, deny, or undefined where it does not apply.
---@param actor Actor
---@param action string
---@param resource string
---@param meta? table
---@return string
function Policy:evaluate(actor, action, resource, meta) end

--- A set of policies: any deny wins, else one allow is enough, else undefined.
---@class Scope
local Scope = {}

--- A new scope with one policy more. Raises when it is not allowed.
---@param policy Policy
---@return Scope
function Scope:with(policy) end

--- A new scope without a policy, given as object, id or {ns, name}. Raises when it is not allowed.
---@param policy any
---@return Scope
function Scope:without(policy) end

--- allow, deny or undefined.
---@param actor Actor
---@param action string
---@param resource string
---@param meta? table
---@return string
function Scope:evaluate(actor, action, resource, meta) end

--- Whether the scope has a policy, given as object, id or {ns, name}.
---@param policy any
---@return boolean
function Scope:contains(policy) end

--- The list of its policies.
---@return table
function Scope:policies() end

--- Actors, scopes and policies. Arguments are always action, then resource.
---@class securitylib
security = {}

--- The actor of the process, nil if it has none.
---@return Actor?
function security.actor() end

--- The scope of the process, nil if it has none.
---@return Scope?
function security.scope() end

--- Whether the process may do action with resource; false where actor or scope is missing, even without strict mode.
---@param action string
---@param resource string
---@param meta? table
---@return boolean
function security.can(action, resource, meta) end

--- Makes an actor. Raises when it is not allowed.
---@param id string
---@param meta? table
---@return Actor
function security.new_actor(id, meta) end

--- Makes a scope of a list of policies. Raises when it is not allowed.
---@param policies? table
---@return Scope
function security.new_scope(policies) end

